package apitest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

// While Stripe answers nobody, more members wait for it than it is asked for at
// once. Everybody else reads, posts, signs in and sees her membership.
func TestWhileStripeHangsTheHouseGoesOn(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	maria := h.Person(t, "maria who waits")
	pays(t, h, maria, "4242424242424242")
	topic := h.Topic(t, w.A, w.SpaceA, "Before")
	h.Settle(t)
	const atOnce, waiting = 10, 25
	h.Control(t, "/_sandbox/faults", `{"kind":"latency","latency_ms":120000,"count":1000}`)
	ctx, release := context.WithCancel(t.Context())
	var waiters sync.WaitGroup
	var mu sync.Mutex
	answered := 0
	for range waiting {
		waiters.Go(func() {
			_, err := h.App.Billing.Portal(ctx, maria.Actor())
			mu.Lock()
			defer mu.Unlock()
			if ctx.Err() == nil {
				answered++
				t.Errorf("Stripe answered: %v", err)
			}
		})
	}
	for hanging(t, h) < atOnce {
		if ctx.Err() != nil {
			t.Fatal("Stripe is not asked")
		}
	}

	call := func(who apitest.Someone, path string) {
		t.Helper()
		h.Do(t, apitest.Call{Method: http.MethodGet, Path: path, Token: who.Token}).Must(t, http.StatusOK)
	}
	call(w.A, "/v1/topics/"+topic.String())
	call(w.A, "/v1/spaces/"+w.SpaceA.String()+"/topics")
	h.Reply(t, w.A, topic)
	h.Topic(t, w.A, w.SpaceA, "While it hangs")
	call(maria, "/v1/membership")
	maria.Token = h.PasswordLogIn(t, maria.Email)
	call(maria, "/v1/me")

	mu.Lock()
	if answered > 0 {
		t.Errorf("%d did not wait any more", answered)
	}
	mu.Unlock()
	release()
	waiters.Wait()
}

// hanging is how many calls the ordered failure has taken.
func hanging(t *testing.T, h *apitest.House) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.Stripe+"/_sandbox/faults", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var list struct{ Faults []struct{ Count int } }
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil || len(list.Faults) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	return 1000 - list.Faults[0].Count
}

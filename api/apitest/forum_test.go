package apitest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

func TestChangingSharedThingsNeedsTheirVersion(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	topic := "/v1/topics/" + h.Topic(t, w.A, w.SpaceA, "A title").String()
	edit := func(path, token, ifMatch string, body any) apitest.Answer {
		c := apitest.Call{Method: http.MethodPatch, Path: path, Token: token, Body: body, Header: map[string]string{}}
		if ifMatch != "" {
			c.Header["If-Match"] = ifMatch
		}
		return h.Do(t, c)
	}
	etag := h.Do(t, apitest.Call{Method: http.MethodGet, Path: topic, Token: w.A.Token}).Must(t, http.StatusOK).Header.Get("ETag")
	title := map[string]string{"title": "Another title"}
	if code := edit(topic, w.A.Token, "", title).Must(t, http.StatusPreconditionRequired).Code(); code != "if-match-required" {
		t.Errorf("refused as %s", code)
	}
	edit(topic, w.A.Token, etag, title).Must(t, http.StatusOK)
	if code := edit(topic, w.A.Token, etag, title).Must(t, http.StatusPreconditionFailed).Code(); code != "version-stale" {
		t.Errorf("refused as %s", code)
	}
	if code := edit(topic, w.Able.Token, "*", title).Must(t, http.StatusForbidden).Code(); code != "not-allowed" {
		t.Errorf("somebody else's topic is refused as %s", code)
	}
}

func TestAPostThroughItsLife(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	topic := h.Topic(t, w.A, w.SpaceA, "A title")
	post := "/v1/posts/" + h.Reply(t, w.Able, topic).String()
	var changed struct {
		HTML    string `json:"html"`
		Version int    `json:"version"`
		Edited  string `json:"edited_at"`
	}
	h.Do(t, apitest.Call{
		Method: http.MethodPatch, Path: post, Token: w.Able.Token, Header: map[string]string{"If-Match": "*"},
		Body: map[string]string{"body": "Now **bold**, <script>alert(1)</script>"},
	}).Must(t, http.StatusOK).Into(t, &changed)
	if !strings.Contains(changed.HTML, "<strong>bold</strong>") || strings.Contains(changed.HTML, "<script") || changed.Edited == "" || changed.Version != 2 {
		t.Errorf("after an edit: %+v", changed)
	}
	h.Do(t, apitest.Call{Method: http.MethodDelete, Path: post, Token: w.Able.Token}).Must(t, http.StatusNoContent)
	var page struct {
		Items []struct {
			Number      int
			State, Body string
		}
	}
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/topics/" + topic.String() + "/posts", Token: w.A.Token}).Must(t, http.StatusOK).Into(t, &page)
	if len(page.Items) != 2 || page.Items[1].State != "deleted" || page.Items[1].Body != "" || page.Items[1].Number != 2 {
		t.Errorf("after it was taken away: %+v", page)
	}
}

func TestPagesJoinUp(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	for i := range 7 {
		h.Topic(t, w.A, w.SpaceA, fmt.Sprintf("Topic number %d", i))
	}
	seen := map[uuid.UUID]bool{}
	cursor, pages := "", 0
	for {
		var page struct {
			Items []struct{ ID uuid.UUID }
			Next  string `json:"next_cursor"`
		}
		path := "/v1/spaces/" + w.SpaceA.String() + "/topics?limit=3"
		if cursor != "" {
			path += "&cursor=" + cursor
		}
		h.Do(t, apitest.Call{Method: http.MethodGet, Path: path, Token: w.A.Token}).Must(t, http.StatusOK).Into(t, &page)
		for _, topic := range page.Items {
			seen[topic.ID] = true
		}
		pages++
		if cursor = page.Next; cursor == "" {
			break
		}
		// What is sealed for one person and list opens for no other.
		h.Do(t, apitest.Call{Method: http.MethodGet, Path: path + "&cursor=" + cursor, Token: w.Able.Token}).Must(t, http.StatusBadRequest)
	}
	if len(seen) != 7 || pages != 3 {
		t.Errorf("%d topics on %d pages, want 7 on 3", len(seen), pages)
	}
}

func TestOpeningATopicTwiceWithOneKeyOpensOne(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	call := apitest.Call{
		Method: http.MethodPost, Path: "/v1/spaces/" + w.SpaceA.String() + "/topics", Token: w.A.Token,
		Body: map[string]string{"title": "Only once", "body": "Once."}, Header: map[string]string{"Idempotency-Key": uuid.NewString()},
	}
	first, again := h.Do(t, call).Must(t, http.StatusCreated), h.Do(t, call).Must(t, http.StatusCreated)
	if !bytes.Equal(first.Body, again.Body) || again.Header.Get("Idempotency-Replayed") != "true" || again.Header.Get("Location") == "" {
		t.Errorf("answered\n%s and then\n%s (%v)", first.Body, again.Body, again.Header)
	}
	call.Body = map[string]string{"title": "Something else", "body": "Once."}
	if code := h.Do(t, call).Must(t, http.StatusUnprocessableEntity).Code(); code != "idempotency-key-reused" {
		t.Errorf("another body is refused as %s", code)
	}
	var page struct{ Items []struct{ Title string } }
	h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/spaces/" + w.SpaceA.String() + "/topics", Token: w.A.Token}).Must(t, http.StatusOK).Into(t, &page)
	if len(page.Items) != 1 {
		t.Errorf("%d topics, want 1", len(page.Items))
	}
}

// The stream is open to whom the contract lets in, and to nobody else.
func TestTheStreamAsksWhoListens(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	op, _ := h.Operation(http.MethodGet, "/v1/stream")
	for _, who := range w.Everybody() {
		t.Run("as "+who.Role, func(t *testing.T) {
			t.Parallel()
			resp, err := http.DefaultClient.Do(h.Request(t, apitest.Call{Method: http.MethodGet, Path: "/v1/stream", Token: who.Token}))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			want := map[string]int{"must sign in": http.StatusUnauthorized, "must confirm": http.StatusForbidden, "in": http.StatusOK}[expected(op.Access, who)]
			if resp.StatusCode != want {
				t.Errorf("answered %d, want %d", resp.StatusCode, want)
			}
		})
	}
}

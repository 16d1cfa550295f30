package apitest_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/privacy"
)

// apart is the privacy of a house with a clock of its own. Its jobs are done
// by the house.
func apart(t *testing.T, h *apitest.House, c clock.Clock, cfg privacy.Config) *privacy.Privacy {
	t.Helper()
	q, err := job.New(h.App.DB, job.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Mailer, err = mail.New(mail.Config{URL: h.App.Config.SMTPURL, From: h.App.Config.MailFrom}); err != nil {
		t.Fatal(err)
	}
	cfg.Files, cfg.Domains, cfg.FrontendURL = h.App.Files, h.App.Forgetful(), apitest.Origin
	if cfg.MayLeave == nil {
		cfg.MayLeave = func(context.Context, uuid.UUID) error { return nil }
	}
	p, err := privacy.New(h.App.DB, c, q, h.App.Audit, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var errKilled = errors.New("killed")

// killer breaks off once at every boundary between two steps.
type killer struct{ at []string }

func (k *killer) interrupt(where string) error {
	if slices.Contains(k.at, where) {
		return nil
	}
	k.at = append(k.at, where)
	return errKilled
}

//nolint:paralleltest // it listens to the log of the process
func TestErasureLeavesNothingOfHer(t *testing.T) {
	log, listening := apitest.Listen(t)
	for _, posts := range []privacy.Posts{privacy.Pseudonymise, privacy.Remove} {
		t.Run(string(posts), func(t *testing.T) {
			h := apitest.New(t, listening)
			maria, aisha := pair(t, h)
			maria.leaveMore(t)
			before := aisha.kept(t)
			customer, err := h.App.Billing.Customer(t.Context(), maria.ID)
			if err != nil {
				t.Fatal(err)
			}
			maria.nameAtStripe(t, customer)
			now := clock.NewManual(time.Now())
			k := &killer{}
			p := apart(t, h, now, privacy.Config{Interrupt: k.interrupt})
			planned, err := p.PlanErasure(t.Context(), maria.Actor(), posts)
			if err != nil {
				t.Fatal(err)
			}

			t.Run("nothing happens before its day", func(t *testing.T) {
				if err := p.Erase(t.Context(), planned.ID); err != nil || len(k.at) > 0 {
					t.Errorf("%v %v", err, k.at)
				}
				h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: maria.Token}).Must(t, http.StatusOK)
			})

			now.Advance(7*24*time.Hour + time.Second)
			t.Run("killed at every boundary it goes on where it was", func(t *testing.T) {
				runs := 0
				for err = errKilled; errors.Is(err, errKilled); runs++ {
					err = p.Erase(t.Context(), planned.ID)
				}
				if err != nil || runs < 40 || runs != len(k.at)+1 {
					t.Errorf("%v after %d runs, killed %d times", err, runs, len(k.at))
				}
				if err := p.Erase(t.Context(), planned.ID); err != nil {
					t.Errorf("once more: %v", err)
				}
			})
			h.Settle(t)

			t.Run("no canary is left in the database but where the tags say so", func(t *testing.T) {
				for where, text := range find(t, h, "canary-maria") {
					if !stays(where, posts) {
						t.Errorf("%s still holds %.120s", where, text)
					}
				}
			})
			t.Run("nor in files, in the log, or at Stripe", func(t *testing.T) {
				for key, text := range filesOf(t, h) {
					if strings.Contains(key+text, "canary-maria") {
						t.Errorf("the file %s", key)
					}
				}
				for line := range strings.SplitSeq(log.String(), "\n") {
					if strings.Contains(line, "canary-maria") || strings.Contains(line, maria.Email) {
						t.Errorf("the log says %s", line)
					}
				}
				if left := stripeCustomer(t, h, customer); left["email"] != nil || left["deleted"] == nil || len(left) != 3 {
					t.Errorf("Stripe has %v", left)
				}
				if n := count(t, h, `SELECT count(*) FROM subscriptions WHERE user_id = $1 AND status NOT IN ('canceled')`, maria.ID); n != 0 {
					t.Errorf("%d subscriptions run", n)
				}
			})
			t.Run("everything of somebody else is as it was", func(t *testing.T) {
				if diff := cmp.Diff(before, aisha.kept(t)); diff != "" {
					t.Error(diff)
				}
				h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: aisha.Token}).Must(t, http.StatusOK)
			})
			t.Run("she is out, and nobody can sign in as her", func(t *testing.T) {
				h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/me", Token: maria.Token}).Must(t, http.StatusUnauthorized)
				if n := count(t, h, `SELECT count(*) FROM users WHERE id = $1 AND state = 'deleted' AND display_name = 'A former member'`, maria.ID); n != 1 {
					t.Error("no tombstone")
				}
			})
			t.Run("what Stripe says afterwards is kept without her name", func(t *testing.T) {
				if n := count(t, h, `SELECT count(*) FROM stripe_events WHERE customer_id = $1 AND payload::text LIKE '%@%'`, customer); n != 0 {
					t.Errorf("%d events name her", n)
				}
				if n := count(t, h, `SELECT count(*) FROM stripe_events WHERE customer_id = $1 AND state = 'dead'`, customer); n != 0 {
					t.Errorf("%d events are dead", n)
				}
			})
		})
	}
}

// stays tells the places where a canary may stay, by the tags alone.
func stays(where string, posts privacy.Posts) bool {
	for _, table := range privacy.Tags() {
		for _, c := range table.Columns {
			if table.Name+"."+c.Name == where {
				return c.Fate == privacy.Kept || c.Fate == privacy.ByLaw || (c.Fate == privacy.AsChosen && posts == privacy.Pseudonymise)
			}
		}
	}
	return false
}

// leaveMore puts a canary where no tag leads: into a job that gave up.
func (e *everywhere) leaveMore(t *testing.T) {
	t.Helper()
	_, err := e.h.App.DB.Pool().Exec(t.Context(), `INSERT INTO river_job (state, max_attempts, args, errors, kind, queue, finalized_at, attempt)
VALUES ('discarded', 1, jsonb_build_object('user_id', $1::text), ARRAY[jsonb_build_object('error', 'canary-maria-in-an-error')], 'account.notice-mail', 'mail', now(), 1)`, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(filesOf(t, e.h)) == 0 {
		t.Error("she has no file")
	}
}

// nameAtStripe gives her customer a name there.
func (e *everywhere) nameAtStripe(t *testing.T, customer string) {
	t.Helper()
	stripeCall(t, e.h, http.MethodPost, "/v1/customers/"+customer, "name=canary-maria-at-stripe&email=canary-maria@example.org&phone=canary-maria")
	e.h.Settle(t)
}

func stripeCustomer(t *testing.T, h *apitest.House, id string) map[string]any {
	t.Helper()
	return stripeCall(t, h, http.MethodGet, "/v1/customers/"+id, "")
}

func stripeCall(t *testing.T, h *apitest.House, method, path, form string) (answer map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, h.Stripe+path, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("sk_test_sandbox", "")
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s answered %d: %v %v", path, resp.StatusCode, answer, err)
	}
	return answer
}

// find looks for a text in every column of every row of the database, also
// written as bytes, and gives the columns that hold it.
func find(t *testing.T, h *apitest.House, text string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for table, rows := range dump(t, h) {
		for _, row := range rows {
			for column, value := range row {
				if held := string(value); strings.Contains(held, text) || strings.Contains(held, hexOf(text)) {
					found[table+"."+column] = held
				}
			}
		}
	}
	return found
}

func hexOf(text string) string { return hex.EncodeToString([]byte(text)) }

// kept is every row that holds a canary of hers.
func (e *everywhere) kept(t *testing.T) map[string][]string {
	t.Helper()
	all, canary := map[string][]string{}, "canary-"+e.name
	for table, rows := range dump(t, e.h) {
		for _, row := range rows {
			text, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), canary) || strings.Contains(string(text), hexOf(canary)) {
				all[table] = append(all[table], string(text))
			}
		}
		slices.Sort(all[table])
	}
	return all
}

// dump is the whole database.
func dump(t *testing.T, h *apitest.House) map[string][]map[string]json.RawMessage {
	t.Helper()
	all := map[string][]map[string]json.RawMessage{}
	for _, table := range privacy.Tags() {
		rows, err := h.App.DB.Pool().Query(t.Context(), fmt.Sprintf(`SELECT to_jsonb(t)::text FROM %s t`, table.Name))
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var text string
			var row map[string]json.RawMessage
			if err := errors.Join(rows.Scan(&text), json.Unmarshal([]byte(text), &row)); err != nil {
				t.Fatal(err)
			}
			all[table.Name] = append(all[table.Name], row)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func filesOf(t *testing.T, h *apitest.House) map[string]string {
	t.Helper()
	keys, err := h.App.Files.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, key := range keys {
		r, _, err := h.App.Files.Read(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		all[key] = string(text)
	}
	return all
}

func count(t *testing.T, h *apitest.House, sql string, args ...any) (n int) {
	t.Helper()
	if err := h.App.DB.Pool().QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

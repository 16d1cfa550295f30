package apitest_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

// canary is sent in every text that an operation of the account takes, in
// headers, paths and queries.
const canary = "canaryOfMaria"

// Everything of the account is done once rightly and once wrongly by somebody
// whose name, address and password are canaries. None may be in the log, in a
// job, or in the audit log, which nobody can change afterwards.
//
//nolint:paralleltest // it listens to the log of the process
func TestLogsAndRecordsNameNobody(t *testing.T) {
	log, listening := apitest.Listen(t)
	h := apitest.New(t, listening)
	w := h.World(t)
	email := "maria." + strings.ToLower(canary) + "@example.org"
	var tokens []string
	keep := func(a apitest.Answer) apitest.Answer {
		var session struct {
			AccessToken  string `json:"access_token"`
			RefreshToken string `json:"refresh_token"`
		}
		if strings.Contains(a.Header.Get("Content-Type"), "json") && a.Status == http.StatusOK {
			a.Into(t, &session)
			tokens = append(tokens, session.AccessToken, session.RefreshToken)
		}
		return a
	}
	post := func(path string, body map[string]string) apitest.Answer {
		return keep(h.Do(t, apitest.Call{
			Method: http.MethodPost, Path: path, Body: body,
			Header: map[string]string{"User-Agent": canary, "Referer": "https://" + canary + ".example", "Cookie": "__Host-refresh=" + canary},
		}))
	}
	maria := joins(t, h, email)
	maria.Role = "maria"
	tokens = append(tokens, maria.Token)
	if _, err := h.App.DB.Pool().Exec(t.Context(), `UPDATE users SET display_name = $1 WHERE id = $2`, canary, maria.ID); err != nil {
		t.Fatal(err)
	}
	post("/v1/auth/login", map[string]string{"email": email, "password": apitest.Password})
	post("/v1/auth/login", map[string]string{"email": email, "password": canary + " wrong"})
	post("/v1/auth/login", map[string]string{"email": canary + "@", "password": canary})
	post("/v1/auth/refresh", map[string]string{"refresh_token": canary})
	post("/v1/auth/signup", map[string]string{"email": email, "password": canary + " password", "display_name": canary})
	post("/v1/auth/verify", map[string]string{"email": email, "code": "000000"})
	for _, op := range h.App.Contract.Operations {
		if op.Raw || op.ID == "openStream" {
			continue
		}
		call := w.Fresh(t, op, maria)
		if body, ok := call.Body.(map[string]any); ok {
			for name, value := range body {
				if text, ok := value.(string); ok && !slices.Contains([]string{"posts", "refresh_in"}, name) && !strings.Contains(text, "@") && len(text) > 8 {
					body[name] = canary + text
				}
			}
		}
		call.Header["X-Request-Id"], call.Header["User-Agent"] = canary+"\n", canary
		delete(call.Header, "X-Request-Id") // a line break is not sent at all
		h.Do(t, call)
		call.Token = maria.Token + canary
		h.Do(t, call)
		call.Path += "?" + url.Values{canary: {canary}}.Encode()
		h.Do(t, call)
	}
	h.Settle(t)

	said := log.String()
	for line := range strings.SplitSeq(said, "\n") {
		if strings.Contains(strings.ToLower(line), strings.ToLower(canary)) || strings.Contains(line, email) || strings.Contains(line, apitest.Password) {
			t.Errorf("the log says %s", line)
		}
	}
	for _, token := range tokens {
		if token != "" && strings.Contains(said, token) {
			t.Errorf("a token is in the log")
		}
	}
	if len(said) < 10_000 {
		t.Errorf("only %d bytes of log: it was not listened to", len(said))
	}
	for where, text := range find(t, h, canary) {
		if table, _, _ := strings.Cut(where, "."); slices.Contains([]string{"audit_log", "outbox", "river_job"}, table) {
			t.Errorf("%s holds %.200s", where, text)
		}
	}
	if n := count(t, h, `SELECT count(*) FROM audit_log WHERE detail::text LIKE '%@%' OR target_id LIKE '%@%'`); n != 0 {
		t.Errorf("%d entries of the audit log hold an address", n)
	}
}

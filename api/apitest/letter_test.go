package apitest_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

// scanners are programs that open every link of a mail before its reader does.
func scanners() []string {
	return []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 MSOffice 12",
		"Barracuda Sentinel (EE)",
		"python-requests/2.31.0",
	}
}

// The frontend may live under the API's own address, so every link is asked
// for there, with what a browser would keep to itself behind the # as well.
func TestOpeningTheLinksOfLettersChangesNothing(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/signup", Body: map[string]string{
		"email": "maria@example.org", "password": apitest.Password, "display_name": "Maria",
	}}).Must(t, http.StatusAccepted)
	ada := h.Person(t, "ada")
	for path, email := range map[string]string{"/v1/auth/code": ada.Email, "/v1/auth/password/forgot": ada.Email, "/v1/me/email": "ada.new@example.org"} {
		h.Do(t, apitest.Call{Method: http.MethodPost, Path: path, Token: ada.Token, Body: map[string]string{"email": email}}).Must(t, http.StatusAccepted)
	}
	startedWork(t, h)
	links := linksOf(t, h)
	before := rows(t, h)
	for _, link := range links {
		for _, agent := range scanners() {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				open(t, method, link, agent)
			}
		}
	}
	h.Settle(t)
	after := rows(t, h)
	for table := range after {
		if before[table] != after[table] {
			t.Errorf("opening links changes %s", table)
		}
	}
	if !maps.Equal(before, after) {
		t.Errorf("there were %d tables, now %d", len(before), len(after))
	}
	h.Do(t, apitest.Call{Method: http.MethodPost, Path: "/v1/auth/code/sign-in", Body: map[string]string{
		"token": h.Token(t, ada.Email, "is your code"),
	}}).Must(t, http.StatusOK)
}

// startedWork waits until the house has done what it does at every start, which
// writes too.
func startedWork(t *testing.T, h *apitest.House) {
	t.Helper()
	until := time.Now().Add(30 * time.Second)
	for count(t, h, `SELECT count(*) FROM river_job WHERE kind = 'keyring.keep' AND state = 'completed'`) == 0 {
		if time.Now().After(until) {
			t.Fatal("the house does not begin to work")
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.Settle(t)
}

var anyLink = regexp.MustCompile(`https?://[^\s"'<>]+`)

// linksOf are the links of every letter that was sent, and of every other
// kind of letter.
func linksOf(t *testing.T, h *apitest.House) (links []string) {
	t.Helper()
	var texts []string
	for _, m := range h.Mail.Messages("") {
		texts = append(texts, m.Text)
	}
	sent := len(texts)
	previews, err := h.App.Previews()
	if err != nil || sent == 0 {
		t.Fatalf("%d letters were sent; %v", sent, err)
	}
	for _, p := range previews {
		texts = append(texts, p.Message.Text)
	}
	for _, link := range anyLink.FindAllString(strings.Join(texts, "\n"), -1) {
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		links = append(links, h.URL+u.EscapedPath(), h.URL+u.EscapedPath()+"?"+u.Fragment)
	}
	return links
}

func open(t *testing.T, method, link, agent string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, link, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", agent)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

// rows is every table with a digest of what is in it; what the job queue
// keeps of itself is left out.
func rows(t *testing.T, h *apitest.House) map[string]string {
	t.Helper()
	found, err := h.App.DB.Pool().Query(t.Context(), `SELECT table_name FROM information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'river%'`)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for found.Next() {
		var name string
		if err := found.Scan(&name); err != nil {
			t.Fatal(err)
		}
		all[name] = ""
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	for name := range all {
		var digest string
		sql := `SELECT coalesce(md5(string_agg(md5(r::text), '' ORDER BY md5(r::text))), '') FROM "` + strings.ReplaceAll(name, `"`, "") + `" r`
		if err := h.App.DB.Pool().QueryRow(t.Context(), sql).Scan(&digest); err != nil {
			t.Fatal(err)
		}
		all[name] = digest
	}
	return all
}

package story_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// The story in real browsers, from a page on another origin: CORS, cookie,
// refresh, hosted checkout and stream.
func TestTheStoryInABrowser(t *testing.T) {
	t.Parallel()
	browser := launch(t)
	house, frontend := withFrontend(t)
	w := house.World(t)

	maria := tab(t, browser)
	maria.open(frontend)
	email := "maria@example.org"
	maria.fill("email", email, "password", "twelve years of logistics", "name", "Maria")
	maria.click("do-signup")
	maria.until(`document.getElementById('state').textContent === 'look into your mailbox'`)
	maria.fill("code", codeFor(t, house, email))
	maria.click("do-verify")
	maria.until(`document.getElementById('state').textContent === 'in'`)
	maria.until(`document.getElementById('access').textContent === 'none'`)

	maria.click("pay")
	maria.until(`document.getElementById('card') !== null`)
	maria.fill("card", "4242 4242 4242 4242", "exp", "12/34", "cvc", "123")
	maria.leave(`document.getElementById('pay').click()`)
	// The page is new: only the cookie can have brought her session back.
	maria.until(`location.pathname === '/welcome' && document.getElementById('access').textContent === 'full'`)
	maria.click("enrol")
	maria.until(`document.getElementById('state').textContent === 'listening'`)

	aisha := tab(t, browser)
	aisha.open(frontend)
	aisha.fill("login-email", w.A.Email, "login-password", apitest.Password)
	aisha.click("do-login")
	aisha.until(`document.getElementById('state').textContent === 'listening'`)

	maria.fill("title", "My first week", "body", "I wrote my **first** function.")
	maria.click("do-topic")
	aisha.until(`document.getElementById('live').textContent.includes('topic.created')`)
	aisha.until(`document.querySelector('#posts li strong')?.textContent === 'first'`)
	aisha.fill("answer", "Well done!")
	aisha.click("do-reply")
	maria.until(`document.getElementById('live').textContent.includes('post.created')`)
	maria.until(`document.getElementById('unread').textContent === '1'`)
	maria.until(`document.querySelectorAll('#posts li').length === 2`)
	for _, p := range []page{maria, aisha} {
		p.until(`document.getElementById('problem').textContent === ''`)
	}
}

// A page of an origin that is not listed gets no answer it could read.
func TestAnUnknownOriginReadsNothing(t *testing.T) {
	t.Parallel()
	house := apitest.New(t)
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<title>elsewhere</title>") }))
	defer stranger.Close()
	p := tab(t, launch(t))
	p.open(stranger.URL)
	got, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](
		`fetch('`+house.URL+`/v1/plans').then(() => 'read', () => 'blocked')`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	if got != "blocked" {
		t.Errorf("%s, want blocked", got)
	}
}

// page is one person's browser window with cookies of its own.
type page struct {
	t   *testing.T
	ctx context.Context
}

func launch(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium on this machine; .ci/run installs it")
	}
	dir, err := os.MkdirTemp("", "chromium") //nolint:usetesting // Chromium still writes to it when the test is over
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.Flag("no-sandbox", true), chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true)))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return ctx
}

func tab(t *testing.T, browser context.Context) page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	return page{t, ctx}
}

func (p page) open(url string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Navigate(url)); err != nil {
		p.t.Fatal(err)
	}
}

// fill writes values into fields, id and value in turn.
func (p page) fill(pairs ...string) {
	p.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if err := chromedp.Do(p.ctx, chromedp.SetValue("#"+pairs[i], pairs[i+1])); err != nil {
			p.t.Fatalf("fill %s: %v", pairs[i], err)
		}
	}
}

func (p page) click(id string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Click("#"+id)); err != nil {
		p.t.Fatalf("click %s: %v", id, err)
	}
}

// leave runs a script after which the page is another one.
func (p page) leave(script string) {
	p.t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[chromedp.Void](`setTimeout(() => { `+script+` }, 0); undefined`)); err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
}

// until waits for a condition, over page changes too.
func (p page) until(condition string) {
	p.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		ok, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](`document.readyState === 'complete' && !!(`+condition+`)`))
		if err == nil && ok {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`location.href + ' ' + document.body.innerText`))
	p.t.Fatalf("never: %s\n%s", condition, text)
}

// withFrontend runs a house that lets the page of testdata in, served from
// another origin.
func withFrontend(t *testing.T) (*apitest.House, string) {
	t.Helper()
	html, err := os.ReadFile("testdata/frontend.html")
	if err != nil {
		t.Fatal(err)
	}
	var api string
	frontend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, strings.ReplaceAll(string(html), "{{API}}", api))
	}))
	t.Cleanup(frontend.Close)
	house := apitest.New(t, func(c *server.Config) {
		c.FrontendURL, c.FrontendOrigins = frontend.URL, []string{frontend.URL}
	})
	api = house.URL
	return house, frontend.URL
}

func codeFor(t *testing.T, h *apitest.House, email string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	m, err := h.Mail.Wait(ctx, email, nil)
	if err != nil {
		t.Fatal(err)
	}
	code := sixDigits(m.Text)
	if code == "" {
		t.Fatalf("no code in the mail:\n%s", m.Text)
	}
	return code
}

// sixDigits finds a code in a text.
func sixDigits(text string) string { return regexp.MustCompile(`\b\d{6}\b`).FindString(text) }

package story_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/server"
)

// Passkeys in a real browser, whose authenticator alone is virtual: added,
// signed in with, proved with, removed.
func TestAPasskeyInABrowser(t *testing.T) {
	t.Parallel()
	browser := launch(t)
	house, frontend := withPasskeys(t)
	maria := house.Person(t, "Maria")
	p := tab(t, browser)
	device := p.authenticator()
	p.open(frontend)

	p.step("login", maria.Email, apitest.Password)
	p.until(says("in"))
	p.step("add", "My laptop")
	p.until(says("added My laptop"))
	p.step("add", "The same again")
	p.until(fails("InvalidStateError")) // the browser itself sees that the device has one
	p.open(frontend)
	p.step("signIn")
	p.until(says("in as Maria"))

	p.step("login", maria.Email, apitest.Password)
	p.until(says("owing"))
	p.step("stepUp")
	p.until(says("proved Maria"))

	p.recognises(device, false)
	p.step("signIn")
	p.until(fails("NotAllowedError"))
	p.recognises(device, true)
	p.step("signIn")
	p.until(says("in as Maria"))
	p.step("remove")
	p.until(says("removed 1"))
	p.step("signIn")
	p.until(fails("passkey-wrong"))
}

func says(state string) string {
	return `document.getElementById('state').textContent === '` + state + `'`
}

func fails(problem string) string {
	return says("not") + ` && document.getElementById('problem').textContent === '` + problem + `'`
}

// step begins one of the steps of the page, which says itself how it ended.
func (p page) step(name string, args ...string) {
	p.t.Helper()
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = fmt.Sprintf("%q", a)
	}
	script := `show('state', 'busy'); steps.` + name + `(` + strings.Join(quoted, ", ") + `); undefined`
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[chromedp.Void](script)); err != nil {
		p.t.Fatalf("%s: %v", name, err)
	}
}

// authenticator gives the browser one that keeps passkeys and recognises its
// user.
func (p page) authenticator() webauthn.AuthenticatorID {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		p.t.Fatal(err)
	}
	added, err := chromedp.Call(p.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, AutomaticPresenceSimulation: true, IsUserVerified: true,
		},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return added.AuthenticatorID
}

// recognises says whether the authenticator recognises its user from now on.
func (p page) recognises(id webauthn.AuthenticatorID, yes bool) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: id, IsUserVerified: yes})
	if err != nil {
		p.t.Fatal(err)
	}
}

// withPasskeys runs a house whose frontend is a page on localhost: passkeys
// belong to a name, not to an address.
func withPasskeys(t *testing.T) (*apitest.House, string) {
	t.Helper()
	html, err := os.ReadFile("testdata/passkey.html")
	if err != nil {
		t.Fatal(err)
	}
	var api string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, strings.ReplaceAll(string(html), "{{API}}", api))
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	frontend := "http://localhost:" + u.Port()
	house := apitest.New(t, func(c *server.Config) { c.FrontendURL, c.FrontendOrigins = frontend, []string{frontend} })
	api = house.URL
	return house, frontend
}

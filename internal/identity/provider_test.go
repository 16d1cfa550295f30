package identity

import (
	"fmt"
	"strings"
	"testing"
)

const google = `{"name":"google","title":"Google","issuer":"https://accounts.google.com","client_id":"abc","client_secret":"opensesame-opensesame"}`

func TestProvidersAreReadFromTheEnvironment(t *testing.T) {
	t.Parallel()
	second := strings.NewReplacer("google", "work", "Google", "Work", "accounts.work.com", "login.work.example").Replace(google)
	all, err := ParseProviders("["+google+","+second+"]", true)
	if err != nil || len(all) != 2 || all[0].Title != "Google" || strings.Join(all[1].Scopes, " ") != "email profile" {
		t.Errorf("%v, %v", all, err)
	}
	if none, err := ParseProviders(" ", true); err != nil || none != nil {
		t.Errorf("%v, %v", none, err)
	}
	if shown := fmt.Sprintf("%v %+v %#v %s", all[0], all[0], all[0], all); strings.Contains(shown, "opensesame") {
		t.Errorf("the secret is shown: %s", shown)
	}
}

func TestBadProvidersStopTheStart(t *testing.T) {
	t.Parallel()
	change := func(old, young string) string { return "[" + strings.Replace(google, old, young, 1) + "]" }
	for name, text := range map[string]string{
		"no JSON": "google", "no list": google, "a letter behind": "[" + google + "]x", "an unknown member": change(`"name"`, `"label"`),
		"no name": change(`"google"`, `""`), "a name with a slash": change(`"google"`, `"a/b"`), "a capital": change(`"google"`, `"Google"`),
		"no title": change(`"Google"`, `" "`), "no client": change(`"abc"`, `""`), "a short secret": change("opensesame-opensesame", "short"),
		"no issuer": change("https://accounts.google.com", ""), "a plain issuer": change("https://", "http://"),
		"a plain issuer of this machine": change("https://accounts.google.com", "http://127.0.0.1:9000"),
		"a query":                        change("google.com", "google.com?a=b"), "a fragment": change("google.com", "google.com#a"),
		"a password": change("https://", "https://user:opensesame@"), "a file": change("https://accounts.google.com", "file:///etc/passwd"),
		"a name twice":    "[" + google + "," + strings.Replace(google, "accounts", "other", 1) + "]",
		"an issuer twice": "[" + google + "," + strings.Replace(google, `"google"`, `"other"`, 1) + "]",
		"offline access":  change(`"client_id"`, `"scopes":["offline_access"],"client_id"`),
		"too many":        "[" + strings.TrimSuffix(strings.Repeat(google+",", 21), ",") + "]",
	} {
		_, err := ParseProviders(text, true)
		if err == nil || strings.Contains(err.Error(), "opensesame") {
			t.Errorf("%s: %v", name, err)
		}
	}
	local := change("https://accounts.google.com", "http://localhost:9000")
	if _, err := ParseProviders(strings.Replace(local, "opensesame-opensesame", "", 1), false); err != nil {
		t.Errorf("in development one of this machine, and a public client: %v", err)
	}
	if _, err := ParseProviders(change("https://", "http://"), false); err == nil {
		t.Error("in development a plain issuer elsewhere is accepted")
	}
}

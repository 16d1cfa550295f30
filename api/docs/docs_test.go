package docs_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/docs"
)

func get(t *testing.T, h http.Handler, path string, header map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestThePageNamesTheContractAndAllowsNoOtherHost(t *testing.T) {
	t.Parallel()
	h := docs.Handler(`/openapi.json?a="<b>`)
	for _, path := range []string{"/docs", "/docs/"} {
		res := get(t, h, path, nil)
		html := body(t, res.Body)
		if res.StatusCode != http.StatusOK || !strings.Contains(html, "<title>Conservatory API</title>") {
			t.Fatalf("%s: %d %.200s", path, res.StatusCode, html)
		}
		if !strings.Contains(html, `spec-url="/openapi.json?a=%22%3cb%3e"`) && !strings.Contains(html, `spec-url="/openapi.json?a=&#34;&lt;b&gt;"`) {
			t.Errorf("%s: the address of the contract is not there, or not escaped:\n%s", path, html)
		}
		csp := res.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; script-src 'self';") || strings.Contains(csp, "//") || strings.Contains(csp, "unsafe-eval") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: headers %v", path, res.Header)
		}
	}
}

func TestTheScriptIsKeptForeverUnderItsVersionedAddress(t *testing.T) {
	t.Parallel()
	h := docs.Handler("/openapi.json")
	src := regexp.MustCompile(`src="([^"]+)"`).FindStringSubmatch(body(t, get(t, h, "/docs", nil).Body))
	if src == nil {
		t.Fatal("the page has no script")
	}
	res := get(t, h, src[1], nil)
	if got := res.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Errorf("versioned: %q", got)
	}
	plain := body(t, res.Body)
	if !strings.Contains(plain, "Redoc") || strings.Contains(plain, "cdn.redoc.ly") {
		t.Error("the script is not the bundle, or names the outside logo")
	}
	if got := get(t, h, docs.ScriptPath+"?v=old", nil).Header.Get("Cache-Control"); got != "public, max-age=3600" {
		t.Errorf("other version: %q", got)
	}
}

func TestTheScriptIsZippedForWhoAsks(t *testing.T) {
	t.Parallel()
	h := docs.Handler("/openapi.json")
	plain := body(t, get(t, h, docs.ScriptPath, nil).Body)
	for header, want := range map[string]string{"gzip": "gzip", "br, gzip;q=0.8": "gzip", "deflate,gzip ": "gzip", "": "", "br": "", "gzip;q=0": "", "gzip; q=0.0": "", "xgzip": ""} {
		res := get(t, h, docs.ScriptPath, map[string]string{"Accept-Encoding": header})
		if got := res.Header.Get("Content-Encoding"); got != want || res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: got %q, vary %q", header, got, res.Header.Get("Vary"))
		}
		if want == "gzip" {
			zip, err := gzip.NewReader(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if body(t, zip) != plain {
				t.Errorf("%q: unpacks to something else", header)
			}
		}
	}
}

func TestAKnownVersionIsNotSentAgain(t *testing.T) {
	t.Parallel()
	h := docs.Handler("/openapi.json")
	for _, path := range []string{docs.PagePath, docs.ScriptPath} {
		tag := get(t, h, path, nil).Header.Get("ETag")
		res := get(t, h, path, map[string]string{"If-None-Match": `"x", W/` + tag})
		if sent := body(t, res.Body); res.StatusCode != http.StatusNotModified || sent != "" || tag == "" {
			t.Errorf("%s with %s: %d, %d bytes", path, tag, res.StatusCode, len(sent))
		}
		if res := get(t, h, path, map[string]string{"If-None-Match": `"x"`}); res.StatusCode != http.StatusOK {
			t.Errorf("%s with another tag: %d", path, res.StatusCode)
		}
	}
}

func TestThereIsNothingElse(t *testing.T) {
	t.Parallel()
	h := docs.Handler("/openapi.json")
	for _, path := range []string{"/", "/docs/x", "/docs/page.html", "/docs/redoc.standalone.js.map", "/docs/docs.go"} {
		if res := get(t, h, path, nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/docs", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

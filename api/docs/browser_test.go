package docs_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/docs"
)

const smallContract = `{"openapi":"3.1.0","info":{"title":"Small contract","version":"1","description":"**Bold** words"},
"servers":[{"url":"/"}],"tags":[{"name":"Things"}],
"paths":{"/things/{id}":{"get":{"operationId":"showThing","summary":"Show a thing","tags":["Things"],
"parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string","format":"uuid"}}],
"responses":{"200":{"description":"The thing","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing"}}}},
"404":{"description":"No such thing"}}}}},
"components":{"schemas":{"Thing":{"type":"object","required":["label"],"properties":{
"label":{"type":["string","null"],"description":"what it is called"},"size":{"type":"integer","minimum":0}}}}}}`

// browse opens url in a headless Chromium that reaches other hosts only by a
// proxy, and returns the drawn page, the console, and the hosts asked for.
func browse(t *testing.T, url string) (dom, console string, asked []string) {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium on this machine")
	}
	var mu sync.Mutex
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Host)
		http.Error(w, "no way out", http.StatusForbidden)
	}))
	defer proxy.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
		"--disable-domain-reliability", "--disable-dev-shm-usage", "--user-data-dir="+t.TempDir(),
		"--proxy-server="+proxy.URL, "--enable-logging=stderr", "--v=0",
		"--virtual-time-budget=8000", "--window-size=1400,2000", "--dump-dom", url)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, stderr.String())
	}
	mu.Lock()
	defer mu.Unlock()
	return stdout.String(), consoleOf(stderr.String()), asked
}

// consoleOf keeps the lines that the page itself caused.
func consoleOf(log string) string {
	var lines []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, "CONSOLE") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func TestABrowserDrawsTheContractWithoutAnotherHost(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	mux := http.NewServeMux()
	mux.Handle("/docs", docs.Handler("/openapi.json"))
	mux.Handle("/docs/", docs.Handler("/openapi.json"))
	mux.HandleFunc("/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, smallContract)
	})
	site := httptest.NewServer(mux)
	defer site.Close()

	dom, console, asked := browse(t, site.URL+"/docs")
	for _, want := range []string{"Small contract", "<strong>Bold</strong>", "Show a thing", "what it is called", "/things/{id}", "No such thing"} {
		if !strings.Contains(dom, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if console != "" {
		t.Errorf("the browser complained:\n%s", console)
	}
	script := body(t, get(t, docs.Handler("/openapi.json"), docs.ScriptPath, nil).Body)
	for _, host := range asked {
		// The browser itself also calls home; what the page calls, it names.
		name, _, _ := strings.Cut(host, ":")
		if strings.Contains(script, name) || strings.Contains(dom, name) {
			t.Errorf("the page asked %s", host)
		}
	}
}

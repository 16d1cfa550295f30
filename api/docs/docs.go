// Package docs serves the documentation of the API for people: one page that
// draws the contract with Redoc. Everything it needs is in the binary, and it
// asks no other host for anything.
package docs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed" // the page and its script
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// The paths the handler answers.
const (
	PagePath   = "/docs"
	ScriptPath = "/docs/redoc.standalone.js"
)

// policy allows exactly what Redoc does: styled-components writes style
// elements, and the search runs in a worker made from a blob.
const policy = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; worker-src blob:; " +
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// theme keeps Redoc from naming fonts that the page does not load.
const theme = `{"typography":{"fontFamily":"system-ui, sans-serif","headings":{"fontFamily":"system-ui, sans-serif"},` +
	`"code":{"fontFamily":"ui-monospace, monospace"}}}`

// The bundle shows its maker's logo from a CDN; it hides what is no image.
const (
	outsideLogo = "https://cdn.redoc.ly/redoc/logo-mini.svg"
	emptyImage  = "data:,"
)

//go:embed page.html
var page string

//go:embed redoc.standalone.js
var bundle []byte

// Handler serves the page at [PagePath] and its script at [ScriptPath]; all
// else is 404. The page loads the contract from specURL, which must be of the
// same origin.
func Handler(specURL string) http.Handler {
	js := sync.OnceValue(newScript)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ScriptPath, func(w http.ResponseWriter, r *http.Request) { js().serve(w, r) })
	html := sync.OnceValues(func() ([]byte, error) { return newPage(specURL, js()) })
	show := func(w http.ResponseWriter, r *http.Request) { servePage(w, r, html) }
	mux.HandleFunc("GET "+PagePath, show)
	mux.HandleFunc("GET "+PagePath+"/{$}", show)
	return mux
}

func newPage(specURL string, js script) ([]byte, error) {
	tmpl, err := template.New("page").Parse(page)
	if err != nil {
		return nil, fmt.Errorf("docs: parse page: %w", err)
	}
	var out bytes.Buffer
	err = tmpl.Execute(&out, map[string]string{
		"SpecURL": specURL,
		"Theme":   theme,
		"Script":  ScriptPath + "?v=" + js.version,
	})
	if err != nil {
		return nil, fmt.Errorf("docs: write page: %w", err)
	}
	return out.Bytes(), nil
}

func servePage(w http.ResponseWriter, r *http.Request, html func() ([]byte, error)) {
	body, err := html()
	if err != nil {
		http.Error(w, "The page is not available.", http.StatusInternalServerError)
		return
	}
	h := secure(w)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-cache")
	write(w, r, body, versionOf(body))
}

// secure sets the headers that both answers carry.
func secure(w http.ResponseWriter) http.Header {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	return h
}

// script is the bundle as it is served.
type script struct {
	plain, zipped []byte
	version       string
}

func newScript() script {
	plain := bytes.ReplaceAll(bundle, []byte(outsideLogo), []byte(emptyImage))
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	// Writing to a buffer does not fail.
	_, _ = zip.Write(plain)
	_ = zip.Close()
	return script{plain: plain, zipped: out.Bytes(), version: versionOf(plain)}
}

func (s script) serve(w http.ResponseWriter, r *http.Request) {
	h := secure(w)
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Vary", "Accept-Encoding")
	// Only the address with the right version may be kept forever.
	h.Set("Cache-Control", "public, max-age=3600")
	if r.URL.Query().Get("v") == s.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		write(w, r, s.zipped, s.version+"-gzip")
		return
	}
	write(w, r, s.plain, s.version)
}

func acceptsGzip(header string) bool {
	for entry := range strings.SplitSeq(header, ",") {
		coding, parameter, _ := strings.Cut(entry, ";")
		if strings.TrimSpace(coding) != "gzip" {
			continue
		}
		weight, found := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		return !found || err == nil && q > 0
	}
	return false
}

func write(w http.ResponseWriter, r *http.Request, body []byte, version string) {
	etag := `"` + version + `"`
	w.Header().Set("ETag", etag)
	for known := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if strings.TrimPrefix(strings.TrimSpace(known), "W/") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

func versionOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

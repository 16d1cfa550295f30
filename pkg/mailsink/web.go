package mailsink

import (
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed *.html
var pageFiles embed.FS

// security keeps a mail from doing anything but being looked at: no scripts and
// nothing from the network. The frame with the HTML part inherits it.
const security = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; " +
	"base-uri 'self'; form-action 'none'; frame-ancestors 'self'"

const (
	usualList   = 50
	longestList = 1000
	largestBody = 64 << 10
)

// ServeHTTP shows the mails. It may be mounted anywhere with http.StripPrefix;
// its links are relative.
//
//	GET    /                            a page with the newest mails, ?to= limits it
//	GET    /samples                     a page with all of Config.Samples
//	GET    /messages?to=&since=&limit=  {"messages":[…]}, newest first
//	GET    /messages/{id}               a page or JSON, as Accept says
//	DELETE /messages                    forgets all
//	POST   /faults                      {"count":1,"code":451,"text":"…"}, see Fail
func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", security)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	s.web.ServeHTTP(w, r)
}

func (s *Sink) routes() http.Handler {
	pages := template.Must(template.New("").Funcs(template.FuncMap{
		"links": splitLinks,
		"frame": frame,
	}).ParseFS(pageFiles, "*.html"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		to := r.URL.Query().Get("to")
		found := s.Messages(to)
		s.page(w, pages, "list.html", map[string]any{
			"To": to, "Count": len(found), "Messages": found[:min(len(found), usualList)], "Samples": s.samples != nil,
		})
	})
	if s.samples != nil {
		mux.HandleFunc("GET /samples", func(w http.ResponseWriter, _ *http.Request) { s.show(w, pages) })
	}
	mux.HandleFunc("GET /messages", s.list)
	mux.HandleFunc("GET /messages/{id}", func(w http.ResponseWriter, r *http.Request) {
		m, ok := s.message(r.PathValue("id"))
		switch {
		case !ok:
			answer(w, http.StatusNotFound, problem("no such message"))
		case strings.Contains(r.Header.Get("Accept"), "text/html"):
			s.page(w, pages, "message.html", m)
		default:
			answer(w, http.StatusOK, m)
		}
	})
	mux.HandleFunc("DELETE /messages", func(w http.ResponseWriter, _ *http.Request) {
		if err := s.clear(); err != nil {
			s.logger.Error("forgetting mails", "error", err)
			answer(w, http.StatusInternalServerError, problem("the file could not be emptied"))
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /faults", s.order)
	// A web page that the developer looks at elsewhere must not reach us.
	return http.NewCrossOriginProtection().Handler(mux)
}

func (s *Sink) page(w http.ResponseWriter, pages *template.Template, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := pages.ExecuteTemplate(w, name, data); err != nil {
		s.logger.Warn("showing mails", "error", err)
	}
}

// show is the page of samples.
func (s *Sink) show(w http.ResponseWriter, pages *template.Template) {
	all, err := s.samples()
	if err != nil {
		s.logger.Error("showing samples", "error", err)
		answer(w, http.StatusInternalServerError, problem("the samples could not be made: "+err.Error()))
		return
	}
	s.page(w, pages, "samples.html", all)
}

func (s *Sink) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, since, err := listBounds(query)
	if err != nil {
		answer(w, http.StatusBadRequest, problem(err.Error()))
		return
	}
	s.mu.Lock()
	found := s.newest(func(m Message) bool { return m.isTo(query.Get("to")) && !m.Date.Before(since) })
	s.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"messages": found[:min(len(found), limit)]})
}

func listBounds(query url.Values) (limit int, since time.Time, err error) {
	limit, err = strconv.Atoi(cmp.Or(query.Get("limit"), strconv.Itoa(usualList)))
	if err != nil || limit < 1 || limit > longestList {
		return 0, since, fmt.Errorf("limit must be a number from 1 to %d", longestList)
	}
	if text := query.Get("since"); text != "" {
		if since, err = time.Parse(time.RFC3339, text); err != nil {
			return 0, since, errors.New("since must be a time such as 2024-05-31T12:00:00Z")
		}
	}
	return limit, since, nil
}

func (s *Sink) order(w http.ResponseWriter, r *http.Request) {
	var fault struct {
		Count int    `json:"count"`
		Code  int    `json:"code"`
		Text  string `json:"text"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, largestBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&fault); err != nil {
		answer(w, http.StatusBadRequest, problem(err.Error()))
		return
	}
	if fault.Count < 0 || fault.Code != 0 && (fault.Code < 400 || fault.Code > 599) {
		answer(w, http.StatusBadRequest, problem("count must not be negative, code must be from 400 to 599"))
		return
	}
	s.Fail(fault.Count, fault.Code, fault.Text)
	w.WriteHeader(http.StatusNoContent)
}

func problem(text string) map[string]string { return map[string]string{"error": text} }

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the reader went away
}

// piece is text, or an address to click on.
type piece struct{ Text, URL string }

func splitLinks(text string) []piece {
	var pieces []piece
	rest := 0
	for _, at := range regexp.MustCompile(`https?://[^\s<>"]+`).FindAllStringIndex(text, -1) {
		end := rest + len(strings.TrimRight(text[rest:at[1]], ".,;:!?)"))
		pieces = append(pieces, piece{Text: text[rest:at[0]]}, piece{URL: text[at[0]:end]})
		rest = end
	}
	return append(pieces, piece{Text: text[rest:]})
}

// frame lets links of a mail open in a tab of their own: the sandbox forbids
// them to replace the page.
func frame(html string) string { return `<base target="_blank">` + html }

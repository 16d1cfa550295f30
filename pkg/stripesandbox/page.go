package stripesandbox

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed page/*.html page/style.css
var pageFiles embed.FS

// servePage answers everything that people see in a browser.
func (s *Sandbox) servePage(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.render(http.StatusBadRequest, "message.html", notice{Title: "Not possible", Text: "The form cannot be read."}).write(w)
		return
	}
	page := s.openPage(r)
	s.keep()
	page.write(w)
}

// openPage finds and renders a page while the sandbox is locked.
func (s *Sandbox) openPage(r *http.Request) screen {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = r.Host
	s.settle()
	if r.Method == http.MethodPost {
		defer s.touch()
	}
	kind, id, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	known := map[string]func(*http.Request, string) screen{
		"": s.dashboard, "pay": s.payPage, "invoice": s.invoicePage, "portal": s.portalPage,
	}
	page, ok := known[kind]
	switch {
	case !ok || (kind == "" && id != ""):
		return s.render(http.StatusNotFound, "message.html", notice{Title: "Not found", Text: "There is no such page here."})
	case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost:
		return s.render(http.StatusMethodNotAllowed, "message.html", notice{Title: "Not possible", Text: "These pages answer GET and POST."})
	}
	return page(r, id)
}

// screen is a finished page or a redirect.
type screen struct {
	status   int
	body     []byte
	location string
}

func redirect(to string) screen { return screen{status: http.StatusSeeOther, location: to} }

func (p screen) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if p.location != "" {
		h.Set("Location", p.location)
		w.WriteHeader(p.status)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(p.status)
	_, _ = w.Write(p.body)
}

// notice is a page that only says something.
type notice struct{ Title, Text, Link, LinkText string }

func (s *Sandbox) render(status int, name string, data any) screen {
	// A handful of small templates: parsing them each time needs no state.
	t, err := template.New(name).Funcs(template.FuncMap{
		"money": money, "date": date, "steps": func(status string) []string { return disputeSteps()[status] },
		"press": press, "acts": actsOn, "renews": func(sub object) bool { return !ended(sub) && sub.num("current_period_end") > s.unix() },
	}).ParseFS(pageFiles, "page/layout.html", "page/"+name)
	var out bytes.Buffer
	if err == nil {
		err = t.ExecuteTemplate(&out, "layout", data)
	}
	if err != nil {
		s.log.Error("sandbox page not rendered", "page", name, "error", err)
		return screen{status: http.StatusInternalServerError, body: []byte("The page cannot be shown.")}
	}
	return screen{status: status, body: out.Bytes()}
}

func serveStyle(w http.ResponseWriter) {
	style, err := pageFiles.ReadFile("page/style.css")
	if err != nil {
		http.Error(w, "no style", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=300")
	_, _ = w.Write(style)
}

// decimals is the number of digits after the point of a currency (ISO 4217, as
// Stripe uses it).
func decimals(currency string) int {
	switch strings.ToLower(currency) {
	case "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf":
		return 0
	case "bhd", "jod", "kwd", "omr", "tnd":
		return 3
	}
	return 2
}

// money writes an amount in minor units for people: 12.50 EUR.
func money(amount int64, currency string) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	digits := strconv.FormatInt(amount, 10)
	if n := decimals(currency); n > 0 {
		for len(digits) <= n {
			digits = "0" + digits
		}
		digits = digits[:len(digits)-n] + "." + digits[len(digits)-n:]
	}
	return sign + digits + " " + strings.ToUpper(currency)
}

func date(unix int64) string {
	if unix == 0 {
		return "–"
	}
	return time.Unix(unix, 0).UTC().Format("2 Jan 2006 15:04")
}

// every says how often a recurring price is paid.
func every(recurring object) string {
	interval := recurring.str("interval")
	switch n := recurring.num("interval_count"); {
	case interval == "":
		return "once"
	case n > 1:
		return "every " + strconv.FormatInt(n, 10) + " " + interval + "s"
	}
	return "every " + interval
}

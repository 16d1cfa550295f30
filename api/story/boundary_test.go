package story_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/womens-tech-conservatory/conservatory/pkg/stripesandbox"
)

var stride = flag.Int("stride", 16, "of how many boundaries TestKilledAtABoundaryOfPaying dies at one")

// fuse kills the program at one word that it says to its database or to
// Stripe: before that word is heard, or when it was heard and not yet answered.
type fuse struct {
	left   atomic.Int64 // words until then; below zero nothing happens
	heard  atomic.Bool
	blown  atomic.Bool
	victim atomic.Pointer[process]
}

// arm lets the program say so many words more.
func (f *fuse) arm(words int64, heard bool) {
	f.blown.Store(false)
	f.heard.Store(heard)
	f.left.Store(words)
}

func (f *fuse) disarm() { f.left.Store(-1) }

// burns reports whether this is the word.
func (f *fuse) burns() bool { return f.left.Load() >= 0 && f.left.Add(-1) == -1 }

func (f *fuse) blow() {
	f.blown.Store(true)
	_ = f.victim.Load().cmd.Process.Signal(syscall.SIGKILL) // who is dead already stays so
}

// toll passes questions on to the sandbox, and is where the fuse burns.
type toll struct {
	gate *gate
	box  http.Handler
}

// ServeHTTP answers, or dies at it.
func (t toll) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	burns := t.gate.fuse.burns()
	if burns && !t.gate.fuse.heard.Load() {
		t.gate.strike()
		return
	}
	answer := httptest.NewRecorder()
	t.box.ServeHTTP(answer, r)
	if burns {
		t.gate.strike()
		return
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = answer.Body.WriteTo(w) // a caller that is dead hears nothing
}

// shop is a program that dies, beside a database and a Stripe that do not.
type shop struct {
	*process

	fuse  *fuse
	box   *stripesandbox.Sandbox
	url   string // of the sandbox, without the toll
	lives int    // that it has had, after the first
	db    *pgxpool.Pool
	start func() *process
}

const testKey = "sk_test_boundary_0123456789"

func newShop(t *testing.T) *shop {
	t.Helper()
	program, dir := build(t), folder(t)
	f := &fuse{}
	f.disarm()
	g, direct, through := newGate(t, f)
	db, err := pgxpool.New(t.Context(), direct)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	s := &shop{fuse: f, db: db}
	s.box, err = stripesandbox.New(stripesandbox.Config{SecretKey: testKey})
	if err != nil {
		t.Fatal(err)
	}
	direct2 := httptest.NewServer(s.box)
	t.Cleanup(direct2.Close)
	tolled := httptest.NewServer(toll{g, s.box})
	t.Cleanup(tolled.Close)
	s.url = direct2.URL
	s.box.SetBaseURL(s.url)
	address := freeAddress(t)
	const secret = "whsec_0123456789abcdef0123456789abcdef"
	s.box.SetWebhook("http://"+address+"/v1/webhooks/stripe", secret)
	s.box.Start(t.Context())
	t.Cleanup(func() { _ = s.box.Close() })
	s.start = func() *process {
		g.open()
		p := run(t, program, dir, "DATABASE_URL="+through, "CONSERVATORY_ADDR="+address, "CONSERVATORY_ADMIN_ADDR=127.0.0.1:0",
			"STRIPE_SECRET_KEY="+testKey, "STRIPE_WEBHOOK_SECRETS="+secret, "STRIPE_API_BASE="+tolled.URL)
		f.victim.Store(p)
		return p
	}
	s.process = s.start()
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// revive starts the program again when it has died.
func (s *shop) revive() {
	s.t.Helper()
	if !s.fuse.blown.Load() {
		return
	}
	s.kill()
	s.fuse.blown.Store(false)
	s.process = s.start()
	s.lives++
	// A minute passes: until then the request that died is waited for.
	if _, err := s.db.Exec(s.t.Context(), `UPDATE idempotency_keys SET leased_until = created_at WHERE state = 'started'`); err != nil {
		s.t.Fatal(err)
	}
}

// comesIn makes her account, or finds that it is made; again until it is. She
// waits for a mail before she asks for another: there are three in an hour.
func (s *shop) comesIn(email string) {
	s.t.Helper()
	for range 6 {
		s.revive()
		s.token = ""
		if in := s.post("/v1/auth/login", `{"email":"`+email+`","password":"twelve years of logistics"}`); strings.Contains(in, "access_token") {
			s.token = s.text(in, "access_token")
			return
		}
		started := s.post("/v1/auth/signup", `{"email":"`+email+`","password":"twelve years of logistics","display_name":"Kim"}`)
		if strings.Contains(started, `"signup"`) {
			s.verifies(email, s.text(started, "signup"))
		}
	}
	s.t.Fatalf("%s never came in; her mails: %s", email, s.send(http.MethodGet, s.at.mail+"/messages?to="+email, ""))
}

// verifies tries the codes of her mails, those of an attempt before among
// them, until one is right or the program has died.
func (s *shop) verifies(email, signup string) {
	s.t.Helper()
	tried := map[string]bool{}
	for range 200 {
		for _, code := range regexp.MustCompile(`\b\d{6}\b`).FindAllString(s.send(http.MethodGet, s.at.mail+"/messages?to="+email, ""), -1) {
			if tried[code] {
				continue
			}
			tried[code] = true
			if in := s.post("/v1/auth/verify", `{"signup":"`+signup+`","code":"`+code+`"}`); strings.Contains(in, "access_token") {
				return
			}
		}
		if s.fuse.blown.Load() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// goesToPay asks for the page where she pays, with one key, until she is
// answered.
func (s *shop) goesToPay(email string) string {
	s.t.Helper()
	answer := ""
	for range 20 {
		answer = s.keyed("/v1/membership/checkout", email, `{"plan":"circle","price":"monthly"}`)
		if strings.Contains(answer, "checkout_url") {
			return s.text(answer, "checkout_url")
		}
		if s.fuse.blown.Load() {
			s.comesIn(email)
			continue
		}
		time.Sleep(100 * time.Millisecond) // the first try with this key may still be under way
	}
	s.t.Fatalf("she never reached the page: %s", answer)
	return ""
}

func (s *shop) keyed(path, key, body string) string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.at.api+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	_, _ = text.ReadFrom(resp.Body) // what is missing is missed by the caller
	return text.String()
}

// Killed at any word of signing up, going to pay and being told of it, she asks
// again with the same key, pays once, and has what she paid for. pay#1027: a
// request that was repeated left a member with two customers; Ghost#28508: many
// pay twice and do not know it.
func TestKilledAtABoundaryOfPaying(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and kills the program")
	}
	s := newShop(t)
	deaths, members := 0, 0
	for _, heard := range []bool{false, true} {
		for words := int64(0); ; words += int64(*stride) {
			members++
			email := fmt.Sprintf("kim.%d@example.org", members)
			s.fuse.arm(words, heard)
			died := s.pays(email)
			s.fuse.disarm()
			s.paidOnce(email)
			if !died {
				break // she was through before the word came
			}
			deaths++
		}
	}
	t.Logf("%d members, the program was killed %d times", members, deaths)
	if deaths < 6 {
		t.Errorf("it was killed %d times only", deaths)
	}
}

// pays is her whole way; it reports whether the program died on it.
func (s *shop) pays(email string) (died bool) {
	s.t.Helper()
	before := s.lives
	s.comesIn(email)
	page := s.goesToPay(email)
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/_sandbox/sessions/"+page[strings.LastIndex(page, "/")+1:]+"/pay",
		strings.NewReader(`{"card":"4242424242424242"}`))
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	text, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: paying: %d %s", email, resp.StatusCode, text)
	}
	s.eventually(email+" has access", func() bool {
		if s.fuse.blown.Load() {
			s.comesIn(email)
		}
		return strings.Contains(s.get("/v1/membership"), `"level":"full"`)
	})
	return s.lives > before || s.fuse.blown.Load()
}

// paidOnce looks at what Stripe has of her, and at what we have.
func (s *shop) paidOnce(email string) {
	s.t.Helper()
	count := func(path string, form url.Values) int {
		form.Set("limit", "100")
		list := s.ask(path + "?" + form.Encode())
		return strings.Count(list, `"object":"`+strings.TrimSuffix(path[strings.LastIndex(path, "/")+1:], "s")+`"`)
	}
	if n := count("/v1/customers", url.Values{"email": {email}}); n != 1 {
		s.t.Errorf("%s: %d customers", email, n)
	}
	var customer string
	if err := s.db.QueryRow(s.t.Context(), `SELECT c.stripe_id FROM stripe_customers c JOIN users u ON u.id = c.user_id WHERE u.email = $1`, email).Scan(&customer); err != nil {
		s.t.Fatalf("%s: %v", email, err)
	}
	for _, kind := range []string{"/v1/subscriptions", "/v1/charges"} {
		if n := count(kind, url.Values{"customer": {customer}}); n != 1 {
			s.t.Errorf("%s: %d of %s", email, n, kind)
		}
	}
	var subscriptions, ledger int
	if err := s.db.QueryRow(s.t.Context(), `SELECT count(*), (SELECT sum(annual_delta)::int FROM membership_ledger l WHERE l.user_id = u.id AND series = 'mrr')
		FROM users u JOIN subscriptions s ON s.user_id = u.id WHERE u.email = $1 GROUP BY u.id`, email).Scan(&subscriptions, &ledger); err != nil {
		s.t.Fatalf("%s: %v", email, err)
	}
	if subscriptions != 1 || ledger != 12*4900 {
		s.t.Errorf("%s: %d subscriptions, %d in the ledger", email, subscriptions, ledger)
	}
}

func (s *shop) ask(path string) string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+testKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.ReplaceAll(strings.ReplaceAll(string(text), `": "`, `":"`), "\n", "")
}

package story_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Killed at any moment, the house starts again with everything in it, and
// what Stripe was about to tell is told.
func TestKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and kills the program")
	}
	program := build(t)
	dir := folder(t)
	for _, moment := range []struct {
		name string
		wait time.Duration // between payment and death
	}{{"at once", 0}, {"a moment later", 30 * time.Millisecond}, {"in the middle of the webhooks", 150 * time.Millisecond}} {
		p := run(t, program, dir)
		email := fmt.Sprintf("kim.%d@example.org", time.Now().UnixNano())
		p.join(email)
		url := p.text(p.post("/v1/membership/checkout", `{"plan":"circle","price":"monthly"}`), "checkout_url")
		p.sandbox("/_sandbox/sessions/"+url[strings.LastIndex(url, "/")+1:]+"/pay", `{"card":"4242424242424242"}`)
		time.Sleep(moment.wait) // the moment itself is what is tested
		p.kill()

		p = run(t, program, dir)
		p.logIn(email)
		p.eventually(moment.name, func() bool { return strings.Contains(p.get("/v1/membership"), `"level":"full"`) })
		p.kill()
	}
}

// process is the built program, running in development mode.
type process struct {
	t              *testing.T
	cmd            *exec.Cmd
	at             addresses
	token, refresh string
}

func build(t *testing.T) string {
	t.Helper()
	if *binary != "" {
		return *binary
	}
	out := filepath.Join(t.TempDir(), "conservatory")
	if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", out, "../../api").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return out
}

func run(t *testing.T, program, dir string, settings ...string) *process {
	t.Helper()
	cmd := exec.Command(program, "dev", "--dir", dir)
	cmd.Env = append(os.Environ(), "CONSERVATORY_ADDR=127.0.0.1:28080", "CONSERVATORY_ADMIN_ADDR=127.0.0.1:29090")
	cmd.Env = append(cmd.Env, settings...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd}
	t.Cleanup(func() {
		p.kill()
		if text := said.Bytes(); t.Failed() {
			t.Logf("a process said last:\n%s", text[max(0, len(text)-2000):])
		}
	})
	p.at = readCard(t, out)
	p.eventually("ready", func() bool { return strings.Contains(p.get("/readyz"), `"status":"ok"`) })
	return p
}

// kill ends it as a power cut would.
func (p *process) kill() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	_ = p.cmd.Wait() // says that it was killed
}

func (p *process) join(email string) {
	p.t.Helper()
	started := p.post("/v1/auth/signup", `{"email":"`+email+`","password":"twelve years of logistics","display_name":"Kim"}`)
	var code string
	p.eventually("the mail with the code", func() bool {
		code = sixDigits(p.send(http.MethodGet, p.at.mail+"/messages?to="+email, ""))
		return code != ""
	})
	in := p.post("/v1/auth/verify", `{"signup":"`+p.text(started, "signup")+`","code":"`+code+`"}`)
	p.token, p.refresh = p.text(in, "access_token"), p.text(in, "refresh_token")
}

func (p *process) logIn(email string) {
	p.t.Helper()
	p.token = ""
	p.token = p.text(p.post("/v1/auth/login", `{"email":"`+email+`","password":"twelve years of logistics"}`), "access_token")
}

func (p *process) get(path string) string { return p.send(http.MethodGet, p.at.api+path, "") }

func (p *process) post(path, body string) string {
	return p.send(http.MethodPost, p.at.api+path, body)
}

func (p *process) sandbox(path, body string) {
	p.send(http.MethodPost, p.at.stripe+path, body)
}

func (p *process) send(method, url, body string) string {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.token != "" && strings.HasPrefix(url, p.at.api) {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	_, _ = text.ReadFrom(resp.Body) // what is missing is missed by the caller
	return text.String()
}

func (p *process) text(answer, name string) string {
	p.t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(answer), &all); err != nil {
		p.t.Fatalf("%v: %s", err, answer)
	}
	s, ok := all[name].(string)
	if !ok {
		p.t.Fatalf("no %s in %s", name, answer)
	}
	return s
}

func (p *process) eventually(what string, ok func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			p.t.Fatalf("never: %s; membership: %s", what, p.get("/v1/membership"))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

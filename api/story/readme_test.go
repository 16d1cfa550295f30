// Package story walks through the whole house as a person would: by the lines
// of the README, and in a browser.
package story_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/womens-tech-conservatory/conservatory/api/dev"
)

var binary = flag.String("binary", "", "walk through this binary instead of the code")

// addresses are where a house is reached.
type addresses struct{ api, mail, stripe string }

// The README promises that its lines work. These are they.
func TestREADME(t *testing.T) {
	t.Parallel()
	at := start(t)
	script := walk(t)
	assignment := regexp.MustCompile(`(?m)^api=.*$`)
	if !assignment.MatchString(script) {
		t.Fatal("the walk does not say where the house is")
	}
	script = assignment.ReplaceAllString(script, "api="+at.api+" mail="+at.mail+" stripe="+at.stripe)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-eu", "-c", script)
	var failed bytes.Buffer
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, failed.String())
	}
	follows(t, string(out), []string{
		`"message":"If this address can be used, a mail with a code is on its way."`,
		`"email_verified":true`,
		`"slug":"circle"`,
		`"status": "complete"`,
		`"level":"full","reason":"subscription"`,
		`"state":"active"`,
		`"title":"Introduce yourself"`,
		"event: topic.created",
		`"number":2`,
		`"posts_count":1`,
		`"state":"met"`,
		`"code":"not_released"`,
		"404\n", "404\n",
		`/invoice/`,
		`"subscription_status": "active"`,
		`"level":"full","reason":"subscription"`,
		`"code":"second-factor-required"`,
		`"new":1`,
		"member_id,display_name,email,movement",
		"Maria,maria.",
		",new,usd,0,4900,",
		`"payment_status": "no_payment_required"`, `"status": "active"`, // a trial, and its end
		`"status": "requires_action"`, `"status": "complete"`, `"status": "past_due"`, `"status": "paid"`, // a bank that asks
		`"status": "past_due"`, `"status": "paid"`, // a renewal that fails
		`"level":"read_only","reason":"paused"`, `"level":"full","reason":"subscription"`, // a pause
		`"effect":"now"`, `"price":"annual"`, // another plan
		`"status": "succeeded"`, // money back
		`"kind":"gift","level":"full"`, `"state":"awarded"`, `"kind":"scholarship","level":"full"`, `"kind":"sponsor","level":"full"`,
		`"differences":[]`, `"payment_without_access":[]`, `"two_subscriptions":[]`, // the proof
	})
	if _, missed, waits := strings.Cut(string(out), "still does not say"); waits {
		t.Errorf("somebody waited in vain for %.60s", missed)
	}
	sameNotFound(t, string(out))
	if n := strings.Count(string(out), `"notice":"payment_failed"`); n > 1 {
		t.Errorf("the notice is still there after payment (%d times)", n)
	}
}

// follows asks that every piece comes, each behind the one before.
func follows(t *testing.T, out string, pieces []string) {
	t.Helper()
	rest := out
	for _, piece := range pieces {
		_, after, found := strings.Cut(rest, piece)
		if !found {
			t.Fatalf("%q does not come where it should:\n%s", piece, out)
		}
		rest = after
	}
}

// sameNotFound asks that what one may not see and what does not exist are
// answered alike, but for the id of the request.
func sameNotFound(t *testing.T, out string) {
	t.Helper()
	answers := regexp.MustCompile(`(?m)^(\{.*"status":404.*\})404$`).FindAllStringSubmatch(out, -1)
	if len(answers) != 2 {
		t.Fatalf("%d answers of 404, want 2:\n%s", len(answers), out)
	}
	id := regexp.MustCompile(`urn:request:[^"]*`)
	if a, b := id.ReplaceAllString(answers[0][1], ""), id.ReplaceAllString(answers[1][1], ""); a != b {
		t.Errorf("the hidden topic is answered\n%s\nand one that never was\n%s", a, b)
	}
}

// walk is every line of the README's blocks that are marked so.
func walk(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```sh walk\n(.*?)\n```$").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 8 {
		t.Fatalf("only %d blocks in the README", len(blocks))
	}
	var all strings.Builder
	for _, b := range blocks {
		all.WriteString(b[1] + "\n")
	}
	return all.String()
}

// start runs the house for development, in a folder of its own.
func start(t *testing.T) addresses {
	t.Helper()
	dir := folder(t)
	if *binary != "" {
		return startBinary(t, dir)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready := make(chan addresses, 1)
	done := make(chan error, 1)
	go func() {
		done <- dev.Run(ctx, dev.Options{
			Dir: dir, Out: io.Discard, Log: slog.New(slog.DiscardHandler),
			Environ: []string{"CONSERVATORY_ADDR=127.0.0.1:18080", "CONSERVATORY_ADMIN_ADDR=127.0.0.1:19090"},
			Ready:   func(h dev.House) { ready <- addresses{h.API, h.Mailbox, h.Sandbox} },
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	select {
	case at := <-ready:
		return at
	case err := <-done:
		done <- err
		t.Fatalf("start: %v", err)
	case <-time.After(2 * time.Minute):
		t.Fatal("not ready after two minutes")
	}
	return addresses{}
}

// folder is one that a database server of another user can reach, which
// t.TempDir is not.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "conservatory") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "house")
}

// startBinary runs a built program and reads its card.
func startBinary(t *testing.T, dir string) addresses {
	t.Helper()
	cmd := exec.Command(*binary, "dev", "--dir", dir)
	cmd.Env = append(os.Environ(), "CONSERVATORY_ADDR=127.0.0.1:18080", "CONSERVATORY_ADMIN_ADDR=127.0.0.1:19090")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		if err := cmd.Wait(); err != nil {
			t.Errorf("stop the binary: %v", err)
		}
	})
	return readCard(t, out)
}

func readCard(t *testing.T, out io.Reader) addresses {
	t.Helper()
	var at addresses
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 2 {
			continue
		}
		switch {
		case f[0] == "API":
			at.api = f[1]
		case f[0] == "Mailbox":
			at.mail = f[1]
		case f[0] == "Stripe" && f[1] == "sandbox":
			at.stripe = f[2]
		case strings.Contains(lines.Text(), "Ctrl-C stops"):
			go func() { _, _ = io.Copy(io.Discard, out) }() // the pipe must not fill
			return at
		}
	}
	t.Fatal("the binary ended without a card")
	return at
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/womens-tech-conservatory/conservatory/api/dev"
)

// Who is signed in where that is asked, and what she signs in with.
const (
	memberEmail = "measures@example.org"
	adminEmail  = "measures.too@example.org"
	password    = "room for a better yes"
)

// question is a request that names an address.
type question struct {
	name, method, path string

	by     string         // who is signed in
	body   map[string]any // beside the address
	status int            // what everybody is answered
	before func(ctx context.Context, email string) error
}

// prober asks a house over one connection.
type prober struct {
	house     dev.House
	client    *http.Client
	bar       *bar
	known     []string // have an account
	unknown   []string // have none, and are asked about as often
	others    []string // have none either
	questions map[string]question
	tokens    map[string]string
	apart     []string // what tells the known from the unknown
}

func newProber(ctx context.Context, h dev.House, b *bar) (*prober, error) {
	emails, link, err := settle(ctx, h, b)
	if err != nil {
		return nil, err
	}
	_, token, _ := strings.Cut(link, "#token=")
	return &prober{
		house: h, client: &http.Client{Timeout: patience}, bar: b, questions: questions(h, token), tokens: map[string]string{},
		known: emails, unknown: addresses(), others: addresses(),
	}, nil
}

func addresses() []string {
	list := make([]string, people)
	for i := range list {
		list[i] = address()
	}
	return list
}

// signIn gives whoever asks a fresh session, with everything proved.
func (p *prober) signIn(ctx context.Context) error {
	for _, email := range []string{memberEmail, adminEmail} {
		s, err := p.house.App.Account.LogIn(ctx, email, password)
		if err != nil {
			return err
		}
		who, err := p.house.App.Account.Authenticate(ctx, s.AccessToken)
		if err != nil {
			return err
		}
		if err := p.house.App.Account.Prove(ctx, who); err != nil {
			return err
		}
		p.tokens[email] = s.AccessToken
	}
	return nil
}

// time asks about an address, and holds the answer to the status that
// everybody gets.
func (p *prober) time(ctx context.Context, q question, email string) (time.Duration, error) {
	body := map[string]any{"email": email}
	maps.Copy(body, q.body)
	raw, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, q.method, p.house.API+q.path, bytes.NewReader(raw))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if q.by != "" {
		req.Header.Set("Authorization", "Bearer "+p.tokens[q.by])
	}
	begin := time.Now() //nolint:forbidigo // measures, decides nothing
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	answer, err := io.ReadAll(resp.Body)
	took := time.Since(begin)
	if err == nil && resp.StatusCode != q.status {
		err = fmt.Errorf("answered %d, want %d: %s", resp.StatusCode, q.status, answer)
	}
	return took, err
}

// bar shows how far it has come, in a terminal only.
type bar struct {
	out  *os.File
	show func(what string, done, of int)
}

const barWidth = 30

func newBar(out *os.File) *bar {
	b := &bar{out: out, show: func(string, int, int) {}}
	if term.IsTerminal(int(out.Fd())) {
		b.show = b.draw
	}
	return b
}

func (b *bar) draw(what string, done, of int) {
	full := barWidth * done / of
	fmt.Fprintf(b.out, "\r%-20s [%s%s] %d of %d\x1b[K", what, strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done, of)
}

// clear leaves the line to what is printed next.
func (b *bar) clear() {
	if term.IsTerminal(int(b.out.Fd())) {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/dev"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/invitation"
)

const (
	pairs  = 500
	warm   = 25 // pairs before those that count
	people = 200
	within = 0.05 // by which two medians may differ
)

// enumeration runs a house and measures whether the time of an answer tells an
// address that has an account from one that has none: for each operation that
// takes one, so many pairs of requests, in turn first the one and first the
// other. The last line compares unknown addresses with unknown ones: what it
// shows is the noise of this machine. It fails when a line says NO.
func enumeration(ctx context.Context, out *os.File) error {
	dir, err := os.MkdirTemp("", "measure")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what is left is in the folder for temporary files
	ctx, stop := context.WithCancel(ctx)
	ready, ended := make(chan dev.House, 1), make(chan error, 1)
	go func() {
		ended <- dev.Run(ctx, dev.Options{
			Dir: filepath.Join(dir, "house"), Out: io.Discard, Log: slog.New(slog.DiscardHandler),
			Environ: append((&exec.Cmd{}).Environ(), "CONSERVATORY_RATE_LIMIT_FACTOR=1000000", "CONSERVATORY_ADDR=127.0.0.1:0"),
			Ready:   func(h dev.House) { ready <- h },
		})
	}()
	select {
	case err := <-ended:
		stop()
		return errors.Join(err, errors.New("the house does not start"))
	case h := <-ready:
		err = ask(ctx, h, out)
	}
	stop()
	return errors.Join(err, <-ended)
}

// ask measures one operation after the other and prints what it finds.
func ask(ctx context.Context, h dev.House, out *os.File) error {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	p, err := newProber(ctx, h, newBar(os.Stderr))
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 1, ' ', tabwriter.Debug)
	fmt.Fprintf(table, "operation\t known\t unknown\t ratio\t p\t within %.0f %%\n", within*100)
	for _, op := range h.App.Contract.Operations {
		if !op.Takes("email") {
			continue
		}
		q, ok := p.questions[op.ID]
		if !ok {
			return fmt.Errorf("%s takes an address: say how to ask it", op.ID)
		}
		q.name, q.method, q.path = op.ID, op.Method, op.Path
		if err := p.line(ctx, table, q, p.known); err != nil {
			return err
		}
	}
	q := p.questions["logIn"]
	q.name, q.method, q.path = "logIn, both unknown", http.MethodPost, "/v1/auth/login"
	if err := p.line(ctx, table, q, p.others); err != nil {
		return err
	}
	p.bar.clear()
	return errors.Join(table.Flush(), apart(p.apart))
}

// apart fails when there are operations whose medians are.
func apart(names []string) error {
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("medians are more than %.0f %% apart: %s", within*100, strings.Join(names, ", "))
}

// address is of one length for all.
func address() string { return uuid.NewString() + "@example.org" }

// line measures one operation.
func (p *prober) line(ctx context.Context, table io.Writer, q question, known []string) error {
	if err := p.signIn(ctx); err != nil {
		return err
	}
	var with, without []time.Duration
	for i := range warm + pairs {
		p.bar.show(q.name, i, warm+pairs)
		a, b, err := p.pair(ctx, q, i, known[i%people], p.unknown[i%people])
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		if i >= warm {
			with, without = append(with, a), append(without, b)
		}
	}
	if err := p.house.App.Queue.WaitIdle(ctx); err != nil {
		return err
	}
	c := compare(with, without)
	if c.verdict() == "NO" {
		p.apart = append(p.apart, q.name)
	}
	fmt.Fprintf(table, "%s\t %.3f ms\t %.3f ms\t %.3f\t %.2f\t %s\n", q.name, ms(c.first), ms(c.second), c.ratio(), c.p, c.verdict())
	return nil
}

// pair asks about two addresses; who comes first changes with every pair.
func (p *prober) pair(ctx context.Context, q question, i int, known, unknown string) (a, b time.Duration, err error) {
	for _, email := range []string{known, unknown} {
		if q.before == nil {
			break
		}
		if err := q.before(ctx, email); err != nil {
			return 0, 0, err
		}
	}
	if i%2 == 0 {
		if a, err = p.time(ctx, q, known); err == nil {
			b, err = p.time(ctx, q, unknown)
		}
		return a, b, err
	}
	if b, err = p.time(ctx, q, unknown); err == nil {
		a, err = p.time(ctx, q, known)
	}
	return a, b, err
}

// questions are the bodies of the operations that take an address, beside it.
func questions(h dev.House, link string) map[string]question {
	newcomer := map[string]any{"password": "twelve years of logistics", "display_name": "Maria"}
	return map[string]question{
		"signUp":      {status: http.StatusAccepted, body: newcomer},
		"logIn":       {status: http.StatusUnauthorized, body: map[string]any{"password": "a guess, and another"}},
		"requestCode": {status: http.StatusAccepted},
		"signInWithCode": {
			status: http.StatusUnprocessableEntity, body: map[string]any{"code": "000000"}, before: h.App.Signin.RequestCode,
		},
		"forgotPassword": {status: http.StatusAccepted},
		"joinByInvitation": {status: http.StatusAccepted, body: map[string]any{
			"token": link, "password": newcomer["password"], "display_name": newcomer["display_name"],
		}},
		"changeEmail":      {status: http.StatusAccepted, by: memberEmail},
		"createInvitation": {status: http.StatusCreated, by: adminEmail},
	}
}

// settle makes the people that are known and whoever asks.
func settle(ctx context.Context, h dev.House, bar *bar) (emails []string, link string, err error) {
	for i := range people {
		bar.show("people", i, people)
		email := address()
		if _, err = h.App.Account.Create(ctx, account.NewUser{Email: email, Password: password, DisplayName: "Maria"}); err != nil {
			return nil, "", err
		}
		emails = append(emails, email)
	}
	for email, roles := range map[string][]account.Role{memberEmail: nil, adminEmail: {account.Admin}} {
		if _, err = h.App.Account.Create(ctx, account.NewUser{Email: email, Password: password, DisplayName: "Maria", Roles: roles}); err != nil {
			return nil, "", err
		}
	}
	_, link, err = h.App.Invitation.InviteByHand(ctx, invitation.Invite{Uses: 1000}, false)
	return emails, link, err
}

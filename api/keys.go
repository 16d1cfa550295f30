package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/keyring"
)

// adminKeys are the keys that access tokens are signed with.
type adminKeys struct {
	List   keysList   `cmd:"" help:"Show every key and what will happen to it when."`
	Rotate keysRotate `cmd:"" help:"Let a new key sign, in ten minutes. Nobody notices: the one before is accepted until its last token is over."`
	Forget keysForget `cmd:"" help:"Refuse a key that has leaked from now on. Whoever holds one of its tokens has to refresh it."`
}

type keysList struct{}

// Run shows them.
func (keysList) Run(p *process) error {
	app, err := p.app()
	if err != nil {
		return err
	}
	defer app.Close()
	return p.showKeys(app.Keyring)
}

type keysRotate struct {
	Now bool `help:"In five seconds instead: the present key has leaked."`
}

// Run announces a key.
func (r keysRotate) Run(p *process) error {
	app, err := p.app()
	if err != nil {
		return err
	}
	defer app.Close()
	key, err := app.Keyring.Rotate(p.ctx, r.Now)
	if err != nil {
		return plain(err)
	}
	fmt.Fprintf(p.out, "Key %s signs from %s.\n\n", key.ID, moment(key.SignsAt))
	return p.showKeys(app.Keyring)
}

type keysForget struct {
	Kid string `arg:"" help:"The key, as list shows it."`
}

// Run takes a key away.
func (f keysForget) Run(p *process) error {
	app, err := p.app()
	if err != nil {
		return err
	}
	defer app.Close()
	if err := app.Keyring.Forget(p.ctx, f.Kid); err != nil {
		return plain(err)
	}
	fmt.Fprintf(p.out, "Key %s is refused from now on.\n\n", f.Kid)
	return p.showKeys(app.Keyring)
}

func (p *process) showKeys(k *keyring.Keyring) error {
	all, err := k.List(p.ctx)
	if err != nil {
		return plain(err)
	}
	return writeKeys(p.out, all)
}

func writeKeys(out io.Writer, all []keyring.Listed) error {
	if len(all) == 0 {
		fmt.Fprintln(out, "There is no key yet; the API makes the first when it starts.")
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tSTATE\tWHAT WILL HAPPEN")
	for _, key := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\n", key.ID, key.State, outlook(key))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the keys: %w", err)
	}
	return nil
}

// outlook says what will happen to a key, and when.
func outlook(k keyring.Listed) string {
	switch {
	case k.Environment && k.State == keyring.Signing:
		return "of CONSERVATORY_TOKEN_KEYS; signs until a key of the database does"
	case k.Environment:
		return "of CONSERVATORY_TOKEN_KEYS; accepted as long as it is there"
	case k.State == keyring.Announced:
		return "accepted already; signs from " + moment(k.SignsAt)
	case k.State == keyring.Retired:
		return "signed until " + moment(k.RetiresAt) + "; accepted until " + moment(k.GoneAt)
	case k.RetiresAt.IsZero():
		return "signs since " + moment(k.SignsAt) + "; the next is made on " + moment(k.SignsAt.Add(keyring.RotateAfter))
	default:
		return "signs until " + moment(k.RetiresAt) + "; accepted until " + moment(k.GoneAt)
	}
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

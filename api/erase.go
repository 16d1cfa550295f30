package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

type adminErase struct {
	Export  string `help:"Write the ledger of erasures to this file, or to - for standard output. It holds ids and times." placeholder:"FILE"`
	Reapply string `help:"Erase again everybody this file names, or - for standard input: after the restore of a backup." placeholder:"FILE"`
}

// Run writes the ledger, or does again what it says.
func (a adminErase) Run(p *process) error {
	if (a.Export == "") == (a.Reapply == "") {
		return errors.New("give either --export FILE or --reapply FILE; deployments/runbooks/restored-backup.md explains both")
	}
	app, err := p.app()
	if err != nil {
		return err
	}
	defer app.Close()
	if a.Export != "" {
		return a.export(p, app.Privacy.Ledger)
	}
	in := io.ReadCloser(os.Stdin)
	if a.Reapply != "-" {
		if in, err = os.Open(a.Reapply); err != nil {
			return fmt.Errorf("open the ledger: %w", err)
		}
		defer in.Close() //nolint:errcheck // it was only read
	}
	n, err := app.Privacy.Reapply(p.ctx, in)
	fmt.Fprintf(p.out, "Erased again: %d.\n", n)
	return err
}

func (a adminErase) export(p *process, write func(context.Context, io.Writer) (int, error)) error {
	if a.Export == "-" {
		_, err := write(p.ctx, p.out)
		return err
	}
	file, err := os.OpenFile(a.Export, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make a file for the ledger: %w", err)
	}
	n, err := write(p.ctx, file)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	fmt.Fprintf(p.out, "Entries: %d.\n", n)
	return nil
}

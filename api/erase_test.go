package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheLedgerIsWrittenOnceAndToOnePlace(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"admin", "erase"}, {"admin", "erase", "--export", "a", "--reapply", "b"}} {
		if err := run(t.Context(), args, nil, io.Discard); err == nil || !strings.Contains(err.Error(), "restored-backup.md") {
			t.Errorf("%v: %v", args, err)
		}
	}
	write := func(_ context.Context, w io.Writer) (int, error) {
		_, err := io.WriteString(w, "{}\n")
		return 1, err
	}
	var out bytes.Buffer
	p := &process{ctx: t.Context(), out: &out}
	path := filepath.Join(t.TempDir(), "ledger")
	if err := (adminErase{Export: path}).export(p, write); err != nil || out.String() != "Entries: 1.\n" {
		t.Errorf("%v, %q", err, out.String())
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "{}\n" {
		t.Errorf("%q, %v", text, err)
	}
	if err := (adminErase{Export: path}).export(p, write); err == nil {
		t.Error("an older ledger was overwritten")
	}
	out.Reset()
	if err := (adminErase{Export: "-"}).export(p, write); err != nil || out.String() != "{}\n" {
		t.Errorf("%v, %q", err, out.String())
	}
}

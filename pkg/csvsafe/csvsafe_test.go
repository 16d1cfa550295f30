package csvsafe_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/womens-tech-conservatory/conservatory/pkg/csvsafe"
)

func write(t *testing.T, cells ...any) string {
	t.Helper()
	var out bytes.Buffer
	w := csvsafe.New(&out)
	if err := w.Row(cells...); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTextThatStartsAFormulaGetsAnApostrophe(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"=1+1", "+1", "-1", "-12.50", "@SUM(A1)", "\tx", "\rx", "\nx", "  =1", " \u00a0=1", "\u3000@a", "＝1", "＋1", "－1", "＠a",
		"=cmd|'/c calc'!A0", "\x00=1", "\ufeff=1", "\u200b=1", "\u202e+1", "\x01-1", "\xff=1", "=", "\t",
	} {
		line := write(t, text, "next")
		got, err := csv.NewReader(strings.NewReader(line)).Read()
		if err != nil || !strings.HasPrefix(got[0], "'") {
			t.Errorf("%q became %q (%v)", text, line, err)
		}
	}
}

func TestOtherTextStaysAsItIs(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "Ada", "1+1=2", "a=b", "a-b", "a@b.example", "'=1", " x", "x ", "é", "😀", `say "hi"`, "a,b", "a;b", "a\nb", "(1)", "–1"} {
		got, err := csv.NewReader(strings.NewReader(write(t, text, "next"))).Read()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{text, "next"}, got); diff != "" {
			t.Error(diff)
		}
	}
}

type (
	colour string
	grade  int
)

type named struct{ label string }

func (n named) String() string { return n.label }

func TestTypedCells(t *testing.T) {
	t.Parallel()
	seven, text := 7, "=x"
	for _, c := range []struct {
		cell any
		want string
	}{
		{csvsafe.Number("-12.50"), "-12.50"},
		{csvsafe.Number("0"), "0"},
		{-5, "-5"},
		{int64(math.MinInt64), "-9223372036854775808"},
		{uint8(200), "200"},
		{-1.25, "-1.25"},
		{float32(0.1), "0.1"},
		{1e21, "1000000000000000000000"},
		{math.NaN(), ""},
		{math.Inf(-1), ""},
		{true, "true"},
		{nil, ""},
		{(*int)(nil), ""},
		{(*named)(nil), ""},
		{&seven, "7"},
		{&text, "'=x"},
		{grade(-3), "-3"},
		{colour("-red"), "'-red"},
		{[]byte("=x"), "'=x"},
		{named{"@x"}, "'@x"},
		{time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 3600)), "2026-03-01T11:00:00Z"},
	} {
		if got := write(t, c.cell, "x"); got != c.want+",x\r\n" {
			t.Errorf("%v: got %q, want %q", c.cell, got, c.want)
		}
	}
}

func TestCellsWithoutACellFormAreErrors(t *testing.T) {
	t.Parallel()
	bad := []any{struct{}{}, []string{"x"}, map[string]int{}, func() {}}
	for _, n := range []csvsafe.Number{"", "-", ".5", "5.", "1e3", "+1", "1.2.3", "=1", "1 ", "--1", "１", "1\n", "-1,5"} {
		bad = append(bad, n)
	}
	for _, cell := range bad {
		var out bytes.Buffer
		w := csvsafe.New(&out)
		if err := w.Row(cell); err == nil {
			t.Errorf("%#v was written as %q", cell, out.String())
		}
	}
}

func TestEveryLineEndsInCRLFAndTheMarkComesFirst(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := csvsafe.NewBOM(&out, "name", "=note")
	for _, row := range [][]any{{"Ada", "a\r\nb\rc"}, {"Bob", nil}} {
		if err := w.Row(row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "\ufeffname,'=note\r\nAda,\"a\nb\nc\"\r\nBob,\r\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestALoneEmptyCellIsStillARow(t *testing.T) {
	t.Parallel()
	got, err := csv.NewReader(strings.NewReader(write(t, ""))).ReadAll()
	if err != nil || len(got) != 1 {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestRowsMustHaveTheHeadersWidth(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := csvsafe.New(&out, "a", "b")
	if err := w.Row("1"); err == nil {
		t.Error("a short row was written")
	}
	if err := w.Row("1", "2"); err == nil {
		t.Error("the first error did not stick")
	}
	if err := csvsafe.New(&out).Row(); err == nil {
		t.Error("a row without cells was written")
	}
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAnErrorOfTheUnderlyingWriterIsReported(t *testing.T) {
	t.Parallel()
	w := csvsafe.New(full{}, "a")
	if err := w.Flush(); !errors.Is(err, errFull) {
		t.Errorf("flush: %v", err)
	}
	w = csvsafe.New(full{}, "a")
	if err := w.Row(strings.Repeat("x", 1<<16)); !errors.Is(err, errFull) {
		t.Errorf("row: %v", err)
	}
}

func TestWhatIsWrittenReadsBackAndHoldsNoFormula(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("=+-@\t\r\n\x00 ',\"")))), 1, 5).Draw(t, "cells")
		var out bytes.Buffer
		w := csvsafe.New(&out)
		cells := make([]any, len(in))
		for i := range in {
			cells[i] = in[i]
		}
		if err := errors.Join(w.Row(cells...), w.Flush()); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(rows) != 1 {
			t.Fatalf("%q: %v, %v", in, rows, err)
		}
		for i, got := range rows[0] {
			want := strings.NewReplacer("\x00", "", "\r\n", "\n", "\r", "\n").Replace(in[i])
			if strings.TrimPrefix(got, "'") != strings.TrimPrefix(want, "'") {
				t.Errorf("%q came back as %q", in[i], got)
			}
			if rest := strings.TrimLeft(got, " "); rest != "" && strings.ContainsAny(rest[:1], "=+-@\t\n") {
				t.Errorf("%q came back as a formula: %q", in[i], got)
			}
		}
	})
}

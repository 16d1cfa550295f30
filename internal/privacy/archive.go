package privacy

import (
	"archive/zip"
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/womens-tech-conservatory/conservatory/internal/blob"
	"github.com/womens-tech-conservatory/conservatory/pkg/csvsafe"
)

// archive writes everything about somebody as a ZIP: a README, and for each
// table one JSON and one CSV. All of it is one snapshot of the database, and
// only a page of rows is in memory at a time.
func (p *Privacy) archive(ctx context.Context, e Export, w io.Writer) error {
	out := zip.NewWriter(w)
	counted, ok := w.(*counter)
	if !ok {
		counted = &counter{}
	}
	err := p.snapshot(ctx, func(s snapshot) error {
		if err := p.readme(out, e); err != nil {
			return err
		}
		for i, t := range p.exportedTables() {
			if err := p.writeTable(ctx, out, s, t, e); err != nil {
				return fmt.Errorf("export %s: %w", t.Name, err)
			}
			if err := p.exportProgress(ctx, e.ID, int64(i+1), counted.n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("finish the archive: %w", err)
	}
	return nil
}

func (p *Privacy) exportedTables() []Table {
	return slices.DeleteFunc(slices.Clone(p.tables), func(t Table) bool { return t.About == "" })
}

func (t Table) exportedColumns() []Column {
	return slices.DeleteFunc(slices.Clone(t.Columns), func(c Column) bool { return !c.Exported })
}

// writeTable reads the rows twice, once for each format: a ZIP is written from
// front to end.
func (p *Privacy) writeTable(ctx context.Context, out *zip.Writer, s snapshot, t Table, e Export) error {
	if err := p.writeJSON(ctx, out, s, t, e); err != nil {
		return err
	}
	if err := p.writeCSV(ctx, out, s, t, e); err != nil {
		return err
	}
	return p.writeFiles(ctx, out, s, t, e)
}

func (p *Privacy) writeJSON(ctx context.Context, out *zip.Writer, s snapshot, t Table, e Export) error {
	entry, err := p.entry(out, "json/"+t.Name+".json")
	if err != nil {
		return err
	}
	list := bufio.NewWriter(entry) // its first error sticks until Flush
	between, end := "[\n", "[]\n"
	err = s.rows(ctx, t, e.UserID, func(r row) error {
		_, _ = list.WriteString(between + r.json)
		between, end = ",\n", "\n]\n"
		return nil
	})
	if err != nil {
		return err
	}
	_, _ = list.WriteString(end)
	if err := list.Flush(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}

func (p *Privacy) writeCSV(ctx context.Context, out *zip.Writer, s snapshot, t Table, e Export) error {
	entry, err := p.entry(out, "csv/"+t.Name+".csv")
	if err != nil {
		return err
	}
	var names []string
	for _, c := range t.exportedColumns() {
		names = append(names, c.Name)
	}
	table := csvsafe.NewBOM(entry, names...)
	err = s.rows(ctx, t, e.UserID, func(r row) error {
		cells := make([]any, len(r.cells))
		for i, c := range r.cells {
			cells[i] = c
		}
		return table.Row(cells...)
	})
	if err != nil {
		return err
	}
	return table.Flush()
}

// writeFiles adds the files that exported columns name.
func (p *Privacy) writeFiles(ctx context.Context, out *zip.Writer, s snapshot, t Table, e Export) error {
	for i, c := range t.exportedColumns() {
		if !c.File {
			continue
		}
		err := s.rows(ctx, t, e.UserID, func(r row) error {
			if r.cells[i] == nil || *r.cells[i] == "" {
				return nil
			}
			return p.copyFile(ctx, out, *r.cells[i])
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Privacy) copyFile(ctx context.Context, out *zip.Writer, key string) error {
	file, _, err := p.cfg.Files.Read(ctx, key)
	if blob.Missing(err) {
		return nil // replaced since the snapshot
	}
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	entry, err := p.entry(out, "files/"+key)
	if err != nil {
		return err
	}
	if _, err := io.Copy(entry, file); err != nil {
		return fmt.Errorf("copy a file: %w", err)
	}
	return nil
}

func (p *Privacy) entry(out *zip.Writer, name string) (io.Writer, error) {
	entry, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.clock.Now()})
	if err != nil {
		return nil, fmt.Errorf("begin %s: %w", name, err)
	}
	return entry, nil
}

const readmeHead = `This is everything the Women's Tech Conservatory knows about you, as of %s.

Each list is here twice: in json/ for programs, and in csv/ for a spreadsheet
(where an apostrophe stands before text that a spreadsheet would take for a
formula). Times are UTC. Numbers like 019ab5c0-… name things; the same number
in two lists is the same thing. Where somebody else acted, her number is left
out: it is hers.

`

const readmeTail = `
What is not here, because it would open a door to whoever finds this file:
%s
We keep these only in a form that even we cannot read back, or use them to
guard your account.

Payments are made through Stripe (https://stripe.com), who keep the cards; we
never see them. Your invoices are at Stripe as well.

Questions? Answer any of our mails. And if you would rather not be here any
more, your account page has an end to it: "Erase my account".
`

func (p *Privacy) readme(out *zip.Writer, e Export) error {
	entry, err := p.entry(out, "README.txt")
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, readmeHead, p.clock.Now().Format("2 January 2006, 15:04 UTC"))
	var secrets []string
	for _, t := range p.tables {
		if t.About != "" {
			fmt.Fprintf(&b, "%-22s %s Kept %s.\n", t.Name, t.About, t.Retention)
		}
		for _, c := range t.Columns {
			if c.Kind == Secret && t.Whose != (Whose{}) {
				secrets = append(secrets, "  "+t.Name+": "+strings.ReplaceAll(c.Name, "_", " "))
			}
		}
	}
	fmt.Fprintf(&b, readmeTail, strings.Join(secrets, "\n"))
	if _, err := io.WriteString(entry, b.String()); err != nil {
		return fmt.Errorf("write the README of %s: %w", e.ID, err)
	}
	return nil
}

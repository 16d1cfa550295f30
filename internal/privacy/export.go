package privacy

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/blob"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	exportsPerDay = 3
	exportLife    = 24 * time.Hour
	exportGivesUp = 6 * time.Hour // then nobody works on it any more
)

// ExportState says how far a copy is.
type ExportState string

// The states of a copy.
const (
	ExportWaiting ExportState = "waiting"
	ExportWorking ExportState = "working"
	ExportReady   ExportState = "ready"
	ExportFailed  ExportState = "failed"
	ExportExpired ExportState = "expired"
)

// Export is a copy of what we know about somebody, made for her.
type Export struct {
	ID          uuid.UUID
	UserID      uuid.UUID
	State       ExportState
	TablesDone  int64
	TablesTotal int64
	Bytes       int64
	File        *string // its key in the blob store
	CreatedAt   time.Time
	FinishedAt  *time.Time
	ExpiresAt   *time.Time
}

// AskForExport promises a copy of everything about whoever acts. One that is
// being made is answered again. Fault: ErrTooManyExports after three in a day.
func (p *Privacy) AskForExport(ctx context.Context, who account.Actor) (Export, error) {
	var e Export
	err := p.db.InTx(ctx, func(ctx context.Context) error {
		now := p.clock.Now()
		if err := p.lockUser(ctx, who.ID); err != nil {
			return err
		}
		recent, err := p.exportsOf(ctx, who.ID, now.Add(-exportLife))
		if err != nil {
			return err
		}
		for _, e = range recent {
			if e.State == ExportWaiting || e.State == ExportWorking {
				return nil
			}
		}
		if len(recent) >= exportsPerDay {
			return ErrTooManyExports.After(recent[len(recent)-1].CreatedAt.Add(exportLife).Sub(now))
		}
		e = Export{ID: pg.NewID(), UserID: who.ID, State: ExportWaiting, TablesTotal: int64(len(p.exportedTables())), CreatedAt: now}
		if err := p.insertExport(ctx, e); err != nil {
			return err
		}
		if err := p.record(ctx, who.ID, who.ID, "export.ask", e.ID); err != nil {
			return err
		}
		return p.queue.Enqueue(ctx, makeExport{ExportID: e.ID})
	})
	return e, err
}

// Exports lists her copies of the last thirty days, the latest first.
func (p *Privacy) Exports(ctx context.Context, who account.Actor) ([]Export, error) {
	return p.exportsOf(ctx, who.ID, p.clock.Now().Add(-30*day))
}

// Export gives one of her copies. Fault: fault.ErrNotFound.
func (p *Privacy) Export(ctx context.Context, who account.Actor, id uuid.UUID) (Export, error) {
	e, ok, err := p.export(ctx, id)
	if err == nil && (!ok || e.UserID != who.ID) {
		err = fault.ErrNotFound
	}
	return e, err
}

// OpenExport gives the file of one of her copies, which the caller closes, and
// its size. Faults: fault.ErrNotFound, ErrNotReady, ErrExportGone.
func (p *Privacy) OpenExport(ctx context.Context, who account.Actor, id uuid.UUID) (e Export, file io.ReadCloser, size int64, err error) {
	e, err = p.Export(ctx, who, id)
	switch {
	case err != nil:
		return e, nil, 0, err
	case e.State == ExportWaiting || e.State == ExportWorking:
		return e, nil, 0, ErrNotReady
	case e.File == nil || e.State != ExportReady || !p.clock.Now().Before(*e.ExpiresAt):
		return e, nil, 0, ErrExportGone
	}
	err = p.db.InTx(ctx, func(ctx context.Context) error { return p.record(ctx, who.ID, who.ID, "export.download", e.ID) })
	if err == nil {
		file, size, err = p.cfg.Files.Read(ctx, *e.File)
	}
	if blob.Missing(err) {
		err = ErrExportGone // its row follows in a moment: see ExpireExports
	}
	return e, file, size, err
}

// MakeExport makes the file of a copy that was asked for. It begins anew after
// a crash, and does nothing when the copy is there. Of one that is not wanted
// any more it takes away what an earlier try may have left.
func (p *Privacy) MakeExport(ctx context.Context, id uuid.UUID) error {
	return p.db.Serial(ctx, "privacy:export:"+id.String(), func(ctx context.Context) error {
		key := "exports/" + id.String() + ".zip"
		e, _, err := p.export(ctx, id)
		switch {
		case err != nil || e.State == ExportReady:
			return err
		case e.State != ExportWaiting && e.State != ExportWorking: // also when she has left
			return p.cfg.Files.Delete(ctx, key)
		}
		if err := p.beginExport(ctx, e.ID, key); err != nil {
			return err
		}
		var bytes int64
		err = p.cfg.Files.Write(ctx, key, "application/zip", func(w io.Writer) error {
			counting := &counter{w: w}
			err := p.archive(ctx, e, counting)
			bytes = counting.n
			return err
		})
		if err != nil {
			return err
		}
		return p.finishExport(ctx, e, key, bytes)
	})
}

// finishExport says that a copy is there; if she has left meanwhile, it goes.
func (p *Privacy) finishExport(ctx context.Context, e Export, key string, bytes int64) error {
	now, wanted := p.clock.Now(), false
	err := p.db.InTx(ctx, func(ctx context.Context) (err error) {
		wanted, err = p.exportReady(ctx, e.ID, bytes, now, now.Add(exportLife))
		if err != nil || !wanted {
			return err
		}
		return p.cfg.Domains.Account.Tell(ctx, e.UserID, account.ExportReady)
	})
	if err != nil || wanted {
		return err
	}
	return p.cfg.Files.Delete(ctx, key)
}

// ExpireExports deletes the files of copies that are a day old, and gives up
// those that nobody has finished.
func (p *Privacy) ExpireExports(ctx context.Context) error {
	now := p.clock.Now()
	over, err := p.exportsOver(ctx, now, now.Add(-exportGivesUp))
	if err != nil {
		return err
	}
	for _, e := range over {
		// The file first: a row without a file is told from one with.
		if e.File != nil {
			if err := p.cfg.Files.Delete(ctx, *e.File); err != nil {
				return err
			}
		}
		state := ExportExpired
		if e.State != ExportReady {
			state = ExportFailed
		}
		if err := p.closeExport(ctx, e.ID, state); err != nil {
			return err
		}
	}
	return nil
}

// record keeps an act on an account in the audit log, in the transaction of
// ctx.
func (p *Privacy) record(ctx context.Context, actor, user uuid.UUID, action string, what uuid.UUID) error {
	return p.audit.Record(ctx, audit.Entry{
		ActorID: actor, Action: action, TargetKind: "user", TargetID: user.String(), Detail: map[string]string{"id": what.String()},
	})
}

type counter struct {
	w io.Writer
	n int64
}

// Write counts what goes through.
func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

package privacy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
)

// ledgerPrefix is where in the blob store the ledger lies: one small file for
// each erasure, so that no writer has to know of another.
const ledgerPrefix = "erasure-ledger/"

// Entered is one entry of the ledger of erasures: ids and times, nothing that
// was hers.
type Entered struct {
	ID     uuid.UUID `json:"id"`
	UserID uuid.UUID `json:"user_id"`
	Posts  Posts     `json:"posts"`
	DueAt  time.Time `json:"due_at"`
}

// enterLedger notes outside the database who is being erased. It comes first:
// what a backup brings back is erased again, also when this run breaks off.
func (p *Privacy) enterLedger(ctx context.Context, e Erasure) error {
	return p.cfg.Files.Write(ctx, ledgerPrefix+e.ID.String()+".json", "application/json", func(w io.Writer) error {
		return json.NewEncoder(w).Encode(Entered{e.ID, e.UserID, e.Posts, e.DueAt.UTC()})
	})
}

// Ledger writes every entry of the ledger, one JSON object a line.
func (p *Privacy) Ledger(ctx context.Context, w io.Writer) (entries int, err error) {
	keys, err := p.cfg.Files.List(ctx, ledgerPrefix)
	if err != nil {
		return 0, err
	}
	for _, key := range keys {
		if err := p.copyEntry(ctx, w, key); err != nil {
			return entries, fmt.Errorf("copy the entry %s: %w", key, err)
		}
		entries++
	}
	return entries, nil
}

func (p *Privacy) copyEntry(ctx context.Context, w io.Writer, key string) error {
	file, _, err := p.cfg.Files.Read(ctx, key)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	_, err = io.Copy(w, file)
	return err //nolint:wrapcheck // the caller says which
}

// Reapply erases again everybody a ledger names, as written by Ledger: for
// after the restore of a backup in which she is still there. Who is not in
// this database, or is erased in it, is passed over. It may be repeated.
func (p *Privacy) Reapply(ctx context.Context, ledger io.Reader) (erased int, err error) {
	in := json.NewDecoder(ledger)
	for {
		var entry Entered
		if err := in.Decode(&entry); errors.Is(err, io.EOF) {
			return erased, nil
		} else if err != nil {
			return erased, fmt.Errorf("read the ledger: %w", err)
		}
		if entry.ID == uuid.Nil || entry.UserID == uuid.Nil || (entry.Posts != Pseudonymise && entry.Posts != Remove) {
			return erased, errors.New("read the ledger: an entry lacks an id, or what becomes of the posts")
		}
		done, err := p.reapply(ctx, entry)
		if err != nil {
			return erased, err
		}
		if done {
			erased++
		}
	}
}

func (p *Privacy) reapply(ctx context.Context, entry Entered) (bool, error) {
	e := Erasure{ID: entry.ID, UserID: entry.UserID, Posts: entry.Posts, PlannedAt: entry.DueAt.Add(-grace), DueAt: entry.DueAt}
	id, err := p.restoreErasure(ctx, e)
	if err != nil || id == uuid.Nil {
		return false, err
	}
	if err := p.eraseAfter(ctx, id, 0); err != nil {
		return false, err
	}
	return true, nil
}

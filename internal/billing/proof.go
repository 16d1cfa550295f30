package billing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// The states of a proof.
const (
	ProofRunning = "running"
	ProofDone    = "done"
	ProofFailed  = "failed"
)

// Proof is what came of one comparison of everything Stripe has with
// everything we have, after what is safe was healed.
type Proof struct {
	ID         uuid.UUID
	State      string
	Checked    int64 // objects at Stripe compared so far
	Expected   int64 // how many there were here when it began
	Healed     int64
	Findings   Findings // when done
	StartedAt  time.Time
	FinishedAt *time.Time
}

// Findings are both sides of a proof and every difference between them that
// is left. It names nobody.
type Findings struct {
	Subscriptions []Pair       `json:"subscriptions"` // by currency and status; amounts a year
	MRR           []Pair       `json:"mrr"`           // by currency: what Stripe's subscriptions come to, and our ledger; amounts a year
	Paid          []Pair       `json:"paid"`          // by currency: invoices of the last invoiceWindow
	Foreign       int64        `json:"foreign"`       // subscriptions at Stripe that are of another shop
	Differences   []Difference `json:"differences"`
}

// Pair is what both sides say of one thing.
type Pair struct {
	Currency     string `json:"currency"`
	Status       string `json:"status,omitempty"`
	Stripe       int64  `json:"stripe"` // how many
	Ours         int64  `json:"ours"`
	StripeMinor  int64  `json:"stripe_minor"`
	OursMinor    int64  `json:"ours_minor"`
	stripe, ours *big.Rat
}

// Difference is something that could not be put right without a person.
type Difference struct {
	Kind         string `json:"kind"` // one of the Differ constants
	Subscription string `json:"subscription,omitempty"`
	Customer     string `json:"customer,omitempty"`
	Invoice      string `json:"invoice,omitempty"`
}

// What can be different.
const (
	DifferUnbound     = "unbound"       // at Stripe, and of no member of ours
	DifferNotAtStripe = "not_at_stripe" // here, and unknown there
	DifferContent     = "content"       // on both sides, and not the same
	DifferLedger      = "ledger"        // the ledger does not hold what the subscription comes to
)

// proofLife is after how long a proof that does not end is taken for dead.
const proofLife = 3 * time.Hour

// RetryProof begins a comparison when the latest one failed.
func (b *Billing) RetryProof(ctx context.Context) error {
	rows, err := b.store.proofs(ctx)
	if err != nil || len(rows) != 1 || rows[0].State != ProofFailed {
		return err
	}
	return b.StartProof(ctx)
}

// StartProof begins a comparison in the background, unless one is running.
func (b *Billing) StartProof(ctx context.Context) error {
	return b.db.InTx(ctx, func(ctx context.Context) error {
		now := b.clock.Now()
		if err := b.store.failProofs(ctx, now.Add(-proofLife), now); err != nil {
			return err
		}
		id, fresh, err := b.store.startProof(ctx, now)
		if err != nil || !fresh {
			return err
		}
		return b.queue.Enqueue(ctx, prove{ProofID: id})
	})
}

// Truth is the latest proof together with what must hold here by itself.
type Truth struct {
	Latest         *Proof // done or failed; nil before the first
	Running        *Proof
	WithoutPayment []membership.FreeAccess
	WithoutAccess  []membership.Paying // none but the banned
	Twice          []membership.Paying // none
}

// truthLimit is how many members of each kind are named.
const truthLimit = 100

// Proof tells what the latest comparison found, and what holds here now.
func (b *Billing) Proof(ctx context.Context) (t Truth, err error) {
	rows, err := b.store.proofs(ctx)
	if err != nil {
		return Truth{}, err
	}
	for _, r := range rows {
		p, err := r.proof()
		if err != nil {
			return Truth{}, err
		}
		if p.State == ProofRunning {
			t.Running = &p
		} else {
			t.Latest = &p
		}
	}
	if t.WithoutPayment, err = b.membership.WithoutPayment(ctx); err != nil {
		return Truth{}, err
	}
	if t.WithoutAccess, err = b.membership.WithoutAccess(ctx, truthLimit); err != nil {
		return Truth{}, err
	}
	t.Twice, err = b.membership.Twice(ctx, truthLimit)
	return t, err
}

// proveNow does the work of a proof that was started. It may be repeated from
// the start; one that has ended stays as it is, and one that failed is begun
// anew within the hour.
func (b *Billing) proveNow(ctx context.Context, id uuid.UUID) error {
	row, found, err := b.store.proof(ctx, id)
	if err != nil || !found || row.State != ProofRunning {
		return err
	}
	w := newWalk(b)
	w.progress = func(ctx context.Context) error { return b.store.proofProgress(ctx, id, w.Checked, w.Healed) }
	err = w.all(ctx)
	if err == nil {
		var findings []byte
		if findings, err = json.Marshal(w.findings()); err == nil {
			err = b.store.finishProof(ctx, id, ProofDone, findings, b.clock.Now())
		}
	}
	if err == nil {
		return nil
	}
	ended := b.store.finishProof(context.WithoutCancel(ctx), id, ProofFailed, []byte(`{}`), b.clock.Now())
	return errors.Join(err, ended)
}

// proofRow is a stored proof.
type proofRow struct {
	ID         uuid.UUID
	State      string
	Checked    int64
	Expected   int64
	Healed     int64
	Findings   *string
	StartedAt  time.Time
	FinishedAt *time.Time
}

func (r proofRow) proof() (Proof, error) {
	p := Proof{
		ID: r.ID, State: r.State, Checked: r.Checked, Expected: r.Expected, Healed: r.Healed,
		StartedAt: r.StartedAt, FinishedAt: r.FinishedAt,
	}
	if r.Findings == nil {
		return p, nil
	}
	if err := json.Unmarshal([]byte(*r.Findings), &p.Findings); err != nil {
		return Proof{}, fmt.Errorf("read the findings of a proof: %w", err)
	}
	return p, nil
}

const proofColumns = `id, state, checked, expected, healed, findings::text AS findings, started_at, finished_at`

// startProof answers the proof that is new, or false when one is running.
func (s store) startProof(ctx context.Context, now time.Time) (uuid.UUID, bool, error) {
	const sql = `INSERT INTO billing_proofs (id, state, checked, expected, healed, started_at)
		SELECT ?, 'running', 0, (SELECT count(*) FROM subscriptions), 0, ? ON CONFLICT (state) WHERE state = 'running' DO NOTHING RETURNING id`
	row, fresh, err := pg.One[keyed](ctx, s.db, "start a proof", sql, pg.NewID(), now)
	return row.ID, fresh, err
}

func (s store) failProofs(ctx context.Context, before, now time.Time) error {
	const sql = `UPDATE billing_proofs SET state = 'failed', finished_at = ? WHERE state = 'running' AND started_at < ?`
	return s.exec(ctx, "give proofs up", sql, now, before)
}

func (s store) proof(ctx context.Context, id uuid.UUID) (proofRow, bool, error) {
	return pg.One[proofRow](ctx, s.db, "read a proof", `SELECT `+proofColumns+` FROM billing_proofs WHERE id = ?`, id)
}

// proofs are the one that is running and the latest that has ended.
func (s store) proofs(ctx context.Context) ([]proofRow, error) {
	const sql = `SELECT DISTINCT ON (state = 'running') ` + proofColumns + ` FROM billing_proofs ORDER BY state = 'running', started_at DESC`
	return pg.Many[proofRow](ctx, s.db, "read the latest proofs", sql)
}

func (s store) proofProgress(ctx context.Context, id uuid.UUID, checked, healed int) error {
	return s.exec(ctx, "note how far a proof is", `UPDATE billing_proofs SET checked = ?, healed = ? WHERE id = ? AND state = 'running'`, checked, healed, id)
}

func (s store) finishProof(ctx context.Context, id uuid.UUID, state string, findings []byte, now time.Time) error {
	const sql = `UPDATE billing_proofs SET state = ?, findings = ?::jsonb, finished_at = ? WHERE id = ? AND state = 'running'`
	return s.exec(ctx, "end a proof", sql, state, string(findings), now, id)
}

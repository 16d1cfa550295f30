package privacy

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

func TestErasureGoesInBatchesAndSparesOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	maria, aisha := r.person(), r.person()
	r.keys(maria, 2*eraseBatch+7)
	r.keys(aisha, 3)
	e, err := r.PlanErasure(t.Context(), maria, Remove)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.PlanErasure(t.Context(), maria, Remove); !errors.Is(err, ErrPlanned) {
		t.Errorf("%v", err)
	}
	r.now.Advance(grace)
	if err := r.Erase(t.Context(), e.ID); err != nil {
		t.Fatal(err)
	}
	if n := r.number(`SELECT count(*) FROM idempotency_keys`); n != 3 {
		t.Errorf("%d rows are left, want the 3 of somebody else", n)
	}
	if err := r.UndoErasure(t.Context(), maria); err == nil {
		t.Error("undone after it was done")
	}
	if n := r.number(`SELECT count(*) FROM audit_log WHERE target_id = $1 AND action LIKE 'erasure.%'`, maria.ID.String()); n != 3 {
		t.Errorf("%d entries in the audit log, want plan, begin and finish", n)
	}
}

func TestARefusalToLeaveStopsAnErasureBeforeItBegins(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	maria := r.person()
	e, err := r.PlanErasure(t.Context(), maria, Remove)
	if err != nil {
		t.Fatal(err)
	}
	r.now.Advance(grace)
	r.cfg.MayLeave = func(context.Context, uuid.UUID) error { return account.ErrLastAdmin }
	if err := r.Erase(t.Context(), e.ID); !errors.Is(err, account.ErrLastAdmin) {
		t.Errorf("%v", err)
	}
	if n := r.number(`SELECT count(*) FROM erasures WHERE begun_at IS NULL`); n != 1 {
		t.Error("it has begun")
	}
	r.cfg.MayLeave = func(context.Context, uuid.UUID) error { return nil }
	r.cfg.Settle = time.Second
	if err := r.Erase(t.Context(), e.ID); err == nil || r.number(`SELECT count(*) FROM erasures WHERE finished_at IS NULL AND begun_at IS NOT NULL`) != 1 {
		t.Errorf("it does not wait for requests on their way: %v", err)
	}
	if err := r.Erase(t.Context(), e.ID); err != nil || r.number(`SELECT count(*) FROM erasures WHERE finished_at IS NOT NULL`) != 1 {
		t.Errorf("and then goes on: %v", err)
	}
}

func TestConditionsLeadToAPerson(t *testing.T) {
	t.Parallel()
	all := []Table{
		{Name: "people", Whose: by("id")},
		{Name: "letters", Whose: through("writer", "people", "id")},
		{Name: "stamps", Whose: through("letter_id", "letters", "id")},
		{Name: "blocks", Whose: by("owner_id"), Names: []string{"blocked_id"}},
		{Name: "weather"},
	}
	for name, want := range map[string]string{
		"people":  "(id = @person)",
		"stamps":  "(letter_id IN (SELECT id FROM letters WHERE writer IN (SELECT id FROM people WHERE id = @person)))",
		"blocks":  "(owner_id = @person OR blocked_id = @person)",
		"weather": "(false)",
	} {
		if got := named(all, name).reach(all); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := named(all, "blocks").condition(all); got != "owner_id = @person" {
		t.Errorf("what others keep about her is hers to export: %s", got)
	}
}

func TestRetentionReads(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]Retention{
		"for a day": after(day, "x"), "for 30 days after": after(30*day, "x"), "until it is over": pruned("a.b", 0, "x"), whileAccount: because(whileAccount),
	} {
		if got := r.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Whoever takes an account back holds her row and calls the erasure off; an
// erasure that begins at that moment waits for her row first, and neither waits
// for ever.
func TestAnErasureThatBeginsWaitsForWhoTakesHerAccountBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	maria := r.person()
	e, err := r.PlanErasure(t.Context(), maria, Remove)
	if err != nil {
		t.Fatal(err)
	}
	r.now.Advance(8 * day)
	erased := make(chan error, 1)
	err = r.db.InTx(t.Context(), func(ctx context.Context) error {
		if err := r.lockUser(ctx, maria.ID); err != nil {
			return err
		}
		go func() { erased <- r.Erase(t.Context(), e.ID) }()
		for r.number(`SELECT count(*) FROM pg_locks WHERE NOT granted`) == 0 {
			if len(erased) > 0 {
				return errors.New("the erasure did not wait")
			}
		}
		undone, err := r.CallOff(ctx, maria.ID)
		if err == nil && !undone {
			err = errors.New("it had begun")
		}
		return err
	})
	if err := errors.Join(err, <-erased); err != nil {
		t.Fatal(err)
	}
	if r.number(`SELECT count(*) FROM erasures WHERE begun_at IS NULL AND undone_at IS NOT NULL`) != 1 {
		t.Error("it was not called off")
	}
}

package gift

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestModelsAreTheTables(t *testing.T) {
	t.Parallel()
	pgtest.Drift(t, Gift{})
}

func TestAGiftIsBroughtOnItsDay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	buyer, hers := r.person(t)
	aisha := "aisha." + uuid.NewString() + "@example.org"
	made := r.wished(t, buyer, Wish{Months: 3, Email: aisha, Name: "Aisha", Message: "Go!", DeliverAt: noon.AddDate(0, 1, 0)})
	if made.AmountMinor != 14700 || made.Currency != "usd" {
		t.Errorf("%+v", made)
	}
	r.clock.Set(noon.AddDate(0, 1, 0))
	if err := r.sendDue(ctx); err != nil || len(r.letters(t, aisha)) != 0 {
		t.Fatalf("it is not paid: %v", err)
	}
	r.clock.Set(noon)
	r.pays(t, made)
	if err := r.sendDue(ctx); err != nil || len(r.letters(t, aisha)) != 0 {
		t.Fatalf("its day has not come: %v", err)
	}
	if thanks := r.letters(t, hers); len(thanks) != 1 || strings.Contains(thanks[0].Text, "#token=") {
		t.Errorf("the buyer reads %+v", thanks)
	}
	r.clock.Set(noon.AddDate(0, 1, 0))
	for range 2 {
		if err := r.sendDue(ctx); err != nil {
			t.Fatal(err)
		}
	}
	letters := r.letters(t, aisha)
	if len(letters) != 1 || !strings.Contains(letters[0].Text, "3 months") || !strings.Contains(letters[0].Text, "Go!") || letters[0].Subject != "Maria has a gift for you" {
		t.Fatalf("%+v", letters)
	}
	in, err := r.Look(ctx, tokenIn(t, letters[0].Text))
	if err != nil || in.Months != 3 || in.From != "Maria" || in.Name != "Aisha" || in.PlanName != "Circle" || !in.ExpiresAt.Equal(noon.AddDate(0, 13, 0)) {
		t.Errorf("%+v, %v", in, err)
	}
	for name, of := range map[string]Gift{"in the letter": r.gift(t, made.ID)} {
		if of.MailedAt == nil || of.StateAt(r.clock.Now()) != Ready {
			t.Errorf("%s: %+v", name, of)
		}
	}
}

func TestAGiftIsRedeemedOnceAndLosesNoMonth(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	buyer, hers := r.person(t)
	made, token := r.bought(t, buyer, Wish{Months: 3})
	if thanks := r.letters(t, hers); len(thanks) != 1 || tokenIn(t, thanks[0].Text) != token {
		t.Fatalf("she hands it on: %+v", thanks)
	}
	maria, _ := r.person(t)
	end := noon.AddDate(0, 1, 0)
	s := membership.Snapshot{
		UserID: maria.ID, StripeID: "sub_1", Status: membership.Active, AmountMinor: 4900, AnnualMinor: "58800", Currency: "usd", Interval: "month",
		IntervalCount: 1, CurrentPeriodStart: &noon, CurrentPeriodEnd: &end, StartedAt: noon,
	}
	record := func() {
		t.Helper()
		if err := r.members.Record(ctx, s, "test", noon); err != nil {
			t.Fatal(err)
		}
	}
	record()
	if _, err := r.Redeem(ctx, maria, token); !errors.Is(err, membership.ErrPaysHerself) {
		t.Fatalf("she pays herself: %v", err)
	}
	if of := r.gift(t, made.ID); of.StateAt(noon) != Ready {
		t.Fatalf("it is as it was: %+v", of)
	}
	s.CancelAtPeriodEnd = true
	record()
	g, err := r.Redeem(ctx, maria, token)
	if err != nil || !g.StartsAt.Equal(end) || !g.EndsAt.Equal(end.AddDate(0, 3, 0)) || g.Kind != membership.Gift {
		t.Fatalf("%+v, %v", g, err)
	}
	other, _ := r.person(t)
	for _, who := range []account.Actor{maria, other} {
		if _, err := r.Redeem(ctx, who, token); !errors.Is(err, ErrOver) {
			t.Errorf("twice: %v", err)
		}
	}
	if _, err := r.Look(ctx, token); !errors.Is(err, ErrOver) {
		t.Errorf("%v", err)
	}
	opened := r.letters(t, hers)
	if len(opened) != 2 || opened[0].Subject != "Your gift was opened" || strings.Contains(opened[0].Text, maria.ID.String()) {
		t.Errorf("%+v", opened)
	}
	if of := r.gift(t, made.ID); *of.RedeemedBy != maria.ID || *of.GrantID != g.ID {
		t.Errorf("%+v", of)
	}
}

// Whoever comes first gets it, and nobody else.
func TestManyHandsOneGift(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const hands, rounds = 32, 25
	buyer, _ := r.person(t)
	var crowd [hands]account.Actor
	for i := range crowd {
		crowd[i], _ = r.person(t)
	}
	for range rounds {
		made, token := r.bought(t, buyer, Wish{Months: 1})
		var all sync.WaitGroup
		var mu sync.Mutex
		start, won := make(chan struct{}), 0
		for _, who := range crowd {
			all.Go(func() {
				<-start
				_, err := r.Redeem(t.Context(), who, token)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if !errors.Is(err, ErrOver) {
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
		var grants int
		if err := r.db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM grants WHERE reason = $1`, "gift "+made.ID.String()).Scan(&grants); err != nil {
			t.Fatal(err)
		}
		if won != 1 || grants != 1 {
			t.Fatalf("%d hands, %d grants", won, grants)
		}
	}
}

func TestWhatIsOverCannotBeOpened(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	buyer, _ := r.person(t)
	maria, _ := r.person(t)
	admin, _ := r.person(t)
	unpaid := r.wished(t, buyer, Wish{Months: 1})
	if _, err := r.Link(ctx, buyer, unpaid.ID); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("it is not paid: %v", err)
	}
	withdrawn, token := r.bought(t, buyer, Wish{Months: 1, Email: "aisha@example.org"})
	for range 2 {
		if of, err := r.Withdraw(ctx, admin, withdrawn.ID); err != nil || of.StateAt(noon) != Withdrawn || of.RecipientEmail != nil {
			t.Errorf("%+v, %v", of, err)
		}
	}
	old, late := r.bought(t, buyer, Wish{Months: 1, Email: "late@example.org"})
	hers, open := r.bought(t, buyer, Wish{Months: 1})
	if _, err := r.Redeem(ctx, maria, open); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Withdraw(ctx, admin, hers.ID); !errors.Is(err, ErrRedeemed) {
		t.Errorf("it is hers: %v", err)
	}
	if _, err := r.Withdraw(ctx, admin, uuid.New()); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("%v", err)
	}
	r.clock.Set(noon.AddDate(1, 0, 0))
	for name, token := range map[string]string{"withdrawn": token, "too old": late, "of nobody": "x", "made up": token[:len(token)-1] + "A"} {
		if _, err := r.Redeem(ctx, maria, token); !errors.Is(err, ErrOver) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := r.Pay(ctx, buyer, unpaid.ID); !errors.Is(err, ErrSettled) {
		t.Errorf("it was made a year ago: %v", err)
	}
	if _, _, err := r.Pay(ctx, maria, unpaid.ID); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("it is not hers to pay: %v", err)
	}
	if err := r.store.prune(ctx, r.clock.Now().Add(-unpaidFor), r.clock.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if of := r.gift(t, old.ID); of.RecipientEmail != nil {
		t.Error("her address is still known")
	}
	if _, found, err := r.store.byID(ctx, unpaid.ID); found || err != nil {
		t.Errorf("%t, %v", found, err)
	}
	all, more, err := r.All(ctx, Position{}, 2)
	if err != nil || !more || len(all) != 2 {
		t.Fatalf("%+v, %t, %v", all, more, err)
	}
	rest, more, err := r.All(ctx, Position{CreatedAt: all[1].CreatedAt, ID: all[1].ID}, 2)
	if err != nil || more || len(rest) != 1 || rest[0].ID == all[1].ID {
		t.Errorf("%+v, %t, %v", rest, more, err)
	}
}

func TestAWishHasItsBounds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	buyer, _ := r.person(t)
	for name, c := range map[string]struct {
		wish Wish
		want error
	}{
		"no month at all":          {Wish{Plan: "circle", Price: "monthly"}, fault.InvalidField("/months", "", "")},
		"more than two years":      {Wish{Plan: "circle", Price: "monthly", Months: 25}, fault.InvalidField("/months", "", "")},
		"in years":                 {Wish{Plan: "circle", Price: "annual", Months: 1}, ErrPriceUnknown},
		"of a plan nobody knows":   {Wish{Plan: "square", Price: "monthly", Months: 1}, ErrPriceUnknown},
		"for the day after a year": {Wish{Plan: "circle", Price: "monthly", Months: 1, DeliverAt: noon.AddDate(2, 0, 0)}, fault.InvalidField("/deliver_at", "", "")},
		"to no address":            {Wish{Plan: "circle", Price: "monthly", Months: 1, Email: "aisha"}, fault.InvalidField("/email", "", "")},
	} {
		_, _, err := r.Buy(t.Context(), buyer, c.wish)
		got, want := fault.From(err), fault.From(c.want)
		if got == nil || !errors.Is(err, c.want) || len(want.Fields) > 0 && got.Fields[0].Pointer != want.Fields[0].Pointer {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := r.Buy(t.Context(), buyer, Wish{Plan: "circle", Price: "monthly", Months: 2}); !errors.Is(err, billing.ErrPaymentsUnavailable) {
		t.Errorf("Stripe is not there: %v", err)
	}
	all, err := r.Of(t.Context(), buyer)
	if err != nil || len(all) != 1 || all[0].StateAt(noon) != Unpaid || all[0].AmountMinor != 9800 {
		t.Errorf("it can be paid for later: %+v, %v", all, err)
	}
}

func TestMoneyForAGiftThatIsTakenBackGoesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	buyer, _ := r.person(t)
	made := r.wished(t, buyer, Wish{Months: 1})
	if _, err := r.Withdraw(t.Context(), buyer, made.ID); err != nil {
		t.Fatal(err)
	}
	const sql = `INSERT INTO purchases (id, user_id, purpose, subject_id, title, amount_minor, currency, state, url, created_at, updated_at, paid_at)
		VALUES ($1, $2, 'gift', $3, '', 4900, 'usd', 'paid', '', $4, $4, $4)`
	if _, err := r.db.Pool().Exec(t.Context(), sql, uuid.New(), buyer.ID, made.ID, noon); err != nil {
		t.Fatal(err)
	}
	r.pays(t, made)
	var asked int
	if err := r.db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM purchases WHERE refund_asked_at IS NOT NULL`).Scan(&asked); err != nil || asked != 1 {
		t.Errorf("%d refunds are asked for, %v", asked, err)
	}
	if of := r.gift(t, made.ID); of.PaidAt != nil || of.StateAt(noon) != Withdrawn {
		t.Errorf("%+v", of)
	}
}

package scholarship

import (
	"context"
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
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestModelsAreTheTables(t *testing.T) {
	t.Parallel()
	pgtest.Drift(t, Fund{}, Entry{}, Application{}, Award{})
}

func TestAYesOpensMonthsThatTheFundPaysFor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	f := r.fund(t, 50000)
	maria, hers := r.person(t)
	a := r.asked(t, maria)
	r.letters(t, hers)
	if _, err := r.Apply(ctx, maria, Ask{Months: 1, Situation: "Again."}); !errors.Is(err, ErrApplied) {
		t.Errorf("one at a time: %v", err)
	}
	if _, err := r.Decide(ctx, maria, a.ID, yes(f, 3)); !errors.Is(err, ErrYourself) {
		t.Errorf("about herself: %v", err)
	}
	if _, err := r.Decide(ctx, r.admin, a.ID, Decision{Answer: Waitlisted, Told: "Soon."}); err != nil {
		t.Fatal(err)
	}
	r.letters(t, hers)
	if got, err := r.Decide(ctx, r.admin, a.ID, yes(f, 3)); err != nil || got.State != Awarded {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, again := range []Decision{yes(f, 3), {Answer: NotThisTime, Told: "No."}, {Answer: Waitlisted}} {
		if _, err := r.Decide(ctx, r.admin, a.ID, again); !errors.Is(err, ErrDecided) && !errors.Is(err, membership.ErrPaysHerself) {
			t.Errorf("it has its answer: %v", err)
		}
	}
	access, err := r.members.Access(ctx, maria.ID)
	if err != nil || access.Level != membership.Full || !access.Until.Equal(noon.AddDate(0, 3, 0)) {
		t.Errorf("%+v, %v", access, err)
	}
	if n := r.numbersOf(t, f); n.BalanceMinor != 50000-14700 || n.AwardedMinor != 14700 || n.UsedMinor != 0 || n.Awards != 1 || n.Running != 1 {
		t.Errorf("%+v", n)
	}
	var subjects []string
	for _, m := range r.letters(t, hers) {
		subjects = append(subjects, m.Subject)
	}
	if got := strings.Join(subjects, "|"); got != "Yes: your scholarship is here|You are on our list|We have your application" {
		t.Errorf("she reads %s", got)
	}
}

func TestWhatIsLeftOfAnAwardGoesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	f := r.fund(t, 100000)
	award := func() (account.Actor, membership.Grant) {
		t.Helper()
		maria, _ := r.person(t)
		if _, err := r.Decide(ctx, r.admin, r.asked(t, maria).ID, yes(f, 2)); err != nil {
			t.Fatal(err)
		}
		grants, err := r.members.Grants(ctx, maria.ID)
		if err != nil {
			t.Fatal(err)
		}
		return maria, grants[0]
	}
	pays, _ := award()
	_, ended := award()
	_, runs := award()
	half := noon.Add(runs.EndsAt.Sub(noon) / 2)
	r.clock.Set(half)
	end := half.AddDate(0, 1, 0)
	err := r.members.Record(ctx, membership.Snapshot{
		UserID: pays.ID, StripeID: "sub_1", Status: membership.Active, AmountMinor: 4900, AnnualMinor: "58800", Currency: "usd", Interval: "month",
		IntervalCount: 1, CurrentPeriodStart: &half, CurrentPeriodEnd: &end, StartedAt: half,
	}, "test", half)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.members.RevokeGrant(ctx, ended.ID); err != nil {
			t.Fatal(err)
		}
	}
	n := r.numbersOf(t, f)
	if n.ReturnedMinor != 9800 || n.UsedMinor != 3*4900 || n.Converted != 1 || n.Running != 1 || n.BalanceMinor != 100000-3*9800+9800 {
		t.Errorf("%+v", n)
	}
	r.clock.Set(runs.EndsAt.Add(time.Hour))
	if n := r.numbersOf(t, f); n.UsedMinor != 2*4900+9800 || n.Running != 0 {
		t.Errorf("%+v", n)
	}
	page, more, err := r.Entries(ctx, f.ID, EntryPosition{}, 2)
	if err != nil || !more || len(page) != 2 || page[0].Kind != Return {
		t.Fatalf("%+v, %t, %v", page, more, err)
	}
	rest, more, err := r.Entries(ctx, f.ID, EntryPosition{CreatedAt: page[1].CreatedAt, ID: page[1].ID}, 100)
	if err != nil || more || len(rest) != 4 || rest[3].Kind != Deposit {
		t.Errorf("%+v, %t, %v", rest, more, err)
	}
}

func TestWhatIsLeftIsRoundedForTheDaysThatHavePassed(t *testing.T) {
	t.Parallel()
	a := Award{ReservedMinor: 9_000_000_000_000_001, StartsAt: noon, EndsAt: noon.Add(3 * time.Second)}
	for after, want := range map[time.Duration]int64{
		-time.Hour: a.ReservedMinor, 0: a.ReservedMinor, time.Second: 6_000_000_000_000_000, 2 * time.Second: 3_000_000_000_000_000, 3 * time.Second: 0, time.Hour: 0,
	} {
		if got := a.left(noon.Add(after)); got != want {
			t.Errorf("after %s %d are left, want %d", after, got, want)
		}
	}
}

func TestNothingIsAwardedThatCannotBePaidFor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	f := r.fund(t, 9800)
	closed := r.fund(t, 50000)
	if _, err := r.ChangeFund(ctx, r.admin, closed.ID, NewFund{Name: "Closed", State: Closed}); err != nil {
		t.Fatal(err)
	}
	maria, _ := r.person(t)
	a := r.asked(t, maria)
	annual := yes(f, 1)
	annual.Price = "annual"
	for name, c := range map[string]struct {
		decision Decision
		want     error
	}{
		"more than there is":       {yes(f, 3), ErrShort},
		"from a closed fund":       {yes(closed, 3), ErrFundClosed},
		"from a fund nobody knows": {yes(Fund{ID: uuid.New()}, 1), fault.InvalidField("/fund_id", "", "")},
		"without a month":          {yes(f, 0), fault.InvalidField("/months", "", "")},
		"by the year":              {annual, ErrPriceUnknown},
		"a no without a word":      {Decision{Answer: NotThisTime, Told: " "}, fault.InvalidField("/told", "", "")},
	} {
		_, err := r.Decide(ctx, r.admin, a.ID, c.decision)
		got, want := fault.From(err), fault.From(c.want)
		if got == nil || !errors.Is(err, c.want) || len(want.Fields) > 0 && got.Fields[0].Pointer != want.Fields[0].Pointer {
			t.Errorf("%s: %v", name, err)
		}
	}
	if grants, err := r.members.Grants(ctx, maria.ID); err != nil || len(grants) != 0 {
		t.Errorf("%+v, %v", grants, err)
	}
	if n := r.numbersOf(t, f); n.BalanceMinor != 9800 || n.Awards != 0 {
		t.Errorf("%+v", n)
	}
	if _, err := r.Move(ctx, r.admin, closed.ID, -1, "out"); !errors.Is(err, ErrFundClosed) {
		t.Errorf("%v", err)
	}
	if _, err := r.Move(ctx, r.admin, uuid.New(), 1, "in"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := r.db.Pool().Exec(ctx, `UPDATE funds SET balance_minor = -1 WHERE id = $1`, f.ID); !pg.Violates(err, "funds_balance_minor_check") {
		t.Errorf("the table itself says no: %v", err)
	}
}

func TestADonationComesInOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	f := r.fund(t, 0)
	maria, hers := r.person(t)
	p := billing.Purchase{ID: pg.NewID(), UserID: maria.ID, Purpose: billing.ForForward, SubjectID: f.ID, AmountMinor: 2500, Currency: "usd"}
	const sql = `INSERT INTO purchases (id, user_id, purpose, subject_id, title, amount_minor, currency, state, url, created_at, updated_at)
		VALUES ($1, $2, 'pay_it_forward', $3, '', 2500, 'usd', 'open', '', now(), now())`
	if _, err := r.db.Pool().Exec(t.Context(), sql, p.ID, maria.ID, f.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ChangeFund(t.Context(), r.admin, f.ID, NewFund{Name: "Closed meanwhile", State: Closed}); err != nil {
		t.Fatal(err)
	}
	receive := func() error {
		return r.db.InTx(t.Context(), func(ctx context.Context) error { return r.receive(ctx, p) })
	}
	if err := receive(); err != nil {
		t.Fatal(err)
	}
	if err := receive(); err == nil {
		t.Error("it came in twice")
	}
	if n := r.numbersOf(t, f); n.BalanceMinor != 2500 || n.GivenMinor != 2500 {
		t.Errorf("%+v", n)
	}
	if got := r.letters(t, hers); len(got) != 1 || !strings.Contains(got[0].Text, "whoever comes next") {
		t.Errorf("%+v", got)
	}
}

func TestWhatSheTellsIsReadByWhoDecides(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	maria, _ := r.person(t)
	other, _ := r.person(t)
	a := r.asked(t, maria)
	page, _, err := r.Applications(ctx, Asked, Position{}, 10)
	if err != nil || len(page) != 1 || page[0].Situation != "" || page[0].Hope != "" || page[0].ID != a.ID {
		t.Errorf("%+v, %v", page, err)
	}
	if got, err := r.Read(ctx, r.admin, a.ID); err != nil || got.Situation != a.Situation {
		t.Errorf("%+v, %v", got, err)
	}
	var looks int
	if err := r.db.Pool().QueryRow(ctx, `SELECT count(*) FROM audit_log WHERE action = 'application.read' AND actor_id = $1`, r.admin.ID).Scan(&looks); err != nil || looks != 1 {
		t.Errorf("%d looks are recorded, %v", looks, err)
	}
	if err := r.TakeBack(ctx, other, a.ID); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("%v", err)
	}
	for range 2 {
		if err := r.TakeBack(ctx, maria, a.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Decide(ctx, r.admin, a.ID, Decision{Answer: NotThisTime, Told: "Why."}); !errors.Is(err, ErrDecided) {
		t.Errorf("she took it back: %v", err)
	}
	again := r.asked(t, maria)
	if _, err := r.Decide(ctx, r.admin, again.ID, Decision{Answer: NotThisTime, Told: "In spring, please."}); err != nil {
		t.Fatal(err)
	}
	if err := r.TakeBack(ctx, maria, again.ID); !errors.Is(err, ErrDecided) {
		t.Errorf("%v", err)
	}
	all, err := r.Of(ctx, maria)
	if err != nil || len(all) != 2 || all[0].Told != "In spring, please." || all[0].State != NotThisTime {
		t.Errorf("%+v, %v", all, err)
	}
}

// The fund has money for a hundred of two hundred who come at once: awards and
// withdrawals of the same size. It is never below nothing, nothing is spent twice,
// and nothing stays that could be spent.
func TestTheFundIsNeverNegativeUnder200AtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const each, money = 4900, 100 * 4900
	f := r.fund(t, money)
	applications := make([]Application, 100)
	for i := range applications {
		who, _ := r.person(t)
		applications[i] = r.asked(t, who)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	start, awarded, withdrawn := make(chan struct{}), 0, 0
	count := func(n *int, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			*n++
		} else if !errors.Is(err, ErrShort) {
			t.Error(err)
		}
	}
	for _, a := range applications {
		all.Go(func() {
			<-start
			_, err := r.Decide(t.Context(), r.admin, a.ID, yes(f, 1))
			count(&awarded, err)
		})
		all.Go(func() {
			<-start
			_, err := r.Move(t.Context(), r.admin, f.ID, -each, "to the other fund")
			count(&withdrawn, err)
		})
	}
	close(start)
	all.Wait()
	n := r.numbersOf(t, f)
	if awarded+withdrawn != 100 || n.BalanceMinor != 0 || n.Awards != int64(awarded) || n.WithdrawnMinor != int64(withdrawn)*each {
		t.Errorf("%d awards, %d withdrawals: %+v", awarded, withdrawn, n)
	}
}

package sponsor

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestModelsAreTheTables(t *testing.T) {
	t.Parallel()
	pgtest.Drift(t, Sponsorship{}, Invitation{}, Seat{})
}

func TestASeatFromTheLetterToGivingItBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	of := r.sponsorship(t, 2)
	contact, _ := r.person(t)
	stranger, _ := r.person(t)
	for range 2 {
		if err := r.AddContact(ctx, r.admin, of.ID, contact.ID); err != nil {
			t.Fatal(err)
		}
	}
	maria, hers := r.person(t)
	if _, _, err := r.Invite(ctx, stranger, of.ID, hers); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("she does not speak for it: %v", err)
	}
	if _, link, err := r.Invite(ctx, contact, of.ID, hers); err != nil || link != "" {
		t.Fatalf("the link is for the reader of the mail: %q, %v", link, err)
	}
	letters := r.letters(t, hers)
	if len(letters) != 1 || letters[0].Subject != "Harbour Logistics has a seat for you" {
		t.Fatalf("%+v", letters)
	}
	token := tokenIn(t, letters[0].Text)
	if organisation, _, err := r.Look(ctx, token); err != nil || organisation != "Harbour Logistics" {
		t.Errorf("%s, %v", organisation, err)
	}
	if _, err := r.Accept(ctx, stranger, token); !errors.Is(err, ErrOver) {
		t.Errorf("it is for another address: %v", err)
	}
	if g, err := r.Accept(ctx, maria, token); err != nil || g.Kind != membership.Sponsor || g.EndsAt != nil {
		t.Fatalf("%+v, %v", g, err)
	}
	if a := r.access(t, maria); a.Level != membership.Full || a.Until != nil || r.used(t, of) != 1 {
		t.Errorf("%+v", a)
	}
	for name, token := range map[string]string{"used": token, "of nobody": "x", "made up": strings.Repeat("A", 64)} {
		if _, err := r.Accept(ctx, maria, token); !errors.Is(err, ErrOver) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Accept(ctx, maria, r.invited(t, of)); !errors.Is(err, ErrSeated) || r.used(t, of) != 1 {
		t.Errorf("a second seat: %v", err)
	}
	mine, err := r.Mine(ctx, contact)
	if err != nil || len(mine) != 1 || mine[0].Used != 1 || mine[0].Seats != 2 {
		t.Errorf("%+v, %v", mine, err)
	}
	if err := r.Leave(ctx, maria); err != nil || r.used(t, of) != 0 || r.access(t, maria).Level != membership.NoAccess {
		t.Errorf("it is free again: %v", err)
	}
	if err := r.Leave(ctx, maria); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if err := r.RemoveContact(ctx, r.admin, of.ID, contact.ID); err != nil {
		t.Fatal(err)
	}
	if mine, err := r.Mine(ctx, contact); err != nil || len(mine) != 0 {
		t.Errorf("%+v, %v", mine, err)
	}
	if err := r.RemoveContact(ctx, r.admin, of.ID, contact.ID); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func paying(who account.Actor) membership.Snapshot {
	end := noon.AddDate(0, 1, 0)
	return membership.Snapshot{
		UserID: who.ID, StripeID: "sub_" + who.ID.String(), Status: membership.Active, AmountMinor: 4900, AnnualMinor: "58800", Currency: "usd",
		Interval: "month", IntervalCount: 1, CurrentPeriodStart: &noon, CurrentPeriodEnd: &end, StartedAt: noon,
	}
}

func TestNobodyPaysForASeatThatSheHas(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	of := r.sponsorship(t, 1)
	pays, _ := r.person(t)
	if err := r.members.Record(ctx, paying(pays), "test", noon); err != nil {
		t.Fatal(err)
	}
	token := r.invited(t, of)
	if _, err := r.Accept(ctx, pays, token); !errors.Is(err, membership.ErrPaysHerself) {
		t.Errorf("%v", err)
	}
	maria, _ := r.person(t)
	if _, err := r.Accept(ctx, maria, token); err != nil {
		t.Fatalf("the invitation is as it was: %v", err)
	}
	late := r.invited(t, of)
	other, _ := r.person(t)
	if _, err := r.Accept(ctx, other, late); !errors.Is(err, ErrFull) {
		t.Errorf("%v", err)
	}
	if err := r.members.Record(ctx, paying(maria), "test", noon); err != nil || r.used(t, of) != 0 {
		t.Fatalf("she begins to pay: %v", err)
	}
	if _, err := r.Accept(ctx, other, late); err != nil || r.used(t, of) != 1 {
		t.Errorf("the seat is free for somebody else: %v", err)
	}
	if _, err := r.db.Pool().Exec(ctx, `UPDATE users SET state = 'deleted' WHERE id = $1`, other.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.tidy(ctx); err != nil || r.used(t, of) != 0 {
		t.Errorf("she has left us: %v", err)
	}
}

func TestTheEndOfASponsorshipLeavesThirtyDaysAndAWayOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	of := r.sponsorship(t, 5)
	end := noon.AddDate(0, 6, 0)
	if _, err := r.Change(ctx, r.admin, of.ID, Terms{Seats: 3, EndsAt: end}); err != nil {
		t.Fatal(err)
	}
	maria, hers := r.person(t)
	aisha, _ := r.person(t)
	for _, who := range []account.Actor{maria, aisha} {
		if _, err := r.Accept(ctx, who, r.invited(t, of)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Change(ctx, r.admin, of.ID, Terms{Seats: 1}); !errors.Is(err, ErrInUse) {
		t.Errorf("%v", err)
	}
	r.clock.Set(end)
	late := r.invited(t, of)
	if _, err := r.Accept(ctx, r.admin, late); !errors.Is(err, ErrOver) {
		t.Errorf("its end has come: %v", err)
	}
	for range 2 {
		if err := r.tidy(ctx); err != nil {
			t.Fatal(err)
		}
		r.letters(t, hers)
	}
	last := end.Add(stays)
	if a := r.access(t, maria); a.Level != membership.Full || a.Notice != membership.EndsSoon || a.Until == nil || !a.Until.Equal(last) {
		t.Errorf("%+v", a)
	}
	letters := r.letters(t, hers)
	if len(letters) != 1 || letters[0].Subject != "Your seat, and how you can stay" || !strings.Contains(letters[0].Text, last.Format(letterDay)) {
		t.Errorf("%+v", letters)
	}
	if again, err := r.End(ctx, r.admin, of.ID); err != nil || !again.EndedAt.Equal(end) {
		t.Errorf("%+v, %v", again, err)
	}
	for name, err := range map[string]error{
		"an invitation": second(r.Invite(ctx, r.admin, of.ID, "")), "other terms": first(r.Change(ctx, r.admin, of.ID, Terms{Seats: 9})),
		"a contact": r.AddContact(ctx, r.admin, of.ID, maria.ID),
	} {
		if !errors.Is(err, ErrEnded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := r.members.Record(ctx, paying(aisha), "test", end); err != nil {
		t.Fatal(err)
	}
	r.clock.Set(last)
	if a, b := r.access(t, maria), r.access(t, aisha); a.Level != membership.NoAccess || b.Reason != membership.BySubscription {
		t.Errorf("who went on, goes on: %+v, %+v", a, b)
	}
	r.clock.Set(last.AddDate(0, 0, 3))
	if err := r.tidy(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Accept(ctx, maria, r.invited(t, r.sponsorship(t, 1))); err != nil {
		t.Errorf("another sponsor, another seat: %v", err)
	}
}

func first[T any](_ T, err error) error          { return err }
func second[T, U any](_ T, _ U, err error) error { return err }

func TestWhatNoSponsorshipIs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	of := r.sponsorship(t, 1)
	for name, terms := range map[string]Terms{
		"of nobody": {Organisation: " ", Seats: 1}, "without a seat": {Organisation: "A", Seats: 0}, "too large": {Organisation: "A", Seats: 10_001},
		"of the past": {Organisation: "A", Seats: 1, EndsAt: noon},
	} {
		if _, err := r.Open(ctx, r.admin, terms); fault.From(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	nobody := uuid.New()
	for name, err := range map[string]error{
		"change": first(r.Change(ctx, r.admin, nobody, Terms{Seats: 1})), "end": first(r.End(ctx, r.admin, nobody)),
		"contact": r.AddContact(ctx, r.admin, nobody, r.admin.ID), "contact of nobody": r.AddContact(ctx, r.admin, of.ID, nobody),
		"invitation": second(r.Invite(ctx, r.admin, nobody, "")),
	} {
		if !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.db.Pool().Exec(ctx, `UPDATE sponsorships SET used = 2 WHERE id = $1`, of.ID); !pg.Violates(err, "sponsorships_used_check") {
		t.Errorf("the table itself says no: %v", err)
	}
	r.clock.Set(noon.Add(goodFor + time.Hour))
	if _, err := r.Accept(ctx, r.admin, r.invited(t, of)); err != nil {
		t.Fatal(err)
	}
}

// Two hundred come at once for ten seats, each with an invitation of her own.
func TestTenSeatsAreNeverOversoldTo200AtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	of := r.sponsorship(t, 10)
	type guest struct {
		who   account.Actor
		token string
	}
	var crowd [200]guest
	for i := range crowd {
		crowd[i].who, _ = r.person(t)
		crowd[i].token = r.invited(t, of)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	start, won := make(chan struct{}), 0
	for _, g := range crowd {
		all.Go(func() {
			<-start
			_, err := r.Accept(t.Context(), g.who, g.token)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errors.Is(err, ErrFull) {
				t.Error(err)
			}
		})
	}
	close(start)
	all.Wait()
	var full int
	if err := r.db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM member_access WHERE level = 'full'`).Scan(&full); err != nil {
		t.Fatal(err)
	}
	if won != 10 || r.used(t, of) != 10 || full != 10 {
		t.Errorf("%d seats were given, %d have access", won, full)
	}
}

package invitation

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

func TestWhoMayInvite(t *testing.T) {
	t.Parallel()
	room := uuid.New()
	admin := account.Actor{ID: uuid.New(), Roles: []account.Role{account.Admin}}
	coach := account.Actor{ID: uuid.New(), Roles: []account.Role{account.Coach}}
	for name, c := range map[string]struct {
		who   account.Actor
		in    Invite
		leads bool
		want  *fault.Error
	}{
		"an administrator, anything":      {admin, Invite{AccessDays: 30}, false, nil},
		"a coach, into her cohort":        {coach, Invite{CohortID: room}, true, nil},
		"a coach, into another cohort":    {coach, Invite{CohortID: room}, false, fault.ErrNotFound},
		"a coach, into none":              {coach, Invite{}, false, fault.ErrNotFound},
		"a coach, with access":            {coach, Invite{CohortID: room, AccessDays: 1}, true, fault.ErrNotAllowed},
		"a member":                        {account.Actor{ID: uuid.New()}, Invite{CohortID: room}, false, fault.ErrNotFound},
		"a member, into none, by a trick": {account.Actor{ID: uuid.New()}, Invite{}, true, fault.ErrNotFound},
	} {
		if got := mayInvite(c.who, c.in, c.leads); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestInviteValues(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	admin := r.person(t, newEmail(), account.Admin)
	for pointer, in := range map[string]Invite{
		"/expires_in_days": {Days: 91},
		"/access_days":     {AccessDays: 367},
		"/uses":            {Uses: 2, Email: newEmail()},
		"/email":           {Email: "nobody"},
		"/plan":            {Plan: "no-such-plan"},
		"/cohort_id":       {CohortID: uuid.New()},
	} {
		_, err := r.Invite(t.Context(), admin, in)
		if f := fault.From(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Pointer != pointer {
			t.Errorf("%s: %v", pointer, err)
		}
	}
	if n := r.scalar(t, `SELECT count(*) FROM invitations`); n != 0 {
		t.Errorf("%d are made", n)
	}
}

func TestLetters(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	admin := r.person(t, newEmail(), account.Admin)
	invite := func(email string) Offer {
		t.Helper()
		o, err := r.Invite(ctx, admin, Invite{Email: email, AccessDays: 30})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}

	t.Run("the letter carries the link, and the job no address", func(t *testing.T) {
		email := newEmail()
		o := invite(email)
		r.idle(t)
		letters := r.sink.Messages(email)
		if len(letters) != 1 || !strings.Contains(letters[0].Text, r.link(o.ID)) || !strings.Contains(letters[0].Subject, "Maria invites you") {
			t.Fatalf("%+v", letters)
		}
		if n := r.scalar(t, `SELECT count(*) FROM river_job WHERE args::text LIKE '%@%'`); n != 0 {
			t.Errorf("%d jobs hold an address", n)
		}
	})

	t.Run("three a day to one address, whoever invites it", func(t *testing.T) {
		email := newEmail()
		for range 4 {
			invite(email)
		}
		o := invite(email)
		r.clock.Advance(pause)
		if err := r.Resend(ctx, admin, o.ID); err != nil {
			t.Fatal(err)
		}
		r.idle(t)
		if n := len(r.sink.Messages(email)); n != mailsPerDay {
			t.Errorf("%d letters", n)
		}
	})

	t.Run("one is sent again after an hour at the earliest", func(t *testing.T) {
		email := newEmail()
		o := invite(email)
		r.clock.Advance(pause - time.Second)
		err := r.Resend(ctx, admin, o.ID)
		wantFault(t, err, ErrSoon)
		if f := fault.From(err); f.Retry != time.Second {
			t.Errorf("wait %v, want a second", f.Retry)
		}
		r.clock.Advance(time.Second)
		if err := r.Resend(ctx, admin, o.ID); err != nil {
			t.Fatal(err)
		}
		wantFault(t, r.Resend(ctx, admin, o.ID), ErrSoon)
		r.idle(t)
		if n := len(r.sink.Messages(email)); n != 2 {
			t.Errorf("%d letters", n)
		}
	})

	t.Run("one that was withdrawn in the meantime is not sent", func(t *testing.T) {
		email := newEmail()
		o, _ := r.made(t, Invite{Email: email})
		if err := r.Revoke(ctx, admin, o.ID); err != nil {
			t.Fatal(err)
		}
		wantFault(t, r.Resend(ctx, admin, o.ID), ErrClosed)
		if err := r.post(ctx, o); err != nil { // as if it had been waiting
			t.Fatal(err)
		}
		r.idle(t)
		if n := len(r.sink.Messages(email)); n != 0 {
			t.Errorf("%d letters", n)
		}
	})
}

func TestACoachInvitesTwentyADay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	room, coach := r.run(t, 3), r.person(t, newEmail(), account.Coach)
	if err := r.cohort.AddCoach(t.Context(), room, coach.ID); err != nil {
		t.Fatal(err)
	}
	for range perDay {
		if _, err := r.Invite(t.Context(), coach, Invite{CohortID: room}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := r.Invite(t.Context(), coach, Invite{CohortID: room})
	wantFault(t, err, ErrMany)
	if f := fault.From(err); f.Retry <= 0 || f.Retry > 24*time.Hour {
		t.Errorf("she may come back in %v", f.Retry)
	}
	r.clock.Advance(24*time.Hour + time.Second)
	if _, err := r.Invite(t.Context(), coach, Invite{CohortID: room}); err != nil {
		t.Error(err)
	}
}

func TestOffersAreForWhoMadeThem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	room, other := r.run(t, 3), r.run(t, 3)
	admin, coach, member := r.person(t, newEmail(), account.Admin), r.person(t, newEmail(), account.Coach), r.person(t, newEmail())
	if err := r.cohort.AddCoach(ctx, room, coach.ID); err != nil {
		t.Fatal(err)
	}
	hers, err := r.Invite(ctx, coach, Invite{CohortID: room})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := r.Invite(ctx, admin, Invite{CohortID: room, Email: newEmail()})
	if err != nil {
		t.Fatal(err)
	}
	page, more, err := r.Offers(ctx, coach, room, Position{}, 10)
	if err != nil || more || len(page) != 1 || page[0].ID != hers.ID || page[0].State != Open {
		t.Errorf("a coach sees %+v, %v", page, err)
	}
	if page, more, err = r.Offers(ctx, admin, uuid.Nil, Position{}, 1); err != nil || !more || page[0].ID != theirs.ID {
		t.Errorf("an administrator sees %+v, %v", page, err)
	}
	last := Position{CreatedAt: page[0].CreatedAt, ID: page[0].ID}
	if page, more, err = r.Offers(ctx, admin, uuid.Nil, last, 1); err != nil || more || page[0].ID != hers.ID {
		t.Errorf("then %+v, %v", page, err)
	}
	_, _, err = r.Offers(ctx, coach, other, Position{}, 10)
	wantFault(t, err, fault.ErrNotFound)
	for _, who := range []account.Actor{coach, member} {
		wantFault(t, r.Revoke(ctx, who, theirs.ID), fault.ErrNotFound)
	}
	if link, err := r.Link(ctx, coach, hers.ID); err != nil || link != r.link(hers.ID) {
		t.Errorf("%s, %v", link, err)
	}
	_, err = r.Link(ctx, admin, theirs.ID) // it would prove the address
	wantFault(t, err, fault.ErrNotFound)
	wantFault(t, r.Resend(ctx, coach, hers.ID), ErrNoAddress)

	t.Run("who leads the cohort no more finds them no more, whatever else she leads", func(t *testing.T) {
		if err := r.cohort.AddCoach(ctx, other, coach.ID); err != nil {
			t.Fatal(err)
		}
		if err := r.cohort.RemoveCoach(ctx, room, coach.ID); err != nil {
			t.Fatal(err)
		}
		_, err := r.Link(ctx, coach, hers.ID)
		wantFault(t, err, fault.ErrNotFound)
		wantFault(t, r.Resend(ctx, coach, hers.ID), fault.ErrNotFound)
		wantFault(t, r.Revoke(ctx, coach, hers.ID), fault.ErrNotFound)
		if link, err := r.Link(ctx, admin, hers.ID); err != nil || link != r.link(hers.ID) {
			t.Errorf("%s, %v", link, err)
		}
	})
}

// Being a coach somewhere is not leading a cohort, and neither is a place in
// its team.
func TestWhoLeadsACohortInvitesIntoIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	room, other := r.run(t, 3), r.run(t, 3)
	admin := r.person(t, newEmail(), account.Admin)
	scoped, moderator, named, stranger := r.person(t, newEmail()), r.person(t, newEmail()), r.person(t, newEmail()), r.person(t, newEmail(), account.Coach)
	ends := r.clock.Now().Add(time.Hour)
	for who, n := range map[uuid.UUID]account.NewGrant{
		scoped.ID: {Role: account.Coach, CohortID: &room, EndsAt: &ends}, moderator.ID: {Role: account.Moderator, CohortID: &room},
	} {
		if _, _, err := r.account.GrantRole(ctx, admin, who, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.cohort.AddCoach(ctx, room, named.ID); err != nil {
		t.Fatal(err)
	}
	made, err := r.Invite(ctx, scoped, Invite{CohortID: room})
	if err != nil {
		t.Errorf("a coach of this cohort alone: %v", err)
	}
	for name, who := range map[string]account.Actor{
		"a moderator of it": moderator, "one in the team without the role": named, "a coach who is not in the team": stranger,
	} {
		if _, err := r.Invite(ctx, who, Invite{CohortID: room}); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = r.Invite(ctx, scoped, Invite{CohortID: other})
	wantFault(t, err, fault.ErrNotFound)
	if _, err := r.Link(ctx, scoped, made.ID); err != nil {
		t.Error(err)
	}
	r.clock.Advance(time.Hour)
	_, err = r.Invite(ctx, scoped, Invite{CohortID: room})
	wantFault(t, err, fault.ErrNotFound)
	_, err = r.Link(ctx, scoped, made.ID)
	wantFault(t, err, fault.ErrNotFound)
}

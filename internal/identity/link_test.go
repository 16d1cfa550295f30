package identity

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/identity/oidctest"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

// member has an account with a password.
func (r rig) member(ctx context.Context) account.Actor {
	r.t.Helper()
	email := uuid.NewString() + "@example.org"
	if _, err := r.account.Create(ctx, account.NewUser{Email: email, Password: "twelve years of logistics", DisplayName: "Maria"}); err != nil {
		r.t.Fatal(err)
	}
	return r.again(ctx, email)
}

func (r rig) again(ctx context.Context, email string) account.Actor {
	r.t.Helper()
	s, err := r.account.LogIn(ctx, email, "twelve years of logistics")
	if err != nil {
		r.t.Fatal(err)
	}
	return r.actor(ctx, s)
}

func (r rig) toLink(ctx context.Context, who account.Actor, there oidctest.Person) Return {
	r.t.Helper()
	f, err := r.BeginLink(ctx, who, "example")
	if err != nil {
		r.t.Fatal(err)
	}
	return r.back(f, there)
}

// told counts the letters that are promised about a change.
func (r rig) told(ctx context.Context, n account.Notice) int {
	r.t.Helper()
	rows, err := pg.Many[idRow](ctx, r.db, "count letters", `SELECT (args->>'id')::uuid AS id FROM river_job WHERE kind = 'account.notice-mail' AND args->>'notice' = ?`, n)
	if err != nil {
		r.t.Fatal(err)
	}
	return len(rows)
}

func TestSheLinksAProviderToHerAccount(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	me, there := r.member(ctx), maria()
	there.Verified = false // her session says who she is, not an address
	for range 2 {          // linking what is linked changes nothing
		linked, err := r.Link(ctx, me, r.toLink(ctx, me, there))
		if err != nil || linked.Provider != "example" || !linked.LinkedAt.Equal(noon) {
			t.Fatalf("%+v, %v", linked, err)
		}
	}
	s, err := r.SignIn(ctx, r.visit(ctx, false, there))
	if err != nil || s.User.ID != me.ID {
		t.Errorf("%+v, %v", s.User, err)
	}
	if err := r.Unlink(ctx, me, "example"); err != nil {
		t.Fatal(err)
	}
	_, err = r.SignIn(ctx, r.visit(ctx, false, there))
	wantFault(t, err, ErrUnproved)
	wantFault(t, r.Unlink(ctx, me, "example"), fault.ErrNotFound)
	if got := strings.Join(r.acts.seen, ","); got != "identity.link,identity.unlink" {
		t.Errorf("audited: %s", got)
	}
	if r.told(ctx, account.IdentityLinked) != 1 || r.told(ctx, account.IdentityUnlinked) != 1 {
		t.Error("she is not told once of each")
	}
}

func TestAPersonOfAProviderIsOnePersonHere(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	a, b, there := r.member(ctx), r.member(ctx), maria()
	if _, err := r.Link(ctx, a, r.toLink(ctx, a, there)); err != nil {
		t.Fatal(err)
	}
	_, err := r.Link(ctx, b, r.toLink(ctx, b, there))
	wantFault(t, err, ErrTaken)
	_, err = r.Link(ctx, a, r.toLink(ctx, a, maria()))
	wantFault(t, err, ErrLinked)
}

// Who makes her browser finish a link that somebody else began would get a key
// to her account.
func TestALinkIsFinishedInTheSessionThatBeganIt(t *testing.T) {
	t.Parallel()
	ctx, r := inTx(t)
	email := uuid.NewString() + "@example.org"
	if _, err := r.account.Create(ctx, account.NewUser{Email: email, Password: "twelve years of logistics", DisplayName: "Maria"}); err != nil {
		t.Fatal(err)
	}
	me, mine, stranger, there := r.again(ctx, email), r.again(ctx, email), r.member(ctx), maria()
	back := r.toLink(ctx, me, there)
	for _, other := range []account.Actor{stranger, mine, {ID: me.ID}, {SessionID: me.SessionID}} {
		_, err := r.Link(ctx, other, back)
		wantFault(t, err, ErrFlow)
	}
	_, err := r.SignIn(ctx, back) // it is no way to sign in
	wantFault(t, err, ErrFlow)
	_, err = r.Link(ctx, me, r.visit(ctx, true, there)) // nor the other way round
	wantFault(t, err, ErrFlow)
	if _, err := r.Link(ctx, me, back); err != nil {
		t.Errorf("the honest one is refused then: %v", err)
	}
}

func TestTheLastWayInStays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		linked []string
		others ways
		want   *fault.Error
	}{
		{"nothing else", []string{"a"}, ways{configured: []string{"a"}}, ErrOnlyWay},
		{"a password", []string{"a"}, ways{password: true, configured: []string{"a"}}, nil},
		{"a passkey", []string{"a"}, ways{passkey: true, configured: []string{"a"}}, nil},
		{"another provider", []string{"a", "b"}, ways{configured: []string{"a", "b"}}, nil},
		{"another that cannot be asked any more", []string{"a", "b"}, ways{configured: []string{"a"}}, ErrOnlyWay},
		{"one that is not linked", []string{"b"}, ways{password: true, configured: []string{"a", "b"}}, fault.ErrNotFound},
		{"none", nil, ways{password: true}, fault.ErrNotFound},
	} {
		err := mayUnlink(c.linked, "a", c.others)
		if (c.want == nil) != (err == nil) || (c.want != nil && fault.From(err).Code != c.want.Code) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	ctx, r := inTx(t)
	me := r.actor(ctx, r.joined(ctx, maria()))
	wantFault(t, r.Unlink(ctx, me, "example"), ErrOnlyWay)
}

const (
	rounds = 200
	racers = 32
)

// race lets everybody do the same at once and counts who got through; all
// others must get the fault.
func race(t *testing.T, want *fault.Error, do func() error) int64 {
	t.Helper()
	var through atomic.Int64
	var running sync.WaitGroup
	gun := make(chan struct{})
	for range racers {
		running.Go(func() {
			<-gun
			err := do()
			if err == nil {
				through.Add(1)
				return
			}
			wantFault(t, err, want)
		})
	}
	close(gun)
	running.Wait()
	return through.Load()
}

func TestOneOfManyFinishesAFlow(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	ctx, who := t.Context(), maria()
	me := r.actor(ctx, r.joined(ctx, who))
	for round := range rounds {
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			back := r.visit(ctx, round%2 == 0, who)
			if n := race(t, ErrFlow, func() error { _, err := r.SignIn(ctx, back); return err }); n != 1 {
				t.Errorf("%d sign in with one flow", n)
			}
		})
	}
	back := r.toLink(ctx, me, who)
	if n := race(t, ErrFlow, func() error { _, err := r.Link(ctx, me, back); return err }); n != 1 {
		t.Errorf("%d link with one flow", n)
	}
}

// Two flows of a new person at once make one account.
func TestTwoFlowsOfANewPersonMakeOneAccount(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	ctx := t.Context()
	for range 20 {
		who := maria()
		var made atomic.Int64
		var running sync.WaitGroup
		for range 4 {
			back := r.visit(ctx, true, who)
			running.Go(func() {
				_, err := r.SignIn(ctx, back)
				switch f := fault.From(err); {
				case err == nil:
					made.Add(1)
				case f == nil || (f.Code != ErrUnlinked.Code && f.Code != ErrWrong.Code):
					t.Error(err)
				}
			})
		}
		running.Wait()
		users, err := pg.Many[idRow](ctx, r.db, "count", `SELECT id FROM users WHERE email = ?`, who.Email)
		if err != nil || len(users) != 1 || made.Load() < 1 {
			t.Errorf("%d accounts, %d sessions, %v", len(users), made.Load(), err)
		}
		if _, err := r.SignIn(ctx, r.visit(ctx, false, who)); err != nil {
			t.Errorf("and then she gets in: %v", err)
		}
	}
}

func TestOneOfTwoLastProvidersStays(t *testing.T) {
	t.Parallel()
	r := on(t, pgtest.New(t))
	ctx := t.Context()
	other := Provider{Name: "other", Issuer: "https://other.example", ClientID: "x"}
	r.providers = append(r.providers, newClient(other, page, r.now))
	r.acts = &acts{}
	for range 20 {
		me := r.actor(ctx, r.joined(ctx, maria()))
		if ok, err := r.insert(ctx, other, uuid.NewString(), me.ID, noon); err != nil || !ok {
			t.Fatal(ok, err)
		}
		var gone atomic.Int64
		var running sync.WaitGroup
		for _, name := range []string{"example", "other"} {
			running.Go(func() {
				if r.Unlink(ctx, me, name) == nil {
					gone.Add(1)
				}
			})
		}
		running.Wait()
		if left, err := r.List(ctx, me); err != nil || len(left) != 1 || gone.Load() != 1 {
			t.Fatalf("%d went, %+v is left, %v", gone.Load(), left, err)
		}
	}
}

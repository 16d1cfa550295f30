package invitation

import (
	"errors"
	"sync"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

const (
	hands  = 32
	rounds = 200
)

// race lets everybody accept the same invitation at once and counts who could.
func (r *rig) race(t *testing.T, who []account.Actor, token string) int {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	start, won := make(chan struct{}), 0
	for _, her := range who {
		all.Go(func() {
			<-start
			_, err := r.Accept(t.Context(), her, token)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case !errors.Is(err, ErrOver):
				t.Error(err)
			}
		})
	}
	close(start)
	all.Wait()
	return won
}

func TestManyHandsOneInvitation(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	crowd := make([]account.Actor, hands)
	for i := range crowd {
		crowd[i] = r.person(t, newEmail())
	}
	alone := make([]account.Actor, hands)
	for i := range alone {
		alone[i] = crowd[0]
	}
	for name, c := range map[string]struct {
		who    []account.Actor
		uses   int
		want   int
		rounds int
	}{
		"one use and many people":           {crowd, 1, 1, rounds},
		"one use and one person in a hurry": {alone, 1, 1, rounds},
		"five uses and many people":         {crowd, 5, 5, rounds / 10},
		"five uses and one person":          {alone, 5, 1, rounds / 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range c.rounds {
				o, token := r.made(t, Invite{Uses: c.uses})
				if won := r.race(t, c.who, token); won != c.want {
					t.Fatalf("%d accepted, want %d", won, c.want)
				}
				if n := r.scalar(t, `SELECT used FROM invitations WHERE id = $1`, o.ID); n != c.want {
					t.Fatalf("%d uses are counted, want %d", n, c.want)
				}
			}
		})
	}
}

// The link of a letter makes one account, however many hands open it. Their
// passwords are hashed beforehand, or hashing would be what is waited for;
// after each round the account moves on, and the winner comes again as somebody
// new.
func TestOneLetterManyHands(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, email := t.Context(), newEmail()
	prepared := func() account.Newcomer {
		her, err := r.account.Prepare(ctx, account.NewSignup{Email: email, Password: goodPassword, DisplayName: "Maria"})
		if err != nil {
			t.Fatal(err)
		}
		return her
	}
	var crowd [hands]account.Newcomer
	for i := range crowd {
		crowd[i] = prepared()
	}
	for range rounds {
		o, token := r.made(t, Invite{Email: email})
		crowd[r.joins(t, token, crowd[:])] = prepared()
		if used := r.scalar(t, `SELECT used FROM invitations WHERE id = $1`, o.ID); used != 1 {
			t.Fatalf("%d uses are counted, want 1", used)
		}
		if n := r.scalar(t, `WITH moved AS (UPDATE users SET email = id || '@example.org', email_key = id || '@example.org' WHERE email = $1 RETURNING 1)
SELECT count(*) FROM moved`, email); n != 1 {
			t.Fatalf("%d accounts, want 1", n)
		}
	}
}

// joins lets everybody open a letter at once, and gives the one who could.
func (r *rig) joins(t *testing.T, token string, crowd []account.Newcomer) (winner int) {
	t.Helper()
	type result struct {
		who int
		err error
	}
	results := make(chan result, len(crowd))
	for i, her := range crowd {
		go func() {
			o, err := r.usable(t.Context(), token)
			if err == nil {
				_, err = r.admit(t.Context(), o, her)
			}
			results <- result{i, err}
		}()
	}
	won := 0
	for range crowd {
		switch got := <-results; {
		case got.err == nil:
			winner, won = got.who, won+1
		case !errors.Is(got.err, ErrOver) && !errors.Is(got.err, ErrSignIn):
			t.Fatal(got.err)
		}
	}
	if won != 1 {
		t.Fatalf("%d hands joined, want 1", won)
	}
	return winner
}

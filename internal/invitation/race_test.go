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

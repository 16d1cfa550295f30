package grant

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// Graduate says that a member has what she came for: the community stays open
// to her for reading, without an end, and she is told by mail. Her subscription
// goes on until she ends it, which is no churn then. Who has graduated stays as
// she is, with fresh false. It is recorded. For admins (the zero Actor is an
// operator). Fault: fault.ErrNotFound.
func (g *Grant) Graduate(ctx context.Context, by account.Actor, member uuid.UUID, note string) (given membership.Grant, fresh bool, err error) {
	err = g.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := g.account.StandingOf(ctx, member); err != nil {
			return err
		}
		given, fresh, err = g.membership.Graduate(ctx, member, maker(by), strings.TrimSpace(note))
		if err != nil || !fresh {
			return err
		}
		return g.told(ctx, by, "member.graduate", given, graduatedMail{GrantID: given.ID})
	})
	return given, fresh, err
}

// told records an act and promises the letter about it.
func (g *Grant) told(ctx context.Context, by account.Actor, action string, given membership.Grant, letter job.Args) error {
	if err := g.record(ctx, by, action, given); err != nil {
		return err
	}
	return g.queue.Enqueue(ctx, letter)
}

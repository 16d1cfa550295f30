package gift

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// Inside is what a gift holds, for whoever has its link.
type Inside struct {
	Plan, PlanName string
	Months         int64
	From           string // the buyer, as she calls herself
	Name, Message  string
	ExpiresAt      time.Time
}

// Look says what a gift holds. It changes nothing. Fault: ErrOver.
func (g *Gifts) Look(ctx context.Context, token string) (Inside, error) {
	of, found, err := g.store.byID(ctx, g.open(token))
	if err != nil {
		return Inside{}, err
	}
	if !found || of.StateAt(g.clock.Now()) != Ready {
		return Inside{}, ErrOver
	}
	in := Inside{Plan: of.Plan, Months: of.Months, Name: of.RecipientName, Message: of.Message, ExpiresAt: *of.ExpiresAt}
	if in.PlanName, err = g.planName(ctx, of.Plan); err != nil {
		return Inside{}, err
	}
	in.From, err = g.name(ctx, of.BuyerID)
	return in, err
}

// Redeem takes a gift, once, all or nothing. It begins now, or where what she has
// is paid until. It is recorded, and the buyer is told that it was accepted, not by
// whom. Faults: ErrOver, membership.ErrPaysHerself, after which the gift is as it
// was.
func (g *Gifts) Redeem(ctx context.Context, who account.Actor, token string) (given membership.Grant, err error) {
	err = g.db.InTx(ctx, func(ctx context.Context) error {
		of, ok, err := g.store.redeem(ctx, g.open(token), who.ID, g.clock.Now())
		if err != nil {
			return err
		}
		if !ok {
			return ErrOver
		}
		given, err = g.membership.GrantMonths(ctx, membership.Grant{
			UserID: who.ID, Kind: membership.Gift, Level: membership.Full, Reason: "gift " + of.ID.String(),
		}, int(of.Months))
		if err != nil {
			return err
		}
		if err := g.store.granted(ctx, of.ID, given.ID); err != nil {
			return err
		}
		if err := g.record(ctx, who.ID, "gift.redeem", Gift{ID: of.ID, BuyerID: who.ID}); err != nil {
			return err
		}
		return g.queue.Enqueue(ctx, openedMail{GiftID: of.ID})
	})
	return given, err
}

// Of gives the gifts of a buyer, the newest hundred, the newest first. One
// statement.
func (g *Gifts) Of(ctx context.Context, who account.Actor) ([]Gift, error) {
	return g.store.of(ctx, who.ID, mostListed)
}

// Link gives the link of a gift of hers that is ready, to hand on. Fault:
// fault.ErrNotFound, also when it is over.
func (g *Gifts) Link(ctx context.Context, who account.Actor, id uuid.UUID) (string, error) {
	of, found, err := g.store.byID(ctx, id)
	if err != nil {
		return "", err
	}
	if !found || of.BuyerID != who.ID || of.StateAt(g.clock.Now()) != Ready {
		return "", fault.ErrNotFound
	}
	return g.link(id), nil
}

// Position is where a page of gifts ended. The zero Position is the start.
type Position struct {
	CreatedAt time.Time `json:"c"`
	ID        uuid.UUID `json:"i"`
}

const mostListed = 100

// All lists gifts, the latest first, those that were never paid too. For admins
// (the edge has asked). One statement.
func (g *Gifts) All(ctx context.Context, after Position, limit int) (page []Gift, more bool, err error) {
	if limit <= 0 || limit > mostListed {
		limit = mostListed
	}
	page, err = g.store.all(ctx, after, limit+1)
	if len(page) > limit {
		return page[:limit], true, err
	}
	return page, false, err
}

// Withdraw takes back a gift that nobody has opened, and gives the buyer her
// money. It is recorded. One that is withdrawn stays so. For admins.
// Faults: fault.ErrNotFound, ErrRedeemed.
func (g *Gifts) Withdraw(ctx context.Context, who account.Actor, id uuid.UUID) (of Gift, err error) {
	err = g.db.InTx(ctx, func(ctx context.Context) error {
		var ok bool
		if of, ok, err = g.store.withdraw(ctx, id, who.ID, g.clock.Now()); err != nil {
			return err
		}
		if ok {
			if err := g.record(ctx, who.ID, "gift.withdraw", of); err != nil {
				return err
			}
			return g.billing.PayBack(ctx, billing.ForGift, id)
		}
		of, ok, err = g.store.byID(ctx, id)
		switch {
		case err != nil:
			return err
		case !ok:
			return fault.ErrNotFound
		case of.RedeemedAt != nil:
			return ErrRedeemed
		}
		return nil
	})
	return of, err
}

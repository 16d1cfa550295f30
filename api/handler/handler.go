// Package handler translates between the contract and the domains. It holds
// no rule, no SQL and no status code of an error.
package handler

import (
	"context"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// actor gives who acts; the zero Actor when nobody is signed in, which the
// access middleware lets through only where the contract says `anyone`.
func actor(ctx context.Context) account.Actor {
	a, _ := account.ActorFrom(ctx)
	return a
}

// orZero gives what p points to, or nothing.
func orZero(p *time.Time) time.Time {
	if p == nil {
		return time.Time{}
	}
	return *p
}

// usualPage is how many rows a page has when nobody says.
const usualPage = 30

func limitOr(limit int) int {
	if limit <= 0 {
		return usualPage
	}
	return limit
}

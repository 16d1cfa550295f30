package admin

import (
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// maySuspend says why not; nil when she may.
func maySuspend(by account.Actor, member uuid.UUID, n NewSuspension, now time.Time) error {
	switch {
	case by.ID != uuid.Nil && !by.Has(account.Admin):
		return fault.ErrNotAllowed
	case by.ID == member:
		return ErrYourself
	case n.Closes != Community && n.Closes != Everything:
		return fault.InvalidField("/closes", "closes", "Either the community is closed to her, or her account.")
	case n.Reason == "":
		return fault.InvalidField("/reason", "required", "Say why, for those who look at it later.")
	case n.EndsAt != nil && !n.EndsAt.After(now):
		return fault.InvalidField("/ends_at", "past", "The end lies in the past.")
	}
	return nil
}

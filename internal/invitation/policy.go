package invitation

import (
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// State is where an invitation stands.
type State string

// The states of an invitation.
const (
	Open    State = "open"
	Used    State = "used"
	Revoked State = "revoked"
	Expired State = "expired"
)

// StateAt is where it stands at a moment.
func (o Offer) StateAt(now time.Time) State {
	switch {
	case o.RevokedAt != nil:
		return Revoked
	case o.Used >= o.Uses:
		return Used
	case !now.Before(o.ExpiresAt):
		return Expired
	}
	return Open
}

// mayInvite says why somebody may not make an invitation; nil when she may.
// Administrators may offer anything; a coach her own cohort, which she leads,
// and no access: that is not hers to give.
func mayInvite(who account.Actor, in Invite, leads bool) *fault.Error {
	switch {
	case who.Has(account.Admin):
		return nil
	case in.CohortID == uuid.Nil || !leads:
		return fault.ErrNotFound
	case in.AccessDays > 0:
		return fault.ErrNotAllowed
	}
	return nil
}

// maySee says whether an invitation is there for somebody: an administrator
// sees all, anybody else those she made into a cohort that she leads by now.
func maySee(who account.Actor, o Offer, leads bool) bool {
	return who.Has(account.Admin) || leads && o.CreatedBy != nil && *o.CreatedBy == who.ID
}

package account

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// grantable says what is wrong with a role to give; nil when nothing is. An
// admin is one everywhere: a part of the business has no administrator of its
// own.
func grantable(n NewGrant, now time.Time) error {
	switch {
	case !slices.Contains([]Role{Coach, Moderator, Admin}, n.Role):
		return fault.InvalidField("/role", "role", "A role is coach, moderator or admin.")
	case n.CohortID != nil && n.SpaceID != nil:
		return fault.InvalidField("/space_id", "scope", "A role is for one cohort or for one space, not for both.")
	case n.Role == Admin && (n.CohortID != nil || n.SpaceID != nil):
		return fault.InvalidField("/role", "scope", "An administrator is one everywhere.")
	case n.CohortID != nil && *n.CohortID == uuid.Nil:
		return errNoCohort
	case n.SpaceID != nil && *n.SpaceID == uuid.Nil:
		return errNoSpace
	case n.EndsAt != nil && !n.EndsAt.After(now):
		return errPast
	}
	return nil
}

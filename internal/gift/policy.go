package gift

import "time"

// State is where a gift stands.
type State string

// The states of a gift.
const (
	Unpaid    State = "unpaid"
	Ready     State = "ready" // paid, and nobody has opened it
	Redeemed  State = "redeemed"
	Withdrawn State = "withdrawn"
	Expired   State = "expired"
)

// StateAt is where it stands at a moment.
func (g Gift) StateAt(now time.Time) State {
	switch {
	case g.WithdrawnAt != nil:
		return Withdrawn
	case g.RedeemedAt != nil:
		return Redeemed
	case g.PaidAt == nil && now.Before(g.CreatedAt.Add(payWithin)):
		return Unpaid
	case g.PaidAt == nil:
		return Expired
	case g.ExpiresAt != nil && !now.Before(*g.ExpiresAt):
		return Expired
	}
	return Ready
}

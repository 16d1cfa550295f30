package reminder

import "github.com/womens-tech-conservatory/conservatory/internal/billing"

// pressing are the letters of which there is at most one a day.
func pressing(k billing.CauseKind) bool {
	return k == billing.PaymentFailed || k == billing.ActionRequired
}

// mayRefuse are the letters that one can do without: the others are about a
// contract that runs, and what one has to pay for it.
func mayRefuse(k billing.CauseKind) bool { return k == billing.CardExpiring }

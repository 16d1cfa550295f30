package money

import (
	"fmt"
	"math/big"
)

// Annualised is what qty units of a price of minor cost in a year when billed
// every count intervals ("day", "week", "month", "year"), exactly. A year is
// 12 months, 52 weeks, or 365 days, as Stripe counts them. It fails on any
// other interval and on a count below 1.
//
// Add such amounts first and round once at the end, with [Monthly]: rounding
// each subscription lets the total drift.
func Annualised(minor int64, interval string, count int, qty int64) (*big.Rat, error) {
	if count < 1 {
		return nil, fmt.Errorf("money: billed every %d intervals", count)
	}
	var perYear int64
	switch interval {
	case "day":
		perYear = 365
	case "week":
		perYear = 52
	case "month":
		perYear = 12
	case "year":
		perYear = 1
	default:
		return nil, fmt.Errorf("money: unknown interval %q", interval)
	}
	total := new(big.Int).Mul(big.NewInt(minor), big.NewInt(qty))
	total.Mul(total, big.NewInt(perYear))
	return new(big.Rat).SetFrac(total, big.NewInt(int64(count))), nil
}

// Monthly is the monthly recurring amount of annualised amounts of one
// currency: their sum divided by twelve, rounded once. It returns
// [ErrOverflow] when that does not fit.
func Monthly(annualised ...*big.Rat) (int64, error) {
	sum := new(big.Rat)
	for _, a := range annualised {
		sum.Add(sum, a)
	}
	return RoundHalfUp(sum.Quo(sum, big.NewRat(12, 1)))
}

// RoundHalfUp rounds to the nearest whole number, halves away from zero, as
// PostgreSQL's round(numeric) does. It returns [ErrOverflow] when the result
// does not fit. It does not change r.
func RoundHalfUp(r *big.Rat) (int64, error) {
	// floor((2|n| + d) / 2d) is |n|/d rounded half up.
	twice := new(big.Int).Lsh(new(big.Int).Abs(r.Num()), 1)
	twice.Add(twice, r.Denom())
	whole := twice.Quo(twice, new(big.Int).Lsh(r.Denom(), 1))
	if r.Sign() < 0 {
		whole.Neg(whole)
	}
	if !whole.IsInt64() {
		return 0, ErrOverflow
	}
	return whole.Int64(), nil
}

// Package money holds exact amounts: whole minor units and a currency, never a
// float. Sums that do not fit are errors, not wrapped numbers.
package money

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

var (
	// ErrOverflow tells that a result does not fit into 64 bits of minor units.
	ErrOverflow = errors.New("money: amount does not fit")
	// ErrCurrencyMixed tells that two currencies were about to be added.
	ErrCurrencyMixed = errors.New("money: currencies differ")
)

// Amount is a number of minor units (cents, for most) of a currency.
type Amount struct {
	Minor    int64
	Currency string // ISO 4217 code in lower case, as Stripe writes it
}

// New returns the amount, or an error unless currency is three lower-case letters.
func New(minor int64, currency string) (Amount, error) {
	if len(currency) != 3 || strings.Trim(currency, "abcdefghijklmnopqrstuvwxyz") != "" {
		return Amount{}, fmt.Errorf("money: currency %q is not a lower-case ISO 4217 code", currency)
	}
	return Amount{Minor: minor, Currency: currency}, nil
}

// Exponent is how many decimals the minor unit of a currency stands for when
// an amount goes to or comes from Stripe: 2 unless Stripe lists the currency as
// having none or three. Stripe keeps two decimals for isk and ugx on the wire,
// although neither has coins for them.
// https://docs.stripe.com/currencies#minor-units
func Exponent(currency string) int {
	switch currency {
	case "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf":
		return 0
	case "bhd", "jod", "kwd", "omr", "tnd":
		return 3
	default:
		return 2
	}
}

// Step is the smallest part of a currency that Stripe charges, in minor units:
// of three decimals the last is zero, and isk and ugx have whole units only.
// https://docs.stripe.com/currencies#special-cases
func Step(currency string) int64 {
	switch {
	case Exponent(currency) == 3:
		return 10
	case currency == "isk", currency == "ugx":
		return 100
	}
	return 1
}

// Decimal writes the amount in major units with all its decimals and no
// grouping: "49.00", "-0.05", "500" for yen.
func (a Amount) Decimal() string {
	digits := strconv.FormatUint(magnitude(a.Minor), 10)
	if exp := Exponent(a.Currency); exp > 0 {
		if short := exp + 1 - len(digits); short > 0 {
			digits = strings.Repeat("0", short) + digits
		}
		digits = digits[:len(digits)-exp] + "." + digits[len(digits)-exp:]
	}
	if a.Minor < 0 {
		return "-" + digits
	}
	return digits
}

// Format writes the amount for people, in no particular language: "49.00 USD".
func (a Amount) Format() string {
	return a.Decimal() + " " + strings.ToUpper(a.Currency)
}

// String is Format.
func (a Amount) String() string { return a.Format() }

// Add returns a + b, or [ErrCurrencyMixed], or [ErrOverflow].
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("%w: %s and %s", ErrCurrencyMixed, a.Currency, b.Currency)
	}
	sum := a.Minor + b.Minor
	if (a.Minor < 0) == (b.Minor < 0) && (sum < 0) != (a.Minor < 0) {
		return Amount{}, ErrOverflow
	}
	return Amount{Minor: sum, Currency: a.Currency}, nil
}

// Sub returns a - b, or [ErrCurrencyMixed], or [ErrOverflow].
func (a Amount) Sub(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("%w: %s and %s", ErrCurrencyMixed, a.Currency, b.Currency)
	}
	diff := a.Minor - b.Minor
	if (a.Minor < 0) != (b.Minor < 0) && (diff < 0) != (a.Minor < 0) {
		return Amount{}, ErrOverflow
	}
	return Amount{Minor: diff, Currency: a.Currency}, nil
}

// Times returns a multiplied by n, or [ErrOverflow].
func (a Amount) Times(n int64) (Amount, error) {
	if a.Minor == 0 || n == 0 {
		return Amount{Currency: a.Currency}, nil
	}
	product := a.Minor * n
	if product/n != a.Minor || (n == -1 && a.Minor == math.MinInt64) {
		return Amount{}, ErrOverflow
	}
	return Amount{Minor: product, Currency: a.Currency}, nil
}

// magnitude is |n|, also of the smallest int64, which has no positive twin.
func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n) //nolint:gosec // wraps around twice, to the magnitude
	}
	return uint64(n)
}

package money_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

func TestDecimalShowsEveryDecimalOfTheCurrency(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor    int64
		currency string
		want     string
	}{
		{4900, "usd", "49.00 USD"},
		{0, "usd", "0.00 USD"},
		{5, "usd", "0.05 USD"},
		{-5, "eur", "-0.05 EUR"},
		{-12345, "gbp", "-123.45 GBP"},
		{500, "jpy", "500 JPY"},
		{0, "krw", "0 KRW"},
		{-7, "vnd", "-7 VND"},
		{5120, "kwd", "5.120 KWD"},
		{1, "tnd", "0.001 TND"},
		{500, "isk", "5.00 ISK"},
		{500, "ugx", "5.00 UGX"},
		{math.MaxInt64, "usd", "92233720368547758.07 USD"},
		{math.MinInt64, "usd", "-92233720368547758.08 USD"},
		{math.MinInt64, "jpy", "-9223372036854775808 JPY"},
		{math.MinInt64, "bhd", "-9223372036854775.808 BHD"},
	} {
		a, err := money.New(c.minor, c.currency)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Format(); got != c.want || a.String() != got || a.Decimal() != got[:len(got)-4] {
			t.Errorf("%d %s: got %q and %q, want %q", c.minor, c.currency, got, a.Decimal(), c.want)
		}
	}
}

func TestNewRefusesWhatIsNoLowerCaseCode(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"", "us", "usdd", "USD", "Usd", "u d", "€", "12a", "usd\n"} {
		if _, err := money.New(1, code); err == nil {
			t.Errorf("%q was accepted", code)
		}
	}
}

func TestCurrenciesAreNeverMixed(t *testing.T) {
	t.Parallel()
	usd, eur := money.Amount{Minor: 1, Currency: "usd"}, money.Amount{Minor: 1, Currency: "eur"}
	if _, err := usd.Add(eur); !errors.Is(err, money.ErrCurrencyMixed) {
		t.Errorf("add: %v", err)
	}
	if _, err := usd.Sub(eur); !errors.Is(err, money.ErrCurrencyMixed) {
		t.Errorf("sub: %v", err)
	}
}

func TestArithmeticIsExactOrOverflows(t *testing.T) {
	t.Parallel()
	edge := []int64{math.MinInt64, math.MinInt64 + 1, math.MinInt64 / 2, -2, -1, 0, 1, 2, math.MaxInt64 / 2, math.MaxInt64 - 1, math.MaxInt64}
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.SampledFrom(edge), rapid.Int64())
		x, y := number.Draw(t, "x"), number.Draw(t, "y")
		a, b := money.Amount{Minor: x, Currency: "usd"}, money.Amount{Minor: y, Currency: "usd"}
		X, Y := big.NewInt(x), big.NewInt(y)

		sum, err := a.Add(b)
		agree(t, "add", sum, err, new(big.Int).Add(X, Y))
		diff, err := a.Sub(b)
		agree(t, "sub", diff, err, new(big.Int).Sub(X, Y))
		product, err := a.Times(y)
		agree(t, "times", product, err, new(big.Int).Mul(X, Y))
	})
}

func agree(t *rapid.T, what string, got money.Amount, err error, want *big.Int) {
	switch {
	case !want.IsInt64() && !errors.Is(err, money.ErrOverflow):
		t.Errorf("%s: got %v, %v, want ErrOverflow", what, got, err)
	case want.IsInt64() && (err != nil || got.Minor != want.Int64() || got.Currency != "usd"):
		t.Errorf("%s: got %v, %v, want %v", what, got, err, want)
	}
}

package billing

import (
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"
)

// apiVersion is the one this code is written for.
const apiVersion = stripe.APIVersion

// tolerance is how far the time of a signature may be from ours, either way.
const tolerance = 5 * time.Minute

// verify checks that one of the secrets signed the payload, not long ago and
// not in the future. The library only bounds the past, and it believes an
// empty secret, which New refuses.
func verify(payload []byte, header string, secrets []string, now time.Time) error {
	signed, ok := signedAt(header)
	if !ok || now.Sub(signed).Abs() > tolerance {
		return ErrSignature
	}
	for _, secret := range secrets {
		if webhook.ValidatePayloadIgnoringTolerance(payload, header, secret) == nil {
			return nil
		}
	}
	return ErrSignature
}

// signedAt reads the time of a signature header. It takes the last one, as
// the library does, so that both speak of the same.
func signedAt(header string) (time.Time, bool) {
	var at time.Time
	found := false
	for pair := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(pair, "=")
		if name != "t" {
			continue
		}
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return time.Time{}, false
		}
		at, found = time.Unix(seconds, 0), true
	}
	return at, found
}

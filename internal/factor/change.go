package factor

import "context"

// Sealing says what depends on which secret.
type Sealing struct {
	Previous int // authenticators that need the one before, until SealAnew
	Closed   int // authenticators that no secret opens
	Codes    int // recovery codes of the one before: good until it is taken away
}

// Sealing counts, row by row.
func (f *Factor) Sealing(ctx context.Context) (s Sealing, err error) {
	err = f.eachTOTP(ctx, func(row totpRow) error {
		if f.seal.stale(row) {
			s.Previous++
		} else if _, err := f.seal.open(row.ID, row.UserID, row.Secret); err != nil {
			s.Closed++
		}
		return nil
	})
	if err != nil || f.seal.previous == nil {
		return s, err
	}
	s.Codes, err = f.codesOf(ctx, f.seal.previous.name)
	return s, err
}

// SealAnew encrypts with the secret of now what the one before has encrypted.
// It may be repeated.
func (f *Factor) SealAnew(ctx context.Context) error {
	if f.seal.previous == nil {
		return nil
	}
	return f.eachTOTP(ctx, func(row totpRow) error {
		if !f.seal.stale(row) {
			return nil
		}
		secret, err := f.seal.open(row.ID, row.UserID, row.Secret)
		if err != nil {
			return err
		}
		return f.reseal(ctx, row, f.seal.close(row.ID, row.UserID, secret))
	})
}

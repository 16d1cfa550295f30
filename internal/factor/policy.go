package factor

// proofs counts what proves by itself; recovery codes only stand in.
func proofs(s Set) int {
	n := s.Passkeys
	if s.TOTP != nil {
		n++
	}
	return n
}

// last reports whether nothing is left when one is taken away.
func last(s Set) bool { return proofs(s) <= 1 }

// mayRemove says whether one of the factors of s may go.
func mayRemove(s Set) error {
	if s.Required && last(s) {
		return ErrNeeded
	}
	return nil
}

// mayAddPasskey says whether there is room for one more.
func mayAddPasskey(has int) error {
	if has >= maxPasskeys {
		return ErrPasskeysFull
	}
	return nil
}

package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"errors"
	"fmt"
)

// seal closes seeds for the table: AES-256-GCM, with the id of the key bound
// in, so that a row can neither be read nor exchanged for another.
type seal struct {
	aead     cipher.AEAD
	previous *seal // nil: none
}

// newSeal takes the key of before too, which may be nil.
func newSeal(key, previous []byte) (seal, error) {
	if len(key) != 32 {
		return seal{}, errors.New("the key that seals signing keys needs 32 bytes")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return seal{}, fmt.Errorf("make the seal of signing keys: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return seal{}, fmt.Errorf("make the seal of signing keys: %w", err)
	}
	if previous == nil {
		return seal{aead, nil}, nil
	}
	before, err := newSeal(previous, nil)
	return seal{aead, &before}, err
}

func (s seal) close(k Key) []byte {
	return s.aead.Seal(nil, nil, k.private.Seed(), []byte(k.ID)) //nolint:gosec // this AEAD makes its own nonce
}

func (s seal) open(id string, sealed []byte) (Key, error) {
	seed, err := s.aead.Open(nil, nil, sealed, []byte(id))
	if err != nil && s.previous != nil {
		return s.previous.open(id, sealed)
	}
	if err != nil || len(seed) != ed25519.SeedSize {
		return Key{}, errors.New("was sealed with another CONSERVATORY_SECRET, or altered")
	}
	key := newKey(ed25519.NewKeyFromSeed(seed))
	if key.ID != id {
		return Key{}, errors.New("does not bear its own id")
	}
	return key, nil
}

// stale tells what was sealed with the key of before.
func (s seal) stale(id string, sealed []byte) bool {
	if _, err := s.aead.Open(nil, nil, sealed, []byte(id)); err == nil || s.previous == nil {
		return false
	}
	_, err := s.previous.open(id, sealed)
	return err == nil
}

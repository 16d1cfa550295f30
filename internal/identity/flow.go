package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const flowTTL = 10 * time.Minute

// What a flow is for.
const (
	toSignIn = "sign_in"
	toSignUp = "sign_up" // or in
	toLink   = "link"
	toProve  = "prove"
)

// flow is one way to a provider and back.
type flow struct {
	ID       uuid.UUID
	Provider string
	Purpose  string
}

// Flow is what a browser gets to begin with.
type Flow struct {
	AuthorizationURL string
	Secret           string // stays in the browser
	ExpiresAt        time.Time
}

// Return is what a browser comes back with. Secret is what stayed in it; the
// rest came through the provider.
type Return struct {
	Secret, State, Code string
	Issuer              string // "" when the provider did not say (RFC 9207)
}

// Begin starts a sign-in; with signUp it may end in a new account. Faults:
// ErrNotFound for a provider nobody knows, ErrProvider.
func (i *Identity) Begin(ctx context.Context, provider string, signUp bool) (Flow, error) {
	purpose := toSignIn
	if signUp {
		purpose = toSignUp
	}
	return i.begin(ctx, provider, purpose, account.Actor{})
}

func (i *Identity) begin(ctx context.Context, provider, purpose string, who account.Actor) (Flow, error) {
	c, err := i.client(provider)
	if err != nil {
		return Flow{}, err
	}
	if err := i.db.Outside(ctx); err != nil {
		return Flow{}, fmt.Errorf("begin a sign-in: %w", err)
	}
	f := flow{ID: pg.NewID(), Provider: provider, Purpose: purpose}
	address, err := c.authorizationURL(ctx, i.secret("state", f.ID), i.secret("nonce", f.ID), i.verifier(f.ID), purpose == toProve)
	if err != nil {
		return Flow{}, err
	}
	now := i.clock.Now()
	out := Flow{AuthorizationURL: address, Secret: i.secret("browser", f.ID), ExpiresAt: now.Add(flowTTL)}
	return out, i.insertFlow(ctx, f, who, now, out.ExpiresAt)
}

// consume uses a flow up, for one of the purposes and for who began it
// (nobody, for a sign-in). It is committed at once. Fault: ErrFlow.
func (i *Identity) consume(ctx context.Context, r Return, who account.Actor, purposes ...string) (flow, *client, error) {
	if err := i.db.Outside(ctx); err != nil {
		return flow{}, nil, fmt.Errorf("finish a sign-in: a used flow must be committed: %w", err)
	}
	id, ok := i.open("browser", r.Secret)
	state, known := i.open("state", r.State)
	if !ok || !known || id != state {
		return flow{}, nil, ErrFlow
	}
	f, ok, err := i.useFlow(ctx, id, who, purposes, i.clock.Now())
	if err != nil {
		return flow{}, nil, err
	}
	if !ok {
		return flow{}, nil, ErrFlow
	}
	c, err := i.client(f.Provider)
	if err != nil {
		return flow{}, nil, ErrFlow // it was taken out of the configuration meanwhile
	}
	return f, c, nil
}

// prove lets the provider say who came back with a flow that is used up.
func (i *Identity) prove(ctx context.Context, f flow, c *client, r Return) (proof, error) {
	return c.exchange(ctx, r, i.secret("nonce", f.ID), i.verifier(f.ID))
}

// mac derives what only we can make for a purpose. The purpose is closed by a
// zero byte: none begins another.
func (i *Identity) mac(purpose string, id uuid.UUID) []byte {
	h := hmac.New(sha256.New, i.key)
	h.Write([]byte("flow-" + purpose))
	h.Write([]byte{0})
	h.Write(id[:])
	return h.Sum(nil)
}

// secret is one of the values of a flow; it says which flow, and that we made
// it.
func (i *Identity) secret(purpose string, id uuid.UUID) string {
	return base64.RawURLEncoding.EncodeToString(append(id[:], i.mac(purpose, id)...))
}

// verifier is the code verifier of a flow (RFC 7636).
func (i *Identity) verifier(id uuid.UUID) string {
	return base64.RawURLEncoding.EncodeToString(i.mac("verifier", id))
}

// open gives the flow of a secret; false when it is not one of ours, letter
// for letter.
func (i *Identity) open(purpose, secret string) (uuid.UUID, bool) {
	if len(secret) != base64.RawURLEncoding.EncodedLen(16+sha256.Size) {
		return uuid.Nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(raw) != 16+sha256.Size {
		return uuid.Nil, false
	}
	id := uuid.UUID(raw[:16])
	return id, hmac.Equal(raw[16:], i.mac(purpose, id))
}

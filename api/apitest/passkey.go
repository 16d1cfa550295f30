package apitest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/pkg/softkey"
)

// Options are what an operation asks a browser for.
func (h *House) Options(t testing.TB, path, token string) json.RawMessage {
	t.Helper()
	var asked struct {
		PublicKey json.RawMessage `json:"public_key"`
	}
	h.Do(t, Call{Method: http.MethodPost, Path: path, Token: token}).Must(t, http.StatusOK).Into(t, &asked)
	return asked.PublicKey
}

// NewPasskey is the body that adds a passkey of this browser to her account.
func (h *House) NewPasskey(t testing.TB, b *softkey.Browser, token string) map[string]any {
	t.Helper()
	made, err := b.Create(h.Options(t, "/v1/me/passkeys/options", token))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"name": "My phone", "credential": made}
}

// AddPasskey gives her one, and the browser that keeps it.
func (h *House) AddPasskey(t testing.TB, s Someone) (*softkey.Browser, uuid.UUID) {
	t.Helper()
	b := &softkey.Browser{Origin: Origin, Counts: true}
	var added struct{ ID uuid.UUID }
	h.Do(t, Call{Method: http.MethodPost, Path: "/v1/me/passkeys", Token: s.Token, Body: h.NewPasskey(t, b, s.Token)}).
		Must(t, http.StatusCreated).Into(t, &added)
	return b, added.ID
}

// Use is what a browser answers to the options of an operation.
func (h *House) Use(t testing.TB, b *softkey.Browser, path, token string) json.RawMessage {
	t.Helper()
	used, err := b.Get(h.Options(t, path, token))
	if err != nil {
		t.Fatal(err)
	}
	return used
}

// passkey fills in a call about passkeys.
func (w World) passkey(t testing.TB, op middleware.Operation, who Someone, c *Call) {
	t.Helper()
	switch {
	case op.ID == "signInWithPasskey":
		b, _ := w.h.AddPasskey(t, w.h.Person(t, "with a passkey"))
		c.Body = map[string]any{"credential": w.h.Use(t, b, "/v1/auth/passkey/options", "")}
	case who.Token == "":
	case op.ID == "addPasskey":
		c.Body = w.h.NewPasskey(t, &softkey.Browser{Origin: Origin}, who.Token)
	case op.ID == "beginPasskeyProof":
		w.h.AddPasskey(t, who)
	case strings.HasPrefix(op.Path, "/v1/me/passkeys/{id}"):
		_, id := w.h.AddPasskey(t, who)
		c.Path = strings.Replace(op.Path, "{id}", id.String(), 1)
	}
}

package stripesandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"time"
)

// savedReply is the first answer given under an idempotency key.
type savedReply struct {
	Print  string
	Status int
	Body   []byte
	At     time.Time
}

// keepFor is how long, in simulated time, an idempotency key is remembered.
const keepFor = 24 * time.Hour

// fingerprint identifies a request's method, path and parameters.
func fingerprint(method, path string, values url.Values) string {
	sum := sha256.Sum256([]byte(method + " " + path + "?" + values.Encode()))
	return hex.EncodeToString(sum[:])
}

// replay returns the saved answer of a key, or the error for using the key with
// other parameters. Neither means that the request is new.
func (s *Sandbox) replay(key, mark string) (*reply, *apiError) {
	saved, ok := s.state.Saved[key]
	if !ok || s.now().Sub(saved.At) >= keepFor {
		return nil, nil
	}
	if saved.Print != mark {
		return nil, &apiError{
			status: http.StatusBadRequest, kind: "idempotency_error",
			message: "Keys for idempotent requests can only be used with the same parameters they were first used with. " +
				"Try using a key other than '" + key + "' if you meant to execute a different request.",
		}
	}
	return &reply{status: saved.Status, body: saved.Body, replayed: true}, nil
}

// remember saves an answer under its key. Like Stripe it does not save answers
// given before the work began: bad parameters, bad keys, too many requests.
func (s *Sandbox) remember(key, mark string, a reply) {
	switch a.status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusConflict,
		http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return
	}
	s.state.Saved[key] = savedReply{Print: mark, Status: a.status, Body: a.body, At: s.now()}
	delete(s.encoded.replies, key)
}

func (s *Sandbox) pruneKeys() {
	for key, saved := range s.state.Saved {
		if s.now().Sub(saved.At) >= keepFor {
			delete(s.state.Saved, key)
			delete(s.encoded.replies, key)
		}
	}
}

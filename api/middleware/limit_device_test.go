package middleware_test

import (
	"net/http"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
)

// Somebody spends what an account has for guesses. On a new device its owner
// must wait to use her password; a passkey opens all the same.
func TestAPasskeyOpensWhereThePasswordMustWait(t *testing.T) {
	t.Parallel()
	h := apitest.New(t, strict, behindProxy)
	her := h.Person(t, "her")
	key, _ := h.AddPasskey(t, her)
	spends(t, h, her.Email)
	mine := attempt(900)
	mine.Body = password(her.Email, apitest.Password)
	h.Do(t, mine).Must(t, http.StatusTooManyRequests)
	h.Do(t, apitest.Call{
		Method: http.MethodPost, Path: "/v1/auth/passkey",
		Body: map[string]any{"credential": h.Use(t, key, "/v1/auth/passkey/options", "")},
	}).Must(t, http.StatusOK)
}

// Whoever has the token of one device guesses with it. Her own is told from
// strangers all the while.
func TestOneKnownDeviceDoesNotSpendWhatOthersHave(t *testing.T) {
	t.Parallel()
	h := apitest.New(t, strict, behindProxy)
	her := h.Person(t, "her")
	stolen, hers := deviceOf(t, h, her.Email, 900), deviceOf(t, h, her.Email, 901)
	spends(t, h, her.Email)
	judged(t, h, 30, func(i int) apitest.Call { return onDevice(i, her.Email, "a guess, and another", stolen) })
	h.Do(t, onDevice(902, her.Email, apitest.Password, hers)).Must(t, http.StatusOK)
}

// A new password makes strangers of the devices that were known before.
func TestANewPasswordShutsOutKnownDevices(t *testing.T) {
	t.Parallel()
	h := apitest.New(t, strict, behindProxy)
	her := h.Person(t, "her")
	his := deviceOf(t, h, her.Email, 900)
	h.Do(t, apitest.Call{Method: http.MethodPut, Path: "/v1/me/password", Token: her.Token, Body: map[string]string{
		"current_password": apitest.Password, "password": "room for one more yes",
	}}).Must(t, http.StatusNoContent)
	spends(t, h, her.Email)
	h.Do(t, onDevice(901, her.Email, "room for one more yes", his)).Must(t, http.StatusTooManyRequests)
}

// spends guesses until a mailbox has no guess left.
func spends(t *testing.T, h *apitest.House, email string) {
	t.Helper()
	_, last := judged(t, h, 12, func(i int) apitest.Call {
		c := attempt(i)
		c.Body = password(email, "a guess, and another")
		return c
	})
	last.Must(t, http.StatusTooManyRequests)
}

// deviceOf signs her in on one more device and gives what makes it known.
func deviceOf(t *testing.T, h *apitest.House, email string, from int) string {
	t.Helper()
	var session struct {
		DeviceToken string `json:"device_token"`
	}
	c := attempt(from)
	c.Body = password(email, apitest.Password)
	h.Do(t, c).Must(t, http.StatusOK).Into(t, &session)
	return session.DeviceToken
}

func onDevice(from int, email, secret, device string) apitest.Call {
	c := attempt(from)
	body := password(email, secret)
	body["device_token"] = device
	c.Body = body
	return c
}

// A file that has not been read yet counts, and so does one that is nothing.
func TestAFileIsCountedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	h := apitest.New(t, strict)
	her := h.Person(t, "her")
	file := func(media string) apitest.Answer {
		return h.Do(t, apitest.Call{
			Method: http.MethodPut, Path: "/v1/me/avatar", Token: her.Token, Raw: []byte("no picture"), Header: map[string]string{"Content-Type": media},
		})
	}
	for range 20 {
		file("text/plain").Must(t, http.StatusUnsupportedMediaType)
	}
	file("image/png").Must(t, http.StatusTooManyRequests)
}

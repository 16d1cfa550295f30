package middleware_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/server"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write keeps p.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestTheLogKnowsNobody(t *testing.T) { //nolint:paralleltest // listens to the log of the whole process
	var log lockedBuffer
	before := slog.Default()
	slog.SetDefault(server.NewLogger(&log, slog.LevelDebug))
	defer slog.SetDefault(before)

	h := apitest.New(t)
	admin := h.Person(t, "Maria Xylander", account.Admin)
	do := func(status int, c apitest.Call, token string, body any) {
		t.Helper()
		c.Token, c.Body = token, body
		h.Do(t, c).Must(t, status)
	}
	do(http.StatusAccepted, call(http.MethodPost, "/v1/auth/signup"), "",
		map[string]string{"email": "secretive@example.org", "password": "mumbled password", "display_name": "Quietly Yours"})
	do(http.StatusUnauthorized, call(http.MethodPost, "/v1/auth/login"), "", map[string]string{"email": "secretive@example.org", "password": "mumbled password"})
	do(http.StatusOK, get("/v1/admin/members?q=secretive%40example.org"), admin.Token, nil)
	do(http.StatusUnauthorized, get("/v1/me"), "stolen.token.value", nil)
	do(http.StatusNotFound, get("/secretive@example.org"), "", nil)
	do(http.StatusBadRequest, get("/v1/plans?email=secretive@example.org"), "", nil)

	text := log.String()
	for _, operation := range []string{"signUp", "logIn", "listMembers", "getMe", "none", "listPlans"} {
		if !strings.Contains(text, `"operation":"`+operation+`"`) {
			t.Errorf("no line for %s", operation)
		}
	}
	if !strings.Contains(text, `"request_id":"`) {
		t.Error("no line has the id of its request")
	}
	for _, private := range []string{"secretive", "example.org", "mumbled", "Quietly", "Xylander", "127.0.0.1", "stolen.token", admin.Token, admin.ID.String()} {
		if strings.Contains(text, private) {
			t.Errorf("the log knows %q:\n%s", private, text)
		}
	}
}

package webhook_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	stripewebhook "github.com/stripe/stripe-go/v76/webhook"

	"github.com/womens-tech-conservatory/conservatory/api/webhook"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/job"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const secret = "whsec_0123456789abcdef0123456789abcdef"

// door is the handler behind a router that keeps what went wrong.
func door(t *testing.T, db *pg.DB) (h http.Handler, wrong func() error) {
	t.Helper()
	gin.SetMode(gin.TestMode)
	q, err := job.New(db, job.Config{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := billing.New(db, clock.System{}, membership.New(db, clock.System{}, outbox.New(db, clock.System{})), q,
		billing.Config{SecretKey: "sk_test_x", WebhookSecrets: []string{secret}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var last error
	engine := gin.New()
	engine.POST("/", func(c *gin.Context) {
		c.Next()
		last = nil
		if e := c.Errors.Last(); e != nil {
			last = e.Err
			c.AbortWithStatus(http.StatusTeapot)
		}
	}, webhook.Stripe(b))
	return engine, func() error { return last }
}

func post(t *testing.T, h http.Handler, body io.Reader, header string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", body)
	req.Header.Set("Stripe-Signature", header)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

func sign(body []byte) string {
	return stripewebhook.GenerateTestSignedPayload(&stripewebhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: clock.System{}.Now()}).Header
}

func TestStripe(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	h, wrong := door(t, db)
	event := []byte(`{"id":"evt_1","object":"event","type":"invoice.paid","api_version":"2023-10-16","created":1767225600,
		"data":{"object":{"id":"in_1","object":"invoice","customer":"cus_1"}}}`)

	if rec := post(t, h, bytes.NewReader(event), sign(event)); rec.Code != http.StatusOK || rec.Body.String() != `{"message":"Stored."}` {
		t.Errorf("a good event: %d %s %v", rec.Code, rec.Body, wrong())
	}
	if post(t, h, bytes.NewReader(event), "t=1,v1=00"); !errors.Is(wrong(), billing.ErrSignature) {
		t.Errorf("a bad signature: %v", wrong())
	}
	large := bytes.Repeat([]byte(" "), 512<<10+1)
	post(t, h, bytes.NewReader(large), sign(large))
	if f := fault.From(wrong()); f == nil || f.Kind != fault.TooLarge || f.Code != "body-too-large" {
		t.Errorf("a byte too much: %v", wrong())
	}
	full := append(append([]byte{}, event...), bytes.Repeat([]byte(" "), 512<<10-len(event))...)
	if rec := post(t, h, bytes.NewReader(full), sign(full)); rec.Code != http.StatusOK {
		t.Errorf("as large as it may be: %v", wrong())
	}
}

func TestAnEventThatCannotBeStoredMustComeAgain(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	h, wrong := door(t, db)
	event := []byte(`{"id":"evt_1","object":"event","type":"invoice.paid","api_version":"2023-10-16","created":1,"data":{"object":{"object":"invoice"}}}`)
	header := sign(event)
	db.Close()
	if post(t, h, bytes.NewReader(event), header); wrong() == nil || fault.From(wrong()) != nil {
		t.Errorf("storage failed, and it says %v", wrong())
	}
}

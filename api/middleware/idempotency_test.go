package middleware_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	conservatory "github.com/womens-tech-conservatory/conservatory"
	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/api/problem"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/idempotency"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestTwentyAtOnceWithOneKeyHaveOneEffect(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	c := call(http.MethodPost, "/v1/spaces/"+w.SpaceA.String()+"/topics", "Idempotency-Key", uuid.NewString())
	c.Token, c.Body = w.A.Token, map[string]string{"title": "Only once", "body": "Once."}
	answers := make([]apitest.Answer, 20)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = h.Do(t, c) })
	}
	wg.Wait()
	fresh := 0
	for _, a := range answers {
		switch {
		case a.Status == http.StatusCreated && a.Header.Get("Idempotency-Replayed") == "":
			fresh++
		case a.Status == http.StatusCreated:
		case a.Status == http.StatusConflict && a.Code() == "idempotency-key-in-progress" && a.Header.Get("Retry-After") == "1":
		default:
			t.Errorf("answered %d: %s", a.Status, a.Body)
		}
	}
	var page struct{ Items []struct{ ID uuid.UUID } }
	list := get("/v1/spaces/" + w.SpaceA.String() + "/topics")
	list.Token = w.A.Token
	h.Do(t, list).Must(t, http.StatusOK).Into(t, &page)
	if fresh != 1 || len(page.Items) != 1 {
		t.Errorf("%d were worked on, %d topics; want 1 and 1", fresh, len(page.Items))
	}
}

func TestAKeyThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	for _, key := range []string{strings.Repeat("k", 65), "two words", "schlüssel"} {
		c := call(http.MethodPost, "/v1/spaces/"+w.SpaceA.String()+"/topics", "Idempotency-Key", key)
		c.Token, c.Body = w.A.Token, map[string]string{"title": "Only once", "body": "Once."}
		if a := h.Do(t, c).Must(t, http.StatusBadRequest); !strings.Contains(string(a.Body), "#/header/Idempotency-Key") {
			t.Errorf("%q: %s", key, a.Body)
		}
	}
}

// keeper is the middleware before a handler that answers as it is told.
type keeper struct {
	engine *gin.Engine
	does   func(c *gin.Context)
	worked int
}

func newKeeper(t *testing.T) *keeper {
	t.Helper()
	contract, err := middleware.LoadContract(t.Context(), conservatory.Contract)
	if err != nil {
		t.Fatal(err)
	}
	db := pgtest.New(t)
	who := account.Actor{ID: pg.NewID(), Verified: true}
	_, err = db.Pool().Exec(t.Context(), `INSERT INTO users (id, email, email_key, display_name, time_zone, state, version, created_at, updated_at)
		VALUES ($1, 'a@example.org', 'a@example.org', 'Ann', 'UTC', 'active', 1, now(), now())`, who.ID)
	if err != nil {
		t.Fatal(err)
	}
	k := &keeper{engine: gin.New()}
	k.engine.Use(middleware.Recover, func(c *gin.Context) {
		c.Request = c.Request.WithContext(account.WithActor(c.Request.Context(), who))
	}, middleware.Idempotent(contract, idempotency.New(db, clock.System{})))
	k.engine.POST("/v1/topics/:id/posts", func(c *gin.Context) {
		k.worked++
		k.does(c)
	})
	return k
}

func (k *keeper) ask(ctx context.Context) (rec *httptest.ResponseRecorder) {
	rec = httptest.NewRecorder()
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/topics/1/posts", strings.NewReader(`{"body":"a"}`))
	req.Header.Set("Idempotency-Key", "one")
	k.engine.ServeHTTP(rec, req)
	return rec
}

func TestOnlyFinalAnswersAreKept(t *testing.T) {
	t.Parallel()
	status := func(code int) func(*gin.Context) {
		return func(c *gin.Context) { c.String(code, "answer") }
	}
	for name, a := range map[string]struct {
		does func(*gin.Context)
		kept bool
	}{
		"done":                 {status(http.StatusCreated), true},
		"not right":            {status(http.StatusUnprocessableEntity), true},
		"in each other's way":  {status(http.StatusConflict), false},
		"too much":             {status(http.StatusTooManyRequests), false},
		"our fault":            {status(http.StatusInternalServerError), false},
		"the database is away": {status(http.StatusServiceUnavailable), false},
		"a panic":              {func(*gin.Context) { panic("oh") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeeper(t)
			k.does = a.does
			first := k.ask(t.Context())
			k.does = status(http.StatusTeapot)
			second := k.ask(t.Context())
			if kept := k.worked == 1 && second.Code == first.Code && second.Header().Get("Idempotency-Replayed") == "true"; kept != a.kept {
				t.Errorf("answered %d, then %d; kept: %v, want %v", first.Code, second.Code, kept, a.kept)
			}
		})
	}

	t.Run("the caller left before anything was done", func(t *testing.T) {
		t.Parallel()
		k := newKeeper(t)
		ctx, leave := context.WithCancel(t.Context())
		k.does = func(c *gin.Context) {
			leave()
			problem.Write(c, ctx.Err())
		}
		k.ask(ctx)
		k.does = status(http.StatusCreated)
		if again := k.ask(t.Context()); again.Code != http.StatusCreated || k.worked != 2 {
			t.Errorf("when she came back she was answered %d", again.Code)
		}
	})
}

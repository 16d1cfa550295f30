package apitest

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// usesUp tells the operations that somebody can do only so often.
func usesUp(op middleware.Operation) bool {
	return op.ID == "askForExport" || op.ID == "linkIdentity" || strings.HasPrefix(op.Path, "/v1/me/exports/{id}") || strings.HasPrefix(op.Path, "/v1/me/erasure")
}

// Export makes a copy of her data and gives its id.
func (h *House) Export(t testing.TB, s Someone) uuid.UUID {
	t.Helper()
	e, err := h.App.Privacy.AskForExport(t.Context(), s.Actor())
	if err != nil {
		t.Fatal(err)
	}
	if err := h.App.Privacy.MakeExport(t.Context(), e.ID); err != nil {
		t.Fatal(err)
	}
	return e.ID
}

// planErasure plans the end of an account, also of one whose owner may not.
func (h *House) planErasure(t testing.TB, s Someone) {
	t.Helper()
	_, err := h.App.DB.Pool().Exec(t.Context(), `INSERT INTO erasures (id, user_id, posts, planned_at, due_at, steps_done)
VALUES ($1, $2, 'pseudonymise', now(), now() + interval '7 days', '')`, pg.NewID(), s.ID)
	if err != nil {
		t.Fatal(err)
	}
}

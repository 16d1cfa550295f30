package apitest

import (
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/invitation"
)

// Invite makes an invitation as an operator would, and gives its token.
func (h *House) Invite(t testing.TB, in invitation.Invite) (o invitation.Offer, token string) {
	t.Helper()
	o, link, err := h.App.Invitation.InviteByHand(t.Context(), in, false)
	if err != nil {
		t.Fatal(err)
	}
	return o, link[len(h.App.Config.FrontendURL+"/join#token="):]
}

// invite makes an invitation to cohort A that is hers to manage, if she may
// invite at all: with an address where it is sent again, else an open link.
func (w World) invite(t testing.TB, op middleware.Operation, who Someone) invitation.Offer {
	t.Helper()
	in := invitation.Invite{CohortID: w.CohortA}
	if op.ID == "resendInvitation" {
		in.Email = uuid.NewString() + "@example.org"
	}
	if who.Role != w.Coach.Role {
		who = w.Admin
	}
	o, err := w.h.App.Invitation.Invite(t.Context(), account.Actor{ID: who.ID, Verified: true, Roles: who.roles}, in)
	if err != nil {
		t.Fatal(err)
	}
	if op.ID == "resendInvitation" { // long enough after it was sent
		if _, err := w.h.App.DB.Pool().Exec(t.Context(), `UPDATE invitation_letters SET created_at = created_at - interval '1 hour' WHERE invitation_id = $1`, o.ID); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// invited puts a token that works, or cohort A, into a request about
// invitations.
func (w World) invited(t testing.TB, op middleware.Operation, c *Call) {
	t.Helper()
	body, _ := c.Body.(map[string]any)
	switch op.ID {
	case "listInvitations":
		c.Path += "?cohort_id=" + w.CohortA.String()
	case "createInvitation":
		c.Body = map[string]any{"cohort_id": w.CohortA.String(), "uses": 1, "expires_in_days": 7, "email": uuid.NewString() + "@example.org"}
	case "showInvitation", "acceptInvitation":
		_, body["token"] = w.h.Invite(t, invitation.Invite{}) // access would change who she is
	case "joinByInvitation":
		_, body["token"] = w.h.Invite(t, invitation.Invite{AccessDays: 30, Email: uuid.NewString() + "@example.org"})
		delete(body, "email")
	}
}

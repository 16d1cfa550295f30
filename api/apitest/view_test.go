package apitest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// inView are the columns with a text of hers, or about her, that support may
// see: who she is, and what keeps her out.
func inView() []string {
	return []string{"users.display_name", "users.email", "suspensions.reason", "suspensions.told", "bans.reason", "bans.told"}
}

// She is in every table, with a canary in every column that tells of her.
func TestSupportSeesNothingThatSheKeepsForHerself(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	maria, _ := pair(t, h)
	admin := h.Person(t, "support", account.Admin)
	a := h.Do(t, apitest.Call{Method: http.MethodGet, Path: "/v1/admin/members/" + maria.ID.String() + "/view", Token: admin.Token}).Must(t, http.StatusOK)
	body := string(a.Body)
	for column, canary := range maria.canaries {
		if canary != "" && strings.Contains(body, canary) && !slices.Contains(inView(), column) {
			t.Errorf("it shows %s: %s", column, body)
		}
	}
	if len(maria.canaries) < 50 || !strings.Contains(body, maria.canaries["users.display_name"]) {
		t.Errorf("of %d canaries her name is not in %s", len(maria.canaries), body)
	}
}

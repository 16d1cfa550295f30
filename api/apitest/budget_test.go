package apitest_test

import (
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"
	"text/tabwriter"

	"github.com/womens-tech-conservatory/conservatory/api/apitest"
	"github.com/womens-tech-conservatory/conservatory/api/middleware"
)

// budget is how many SQL statements one request may take, with everything:
// who is it, may she, the work, the events. Round trips are what a request
// costs.
func budget(op middleware.Operation) int {
	if n, ok := map[string]int{
		"listTopics": 3, "listPosts": 4, "reply": 6, "listUnread": 2, "viewMember": 7, "suspendMember": 20,
		"giveDiscount": 25,                     // a subscription is taken over
		"getMoneyBack": 7, "refundInvoice": 45, // Stripe is asked twice, and all it says is written
		"changePlan":        38, // all that Stripe has of her is taken over: subscriptions, invoices, ledger, access
		"keepPlan":          21,
		"movePlan":          38, // as changePlan
		"getCheckout":       12, // it asks Stripe, and takes over what it says
		"joinByInvitation":  21, // an account, what was offered and a session
		"undoEmail":         17, // an account in four domains
		"decideApplication": 24, // an answer, a grant, an award and what pays for it
		"endMembership":     31, // what Stripe has of her is taken over, with her ledger and her access
		"pauseMembership":   23, // a plan for Stripe is written down, Stripe is told, and its answer taken over
		"returnFromPause":   26,
		"mergeCustomer":     16,
	}[op.ID]; ok {
		return n
	}
	if op.Method == http.MethodGet {
		return 5
	}
	return 15
}

// go test ./api/apitest -run Budgets -v prints the table.
func TestStatementBudgets(t *testing.T) {
	t.Parallel()
	h := apitest.New(t)
	w := h.World(t)
	var mu sync.Mutex
	seen := map[string]middleware.Observed{}
	h.App.Observe = func(o middleware.Observed) {
		mu.Lock()
		defer mu.Unlock()
		seen[o.Operation] = o
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "operation\tstatements\tbudget\tstatus")
	for _, op := range h.App.Contract.Operations {
		if op.ID == "openStream" || op.Raw || op.ID == "getReadiness" {
			continue // no end, no caller, and a check of everything
		}
		call := w.Example(t, op)
		h.Do(t, call)
		call = w.Example(t, op) // a second time: what is prepared once is prepared
		h.Do(t, call)
		mu.Lock()
		o := seen[op.ID]
		mu.Unlock()
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\n", op.ID, o.Statements, budget(op), o.Status)
		if o.Statements > budget(op) {
			t.Errorf("%s takes %d statements, budget %d", op.ID, o.Statements, budget(op))
		}
		if o.Status == 0 {
			t.Errorf("%s was not observed", op.ID)
		}
	}
	if testing.Verbose() {
		if err := table.Flush(); err != nil {
			t.Fatal(err)
		}
	}
}

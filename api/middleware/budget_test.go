package middleware_test

import (
	"strings"
	"testing"

	conservatory "github.com/womens-tech-conservatory/conservatory"
	"github.com/womens-tech-conservatory/conservatory/api/middleware"
)

// contractWith is a contract of one operation.
func contractWith(access, limit, members string) string {
	spec := `
openapi: 3.1.0
info: {title: t, version: '1'}
x-limit: {anyone: 60/1m, signed_in: 300/1m, known: 20/1h, device: 5/1h}
paths:
  /x:
    post:
      operationId: x
      x-access: ` + access + `
      LIMIT
      requestBody:
        content:
          application/json:
            schema: {type: object, properties: {` + members + `}}
      responses: {'204': {description: done}}
`
	if limit == "" {
		return strings.Replace(spec, "LIMIT", "tags: []", 1)
	}
	return strings.Replace(spec, "LIMIT", "x-limit: "+limit, 1)
}

func TestContractWithoutLimitsIsRefused(t *testing.T) {
	t.Parallel()
	const (
		email     = "email: {type: string}"
		password  = "password: {type: string}"
		title     = "title: {type: string}"
		anyone    = "{who: anyone}"
		signedIn  = "{who: signed_in}"
		byAddress = "{per: address, rate: 30/15m}"
		forAll    = "{per: all, rate: 20/1s}"
	)
	for _, c := range []struct{ what, access, limit, members, want string }{
		{"public with a body", anyone, "", title, "per address"},
		{"public with an address of a mailbox", anyone, "[" + byAddress + "]", email, "per account"},
		{"a secret of somebody signed in", signedIn, "", password, "per account"},
		{"a secret of an admin", "{who: admin}", "[" + byAddress + "]", password, "per account"},
		{"a rate that is none", anyone, "[{per: address, rate: often}]", title, "not a quota"},
		{"a rate of nothing", anyone, "[{per: address, rate: 0/1m}]", title, "not a quota"},
		{"counted for what there is not", anyone, "[{per: galaxy, rate: 1/1m}]", title, "galaxy"},
		{"public with a secret, for guesses from everywhere", anyone, "[" + byAddress + "]", password, "for all"},
		{"public with a letter, asked for from everywhere", anyone, "[" + byAddress + ", {per: recipient, rate: 3/3h}]", email, "for all"},
		{"public with all of it", anyone, "[" + byAddress + ", {per: account, rate: 5/1m}, " + forAll + "]", email + ", " + password, ""},
		{"public, and a letter is written", anyone, "[" + byAddress + ", {per: recipient, rate: 3/3h}, " + forAll + "]", email, ""},
		{"a secret with a budget", signedIn, "[{per: account, rate: 5/1m}]", password, ""},
		{"nothing to guess", signedIn, "", title, ""},
		{"signed by a machine", "{who: anyone, proof: signature}", "", title, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			_, err := middleware.LoadContract(t.Context(), []byte(contractWith(c.access, c.limit, c.members)))
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("want an error with %q, got %v", c.want, err)
			}
		})
	}
}

func TestGeneralLimitIsNeeded(t *testing.T) {
	t.Parallel()
	spec := strings.Replace(string(conservatory.Contract), "\nx-limit: {anyone: 60/1m, signed_in: 300/1m, known: 20/1h, device: 5/1h}", "", 1)
	if _, err := middleware.LoadContract(t.Context(), []byte(spec)); err == nil || !strings.Contains(err.Error(), "x-limit.anyone") {
		t.Errorf("a contract without a general limit: %v", err)
	}
}

func TestOrderOfBudgets(t *testing.T) {
	t.Parallel()
	contract, err := middleware.LoadContract(t.Context(), []byte(contractWith("{who: anyone}",
		"[{per: all, rate: 20/1s}, {per: account, rate: 10/1h}, {per: account, rate: 5/1m}, {per: address, rate: 30/15m}]", "email: {type: string}")))
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, b := range contract.Operations[0].Budgets {
		order = append(order, string(b.Per)+" "+b.Quota.Within.String())
	}
	if got := strings.Join(order, ", "); got != "address 15m0s, account 1m0s, account 1h0m0s, all 1s" {
		t.Errorf("asked in the order %s", got)
	}
}

package middleware

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/womens-tech-conservatory/conservatory/pkg/ratelimit"
)

// Per is what a budget is counted for.
type Per string

// The answers of x-limit.per.
const (
	PerAccount   Per = "account"   // who is signed in, or the e-mail address that is named while nobody is
	PerRecipient Per = "recipient" // the e-mail address that is written to, over all operations
	PerSession   Per = "session"   // of the refresh token
	PerAddress   Per = "address"   // where the caller comes from
	PerAll       Per = "all"       // everybody together
)

// Budget is one line of an x-limit: so many requests for each of what.
type Budget struct {
	Per   Per
	Quota ratelimit.Quota
}

// General are the budgets that all operations share.
type General struct {
	Anyone   ratelimit.Quota // for each address, while nobody is signed in
	SignedIn ratelimit.Quota // for each person
	// Known is how often all devices that are known for one e-mail address are
	// told from strangers. Each time somebody signs in one more is known: their
	// own budgets alone would be no bound.
	Known ratelimit.Quota
	// Device is how often one of them is, before what all of them have.
	Device ratelimit.Quota
}

func general(doc *openapi3.T) (General, error) {
	var texts map[string]string
	if err := extension(doc.Extensions, "x-limit", &texts); err != nil {
		return General{}, err
	}
	var g General
	var wrong []error
	for name, into := range map[string]*ratelimit.Quota{"anyone": &g.Anyone, "signed_in": &g.SignedIn, "known": &g.Known, "device": &g.Device} {
		var err error
		if *into, err = ratelimit.ParseQuota(texts[name]); err != nil {
			wrong = append(wrong, fmt.Errorf("x-limit.%s: %w", name, err))
		}
	}
	return g, errors.Join(wrong...)
}

func budgets(op *openapi3.Operation) ([]Budget, error) {
	var lines []struct {
		Per  Per    `json:"per"`
		Rate string `json:"rate"`
	}
	if err := extension(op.Extensions, "x-limit", &lines); err != nil {
		return nil, err
	}
	all := make([]Budget, len(lines))
	for i, line := range lines {
		if !slices.Contains([]Per{PerAccount, PerRecipient, PerSession, PerAddress, PerAll}, line.Per) {
			return nil, fmt.Errorf("x-limit.per is %q", line.Per)
		}
		q, err := ratelimit.ParseQuota(line.Rate)
		if err != nil {
			return nil, fmt.Errorf("x-limit.rate: %w", err)
		}
		all[i] = Budget{line.Per, q}
	}
	slices.SortStableFunc(all, asked)
	return all, nil
}

// asked is the order in which budgets are asked: those of the caller before
// those that others share, so that who is refused takes nothing from them; and
// what is refilled soonest before the rest, so that haste does not use up what
// takes an hour to come back.
func asked(a, b Budget) int {
	order := []Per{PerAddress, PerSession, PerAccount, PerRecipient, PerAll}
	return cmp.Or(cmp.Compare(slices.Index(order, a.Per), slices.Index(order, b.Per)), cmp.Compare(a.Quota.Within, b.Quota.Within))
}

func extension(from map[string]any, name string, into any) error {
	raw, err := json.Marshal(from[name])
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// secrets are members of a body that somebody could guess.
func secrets() []string {
	return []string{"password", "current_password", "code", "token", "totp", "recovery_code", "refresh_token"}
}

// guarded refuses an operation that could be used for guessing, or for
// writing to strangers, and has no budget for it.
func (op *Operation) guarded() error {
	has := func(per ...Per) bool {
		return slices.ContainsFunc(op.Budgets, func(b Budget) bool { return slices.Contains(per, b.Per) })
	}
	public, secret := op.Access.Who == Anyone && !op.Raw, slices.ContainsFunc(secrets(), op.Takes)
	switch {
	case public && op.Route.Operation.RequestBody != nil && !has(PerAddress):
		return errors.New("it is public and takes a body, so its x-limit needs a line per address")
	case public && op.Takes("email") && !has(PerAccount, PerRecipient):
		return errors.New("it is public and takes an e-mail address, so its x-limit needs a line per account (where a secret is checked) or per recipient (where a mail is sent)")
	case public && (secret || op.Takes("email")) && !has(PerAll):
		return errors.New("it is public and checks a secret or writes a letter, so its x-limit needs a line for all")
	case op.Access.Who != Anyone && secret && !has(PerAccount):
		return errors.New("it checks a secret, so its x-limit needs a line per account")
	}
	return nil
}

// Takes reports whether a member of the body has this name.
func (op *Operation) Takes(member string) bool {
	body := op.Route.Operation.RequestBody
	if body == nil || body.Value == nil {
		return false
	}
	media := body.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil {
		return false
	}
	_, ok := media.Schema.Value.Properties[member]
	return ok
}

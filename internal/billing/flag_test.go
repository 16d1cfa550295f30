package billing_test

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

func (r *rig) flags() map[billing.FlagKind]billing.Flag {
	r.t.Helper()
	all, err := r.billing.Flags(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	found := map[billing.FlagKind]billing.Flag{}
	for _, f := range all {
		found[f.Kind] = f
	}
	if len(found) != len(all) {
		r.t.Errorf("%d flags of %d kinds", len(all), len(found))
	}
	return found
}

func TestWhatOnlyAPersonCanAnswerRaisesAFlag(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who, admin := r.join(goodCard), r.staff()
	invoice := r.stripe("GET", "/v1/invoices", url.Values{"customer": {r.customer(who.ID)}})["data"].([]any)[0].(map[string]any)["id"].(string)
	charge := r.charged(who)
	for range 2 {
		r.control("POST", "objects/"+invoice+"/emit", `{"type":"invoice.finalization_failed"}`)
		r.control("POST", "charges/"+charge+"/warning", "")
	}
	r.settle()
	up := r.flags()
	if f := up[billing.InvoiceStuck]; f.Subject != invoice || f.UserID == nil || *f.UserID != who.ID {
		t.Errorf("%+v", f)
	}
	if f := up[billing.FraudWarning]; f.Subject != charge || f.UserID == nil || *f.UserID != who.ID {
		t.Errorf("%+v", f)
	}
	if a := r.access(who); a.Level != membership.Full {
		t.Errorf("a suspicion closes nothing: %+v", a)
	}
	if err := r.billing.ClearFlag(t.Context(), who, up[billing.FraudWarning].ID); !errors.Is(err, fault.ErrNotAllowed) {
		t.Errorf("%v", err)
	}
	if err := r.billing.ClearFlag(t.Context(), admin, up[billing.FraudWarning].ID); err != nil {
		t.Error(err)
	}
	for _, id := range []uuid.UUID{up[billing.FraudWarning].ID, uuid.New()} {
		if err := r.billing.ClearFlag(t.Context(), admin, id); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%v", err)
		}
	}
	if up := r.flags(); len(up) != 1 || r.acts["billing.flag-clear"] != 1 {
		t.Errorf("%+v, audited %v", up, r.acts)
	}
}

func TestACatalogueThatDriftsRaisesAFlagUntilItIsRightAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	price := r.stripe("GET", "/v1/prices", url.Values{"lookup_keys[0]": {"circle.monthly"}})["data"].([]any)[0].(map[string]any)["id"].(string)
	r.stripe("POST", "/v1/prices/"+price, url.Values{"active": {"false"}})
	r.settle()
	if f := r.flags()[billing.CatalogueDrift]; f.Subject != price || f.Detail == "" || f.UserID != nil {
		t.Errorf("%+v", f)
	}
	r.stripe("POST", "/v1/prices/"+price, url.Values{"active": {"true"}})
	r.settle()
	if up := r.flags(); len(up) != 0 {
		t.Errorf("%+v", up)
	}
}

// Every type of event that we know is applied for a member, whatever it is
// about, and what we do not know is stored and does nothing.
func TestEveryTypeOfEventIsAppliedAndAnUnknownOneIsKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	who := r.join(goodCard)
	customer := r.customer(who.ID)
	sub := r.subscription(customer)
	method := r.stripe("GET", "/v1/subscriptions/"+sub, nil)["default_payment_method"].(string)
	invoice := r.stripe("GET", "/v1/invoices", url.Values{"customer": {customer}})["data"].([]any)[0].(map[string]any)["id"].(string)
	for kind, about := range map[string]string{
		"invoice.upcoming": invoice, "payment_method.automatically_updated": method, "payment_method.attached": method,
		"customer.discount.created": sub, "subscription_schedule.aborted": sub, "customer.subscription.trial_will_end": sub,
		"invoice.will_be_due": invoice, "some.thing_new": sub,
	} {
		r.control("POST", "objects/"+about+"/emit", `{"type":"`+kind+`"}`)
	}
	r.settle()
	if n := r.number(`SELECT count(*) FROM stripe_events WHERE state NOT IN ('applied', 'ignored')`); n != 0 {
		t.Errorf("%d wait", n)
	}
	if n := r.number(`SELECT count(*) FROM stripe_events WHERE type IN ('invoice.will_be_due', 'some.thing_new') AND state = 'ignored'`); n != 2 {
		t.Errorf("%d unknown ones are kept", n)
	}
	if a := r.access(who); a.Level != membership.Full {
		t.Errorf("%+v", a)
	}
}

package billing_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// unkey#6806, servicebot#407: who sent the id of somebody else's subscription
// ended or changed it.
func TestInvariant13WhatIsSomebodyElsesIsNotThere(t *testing.T) {
	t.Parallel()
	r := changeRig(t)
	eve, who := r.join(goodCard), r.join(goodCard)
	q, line := r.quote(who, "studio", "monthly"), r.line(who)
	open := r.checkout(r.user(), "monthly")
	for name, err := range map[string]error{
		"her quote": r.billing.ChangePlan(t.Context(), eve, q.ID),
		"a checkout": func() error {
			_, err := r.billing.Checkout(t.Context(), eve, open.ID)
			return err
		}(),
		"her subscription": func() error {
			_, err := r.billing.Quote(t.Context(), eve, billing.PlanChange{Plan: "studio", Price: "monthly", Subscription: line.ID})
			return err
		}(),
		"a purchase of nobody": func() error {
			_, err := r.billing.Purchase(t.Context(), eve, uuid.New())
			return err
		}(),
	} {
		if !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after := r.line(who); after.PriceKey != line.PriceKey || after.CancelAtPeriodEnd || r.taken(who) != 4900 {
		t.Errorf("%+v", after)
	}
}

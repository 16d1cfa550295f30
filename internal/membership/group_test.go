package membership_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// priced is a snapshot of the one price of a plan of a group.
func (r rig) priced(t *testing.T, user uuid.UUID, slug, group string, after time.Duration) membership.Snapshot {
	t.Helper()
	spec := circle(slug)
	spec.Group = group
	r.save(t, spec)
	sale, err := r.membership.Price(r.ctx, slug, spec.Prices[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	s := running(user)
	s.PlanID, s.PriceID, s.StartedAt = &sale.Plan.ID, &sale.Price.ID, noon.Add(after)
	return s
}

func (r rig) held(t *testing.T, s membership.Snapshot) bool {
	t.Helper()
	return scalar[bool](t, r, `SELECT held FROM subscriptions WHERE stripe_id = $1`, s.StripeID)
}

// I4: what Stripe has is recorded, and one of a group is the one.
func TestInvariant04OneSubscriptionOfAGroupIsHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	user := r.user(t)
	first, second := r.priced(t, user, "circle", "", 0), r.priced(t, user, "studio", "", time.Hour)
	other := r.priced(t, user, "lab", "coaching", time.Hour)
	for _, s := range []membership.Snapshot{second, first, other} {
		r.record(t, s)
	}
	if r.held(t, first) || !r.held(t, second) || !r.held(t, other) {
		t.Error("the one that was first known is held, and one of the other group")
	}
	for group, want := range map[string]bool{"membership": true, "coaching": true, "elsewhere": false} {
		if live, err := r.membership.LiveIn(r.ctx, user, group); live != want || err != nil {
			t.Errorf("%s: %v, %v", group, live, err)
		}
	}
	second.Status, second.EndedAt = membership.Canceled, &noon
	r.record(t, second)
	if !r.held(t, first) || r.held(t, second) {
		t.Error("when it ends, the other takes its place")
	}
	first.PlanID, first.PriceID = other.PlanID, other.PriceID // changed at Stripe
	r.record(t, first)
	if r.held(t, first) || !r.held(t, other) {
		t.Error("who comes into a group does not push out who is there")
	}
}

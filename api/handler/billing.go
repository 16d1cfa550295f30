package handler

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/pkg/cursor"
)

// Billing answers those who look after payments.
type Billing struct {
	Membership *membership.Membership
	Billing    *billing.Billing
	Cursors    *cursor.Sealer
}

// GetBillingProof answers GET /v1/admin/billing/proof.
func (h Billing) GetBillingProof(ctx context.Context, _ openapi.GetBillingProofRequestObject) (openapi.GetBillingProofResponseObject, error) {
	t, err := h.Billing.Proof(ctx)
	return openapi.GetBillingProof200JSONResponse(truthOut(t)), err
}

// StartBillingProof answers POST /v1/admin/billing/proof.
func (h Billing) StartBillingProof(ctx context.Context, _ openapi.StartBillingProofRequestObject) (openapi.StartBillingProofResponseObject, error) {
	if err := h.Billing.StartProof(ctx); err != nil {
		return nil, err
	}
	t, err := h.Billing.Proof(ctx)
	return openapi.StartBillingProof202JSONResponse(truthOut(t)), err
}

// ListBillingEvents answers GET /v1/admin/billing/events.
func (h Billing) ListBillingEvents(ctx context.Context, r openapi.ListBillingEventsRequestObject) (openapi.ListBillingEventsResponseObject, error) {
	p := r.Params
	f := billing.EventFilter{State: string(p.State), Type: p.Type}
	if f.State == "" {
		f.State = string(openapi.BillingEventStateDead)
	}
	list := "billing-events/" + f.State + "/" + f.Type
	var after billing.EventPosition
	if p.Cursor != "" && h.Cursors.Open(list, p.Cursor, &after) != nil {
		return nil, fault.ErrCursor
	}
	limit := limitOr(p.Limit)
	page, err := h.Billing.Events(ctx, f, after, limit+1)
	if err != nil {
		return nil, err
	}
	out := openapi.ListBillingEvents200JSONResponse{Items: make([]openapi.BillingEvent, min(limit, len(page)))}
	for i := range out.Items {
		e := page[i]
		out.Items[i] = openapi.BillingEvent{
			ID: e.ID, Type: e.Type, State: openapi.BillingEventState(e.State), Customer: e.CustomerID, APIVersion: e.APIVersion, Attempts: e.Attempts,
			LastError: e.LastError, CreatedAt: e.CreatedAt.UTC(), ReceivedAt: e.ReceivedAt.UTC(), SettledAt: orZero(e.SettledAt),
		}
	}
	if len(page) > limit {
		last := page[limit-1]
		out.NextCursor, err = h.Cursors.Seal(list, billing.EventPosition{ReceivedAt: last.ReceivedAt, ID: last.ID})
	}
	return out, err
}

// ReplayBillingEvents answers POST /v1/admin/billing/replays.
func (h Billing) ReplayBillingEvents(ctx context.Context, r openapi.ReplayBillingEventsRequestObject) (openapi.ReplayBillingEventsResponseObject, error) {
	f := billing.EventFilter{IDs: r.Body.Ids, State: string(r.Body.State), Type: r.Body.Type, From: r.Body.Since, To: r.Body.Until}
	n, err := h.Billing.Replay(ctx, actor(ctx), f, string(r.Body.Reason))
	return openapi.ReplayBillingEvents202JSONResponse{Events: n}, err
}

// momentPosition is where the next page of a timeline begins.
type momentPosition struct {
	At  time.Time
	Key string
}

// GetMemberBilling answers GET /v1/admin/members/{id}/billing.
func (h Billing) GetMemberBilling(ctx context.Context, r openapi.GetMemberBillingRequestObject) (openapi.GetMemberBillingResponseObject, error) {
	list := "billing/" + r.ID.String()
	var after momentPosition
	if r.Params.Cursor != "" && h.Cursors.Open(list, r.Params.Cursor, &after) != nil {
		return nil, fault.ErrCursor
	}
	limit := limitOr(r.Params.Limit)
	page, err := h.Billing.Timeline(ctx, r.ID, billing.Moment{At: after.At, Key: after.Key}, limit+1)
	if err != nil {
		return nil, err
	}
	out := openapi.GetMemberBilling200JSONResponse{Items: make([]openapi.BillingMoment, min(limit, len(page)))}
	for i := range out.Items {
		m := page[i]
		out.Items[i] = openapi.BillingMoment{At: m.At.UTC(), Kind: m.Kind, Ref: m.Ref, Note: m.Note}
		if m.AmountMinor != nil {
			out.Items[i].Amount = openapi.Money{Minor: *m.AmountMinor, Currency: m.Currency}
		}
	}
	if len(page) > limit {
		last := page[limit-1]
		out.NextCursor, err = h.Cursors.Seal(list, momentPosition{last.At, last.Key})
	}
	return out, err
}

// RefreshMemberBilling answers POST /v1/admin/members/{id}/billing/refresh.
func (h Billing) RefreshMemberBilling(ctx context.Context, r openapi.RefreshMemberBillingRequestObject) (openapi.RefreshMemberBillingResponseObject, error) {
	if err := h.Billing.Resync(ctx, actor(ctx), r.ID); err != nil {
		return nil, err
	}
	own, err := h.of(ctx, r.ID)
	return openapi.RefreshMemberBilling200JSONResponse(own), err
}

// EndMembership answers POST /v1/admin/members/{id}/billing/end.
func (h Billing) EndMembership(ctx context.Context, r openapi.EndMembershipRequestObject) (openapi.EndMembershipResponseObject, error) {
	if err := h.Billing.End(ctx, actor(ctx), r.ID, r.Body.When == openapi.MembershipEndWhenNow, string(r.Body.Reason)); err != nil {
		return nil, err
	}
	own, err := h.of(ctx, r.ID)
	return openapi.EndMembership200JSONResponse(own), err
}

// QuoteMove answers POST /v1/admin/members/{id}/billing/quotes.
func (h Billing) QuoteMove(ctx context.Context, r openapi.QuoteMoveRequestObject) (openapi.QuoteMoveResponseObject, error) {
	q, err := h.Billing.QuoteMove(ctx, r.ID, billing.PlanChange{Plan: r.Body.Plan, Price: r.Body.Price, Subscription: r.Body.Subscription})
	if err != nil {
		return nil, err
	}
	return openapi.QuoteMove201JSONResponse(quoteOut(q)), nil
}

// MovePlan answers POST /v1/admin/members/{id}/billing/change.
func (h Billing) MovePlan(ctx context.Context, r openapi.MovePlanRequestObject) (openapi.MovePlanResponseObject, error) {
	if err := h.Billing.MovePlan(ctx, actor(ctx), r.ID, r.Body.Quote, string(r.Body.Reason)); err != nil {
		return nil, err
	}
	own, err := h.of(ctx, r.ID)
	return openapi.MovePlan200JSONResponse(own), err
}

// MergeCustomer answers POST /v1/admin/members/{id}/billing/customers.
func (h Billing) MergeCustomer(ctx context.Context, r openapi.MergeCustomerRequestObject) (openapi.MergeCustomerResponseObject, error) {
	if err := h.Billing.MergeCustomer(ctx, actor(ctx), r.ID, r.Body.Customer, string(r.Body.Reason)); err != nil {
		return nil, err
	}
	own, err := h.of(ctx, r.ID)
	return openapi.MergeCustomer200JSONResponse(own), err
}

// of is a member's membership as it is now.
func (h Billing) of(ctx context.Context, member uuid.UUID) (openapi.Membership, error) {
	own, err := h.Membership.Of(ctx, member)
	return membershipOut(own), err
}

func truthOut(t billing.Truth) openapi.BillingProof {
	out := openapi.BillingProof{
		AccessWithoutPayment: make([]openapi.FreeAccess, len(t.WithoutPayment)),
		PaymentWithoutAccess: payingOut(t.WithoutAccess), TwoSubscriptions: payingOut(t.Twice),
		Latest: proofOut(t.Latest), Running: proofOut(t.Running),
	}
	for i, f := range t.WithoutPayment {
		out.AccessWithoutPayment[i] = openapi.FreeAccess{Reason: string(f.Reason), Kind: f.Kind, Members: f.Members}
	}
	return out
}

func payingOut(all []membership.Paying) []openapi.PayingMember {
	out := make([]openapi.PayingMember, len(all))
	for i, p := range all {
		out[i] = openapi.PayingMember{MemberID: p.UserID, Subscription: p.StripeID, Banned: p.Banned}
	}
	return out
}

func proofOut(p *billing.Proof) openapi.ProofRun {
	if p == nil {
		return openapi.ProofRun{}
	}
	out := openapi.ProofRun{
		State: openapi.ProofRunState(p.State), StartedAt: p.StartedAt.UTC(), FinishedAt: orZero(p.FinishedAt), Checked: p.Checked,
		Expected: p.Expected, Healed: p.Healed, Foreign: p.Findings.Foreign, Subscriptions: pairsOut(p.Findings.Subscriptions),
		Mrr: pairsOut(p.Findings.MRR), Paid: pairsOut(p.Findings.Paid), Differences: make([]openapi.ProofDifference, len(p.Findings.Differences)),
	}
	for i, d := range p.Findings.Differences {
		out.Differences[i] = openapi.ProofDifference{Kind: openapi.ProofDifferenceKind(d.Kind), Subscription: d.Subscription, Customer: d.Customer, Invoice: d.Invoice}
	}
	return out
}

func pairsOut(all []billing.Pair) []openapi.ProofPair {
	out := make([]openapi.ProofPair, len(all))
	for i, p := range all {
		out[i] = openapi.ProofPair{Currency: p.Currency, Status: p.Status, Stripe: p.Stripe, Ours: p.Ours, StripeMinor: p.StripeMinor, OursMinor: p.OursMinor}
	}
	return out
}

package handler

import (
	"context"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/openapi"
	"github.com/womens-tech-conservatory/conservatory/internal/billing"
)

// GetMoneyBack answers GET /v1/admin/members/{id}/money-back.
func (h Membership) GetMoneyBack(ctx context.Context, r openapi.GetMoneyBackRequestObject) (openapi.GetMoneyBackResponseObject, error) {
	all, err := h.Billing.MoneyBack(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	out := openapi.GetMoneyBack200JSONResponse{
		Paid: make([]openapi.PaidInvoice, len(all.Paid)), Refunds: make([]openapi.Refund, len(all.Refunds)),
		Disputes: disputesOut(all.Disputes), CreditNotes: make([]openapi.CreditNote, len(all.Notes)),
	}
	for n, p := range all.Paid {
		out.Paid[n] = openapi.PaidInvoice{
			ID: p.ID, Number: p.Number, PaidAt: orZero(p.PaidAt).UTC(), Paid: openapi.Money{Minor: p.PaidMinor, Currency: p.Currency},
			Refunded: openapi.Money{Minor: p.RefundedMinor, Currency: p.Currency},
		}
	}
	for n, v := range all.Refunds {
		out.Refunds[n] = openapi.Refund{
			ID: v.ID, InvoiceID: orNobody(v.InvoiceID), Status: openapi.RefundStatus(v.Status), Reason: v.Reason, Note: v.Note,
			Amount: openapi.Money{Minor: v.AmountMinor, Currency: v.Currency}, EndedAccess: v.EndedAccess, Failure: v.Failure,
			OccurredAt: v.OccurredAt.UTC(), EndedAt: orZero(v.EndedAt).UTC(),
		}
	}
	for n, v := range all.Notes {
		out.CreditNotes[n] = openapi.CreditNote{
			ID: v.ID, InvoiceID: orNobody(v.InvoiceID), Number: v.Number, Status: openapi.CreditNoteStatus(v.Status), Reason: v.Reason,
			Amount: openapi.Money{Minor: v.AmountMinor, Currency: v.Currency}, PdfURL: v.PDFURL, OccurredAt: v.OccurredAt.UTC(), VoidedAt: orZero(v.VoidedAt).UTC(),
		}
	}
	return out, nil
}

// RefundInvoice answers POST /v1/admin/members/{id}/refunds.
func (h Membership) RefundInvoice(ctx context.Context, r openapi.RefundInvoiceRequestObject) (openapi.RefundInvoiceResponseObject, error) {
	order, fresh, err := h.Billing.Refund(ctx, actor(ctx), r.ID, billing.NewRefund{
		InvoiceID: r.Body.InvoiceID, AmountMinor: r.Body.AmountMinor, Reason: string(r.Body.Reason), Note: r.Body.Note,
		EndsAccess: r.Body.Access == openapi.End, ClientKey: r.Params.IdempotencyKey,
	})
	if err != nil {
		return nil, err
	}
	out := openapi.RefundOrder{
		ID: order.ID, InvoiceID: order.InvoiceID, Amount: openapi.Money{Minor: order.AmountMinor, Currency: order.Currency},
		Reason: openapi.RefundReason(order.Reason), Note: order.Note, Access: openapi.Keep, State: openapi.RefundOrderState(order.State),
		AskedAt: order.AskedAt.UTC(),
	}
	if order.EndsAccess {
		out.Access = openapi.End
	}
	if !fresh {
		return openapi.RefundInvoice200JSONResponse(out), nil
	}
	return openapi.RefundInvoice201JSONResponse(out), nil
}

// ListMemberLetters answers GET /v1/admin/members/{id}/letters.
func (h Membership) ListMemberLetters(ctx context.Context, r openapi.ListMemberLettersRequestObject) (openapi.ListMemberLettersResponseObject, error) {
	all, err := h.Reminder.Log(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	out := openapi.ListMemberLetters200JSONResponse{Items: make([]openapi.MemberLetter, len(all))}
	for n, l := range all {
		out.Items[n] = openapi.MemberLetter{
			ID: l.ID, Kind: openapi.MemberLetterKind(l.Kind), State: openapi.MemberLetterState(l.State), PromisedAt: l.PromisedAt.UTC(),
			SettledAt: orZero(l.SettledAt).UTC(),
		}
	}
	return out, nil
}

// ListBillingFlags answers GET /v1/admin/billing/flags.
func (h Membership) ListBillingFlags(ctx context.Context, _ openapi.ListBillingFlagsRequestObject) (openapi.ListBillingFlagsResponseObject, error) {
	all, err := h.Billing.Flags(ctx)
	if err != nil {
		return nil, err
	}
	out := openapi.ListBillingFlags200JSONResponse{Items: make([]openapi.BillingFlag, len(all))}
	for n, f := range all {
		out.Items[n] = openapi.BillingFlag{
			ID: f.ID, Kind: openapi.BillingFlagKind(f.Kind), StripeID: f.Subject, MemberID: orNobody(f.UserID), Detail: f.Detail, RaisedAt: f.RaisedAt.UTC(),
		}
	}
	return out, nil
}

// ClearBillingFlag answers DELETE /v1/admin/billing/flags/{id}.
func (h Membership) ClearBillingFlag(ctx context.Context, r openapi.ClearBillingFlagRequestObject) (openapi.ClearBillingFlagResponseObject, error) {
	if err := h.Billing.ClearFlag(ctx, actor(ctx), r.ID); err != nil {
		return nil, err
	}
	return openapi.ClearBillingFlag204Response{}, nil
}

// ListOpenDisputes answers GET /v1/admin/billing/disputes.
func (h Membership) ListOpenDisputes(ctx context.Context, _ openapi.ListOpenDisputesRequestObject) (openapi.ListOpenDisputesResponseObject, error) {
	open, err := h.Billing.OpenDisputes(ctx)
	if err != nil {
		return nil, err
	}
	return openapi.ListOpenDisputes200JSONResponse{Items: disputesOut(open)}, nil
}

func disputesOut(all []billing.Disputed) []openapi.Dispute {
	out := make([]openapi.Dispute, len(all))
	for n, d := range all {
		out[n] = openapi.Dispute{
			ID: d.ID, MemberID: d.UserID, InvoiceID: orNobody(d.InvoiceID), Status: openapi.DisputeStatus(d.Status), Reason: d.Reason,
			Amount: openapi.Money{Minor: d.AmountMinor, Currency: d.Currency}, Answered: d.Answered, DueBy: orZero(d.DueBy).UTC(),
			OccurredAt: d.OccurredAt.UTC(), WithdrawnAt: orZero(d.WithdrawnAt).UTC(), ReinstatedAt: orZero(d.ReinstatedAt).UTC(),
		}
	}
	return out
}

// orNobody gives the id p points to, or none.
func orNobody(p *uuid.UUID) uuid.UUID {
	if p == nil {
		return uuid.Nil
	}
	return *p
}

package billing

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"
)

// metaRefund says which order of ours a refund at Stripe answers.
const metaRefund = "refund_order_id"

// remoteCharge is a charge as Stripe has it, with what went back of it.
type remoteCharge struct {
	charge

	Customer string
	Claim    claim
	Disputed bool
	Refunds  []refund
}

// charges fetches all charges of a customer with their refunds.
func (g *gateway) charges(ctx context.Context, customer string) ([]remoteCharge, error) {
	var all []remoteCharge
	for after := ""; ; {
		params := &stripe.ChargeListParams{Customer: new(customer)}
		params.AddExpand("data.refunds")
		params.Context, params.Single, params.Limit = ctx, true, stripe.Int64(pageSize) //nolint:fatcontext // made anew each time
		if after != "" {
			params.StartingAfter = new(after)
		}
		after = ""
		err := g.call(ctx, func() error {
			it := g.api.Charges.List(params)
			for it.Next() {
				all = append(all, chargeOf(it.Charge()))
			}
			if it.Err() == nil && it.Meta() != nil && it.Meta().HasMore && len(all) > 0 {
				after = all[len(all)-1].StripeID
			}
			return it.Err()
		})
		if err != nil {
			return nil, fmt.Errorf("list the charges of %s: %w", customer, err)
		}
		if after == "" {
			return all, nil
		}
	}
}

// charge fetches one; false when Stripe does not know it.
func (g *gateway) charge(ctx context.Context, id string) (found remoteCharge, ok bool, err error) {
	params := &stripe.ChargeParams{}
	params.Context = ctx
	err = g.call(ctx, func() error {
		c, err := g.api.Charges.Get(id, params)
		if err == nil {
			found = chargeOf(c)
		}
		return err
	})
	if missing(err, "") || missing(err, "charge") {
		return remoteCharge{}, false, nil
	}
	return found, err == nil, err
}

func chargeOf(c *stripe.Charge) remoteCharge {
	r := remoteCharge{Claim: claimOf(c.Metadata, ""), Disputed: c.Disputed, charge: charge{
		StripeID: c.ID, Status: string(c.Status), AmountMinor: c.Amount, RefundedMinor: c.AmountRefunded, Currency: string(c.Currency),
		OccurredAt: time.Unix(c.Created, 0).UTC(),
	}}
	if c.Customer != nil {
		r.Customer = c.Customer.ID
	}
	if c.Invoice != nil {
		r.StripeInvoiceID = c.Invoice.ID
	}
	if c.Refunds != nil && !c.Refunds.HasMore {
		for _, re := range c.Refunds.Data {
			r.Refunds = append(r.Refunds, r.refundOf(re))
		}
	}
	return r
}

func (r remoteCharge) refundOf(re *stripe.Refund) refund {
	return refund{
		StripeID: re.ID, StripeChargeID: r.StripeID, StripeInvoiceID: r.StripeInvoiceID, Status: string(re.Status), AmountMinor: re.Amount,
		Currency: string(re.Currency), Reason: string(re.Reason), Failure: string(re.FailureReason), OccurredAt: time.Unix(re.Created, 0).UTC(),
		Order: re.Metadata[metaRefund],
	}
}

// refundsOf fetches all refunds of a charge.
func (g *gateway) refundsOf(ctx context.Context, r remoteCharge) (all []refund, err error) {
	params := &stripe.RefundListParams{Charge: new(r.StripeID)}
	params.Context, params.Single, params.Limit = ctx, true, stripe.Int64(pageSize)
	err = g.call(ctx, func() error {
		it := g.api.Refunds.List(params)
		for it.Next() {
			all = append(all, r.refundOf(it.Refund()))
		}
		return it.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list the refunds of %s: %w", r.StripeID, err)
	}
	return all, nil
}

// disputesOf fetches the disputes about a charge.
func (g *gateway) disputesOf(ctx context.Context, r remoteCharge) (all []dispute, err error) {
	params := &stripe.DisputeListParams{Charge: new(r.StripeID)}
	params.Context, params.Single, params.Limit = ctx, true, stripe.Int64(pageSize)
	err = g.call(ctx, func() error {
		it := g.api.Disputes.List(params)
		for it.Next() {
			all = append(all, r.disputeOf(it.Dispute()))
		}
		return it.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list the disputes of %s: %w", r.StripeID, err)
	}
	return all, nil
}

func (r remoteCharge) disputeOf(d *stripe.Dispute) dispute {
	v := dispute{
		StripeID: d.ID, StripeChargeID: r.StripeID, StripeInvoiceID: r.StripeInvoiceID, Status: string(d.Status), Reason: string(d.Reason),
		AmountMinor: d.Amount, Currency: string(d.Currency), OccurredAt: time.Unix(d.Created, 0).UTC(),
	}
	if d.EvidenceDetails != nil {
		v.DueBy, v.Answered = when(d.EvidenceDetails.DueBy), d.EvidenceDetails.SubmissionCount > 0
	}
	for _, b := range d.BalanceTransactions {
		if b.Amount < 0 {
			v.WithdrawnAt = when(b.Created)
		} else {
			v.ReinstatedAt = when(b.Created)
		}
	}
	return v
}

// creditNotes fetches the newest credit notes of a customer.
func (g *gateway) creditNotes(ctx context.Context, customer string) (all []creditNote, err error) {
	params := &stripe.CreditNoteListParams{Customer: new(customer)}
	params.Context, params.Single, params.Limit = ctx, true, stripe.Int64(pageSize)
	err = g.call(ctx, func() error {
		it := g.api.CreditNotes.List(params)
		for it.Next() {
			all = append(all, creditNoteOf(it.CreditNote()))
		}
		return it.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list the credit notes of %s: %w", customer, err)
	}
	return all, nil
}

func creditNoteOf(c *stripe.CreditNote) creditNote {
	v := creditNote{
		StripeID: c.ID, Number: c.Number, Kind: string(c.Type), Status: string(c.Status), Reason: string(c.Reason), AmountMinor: c.Amount,
		Currency: string(c.Currency), PDFURL: c.PDF, OccurredAt: time.Unix(c.Created, 0).UTC(), VoidedAt: when(c.VoidedAt),
	}
	if c.Invoice != nil {
		v.StripeInvoiceID = c.Invoice.ID
	}
	if c.Refund != nil {
		v.StripeRefundID = c.Refund.ID
	}
	return v
}

// refund pays back what an order says, or finds the refund that an earlier try
// made although its answer was lost. Stripe's no is an error for which definite
// is true.
func (g *gateway) refund(ctx context.Context, o refundOrder) (string, error) {
	var err error
	for attempt := range 3 {
		// As with customers: a key is forgotten after a day, and a failed one goes on failing until then.
		made, lookErr := g.refundsOf(ctx, remoteCharge{charge: charge{StripeID: o.StripeChargeID}})
		if lookErr != nil {
			return "", lookErr
		}
		for _, re := range made {
			if re.Order == o.ID.String() {
				return re.StripeID, nil
			}
		}
		params := &stripe.RefundParams{
			Charge: new(o.StripeChargeID), Amount: new(o.AmountMinor), Reason: new(o.Reason), Metadata: map[string]string{metaRefund: o.ID.String()},
		}
		params.Context = ctx //nolint:fatcontext // the parameters are made anew each time
		params.SetIdempotencyKey(keyFor("refund", o.ID.String(), strconv.Itoa(attempt)))
		id := ""
		err = g.call(ctx, func() error {
			re, err := g.api.Refunds.New(params)
			if err == nil {
				id = re.ID
			}
			return err
		})
		if err == nil {
			return id, nil
		}
		if definite(err) || !failedForGood(err) {
			break
		}
	}
	return "", fmt.Errorf("pay back order %s: %w", o.ID, err)
}

// whoDisputed is said to Stripe about a subscription that ends because its
// payment was disputed: the reason itself cannot be given, and this can.
const whoDisputed = "payment_disputed"

// cancelDisputed ends a subscription whose payment the bank took back.
func (g *gateway) cancelDisputed(ctx context.Context, id string) error {
	params := &stripe.SubscriptionCancelParams{CancellationDetails: &stripe.SubscriptionCancelCancellationDetailsParams{Comment: new(whoDisputed)}}
	return g.end(ctx, id, params)
}

// moneyMark is where a refund, dispute or credit note stands at Stripe.
type moneyMark struct {
	ID, Status, Customer string
}

// moneyMarks fetches where everything stands that went back since a time.
func (g *gateway) moneyMarks(ctx context.Context, since time.Time) (all []moneyMark, err error) {
	from := &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}
	refunds := &stripe.RefundListParams{CreatedRange: from}
	disputes := &stripe.DisputeListParams{CreatedRange: from}
	notes := &stripe.CreditNoteListParams{CreatedRange: from}
	refunds.AddExpand("data.charge")
	disputes.AddExpand("data.charge")
	for _, p := range []*stripe.ListParams{&refunds.ListParams, &disputes.ListParams, &notes.ListParams} {
		p.Context, p.Limit = ctx, stripe.Int64(pageSize) //nolint:fatcontext // each has its own
	}
	err = g.call(ctx, func() error {
		it := g.api.Refunds.List(refunds)
		for it.Next() {
			all = append(all, moneyMark{it.Refund().ID, string(it.Refund().Status), payer(it.Refund().Charge)})
		}
		return it.Err()
	})
	if err == nil {
		err = g.call(ctx, func() error {
			it := g.api.Disputes.List(disputes)
			for it.Next() {
				all = append(all, moneyMark{it.Dispute().ID, string(it.Dispute().Status), payer(it.Dispute().Charge)})
			}
			return it.Err()
		})
	}
	if err == nil {
		err = g.call(ctx, func() error {
			it := g.api.CreditNotes.List(notes)
			for it.Next() {
				all = append(all, moneyMark{it.CreditNote().ID, string(it.CreditNote().Status), customerID(it.CreditNote().Customer)})
			}
			return it.Err()
		})
	}
	if err != nil {
		return nil, fmt.Errorf("list what went back: %w", err)
	}
	return all, nil
}

func payer(c *stripe.Charge) string {
	if c == nil {
		return ""
	}
	return customerID(c.Customer)
}

func customerID(c *stripe.Customer) string {
	if c == nil {
		return ""
	}
	return c.ID
}

// refundOrder is what is going to be asked of Stripe.
type refundOrder struct {
	ID             uuid.UUID
	UserID         uuid.UUID
	InvoiceID      uuid.UUID
	StripeChargeID string
	AmountMinor    int64
	Currency       string
	Reason         string
	Note           string
	EndsAccess     bool
	AskedBy        uuid.UUID
	ClientKey      *string
	State          string
	Failure        string
	StripeRefundID string
	AskedAt        time.Time
	SettledAt      *time.Time
}

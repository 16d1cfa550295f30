package billing

import (
	"context"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
)

// Receive takes in what Stripe posts: it verifies the signature over the raw
// payload and stores the event, once, together with the promise to apply it.
// A repeat changes nothing, and makes sure that the promise stands. It returns
// ErrSignature, ErrLivemode or ErrEvent for what must not be sent again, and
// any other error when Stripe must send it again.
// https://docs.stripe.com/webhooks#verify-official-libraries
func (b *Billing) Receive(ctx context.Context, payload []byte, signatureHeader string) error {
	// Signatures carry the time of the machine that made them, whatever time it is in a simulation.
	if err := verify(payload, signatureHeader, b.cfg.WebhookSecrets, clock.System{}.Now()); err != nil {
		b.log.WarnContext(ctx, "webhook signature does not fit")
		return err
	}
	e, err := readEvent(payload)
	if err != nil {
		return ErrEvent.Because(err)
	}
	if e.Livemode != b.cfg.Livemode {
		return ErrLivemode
	}
	if e.APIVersion != apiVersion {
		b.log.WarnContext(ctx, "webhook of another API version", "event", e.ID, "version", e.APIVersion)
		if b.cfg.VersionMismatch != nil {
			b.cfg.VersionMismatch(e.APIVersion)
		}
	}
	return b.db.InTx(ctx, func(ctx context.Context) error { return b.keepEvent(ctx, e, payload) })
}

func (b *Billing) keepEvent(ctx context.Context, e event, payload []byte) error {
	now := b.clock.Now()
	row := stripeEvent{
		ID: e.ID, Type: e.Type, APIVersion: e.APIVersion, Livemode: e.Livemode, CustomerID: e.Customer, Payload: string(payload),
		State: stateReceived, CreatedAt: e.Created, ReceivedAt: now,
	}
	erased, err := b.store.erased(ctx, e.Customer)
	if err != nil {
		return err
	}
	if erased || e.Charge != "" { // whose charge it is will be asked; what is said of her to a bank is not kept
		row.Payload = e.bare()
	}
	if !known(e.Type) {
		row.State, row.SettledAt = stateIgnored, &now
	}
	state, err := b.store.keepEvent(ctx, row)
	if err != nil {
		return err
	}
	if state != stateReceived {
		return nil
	}
	return b.queue.Enqueue(ctx, applyEvent{EventID: e.ID})
}

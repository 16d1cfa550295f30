package billing

import (
	"context"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"
)

// RetryAtOnce lets the library repeat a failed request without waiting.
func (b *Billing) RetryAtOnce() {
	if backend, ok := b.stripe.api.Customers.B.(*stripe.BackendImplementation); ok {
		backend.SetNetworkRetriesSleep(false)
	}
}

// TellEmail is the work of the job that EmailChanged promises.
func (b *Billing) TellEmail(ctx context.Context, userID uuid.UUID) error {
	return b.tellEmail(ctx, userID)
}

// PublishOffer is the work of the job that MakeOffer promises.
func (b *Billing) PublishOffer(ctx context.Context, id uuid.UUID) error {
	return b.publishOffer(ctx, id)
}

// Package webhook takes in what other systems post to us: raw bytes with a
// signature, before anything reads them.
package webhook

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// maxEvent is the most bytes an event may have.
const maxEvent = 512 << 10

var errTooLarge = &fault.Error{Kind: fault.TooLarge, Code: "body-too-large", Detail: "The body may have 512 KiB at most."}

// Stripe stores a signed event and answers 200; everything else follows in
// the background. Errors are left in the context for the problem writer: a
// fault says that the event must not come again, any other error that it must.
func Stripe(b *billing.Billing) gin.HandlerFunc {
	return func(c *gin.Context) {
		payload, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxEvent))
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			_ = c.Error(errTooLarge)
			return
		}
		if err != nil {
			_ = c.Error(&fault.Error{Kind: fault.Malformed, Code: "body-unreadable", Detail: "The body broke off."})
			return
		}
		if err := b.Receive(c.Request.Context(), payload, c.GetHeader("Stripe-Signature")); err != nil {
			_ = c.Error(fmt.Errorf("receive a Stripe event: %w", err))
			return
		}
		c.JSON(http.StatusOK, gin.H{"message": "Stored."})
	}
}

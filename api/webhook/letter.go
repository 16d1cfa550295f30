package webhook

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
)

// Letter refuses all letters of a kind by the link in one of them, as mailboxes
// do with one click (RFC 8058). What is posted with it says nothing more, and is
// not read.
func Letter(refuse func(ctx context.Context, token string) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := refuse(c.Request.Context(), c.Param("token")); err != nil {
			_ = c.Error(fmt.Errorf("refuse letters: %w", err))
			return
		}
		c.JSON(http.StatusOK, gin.H{"message": "We will not write to you about this any more."})
	}
}

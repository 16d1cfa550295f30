package server

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
)

const (
	requestDeadline = 10 * time.Second
	uploadDeadline  = time.Minute // a file from a telephone on a train
)

// deadline bounds what a request may take. Streams and downloads have none, an
// upload has longer, on the connection too.
func (a *App) deadline(c *gin.Context) {
	op, takes := a.Contract.Find(c), requestDeadline
	switch {
	case op != nil && slices.Contains([]string{"openStream", "getExportFile", "exportAuditLog"}, op.ID):
		c.Next()
		return
	case op != nil && op.Upload.Is():
		takes = uploadDeadline
		connection, until := http.NewResponseController(c.Writer), clock.System{}.Now().Add(takes)
		// Where a deadline cannot be moved the usual one stands.
		_ = connection.SetReadDeadline(until)
		_ = connection.SetWriteDeadline(until.Add(requestDeadline))
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), takes)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

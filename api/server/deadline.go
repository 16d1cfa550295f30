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
	uploadDeadline  = 30 * time.Second // until a file from a telephone on a train is here
)

// deadline bounds what a request may take. Streams and downloads have none; a
// file has longer to arrive, and then as long as all others.
func (a *App) deadline(c *gin.Context) {
	op, takes := a.Contract.Find(c), requestDeadline
	switch {
	case op != nil && slices.Contains([]string{"openStream", "getExportFile", "exportAuditLog"}, op.ID):
		c.Next()
		return
	case op != nil && op.Upload.Is():
		takes += uploadDeadline
	}
	within(c, takes)
}

// unhurried gives a file the time to arrive, on the connection too. Only who
// may send one gets as far as here.
func (a *App) unhurried(c *gin.Context) {
	if op := a.Contract.Find(c); op != nil && op.Upload.Is() {
		connection, until := http.NewResponseController(c.Writer), clock.System{}.Now().Add(uploadDeadline)
		// Where a deadline cannot be moved the usual one stands.
		_ = connection.SetReadDeadline(until)
		_ = connection.SetWriteDeadline(until.Add(requestDeadline))
	}
	c.Next()
}

// arrived holds what is done with a file to the time of all requests: a proxy
// in front, which has sent it whole, waits no longer.
func (a *App) arrived(c *gin.Context) {
	if op := a.Contract.Find(c); op != nil && op.Upload.Is() {
		within(c, requestDeadline)
		return
	}
	c.Next()
}

func within(c *gin.Context, takes time.Duration) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), takes)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

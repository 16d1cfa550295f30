package middleware

import (
	"github.com/gin-gonic/gin"
	"github.com/mileusna/useragent"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
)

// longestAgent is how much of a User-Agent is looked at.
const longestAgent = 512

// Client tells the domains what device a request comes from: a name such as
// "Firefox on Linux" and its address without the end. Neither the header nor
// the address itself goes further.
func Client(c *gin.Context) {
	from := account.Client{Device: device(c.GetHeader("User-Agent")), Network: account.Network(c.ClientIP())}
	c.Request = c.Request.WithContext(account.WithClient(c.Request.Context(), from))
	c.Next()
}

// device names a browser and its system; "" for what is neither.
func device(header string) string {
	if len(header) > longestAgent {
		header = header[:longestAgent]
	}
	agent := useragent.Parse(header)
	switch {
	case agent.Bot || agent.Name == "":
		return ""
	case agent.OS == "":
		return printable(agent.Name)
	}
	return printable(agent.Name + " on " + agent.OS)
}

// printable drops what would not show as one line of plain writing.
func printable(name string) string {
	out := make([]rune, 0, len(name))
	for _, r := range name {
		if r >= ' ' && r < 0x7f {
			out = append(out, r)
		}
	}
	return string(out)
}

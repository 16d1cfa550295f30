package dev

import (
	"fmt"
	"strings"
)

// card prints where everything is.
func (r *run) card() {
	h := r.house
	line := func(name, value string) { fmt.Fprintf(r.opt.Out, "  %-16s %s\n", name, value) }
	rule := "  " + strings.Repeat("─", 72)
	fmt.Fprintf(r.opt.Out, "\n%s\n  Women's Tech Conservatory, for development\n%s\n", rule, rule)
	line("API", h.API)
	line("Documentation", h.API+"/docs")
	if h.Sandbox != "" {
		line("Stripe sandbox", h.Sandbox+"      (controls: "+h.Sandbox+"/_sandbox/)")
	} else {
		line("Stripe", "the account of STRIPE_SECRET_KEY")
	}
	line("Mailbox", h.Mailbox+"      (JSON: "+h.Mailbox+"/messages?to=…)")
	line("Letters", h.Mailbox+"/samples      (how every mail looks)")
	line("Authenticator", h.Mailbox+"/authenticator      (JSON: "+h.Mailbox+"/authenticator?for=…)")
	line("Metrics", h.Metrics)
	line("Data", r.opt.Dir)
	for _, note := range r.moved {
		fmt.Fprintf(r.opt.Out, "  %s\n", note)
	}
	fmt.Fprintf(r.opt.Out, "\n  Demo accounts, password %q:\n", demoPassword)
	for _, a := range shown() {
		fmt.Fprintf(r.opt.Out, "    %-22s %s\n", a.email, a.what)
	}
	fmt.Fprintln(r.opt.Out, "  Admin, coach and moderator also need the code that the authenticator shows.")
	fmt.Fprintf(r.opt.Out, "\n  Try:\n    curl -s %s/v1/plans\n    curl -s %s/v1/auth/login -H 'Content-Type: application/json' \\\n      -d '{\"email\":\"aisha@example.org\",\"password\":\"%s\"}'\n", h.API, h.API, demoPassword)
	fmt.Fprintf(r.opt.Out, "\n  The walk through the house is in README.md. Ctrl-C stops all of it.\n%s\n\n", rule)
}

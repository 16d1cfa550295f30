package server

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/smtp"
	"net/url"
	"slices"
	"strings"

	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
)

// stripeVersion is what the code was written for; an endpoint with another
// sends events that are not understood.
const stripeVersion = "2023-10-16"

type stripeEndpoint struct {
	URL        string `json:"url"`
	Status     string `json:"status"`
	APIVersion string `json:"api_version"`
}

// stripe asks for the webhook endpoints, which also proves the key.
func (v *visit) stripe(ctx context.Context) {
	if v.cfg.StripeSecretKey == "" {
		return
	}
	var list struct {
		Data []stripeEndpoint `json:"data"`
	}
	status, err := v.get(ctx, "/v1/webhook_endpoints?limit=100", &list)
	switch {
	case err != nil:
		v.bad("Stripe: "+oneLine(err), "This machine must reach https://api.stripe.com.")
		return
	case status == http.StatusUnauthorized:
		v.bad("Stripe does not accept STRIPE_SECRET_KEY.", "Copy it anew from the dashboard, Developers, API keys.")
		return
	case status == http.StatusForbidden:
		v.bad("STRIPE_SECRET_KEY may not read webhook endpoints.", "Give the restricted key that permission.")
		return
	case status != http.StatusOK:
		v.bad(fmt.Sprintf("Stripe answers %d.", status), "See https://status.stripe.com and try again.")
		return
	}
	v.good("Stripe accepts the key.")
	v.endpoint(list.Data)
}

func (v *visit) endpoint(all []stripeEndpoint) {
	want := v.cfg.BaseURL + "/v1/webhooks/stripe"
	i := slices.IndexFunc(all, func(e stripeEndpoint) bool { return e.URL == want })
	const mend = "Run `conservatory stripe setup deployments/plans.json --apply`."
	switch {
	case i < 0:
		v.bad("Stripe sends no events to "+want+".", mend)
	case all[i].Status != "enabled":
		v.bad("Stripe's endpoint "+want+" is switched off.", "Switch it on in the dashboard, Developers, Webhooks; Stripe does so itself after days of failures.")
	case all[i].APIVersion != stripeVersion:
		v.bad(fmt.Sprintf("Stripe's endpoint %s speaks API version %q, not %s.", want, all[i].APIVersion, stripeVersion),
			"The version of an endpoint cannot be changed: delete it, then run `conservatory stripe setup deployments/plans.json --apply`.")
	default:
		v.good("Stripe sends events to %s.", want)
	}
}

// get asks Stripe for something.
func (v *visit) get(ctx context.Context, path string, out any) (status int, err error) {
	base := v.cfg.StripeAPIBase
	if base == "" {
		base = "https://api.stripe.com"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, http.NoBody)
	if err != nil {
		return 0, errors.New("STRIPE_API_BASE is not a URL")
	}
	req.Header.Set("Authorization", "Bearer "+v.cfg.StripeSecretKey)
	req.Header.Set("Stripe-Version", stripeVersion)
	resp, err := v.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("ask Stripe: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return 0, fmt.Errorf("read Stripe's answer: %w", err)
	}
	return resp.StatusCode, nil
}

// plans compares every price on offer with the one at Stripe.
func (v *visit) plans(ctx context.Context) {
	if v.cfg.StripeSecretKey == "" || !v.migrated(ctx, "prices") {
		return
	}
	plans, err := membership.New(v.db, v.clock, outbox.New(v.db, v.clock)).Plans(ctx)
	if err != nil {
		v.bad("Plans: "+oneLine(err), "See the error.")
		return
	}
	wrong := v.wrong
	for _, plan := range plans {
		for _, price := range plan.Prices {
			v.price(ctx, plan.Slug+"/"+price.Key, price)
		}
	}
	switch {
	case len(plans) == 0:
		v.bad("No plan is on offer.", "Run `conservatory stripe setup deployments/plans.json --apply`.")
	case wrong == v.wrong:
		v.good("Plans on offer and at Stripe: %d.", len(plans))
	}
}

func (v *visit) price(ctx context.Context, name string, price membership.Price) {
	const mend = "Run `conservatory stripe setup deployments/plans.json --apply`."
	if price.StripePriceID == nil || *price.StripePriceID == "" {
		v.bad("The price "+name+" is not at Stripe.", mend)
		return
	}
	var there struct {
		Active     bool   `json:"active"`
		Currency   string `json:"currency"`
		UnitAmount int64  `json:"unit_amount"`
	}
	status, err := v.get(ctx, "/v1/prices/"+url.PathEscape(*price.StripePriceID), &there)
	switch {
	case err != nil || status == http.StatusUnauthorized:
		v.odd("The price "+name+" could not be compared with Stripe's.", "See above.")
	case status != http.StatusOK:
		v.bad(fmt.Sprintf("The price %s names one that this Stripe account does not have (%d).", name, status), "Is the key of the right account and mode? "+mend)
	case !there.Active:
		v.bad("The price "+name+" is archived at Stripe.", mend)
	case there.UnitAmount != price.AmountMinor || there.Currency != price.Currency:
		v.bad(fmt.Sprintf("The price %s is %d %s here and %d %s at Stripe.", name, price.AmountMinor, price.Currency, there.UnitAmount, there.Currency), mend)
	}
}

// mail greets the relay and signs in, and sends nothing.
func (v *visit) mail(ctx context.Context) {
	if v.cfg.SMTPURL == "" {
		return
	}
	if _, err := mail.New(mail.Config{URL: v.cfg.SMTPURL, From: v.cfg.MailFrom, MessageIDDomain: v.cfg.mailDomain()}); err != nil {
		v.bad("Mail: "+oneLine(err)+".", "See SMTP_URL and CONSERVATORY_MAIL_FROM in `conservatory serve --help`.")
		return
	}
	if err := v.greet(ctx); err != nil {
		v.bad("Mail: "+oneLine(err), "Check host, port and password in SMTP_URL, and that the network lets this machine out to it.")
		return
	}
	v.good("The mail relay lets us in.")
}

func (v *visit) greet(ctx context.Context) error {
	u, err := url.Parse(v.cfg.SMTPURL)
	if err != nil {
		return errors.New("SMTP_URL is not a URL")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"smtps": "465"}[u.Scheme]
	}
	if port == "" {
		port = "587"
	}
	config := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	dialer := net.Dialer{Timeout: checkTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return fmt.Errorf("reach the relay: %w", err)
	}
	defer conn.Close() //nolint:errcheck // after QUIT
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline) // every TCP connection takes one
	}
	if u.Scheme == "smtps" {
		conn = tls.Client(conn, config)
	}
	client, err := smtp.NewClient(conn, u.Hostname())
	if err != nil {
		return fmt.Errorf("greet the relay: %w", err)
	}
	return v.converse(client, u, config)
}

func (v *visit) converse(client *smtp.Client, u *url.URL, config *tls.Config) error {
	if err := client.Hello(v.cfg.mailDomain()); err != nil {
		return fmt.Errorf("greet the relay: %w", err)
	}
	if u.Scheme == "smtp" && u.Query().Get("tls") != "none" {
		if err := client.StartTLS(config); err != nil {
			return fmt.Errorf("begin TLS with the relay: %w", err)
		}
	}
	password, there := u.User.Password()
	if _, mechanisms := client.Extension("AUTH"); there && strings.Contains(mechanisms, "PLAIN") {
		if err := client.Auth(smtp.PlainAuth("", u.User.Username(), password, u.Hostname())); err != nil {
			return fmt.Errorf("sign in at the relay: %w", err)
		}
	}
	if err := client.Noop(); err != nil {
		return fmt.Errorf("talk to the relay: %w", err)
	}
	_ = client.Quit() // it has answered; how it parts does not matter
	return nil
}

// reachable asks the API by the name that the world uses. Before the first
// start nobody answers, so it is no error.
func (v *visit) reachable(ctx context.Context) {
	u, err := url.Parse(v.cfg.BaseURL)
	if err != nil || u.Hostname() == "" {
		return
	}
	if _, err := net.DefaultResolver.LookupHost(ctx, u.Hostname()); err != nil {
		v.odd("The name "+u.Hostname()+" is not known here.", "Make a DNS record for the host of CONSERVATORY_BASE_URL.")
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.cfg.BaseURL+"/healthz", http.NoBody)
	if err != nil {
		return // the configuration has said so
	}
	resp, err := v.client.Do(req)
	if err != nil {
		v.odd("Nobody answers at "+v.cfg.BaseURL+": "+oneLine(err), "Fine before the first start; else check the proxy, its certificate and its upstream.")
		return
	}
	defer resp.Body.Close() //nolint:errcheck // it was not read
	if resp.StatusCode != http.StatusOK {
		v.odd(fmt.Sprintf("%s/healthz answers %d.", v.cfg.BaseURL, resp.StatusCode), "Does the proxy in front hand everything to the API?")
		return
	}
	v.good("The API answers at %s.", v.cfg.BaseURL)
}

// browsers looks whether the frontend is among those that may call.
func (v *visit) browsers(context.Context) {
	u, err := url.Parse(v.cfg.FrontendURL)
	if err != nil || u.Host == "" {
		return
	}
	if own := u.Scheme + "://" + u.Host; !slices.Contains(v.cfg.FrontendOrigins, own) {
		v.odd("The frontend's own origin "+own+" is not in CONSERVATORY_FRONTEND_ORIGINS.", "Add it, unless the frontend calls from its server only.")
		return
	}
	v.good("Browsers may call from %s.", strings.Join(v.cfg.FrontendOrigins, ", "))
}

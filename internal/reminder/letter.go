package reminder

import (
	"context"
	"embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/mail"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/money"
)

//go:embed letters/*.txt
var letterFiles embed.FS

// letters has one for each kind.
type letters map[billing.CauseKind]*mail.Template

func (l letters) read() error {
	for kind := range fillings() {
		var t *mail.Template
		if err := mail.ReadTemplates(letterFiles, map[string]**mail.Template{strings.ReplaceAll(string(kind), "_", "-"): &t}); err != nil {
			return err
		}
		l[kind] = t
	}
	return nil
}

// letterData is what letters are filled in with.
type letterData struct {
	Name   string
	Date   string // of what is told
	Amount string
	Every  string // month, year, 3 months
	Link   string
	Card   string // visa 4242
	Ended  bool
	Failed bool // because payments failed
	Refuse string
}

// filling says whether a letter is still true, and what stands in it.
type filling func(ctx context.Context, r *Reminder, l letter) (letterData, bool, error)

// fillings are the letters there are.
func fillings() map[billing.CauseKind]filling {
	return map[billing.CauseKind]filling{
		billing.TrialEnding:    trialEnding,
		billing.RenewalAhead:   renewalAhead14,
		billing.PaymentFailed:  paymentFailed,
		billing.ActionRequired: actionRequired,
		billing.CardExpiring:   cardExpiring,
		billing.MembershipEnds: membershipEnds,
		billing.DisputeDue:     disputeDue,
	}
}

func (r *Reminder) fill(ctx context.Context, l letter) (letterData, bool, error) {
	data, due, err := fillings()[l.Kind](ctx, r, l)
	if pg.Missing(err) {
		return data, false, nil // what it is about is gone
	}
	data.Name = l.Name
	if mayRefuse(l.Kind) {
		data.Refuse = r.cfg.FrontendURL + "/letters#token=" + r.token(l.ID)
	}
	return data, due, err
}

func trialEnding(ctx context.Context, r *Reminder, l letter) (d letterData, due bool, err error) {
	s, err := r.store.subscription(ctx, l.Subject)
	if err != nil || s.Status != "trialing" || s.EndsAt != nil || s.CollectionPaused || !on(s.TrialEnd, l.Period) || !s.TrialEnd.After(r.clock.Now()) {
		return d, false, err
	}
	return r.ahead(ctx, l, s, *s.TrialEnd)
}

func renewalAhead14(ctx context.Context, r *Reminder, l letter) (d letterData, due bool, err error) {
	s, err := r.store.subscription(ctx, l.Subject)
	if err != nil || s.Status != "active" || s.EndsAt != nil || s.CollectionPaused || !on(s.CurrentPeriodEnd, l.Period) || !s.CurrentPeriodEnd.After(r.clock.Now()) {
		return d, false, err
	}
	return r.ahead(ctx, l, s, *s.CurrentPeriodEnd)
}

// ahead asks Stripe what will be taken: coupons, tax and credit are in it.
func (r *Reminder) ahead(ctx context.Context, l letter, s subscription, at time.Time) (d letterData, due bool, err error) {
	next, comes, err := r.stripe.Upcoming(ctx, l.Subject)
	if err != nil || !comes {
		return d, false, err
	}
	d = letterData{Date: day(at, l.TimeZone), Every: s.Interval, Link: r.cfg.FrontendURL + "/membership"}
	if s.IntervalCount > 1 {
		d.Every = strconv.FormatInt(s.IntervalCount, 10) + " " + s.Interval + "s"
	}
	d.Amount, err = amount(next.DueMinor, next.Currency)
	return d, true, err
}

func paymentFailed(ctx context.Context, r *Reminder, l letter) (d letterData, due bool, err error) {
	i, err := r.store.invoice(ctx, l.Subject)
	if err != nil || i.Status != "open" || !i.Runs {
		return d, false, err
	}
	d = letterData{Link: r.cfg.FrontendURL + "/membership"}
	if i.NextAttemptAt != nil && i.NextAttemptAt.After(r.clock.Now()) {
		d.Date = day(*i.NextAttemptAt, l.TimeZone)
	}
	d.Amount, err = amount(i.DueMinor, i.Currency)
	return d, true, err
}

func actionRequired(ctx context.Context, r *Reminder, l letter) (d letterData, due bool, err error) {
	i, err := r.store.invoice(ctx, l.Subject)
	if err != nil || i.Status != "open" || !i.Runs || !i.NeedsAction || i.HostedURL == "" {
		return d, false, err
	}
	d = letterData{Link: i.HostedURL}
	d.Amount, err = amount(i.DueMinor, i.Currency)
	return d, true, err
}

func cardExpiring(ctx context.Context, r *Reminder, l letter) (d letterData, due bool, err error) {
	card, ok, err := r.stripe.Card(ctx, l.UserID)
	if err != nil || !ok || card.ID != l.Subject || card.Cause().Period != l.Period {
		return d, false, err
	}
	return letterData{
		Card: card.Brand + " " + card.Last4, Date: time.Date(card.ExpYear, time.Month(card.ExpMonth), 1, 0, 0, 0, 0, time.UTC).Format("January 2006"),
		Link: r.cfg.FrontendURL + "/membership",
	}, true, nil
}

func membershipEnds(ctx context.Context, r *Reminder, l letter) (d letterData, due bool, err error) {
	s, err := r.store.subscription(ctx, l.Subject)
	if err != nil || !on(s.EndsAt, l.Period) || s.Another {
		return d, false, err
	}
	return letterData{
		Date: day(*s.EndsAt, l.TimeZone), Ended: s.Status == "canceled", Failed: s.CancellationReason == "payment_failed",
		Link: r.cfg.FrontendURL + "/membership",
	}, true, nil
}

func disputeDue(ctx context.Context, r *Reminder, l letter) (d letterData, due bool, err error) {
	v, err := r.store.dispute(ctx, l.Subject)
	if err != nil || !v.Waits || v.DueBy == nil || !v.DueBy.After(r.clock.Now()) {
		return d, false, err
	}
	d = letterData{Date: moment(*v.DueBy, l.TimeZone), Link: r.cfg.FrontendURL + "/admin/disputes"}
	d.Amount, err = amount(v.AmountMinor, v.Currency)
	return d, true, err
}

// on says whether a moment is on the day that a letter was promised for; what is
// behind an @ tells times of the same day apart.
func on(t *time.Time, period string) bool {
	want, _, _ := strings.Cut(period, "@")
	return t != nil && t.UTC().Format(time.DateOnly) == want
}

func day(t time.Time, zone string) string { return in(t, zone).Format("2 January 2006") }

func moment(t time.Time, zone string) string { return in(t, zone).Format("2 January 2006, 15:04 MST") }

func in(t time.Time, zone string) time.Time {
	place, err := time.LoadLocation(zone)
	if err != nil {
		place = time.UTC
	}
	return t.In(place)
}

func amount(minor int64, currency string) (string, error) {
	a, err := money.New(minor, currency)
	if err != nil {
		return "", fmt.Errorf("write an amount: %w", err)
	}
	return a.Format(), nil
}

// Previews shows every letter of this domain, filled in with invented values.
func (r *Reminder) Previews() ([]mail.Preview, error) {
	maria := letterData{
		Name: "Maria", Date: "8 December 2026", Amount: "490.00 USD", Every: "year", Link: r.cfg.FrontendURL + "/membership",
		Card: "Visa 4242", Refuse: r.cfg.FrontendURL + "/letters#token=example",
	}
	all := map[string]*mail.Template{}
	for kind, t := range r.letters {
		all["reminder/"+strings.ReplaceAll(string(kind), "_", "-")] = t
	}
	return mail.Previews(all, maria)
}

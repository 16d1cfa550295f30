package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/womens-tech-conservatory/conservatory/internal/billing"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
)

// migrationTimeout is for one statement of a migration.
const migrationTimeout = 10 * time.Minute

type stripeCommand struct {
	Setup stripeSetup `cmd:"" help:"Bring a plan file, our catalogue and Stripe together: products, prices, the customer portal and the webhook endpoint. Shows what it would do on either side, and what drifted, and exits with 2 when that is anything; --apply does it."`
}

type stripeSetup struct {
	Plans string `arg:"" help:"The plan file, see deployments/plans.json." type:"existingfile"`
	Apply bool   `help:"Do it, instead of showing it." xor:"do"`
	Dry   bool   `name:"dry-run" help:"Only show it, which is what happens without --apply." xor:"do"`
}

// Run shows the difference between the plan file and Stripe, and applies it.
func (s stripeSetup) Run(p *process) error {
	app, err := p.app()
	if err != nil {
		return err
	}
	defer app.Close()
	plans, err := readPlans(s.Plans)
	if err != nil {
		return err
	}
	opt := billing.SetupOptions{DryRun: !s.Apply, WebhookURL: app.Config.BaseURL + "/v1/webhooks/stripe"}
	err = app.Billing.Setup(p.ctx, plans, opt, p.out)
	if errors.Is(err, billing.ErrDifferent) {
		return differentError{}
	}
	return plain(err)
}

// differentError is that a dry run found something to do, which is told by the
// exit code.
type differentError struct{}

// Error says what to do about it.
func (differentError) Error() string { return "nothing was changed; add --apply to do it" }

// plan is one entry of the plan file.
type plan struct {
	Slug        string   `json:"slug"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Benefits    []string `json:"benefits"`
	Hidden      bool     `json:"hidden"`
	Group       string   `json:"group"`
	Seats       int64    `json:"seats"`
	Prices      []price  `json:"prices"`
}

type price struct {
	Key           string `json:"key"`
	Interval      string `json:"interval"`
	IntervalCount int64  `json:"interval_count"`
	AmountMinor   int64  `json:"amount_minor"`
	Currency      string `json:"currency"`
	TrialDays     int64  `json:"trial_days"`
	NoCard        bool   `json:"trial_without_card"`
}

// spec gives the plan at its place in the file.
func (p plan) spec(position int) membership.PlanSpec {
	s := membership.PlanSpec{Slug: p.Slug, Name: p.Name, Description: p.Description, Benefits: p.Benefits, Position: int64(position), Group: p.Group, Seats: p.Seats}
	if p.Hidden {
		s.State = membership.Hidden
	}
	for _, one := range p.Prices {
		s.Prices = append(s.Prices, membership.PriceSpec(one))
	}
	return s
}

func readPlans(file string) ([]membership.PlanSpec, error) {
	text, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open the plan file: %w", err)
	}
	defer text.Close() //nolint:errcheck // it was only read
	decoder := json.NewDecoder(text)
	decoder.DisallowUnknownFields()
	var plans []plan
	if err := decoder.Decode(&plans); err != nil {
		return nil, fmt.Errorf("read the plan file %s: %w", file, err)
	}
	var specs []membership.PlanSpec
	for i, p := range plans {
		specs = append(specs, p.spec(i+1))
	}
	return specs, nil
}

// plain gives the words for people of a fault.
func plain(err error) error {
	if f := fault.From(err); f != nil {
		return errors.New(f.Detail)
	}
	return err
}

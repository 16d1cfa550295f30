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
	Setup stripeSetup `cmd:"" help:"Make products, prices, the customer portal and the webhook endpoint from a plan file. Shows what it would do; --apply does it."`
}

type stripeSetup struct {
	Plans string `arg:"" help:"The plan file, see deployments/plans.json." type:"existingfile"`
	Apply bool   `help:"Do it, instead of showing it."`
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
	if err := app.Billing.Setup(p.ctx, plans, opt, p.out); err != nil {
		return plain(err)
	}
	if !s.Apply {
		fmt.Fprintln(p.out, "Nothing was changed. Add --apply to do it.")
	}
	return nil
}

// plan is one entry of the plan file.
type plan struct {
	Slug        string   `json:"slug"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Benefits    []string `json:"benefits"`
	Hidden      bool     `json:"hidden"`
	Prices      []price  `json:"prices"`
}

type price struct {
	Key           string `json:"key"`
	Interval      string `json:"interval"`
	IntervalCount int64  `json:"interval_count"`
	AmountMinor   int64  `json:"amount_minor"`
	Currency      string `json:"currency"`
	TrialDays     int64  `json:"trial_days"`
}

// spec gives the plan at its place in the file.
func (p plan) spec(position int) membership.PlanSpec {
	s := membership.PlanSpec{Slug: p.Slug, Name: p.Name, Description: p.Description, Benefits: p.Benefits, Position: int64(position)}
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

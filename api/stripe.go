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

func readPlans(file string) ([]membership.PlanSpec, error) {
	text, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open the plan file: %w", err)
	}
	defer text.Close() //nolint:errcheck // it was only read
	decoder := json.NewDecoder(text)
	decoder.DisallowUnknownFields()
	var plans []membership.PlanSpec
	if err := decoder.Decode(&plans); err != nil {
		return nil, fmt.Errorf("read the plan file %s: %w", file, err)
	}
	return plans, nil
}

// plain gives the words for people of a fault.
func plain(err error) error {
	if f := fault.From(err); f != nil {
		return errors.New(f.Detail)
	}
	return err
}

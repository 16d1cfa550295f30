package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestDoctorCommandFailsWhenSomethingIsToBeMended(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := run(t.Context(), []string{"doctor"}, []string{"CONSERVATORY_ENV=production"}, &out)
	if err == nil || !strings.Contains(err.Error(), "checks found something to mend") {
		t.Errorf("the error is %v", err)
	}
	if !strings.Contains(out.String(), "✗ Configuration: DATABASE_URL is missing") {
		t.Errorf("it says:\n%s", out.String())
	}
}

// The doctor sends people to this file.
func TestThePlanFileIsReadable(t *testing.T) {
	t.Parallel()
	plans, err := readPlans("../deployments/plans.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(plans) != 3 {
		t.Errorf("%d plans", len(plans))
	}
	for _, plan := range plans {
		if plan.Slug == "" || plan.Name == "" || plan.Description == "" || len(plan.Benefits) == 0 || len(plan.Prices) == 0 {
			t.Errorf("%+v is not complete", plan)
		}
		for _, price := range plan.Prices {
			if price.AmountMinor < 1 || price.Currency != "usd" || !slices.Contains([]string{"month", "year"}, price.Interval) || price.Key == "" {
				t.Errorf("%s: %+v is not a price", plan.Slug, price)
			}
		}
	}
}

package server

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write deployments/env.example anew")

const deployments = "../../deployments"

func TestEnvExampleIsCurrent(t *testing.T) {
	t.Parallel()
	file := filepath.Join(deployments, "env.example")
	if *update {
		if err := os.WriteFile(file, []byte(Example()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Example(), string(have)); diff != "" {
		t.Errorf("env.example is not what the code says (go test ./api/server -run EnvExample -update):\n%s", diff)
	}
}

func TestEverySettingIsExplained(t *testing.T) {
	t.Parallel()
	help := Explain()
	for _, v := range Variables() {
		if v.Name == "" || len(v.Help) < 10 || !strings.Contains(help, v.Name) || !strings.Contains(help, v.Help) {
			t.Errorf("%+v is not explained", v)
		}
	}
}

func TestDeploymentsSetOnlyWhatExists(t *testing.T) {
	t.Parallel()
	known := []string{}
	for _, v := range Variables() {
		known = append(known, v.Name)
	}
	setting := regexp.MustCompile(`\b(?:CONSERVATORY_[A-Z_]+|DATABASE_URL|STRIPE_[A-Z_]+|SMTP_URL)\b`)
	for _, name := range []string{"compose.yaml", "kubernetes/conservatory.yaml", "Dockerfile"} {
		found := setting.FindAllString(deployment(t, name), -1)
		for _, s := range found {
			if !slices.Contains(known, s) {
				t.Errorf("%s sets %s, which is no setting", name, s)
			}
		}
	}
}

func TestAlertsWatchWhatIsMeasuredAndHaveRunbooks(t *testing.T) {
	t.Parallel()
	alerts := deployment(t, "prometheus/alerts.yaml")
	source, err := os.ReadFile("metrics.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, metric := range regexp.MustCompile(`conservatory_([a-z_]+)`).FindAllStringSubmatch(alerts, -1) {
		name := regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(metric[1], "")
		if !strings.Contains(string(source), `"`+name+`"`) && !strings.Contains(string(source), `"conservatory_`+name+`"`) {
			t.Errorf("%s is not measured", metric[0])
		}
	}
	rules := regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(alerts, -1)
	books := regexp.MustCompile(`(?m)^ +runbook: deployments/(runbooks/[a-z-]+\.md)$`).FindAllStringSubmatch(alerts, -1)
	if len(rules) < 5 || len(rules) != len(books) {
		t.Errorf("%d alerts, %d runbooks", len(rules), len(books))
	}
	for _, book := range books {
		if len(deployment(t, book[1])) < 200 {
			t.Errorf("%s says little", book[1])
		}
	}
}

func deployment(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(deployments, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

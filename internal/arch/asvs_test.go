package arch_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// asvs are the requirements of the levels 1 and 2 of ASVS 5.0.0, chapters V6,
// V7, V9 and V10, with their level.
func asvs() map[string]string {
	all := map[string]string{}
	for level, list := range map[string]string{
		"1": `6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.3.1 6.3.2 6.4.1 6.4.2
			7.2.1 7.2.2 7.2.3 7.2.4 7.4.1 7.4.2 9.1.1 9.1.2 9.1.3 9.2.1 10.4.1 10.4.2 10.4.3 10.4.4 10.4.5`,
		"2": `6.1.2 6.1.3 6.2.9 6.2.10 6.2.11 6.2.12 6.3.3 6.3.4 6.4.3 6.4.4 6.5.1 6.5.2 6.5.3 6.5.4 6.5.5 6.6.1 6.6.2 6.6.3
			6.8.1 6.8.2 6.8.3 6.8.4 7.1.1 7.1.2 7.1.3 7.3.1 7.3.2 7.4.3 7.4.4 7.4.5 7.5.1 7.5.2 7.6.1 7.6.2 9.2.2 9.2.3 9.2.4
			10.1.1 10.1.2 10.2.1 10.2.2 10.3.1 10.3.2 10.3.3 10.3.4 10.4.6 10.4.7 10.4.8 10.4.9 10.4.10 10.4.11
			10.5.1 10.5.2 10.5.3 10.5.4 10.5.5 10.6.1 10.6.2 10.7.1 10.7.2 10.7.3`,
	} {
		for number := range strings.FieldsSeq(list) {
			all[number] = level
		}
	}
	return all
}

// requirement is one row of the table.
type requirement struct{ number, level, gist, state, here, shown string }

var (
	rowForm   = regexp.MustCompile(`(?m)^\| (\d+\.\d+\.\d+) \| (\d) \| ([^|]+) \| \*\*([a-z ]+)\*\* ?([^|]*) \| ?([^|]*?) ?\|$`)
	reference = regexp.MustCompile("`([^`]+)`")
)

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func requirements(t *testing.T, text string) []requirement {
	t.Helper()
	if rows := strings.Count(text, "\n| ") - 4; rows != len(rowForm.FindAllString(text, -1)) {
		t.Errorf("%d rows, of which %d have the form of one", rows, len(rowForm.FindAllString(text, -1)))
	}
	var all []requirement
	for _, m := range rowForm.FindAllStringSubmatch(text, -1) {
		all = append(all, requirement{m[1], m[2], m[3], m[4], m[5], m[6]})
	}
	return all
}

func TestTheTableOfRequirementsIsWhole(t *testing.T) {
	t.Parallel()
	text := document(t, "deployments/security/asvs.md")
	want, count, gaps := asvs(), map[string]int{}, []string{}
	for _, r := range requirements(t, text) {
		switch level, open := want[r.number]; {
		case !open:
			t.Errorf("%s is there twice, or is none of these levels", r.number)
		case level != r.level:
			t.Errorf("%s is of level %s", r.number, level)
		}
		delete(want, r.number)
		count[r.state]++
		switch r.state {
		case "done":
			if !reference.MatchString(r.here) || !reference.MatchString(r.shown) {
				t.Errorf("%s is done, but it does not say where or which test shows it", r.number)
			}
		case "gap":
			gaps = append(gaps, r.number)
			fallthrough
		case "not applicable":
			if len(r.here) < 7 {
				t.Errorf("%s does not say why", r.number)
			}
		default:
			t.Errorf("%s is %q", r.number, r.state)
		}
	}
	for _, number := range slices.Sorted(maps.Keys(want)) {
		t.Errorf("%s is missing", number)
	}
	wantSummary(t, text, count, gaps)
}

// wantSummary compares the numbers and the list at the end with the rows.
func wantSummary(t *testing.T, text string, count map[string]int, gaps []string) {
	t.Helper()
	_, summary, _ := strings.Cut(text, "\n## Summary\n")
	first := fmt.Sprintf("%d requirements: %d done, %d not applicable, %d gaps.",
		count["done"]+count["not applicable"]+count["gap"], count["done"], count["not applicable"], count["gap"])
	if !strings.Contains(summary, first) {
		t.Errorf("the summary does not say %q", first)
	}
	var listed []string
	for _, m := range regexp.MustCompile(`(?m)^- \*\*(\d+\.\d+\.\d+)\*\* `).FindAllStringSubmatch(summary, -1) {
		listed = append(listed, m[1])
	}
	if !slices.Equal(listed, gaps) {
		t.Errorf("the summary lists %v, the rows %v", listed, gaps)
	}
}

func TestTheTableOfRequirementsNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	known := catalogue(t)
	named := 0
	for _, r := range requirements(t, document(t, "deployments/security/asvs.md")) {
		for _, m := range reference.FindAllStringSubmatch(r.here+" "+r.shown, -1) {
			named++
			if why := known.missing(root(t), m[1]); why != "" {
				t.Errorf("%s names %s: %s", r.number, m[1], why)
			}
		}
		for _, m := range reference.FindAllStringSubmatch(r.shown, -1) {
			if !regexp.MustCompile(`\.Test[A-Z]`).MatchString(m[1]) {
				t.Errorf("%s is shown by %s, which is no test", r.number, m[1])
			}
		}
	}
	if named < 100 {
		t.Errorf("only %d names: the table is not read", named)
	}
	for _, bad := range []string{
		"internal/account.Nothing", "internal/account.TestNothing", "internal/account.TestDevices/nothing of this kind",
		"internal/account.TestDevices/a session idle for thirty days is over", // is one of another test
		"internal/nothing/nothing.go", "internal/nothing.New", "openapi.yaml#nothing", "nothing",
	} {
		if known.missing(root(t), bad) == "" {
			t.Errorf("%s is found", bad)
		}
	}
}

// Command measure prints what the program weighs: size, start, idle memory,
// modules, and the time of a build from empty caches. Its table is for the
// README:
//
//	go run ./api/measure          all but the cold build
//	go run ./api/measure --cold   with it; takes minutes
//
// and, for a quiet machine, what the way in gives away and what it costs; these
// two fail when it is too much:
//
//	go run ./api/measure --enumeration   the time of answers for addresses with an account and without
//	go run ./api/measure --logins        memory while 64 people log in at once
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// row is one line of the table.
type row struct{ what, value string }

func main() {
	cold := flag.Bool("cold", false, "measure a build from an empty build cache too; the module cache is kept")
	enumerate := flag.Bool("enumeration", false, "measure whether the time of an answer tells that an address has an account; takes minutes")
	crowded := flag.Bool("logins", false, "measure the most memory that the program takes while 64 people log in at once")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	var rows []row
	var err error
	switch {
	case *enumerate:
		err = enumeration(ctx, os.Stdout)
	case *crowded:
		rows, err = logins(ctx)
	default:
		rows, err = measure(ctx, *cold)
	}
	stop()
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', tabwriter.Debug)
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t %s\n", r.what, r.value)
	}
	if err := errors.Join(table.Flush(), err); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, cold bool) ([]row, error) {
	dir, err := os.MkdirTemp("", "measure")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what is left is in the folder for temporary files
	binary := filepath.Join(dir, "conservatory")
	var rows []row
	if cold {
		took, err := build(ctx, binary, "GOCACHE="+filepath.Join(dir, "cache"))
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{"build, empty build cache, modules there", seconds(took)})
	}
	if _, err := build(ctx, binary); err != nil {
		return nil, err
	}
	info, err := os.Stat(binary)
	if err != nil {
		return nil, err
	}
	rows = append(rows, row{"binary, stripped, static", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6)})
	modules, err := modules(ctx, binary)
	if err != nil {
		return nil, err
	}
	rows = append(rows, modules...)
	starts, err := starts(ctx, binary, filepath.Join(dir, "house"))
	return append(rows, starts...), err
}

// build builds as the image does.
func build(ctx context.Context, binary string, environ ...string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "./api")
	cmd.Env = append(append(cmd.Environ(), "CGO_ENABLED=0"), environ...)
	cmd.Stderr = os.Stderr
	begin := time.Now() //nolint:forbidigo // measures, decides nothing
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("build: %w", err)
	}
	return time.Since(begin), nil
}

// modules counts those that go.mod leads to and those that are in the binary.
func modules(ctx context.Context, binary string) ([]row, error) {
	all, err := output(ctx, "go", "list", "-m", "all")
	if err != nil {
		return nil, err
	}
	linked, err := output(ctx, "go", "version", "-m", binary)
	if err != nil {
		return nil, err
	}
	n := 0
	for line := range strings.SplitSeq(linked, "\n") {
		if strings.HasPrefix(line, "\tdep\t") {
			n++
		}
	}
	return []row{
		{"modules in the graph (go list -m all)", strconv.Itoa(strings.Count(all, "\n") - 1)},
		{"modules in the binary", strconv.Itoa(n)},
	}, nil
}

func output(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(append([]string{name}, args...), " "), err)
	}
	return string(out), nil
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// Command testsum reads what `go test -json` writes, shows all that failed and
// why tests were skipped, and adds up the numbers in a file:
//
//	go test -json ./... | testsum COUNTS
//
// It fails when a test or a package failed, or when nothing was tested.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is one line of `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
	Elapsed    float64
}

type sum struct {
	out                     io.Writer
	said                    map[string]*strings.Builder // what a test has printed so far
	passed, failed, skipped int
	broken                  int // packages that do not build or end before their tests
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go test -json ./... | testsum COUNTS")
		os.Exit(2)
	}
	s := &sum{out: os.Stdout, said: map[string]*strings.Builder{}}
	err := errors.Join(s.read(os.Stdin), s.save(os.Args[1]))
	switch {
	case err != nil:
	case s.failed+s.broken > 0:
		err = fmt.Errorf("%d tests failed, %d packages broken", s.failed, s.broken)
	case s.passed == 0:
		err = errors.New("nothing was tested")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
}

func (s *sum) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(s.out, lines.Text())
			continue
		}
		s.take(e)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the events: %w", err)
	}
	return nil
}

func (s *sum) take(e event) {
	key := e.Package + e.ImportPath + " " + e.Test
	if s.said[key] == nil {
		s.said[key] = &strings.Builder{}
	}
	switch e.Action {
	case "output", "build-output":
		s.said[key].WriteString(e.Output)
	case "build-fail":
		fmt.Fprintf(s.out, "--- does not build: %s\n%s", e.ImportPath, s.said[key])
	case "pass", "fail", "skip":
		s.end(e, key)
	}
}

func (s *sum) end(e event, key string) {
	defer delete(s.said, key)
	text := s.said[key].String()
	switch {
	case e.Test == "" && e.Action == "fail":
		s.broken++
		fmt.Fprintf(s.out, "FAIL  %s (%.1f s)\n%s", e.Package, e.Elapsed, text)
	case e.Test == "" && e.Action == "pass":
		fmt.Fprintf(s.out, "ok    %s (%.1f s)\n", e.Package, e.Elapsed)
	case e.Test == "":
	case e.Action == "pass":
		s.passed++
	case e.Action == "skip":
		s.skipped++
		fmt.Fprintf(s.out, "--- skipped: %s %s\n%s", e.Package, e.Test, text)
	default:
		s.failed++
		fmt.Fprintf(s.out, "--- failed: %s %s\n%s", e.Package, e.Test, text)
	}
}

// save adds the numbers to those of earlier runs.
func (s *sum) save(file string) error {
	var passed, failed, skipped int
	if text, err := os.ReadFile(file); err == nil {
		if _, err := fmt.Sscan(string(text), &passed, &failed, &skipped); err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
	}
	text := fmt.Sprintln(passed+s.passed, failed+s.failed, skipped+s.skipped)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the numbers: %w", err)
	}
	return nil
}

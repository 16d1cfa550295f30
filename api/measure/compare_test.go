package main

import (
	"math"
	"strings"
	"testing"
	"time"
)

func times(all ...int) []time.Duration {
	out := make([]time.Duration, len(all))
	for i, n := range all {
		out[i] = time.Duration(n)
	}
	return out
}

func TestCompare(t *testing.T) {
	t.Parallel()

	t.Run("a median is the middle, or between the two in the middle", func(t *testing.T) {
		t.Parallel()
		if got := median(times(9, 1, 5)); got != 5 {
			t.Errorf("median %d, want 5", got)
		}
		if got := median(times(9, 1, 5, 7)); got != 6 {
			t.Errorf("median %d, want 6", got)
		}
	})

	t.Run("medians may differ by a twentieth, in either direction", func(t *testing.T) {
		t.Parallel()
		for want, pair := range map[string][][2]time.Duration{
			"yes": {{100, 100}, {104, 100}, {100, 104}},
			"NO":  {{106, 100}, {100, 106}},
		} {
			for _, p := range pair {
				if got := (comparison{first: p[0], second: p[1]}).verdict(); got != want {
					t.Errorf("%d and %d: %s, want %s", p[0], p[1], got, want)
				}
			}
		}
	})

	t.Run("a line that says NO fails the measurement and is named", func(t *testing.T) {
		t.Parallel()
		if err := apart(nil); err != nil {
			t.Error(err)
		}
		if err := apart([]string{"logIn"}); err == nil || !strings.Contains(err.Error(), "logIn") {
			t.Errorf("%v", err)
		}
	})

	t.Run("so does a crowd that takes too much, or is not let in", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct {
			count map[int]int
			peak  megabytes
			good  bool
		}{
			{map[int]int{200: 64}, 187, true},
			{map[int]int{200: 64}, 250, true},
			{map[int]int{200: 64}, 250.1, false},
			{map[int]int{200: 63, 503: 1}, 187, false},
			{map[int]int{200: 63}, 187, false},
			{map[int]int{200: 64}, 0, true}, // of a system that does not tell
		} {
			if err := tooMuch(c.count, c.peak); c.good != (err == nil) {
				t.Errorf("%v with %s: %v", c.count, c.peak, err)
			}
		}
	})

	// The ranks 1, 2, 4, 7, 9 of eleven make U = 8, z = (8-15)/sqrt(30) = -1.278.
	t.Run("the U test gives what it gives by hand", func(t *testing.T) {
		t.Parallel()
		if got := mannWhitney(times(1, 2, 4, 7, 9), times(3, 5, 6, 8, 10, 11)); math.Abs(got-0.2012) > 0.0001 {
			t.Errorf("p = %.4f, want 0.2012", got)
		}
		if got := mannWhitney(times(1, 2, 3), times(1, 2, 3)); got != 1 {
			t.Errorf("p = %.4f of equal samples, want 1", got)
		}
	})
}

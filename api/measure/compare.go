package main

import (
	"math"
	"slices"
	"time"
)

// comparison is of two samples of times.
type comparison struct {
	first, second time.Duration // medians
	p             float64       // that samples of one distribution differ so much
}

func compare(a, b []time.Duration) comparison {
	return comparison{median(a), median(b), mannWhitney(a, b)}
}

func (c comparison) ratio() float64 { return float64(c.first) / float64(c.second) }

func (c comparison) verdict() string {
	if r := c.ratio(); r > 1+within || 1/r > 1+within {
		return "NO"
	}
	return "yes"
}

func median(all []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(all))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// mannWhitney gives the two-sided p of the U test by its normal approximation,
// good for samples of more than twenty; times to the nanosecond have no ties
// that would matter.
func mannWhitney(a, b []time.Duration) float64 {
	all := slices.Concat(a, b)
	slices.Sort(all)
	n, m, ranks := float64(len(a)), float64(len(b)), 0.0
	for _, d := range a {
		i, _ := slices.BinarySearch(all, d)
		j, _ := slices.BinarySearch(all, d+1)
		ranks += float64(i+1+j) / 2
	}
	u := ranks - n*(n+1)/2
	z := (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

package report

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestPeriod(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, zone, now, from, to, start, end string }{
		{"an ordinary month", "UTC", "2026-12-31", "2026-11-01", "2026-11-30", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"},
		{"the days of New York", "America/New_York", "2026-12-31", "2026-01-01", "2026-01-31", "2026-01-01T05:00:00Z", "2026-02-01T05:00:00Z"},
		{"a month that enters summer time", "America/New_York", "2026-12-31", "2026-03-01", "2026-03-31", "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z"},
		{"a month that leaves it", "Europe/Berlin", "2026-12-31", "2026-10-01", "2026-10-31", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"},
		{"the day of 23 hours", "Europe/Berlin", "2026-12-31", "2026-03-29", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"a day whose midnight is skipped begins at one", "Africa/Cairo", "2026-12-31", "2026-04-24", "2026-04-24", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"},
		{"a day with two midnights begins at the first", "America/Havana", "2026-12-31", "2026-11-01", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
		{"a day that never was is empty", "Pacific/Apia", "2026-12-31", "2011-12-30", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"29 February", "UTC", "2028-12-31", "2028-02-29", "2028-02-29", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"},
		{"31 December", "Asia/Tokyo", "2027-12-31", "2026-12-31", "2026-12-31", "2026-12-30T15:00:00Z", "2026-12-31T15:00:00Z"},
		{"without dates: this month until today", "UTC", "2026-11-23", "", "", "2026-11-01T00:00:00Z", "2026-11-24T00:00:00Z"},
		{"today is what it is in the zone", "Asia/Tokyo", "2026-11-30T20:00:00Z", "", "", "2026-11-30T15:00:00Z", "2026-12-01T15:00:00Z"},
		{"exactly ten years", "UTC", "2026-12-31", "2016-01-01", "2025-12-31", "2016-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := at(t, c.now).Period(query4(t, c.from, c.to, c.zone))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{c.start, c.end}, []string{p.Start.Format(time.RFC3339), p.End.Format(time.RFC3339)}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPeriodRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, from, to, zone, pointer, code string }{
		{"a zone that is not there", "", "", "Europe/Atlantis", "#/query/time_zone", "time-zone-unknown"},
		{"a file name", "", "", "../../etc/passwd", "#/query/time_zone", "time-zone-unknown"},
		{"the zone of the machine", "", "", "Local", "#/query/time_zone", "time-zone-unknown"},
		{"a first day after the last", "2026-11-02", "2026-11-01", "", "#/query/from", "period-backwards"},
		{"a last day before this month alone", "", "2026-10-01", "", "#/query/from", "period-backwards"},
		{"a day more than ten years", "2016-01-01", "2026-01-01", "", "#/query/to", "period-too-long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := at(t, "2026-11-23").Period(query4(t, c.from, c.to, c.zone))
			if !errors.Is(err, fault.ErrInvalid) || fault.From(err).Fields[0].Pointer != c.pointer || fault.From(err).Fields[0].Code != c.code {
				t.Errorf("%v %+v, want %s at %s", err, fault.From(err), c.code, c.pointer)
			}
		})
	}
}

// TestBuckets puts one member at one instant and asks in which month she is.
func TestBuckets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, at, zone, from, to string }{
		{"half past eleven on the last evening in New York", "2026-12-01T04:30:00Z", "America/New_York", "2026-11-01", "2026-11-30"},
		{"the same instant is the next month in UTC", "2026-12-01T04:30:00Z", "UTC", "2026-12-01", "2026-12-31"},
		{"half past eleven on the last evening of a month with summer time", "2026-04-01T03:30:00Z", "America/New_York", "2026-03-01", "2026-03-31"},
		{"which is the month before in summer, not in winter", "2026-03-01T04:30:00Z", "America/New_York", "2026-02-01", "2026-02-28"},
		{"29 February in Berlin", "2028-02-29T22:30:00Z", "Europe/Berlin", "2028-02-29", "2028-02-29"},
		{"the last minute of the year in Tokyo", "2026-12-31T14:59:59Z", "Asia/Tokyo", "2026-12-01", "2026-12-31"},
		{"the first instant belongs to the period it begins", "2026-11-01T00:00:00Z", "UTC", "2026-11-01", "2026-11-30"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, db := pgtest.Tx(t)
			w := newWorld(ctx, t, db, "Ada")
			w.ledger(ctx, entry{who: "Ada", at: c.at, monthly: 4900})
			q := query4(t, c.from, c.to, c.zone)
			if got := w.report(ctx, q).Currencies[0].MRR; got != (MRRMovement{New: 4900, End: 4900}) {
				t.Errorf("in it: %+v", got)
			}
			before, after := q, q
			before.From, before.To = q.From.AddDate(0, -1, 0), q.From.AddDate(0, 0, -1)
			if got := w.report(ctx, before).Currencies; len(got) != 0 {
				t.Errorf("before it: %+v", got)
			}
			after.From, after.To = q.To.AddDate(0, 0, 1), q.To.AddDate(0, 1, 0)
			if got := w.report(ctx, after).Currencies[0].MRR; got != (MRRMovement{Start: 4900, End: 4900}) {
				t.Errorf("after it: %+v", got)
			}
		})
	}
}

// at gives reports without a database, as of now.
func at(t *testing.T, now string) *Report {
	t.Helper()
	return New(nil, clock.NewManual(moment(t, now)), nil)
}

func query4(t *testing.T, from, to, zone string) Query {
	t.Helper()
	q := Query{TimeZone: zone}
	if from != "" {
		q.From = moment(t, from)
	}
	if to != "" {
		q.To = moment(t, to)
	}
	return q
}

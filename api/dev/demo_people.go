package dev

import (
	"context"
	"fmt"

	"github.com/womens-tech-conservatory/conservatory/internal/profile"
)

// told is what somebody of the demo community tells of herself.
type told struct {
	email, pronouns, headline, story string
	years                            int64
	skills                           []string
	goals                            []string
	open                             profile.Audience // for her story, her years and her goals
}

func tales() []told {
	return []told{
		{
			"becky@example.org", "she/her", "Coach. Home for twelve years, back for ten", "I stayed home for **twelve years** and thought it was too late. It was not.",
			12,
			[]string{"Listening", "Interviews", "Git"},
			nil, profile.Members,
		},
		{
			"aisha@example.org", "she/her", "Logistics of three schools, now in SQL", "Nine years of car pool. Every morning a *scheduling problem* with real users.",
			9,
			[]string{"Logistics", "SQL", "Calendars"},
			[]string{"A first data job by summer"},
			profile.MyCohorts,
		},
		{
			"fatou@example.org", "", "Teaches children, computers next", "Four children, two languages, no meltdown that lasted.",
			11,
			[]string{"Teaching", "Translation", "Python"},
			nil, profile.MyCohorts,
		},
		{
			"grace@example.org", "she/her", "Merged her first pull request on a bus", "",
			7,
			[]string{"JavaScript", "Bookkeeping"},
			[]string{"Review somebody else's code"},
			profile.Members,
		},
		{"hanna@example.org", "she/they", "Project lead at home, project lead again", "", 5, []string{"Planning", "Negotiation"}, nil, profile.OnlyMe},
		{"joy@example.org", "", "Evergreen, and counting the laundry", "", 6, []string{"Testing", "Accessibility"}, nil, profile.Members},
	}
}

// profiles lets some of the community tell of themselves.
func (c *community) profiles(ctx context.Context) error {
	for _, t := range tales() {
		edit := profile.Edit{
			Headline: &t.headline, Story: &t.story, Pronouns: &t.pronouns, YearsAway: &profile.Years{To: &t.years}, Skills: &t.skills, Goals: &t.goals,
			For: profile.Visibility{Story: t.open, YearsAway: t.open, Goals: t.open},
		}
		if _, err := c.app.Profile.Change(ctx, c.actors[t.email], edit, ""); err != nil {
			return fmt.Errorf("fill in the profile of %s: %w", t.email, err)
		}
	}
	return nil
}

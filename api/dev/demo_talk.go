package dev

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/forum"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/programme"
)

// The two cohorts.
const (
	winter = "Winter"
	autumn = "Autumn"
)

// returnToTech is the programme of both cohorts: a module each two weeks.
func returnToTech() []programme.NewItem {
	var items []programme.NewItem
	var before uuid.UUID
	week := int64(0)
	for _, m := range []struct {
		title   string
		lessons []string
	}{
		{"Where you are", []string{"Where you are", "What twelve years at home taught you", "Why it is not too late"}},
		{"How technology works", []string{"A week in a software team", "Your first pull request", "Reading code aloud"}},
		{"Shades of no", []string{"A no is not about you", "Asking the probing question", "Making room for a better yes"}},
	} {
		module := pg.NewID()
		items = append(items, programme.NewItem{Lineage: module, Kind: programme.Module, Title: m.title, Mandatory: true})
		for i, title := range m.lessons {
			days := week * 7
			lesson := programme.NewItem{
				Lineage: pg.NewID(), Module: module, Kind: programme.Lesson, Title: title,
				Mandatory: i < 2, Minutes: int64(20 + 10*i), ReleaseDays: &days, ReleaseMinute: 9 * 60,
			}
			if before != uuid.Nil {
				lesson.Requires = []uuid.UUID{before}
			}
			if lesson.Mandatory {
				before = lesson.Lineage
			}
			items = append(items, lesson)
			week++
		}
	}
	return items
}

func (c *community) curriculum(ctx context.Context) error {
	version, err := c.app.Programme.Publish(ctx, programme.NewVersion{Slug: "return-to-tech", Title: "Return to tech", Items: returnToTech()})
	if err != nil {
		return fmt.Errorf("publish the programme: %w", err)
	}
	today := clock.System{}.Now()
	closes := today.AddDate(0, 0, 30)
	for _, n := range []cohort.NewCohort{
		{Name: winter, State: cohort.Open, StartsOn: today.AddDate(0, 0, -3), EndsOn: today.AddDate(0, 0, 81), RegistrationClosesAt: &closes, Capacity: 40},
		{Name: autumn, State: cohort.Open, StartsOn: today.AddDate(0, 0, -60), EndsOn: today.AddDate(0, 0, 24), Capacity: 12},
	} {
		n.VersionID, n.TimeZone = version, "America/New_York"
		if err := c.cohort(ctx, n); err != nil {
			return err
		}
	}
	for _, s := range []forum.NewSpace{
		{Kind: forum.Global, Slug: "commons", Title: "The commons"},
		{Kind: forum.Global, Slug: "job-search", Title: "Job search"},
		{Kind: forum.Staff, Slug: "staff", Title: "Staff"},
	} {
		if err := c.space(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (c *community) cohort(ctx context.Context, n cohort.NewCohort) error {
	run, err := c.app.Cohort.Create(ctx, n)
	if err != nil {
		return fmt.Errorf("create the cohort %s: %w", n.Name, err)
	}
	c.cohorts[n.Name] = run.ID
	if err := c.app.Cohort.AddCoach(ctx, run.ID, c.users["becky@example.org"].ID); err != nil {
		return fmt.Errorf("give the cohort %s a coach: %w", n.Name, err)
	}
	return c.space(ctx, forum.NewSpace{Kind: forum.Cohort, CohortID: run.ID, Slug: "cohort-" + n.Name, Title: n.Name + " cohort"})
}

// talk seats everybody, lets them begin and say something.
func (c *community) talk(ctx context.Context) error {
	for _, p := range people() {
		if p.cohort == "" {
			continue
		}
		if _, _, err := c.app.Cohort.Enrol(ctx, c.actors[p.email], c.cohorts[p.cohort]); err != nil {
			return fmt.Errorf("enrol %s: %w", p.email, err)
		}
	}
	if err := c.app.Cohort.SetState(ctx, c.users["admin@example.org"].ID, c.cohorts[autumn], cohort.Running); err != nil {
		return fmt.Errorf("start the cohort %s: %w", autumn, err)
	}
	for _, email := range []string{"grace@example.org", "dorothea@example.org", "hanna@example.org"} {
		if err := c.study(ctx, email, 3); err != nil {
			return err
		}
	}
	for _, t := range threads() {
		if err := c.thread(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// study completes the first lessons that are open.
func (c *community) study(ctx context.Context, email string, lessons int) error {
	for range lessons {
		outline, err := c.app.Programme.Outline(ctx, c.actors[email], uuid.Nil)
		if err != nil {
			return fmt.Errorf("read the outline of %s: %w", email, err)
		}
		for _, item := range outline.Items {
			if item.Kind == programme.Lesson && item.State == programme.NotStarted && len(item.Reasons) == 0 {
				if _, err := c.app.Programme.Complete(ctx, c.actors[email], item.ID); err != nil {
					return fmt.Errorf("complete a lesson for %s: %w", email, err)
				}
				break
			}
		}
	}
	return nil
}

// thread is a conversation: who says what.
type thread struct {
	space, title string
	posts        [][2]string // e-mail, text
}

func threads() []thread {
	return []thread{
		{"commons", "Welcome! Who are you moving this week?", [][2]string{
			{"becky@example.org", "We are all in sales, might as well own it. Tell us: **who are you trying to move** this week, and what did you hear when you listened?"},
			{"hanna@example.org", "My former manager. I asked what *she* needs right now, and we talked for an hour."},
			{"joy@example.org", "My son. He now sorts the laundry. I count it."},
		}},
		{"job-search", "A no that left room", [][2]string{
			{"lucia@example.org", "They said no on Tuesday. I asked whether it was *no forever* or *no for now*. It was the budget: I may ask again in March."},
			{"becky@example.org", "That question is the whole craft. Put March in your calendar and let it go until then."},
		}},
		{"cohort-" + winter, "Introduce yourself", [][2]string{
			{"becky@example.org", "Name, how many years away, and one thing you ran at home that would be a job title elsewhere."},
			{"aisha@example.org", "Aisha, nine years. Three schools' car pool: **logistics**."},
			{"fatou@example.org", "Fatou, eleven years. I taught four children in two languages."},
		}},
		{"cohort-" + autumn, "Week eight", [][2]string{
			{"grace@example.org", "My pull request was merged. I told everybody on the bus."},
			{"dorothea@example.org", "The bus should be proud. What was it about?"},
		}},
		{"staff", "This week", [][2]string{
			{"becky@example.org", "Ines's card failed. She knows; please be kind about it."},
			{"mo@example.org", "Will do."},
		}},
	}
}

func (c *community) thread(ctx context.Context, t thread) error {
	var topic uuid.UUID
	for i, post := range t.posts {
		who := c.actors[post[0]]
		if i == 0 {
			opened, err := c.app.Forum.Open(ctx, who, c.spaces[t.space], forum.NewTopic{Title: t.title, Body: post[1]})
			if err != nil {
				return fmt.Errorf("open %q: %w", t.title, err)
			}
			topic = opened.ID
			continue
		}
		if _, err := c.app.Forum.Reply(ctx, who, topic, forum.NewPost{Body: post[1]}); err != nil {
			return fmt.Errorf("reply to %q: %w", t.title, err)
		}
	}
	return nil
}

func (c *community) space(ctx context.Context, n forum.NewSpace) error {
	space, err := c.app.Forum.CreateSpace(ctx, n)
	c.spaces[n.Slug] = space.ID
	return err
}

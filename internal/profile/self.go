package profile

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/pkg/markdown"
)

// Visibility is the audience of each field.
type Visibility struct {
	Headline  Audience `gorm:"column:headline_for"`
	Story     Audience `gorm:"column:story_for"`
	YearsAway Audience `gorm:"column:years_away_for"`
	Pronouns  Audience `gorm:"column:pronouns_for"`
	Skills    Audience `gorm:"column:skills_for"`
	Goals     Audience `gorm:"column:goals_for"`
	Links     Audience `gorm:"column:links_for"`
	TimeZone  Audience `gorm:"column:time_zone_for"`
	Avatar    Audience `gorm:"column:avatar_for"`
}

// Self is a profile as its owner sees it.
type Self struct {
	UserID    uuid.UUID
	Listed    bool // in the directory
	Headline  string
	Story     string // Markdown
	StoryHTML string
	YearsAway *int64 // nil: not said
	Pronouns  string
	Skills    []string
	Goals     []string
	Links     []string
	Avatar    uuid.UUID // the version of her picture; uuid.Nil: none
	For       Visibility
	Version   int64
}

// ETag names the version, for If-Match.
func (s Self) ETag() string { return fmt.Sprintf(`"s%d"`, s.Version) }

// Years is how long she was away: To nil means that she does not say.
type Years struct{ To *int64 }

// Edit changes what is not nil; of For, what is not empty.
type Edit struct {
	Listed    *bool
	Headline  *string
	Story     *string
	YearsAway *Years
	Pronouns  *string
	Skills    *[]string
	Goals     *[]string
	Links     *[]string
	For       Visibility
}

// Mine gives the profile of whoever acts. One statement.
func (p *Profile) Mine(ctx context.Context, who account.Actor) (Self, error) {
	r, err := p.own(ctx, who.ID, ownSQL)
	return r.self(), err
}

// Change changes the profile of whoever acts; with ifMatch (an ETag or *),
// only that version. Her story is rendered here, once. Faults: invalid values,
// all of them at once; fault.ErrStale.
func (p *Profile) Change(ctx context.Context, who account.Actor, e Edit, ifMatch string) (Self, error) {
	e, html, err := clean(e)
	if err != nil {
		return Self{}, err
	}
	var changed Self
	err = p.db.InTx(ctx, func(ctx context.Context) error {
		r, err := p.own(ctx, who.ID, lockOwnSQL)
		if err != nil {
			return err
		}
		if ifMatch != "" && ifMatch != "*" && ifMatch != r.self().ETag() {
			return fault.ErrStale
		}
		apply(&r, e)
		if e.Story != nil {
			r.StoryHTML, r.RenderVersion = html, markdown.Version
		}
		r.Version++
		changed = r.self()
		return p.update(ctx, r, p.clock.Now())
	})
	return changed, err
}

func apply(r *record, e Edit) {
	set(&r.Listed, e.Listed)
	set(&r.Headline, e.Headline)
	set(&r.Story, e.Story)
	set(&r.Pronouns, e.Pronouns)
	if e.YearsAway != nil {
		r.YearsAway = e.YearsAway.To
	}
	for list, given := range map[*string]*[]string{&r.Skills: e.Skills, &r.Goals: e.Goals, &r.Links: e.Links} {
		if given != nil {
			*list = joined(*given)
		}
	}
	audiences := r.For.all()
	for n, given := range e.For.all() {
		if *given != "" {
			*audiences[n] = *given
		}
	}
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// all gives the audiences in one order.
func (v *Visibility) all() []*Audience {
	return []*Audience{&v.Headline, &v.Story, &v.YearsAway, &v.Pronouns, &v.Skills, &v.Goals, &v.Links, &v.TimeZone, &v.Avatar}
}

func (r record) self() Self {
	return Self{
		UserID: r.UserID, Listed: r.Listed, Headline: r.Headline, Story: r.Story, StoryHTML: r.StoryHTML, YearsAway: r.YearsAway,
		Pronouns: r.Pronouns, Skills: lines(r.Skills), Goals: lines(r.Goals), Links: lines(r.Links), Avatar: r.Avatar, For: r.For, Version: r.Version,
	}
}

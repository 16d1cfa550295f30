package profile

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
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
// only that version. Her story is rendered here, once. What changed is audited.
// Faults: invalid values,
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
		before := r
		apply(&r, e)
		if e.Story != nil {
			r.StoryHTML, r.RenderVersion = html, markdown.Version
		}
		r.Version++
		changed = r.self()
		if err := p.update(ctx, r, p.clock.Now()); err != nil {
			return err
		}
		return p.trace(ctx, who.ID, "profile.change", changes(before, r))
	})
	return changed, err
}

// changes is what is other, for the audit log: who may see what, before and
// after; of what she tells of herself only the names of the fields.
func changes(before, after record) map[string]string {
	detail := map[string]string{}
	audit.Changed(detail, "listed", strconv.FormatBool(before.Listed), strconv.FormatBool(after.Listed))
	was, is := before.For.all(), after.For.all()
	for n, field := range told() {
		audit.Changed(detail, "visibility."+field, string(*was[n]), string(*is[n]))
	}
	if fields := before.others(after); len(fields) > 0 {
		detail["fields"] = strings.Join(fields, ",")
	}
	return detail
}

// others names the fields in which r and s tell something else.
func (r record) others(s record) (fields []string) {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"headline", r.Headline == s.Headline},
		{"story", r.Story == s.Story},
		{"years_away", (r.YearsAway == nil) == (s.YearsAway == nil) && (r.YearsAway == nil || *r.YearsAway == *s.YearsAway)},
		{"pronouns", r.Pronouns == s.Pronouns},
		{"skills", r.Skills == s.Skills},
		{"goals", r.Goals == s.Goals},
		{"links", r.Links == s.Links},
	} {
		if !f.same {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// trace writes what she did to her own profile into the audit log; nothing
// where nothing is other.
func (p *Profile) trace(ctx context.Context, userID uuid.UUID, action string, detail map[string]string) error {
	if len(detail) == 0 {
		return nil
	}
	return p.log.Record(ctx, audit.Entry{ActorID: userID, Action: action, TargetKind: "user", TargetID: userID.String(), Detail: detail})
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

// told are the fields that have an audience, in the order of all.
func told() []string {
	return []string{"headline", "story", "years_away", "pronouns", "skills", "goals", "links", "time_zone", "avatar"}
}

// all gives the audiences in the order of told.
func (v *Visibility) all() []*Audience {
	return []*Audience{&v.Headline, &v.Story, &v.YearsAway, &v.Pronouns, &v.Skills, &v.Goals, &v.Links, &v.TimeZone, &v.Avatar}
}

func (r record) self() Self {
	return Self{
		UserID: r.UserID, Listed: r.Listed, Headline: r.Headline, Story: r.Story, StoryHTML: r.StoryHTML, YearsAway: r.YearsAway,
		Pronouns: r.Pronouns, Skills: lines(r.Skills), Goals: lines(r.Goals), Links: lines(r.Links), Avatar: r.Avatar, For: r.For, Version: r.Version,
	}
}

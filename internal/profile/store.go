package profile

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// record is a profile as it is stored, with what of the account belongs to
// it and, where somebody looks, whether she is of a cohort of hers.
type record struct {
	UserID        uuid.UUID
	Name          string
	NameKey       string
	TimeZone      string
	Listed        bool
	Headline      string
	Story         string
	StoryHTML     string
	RenderVersion int64
	YearsAway     *int64
	Pronouns      string
	Skills        string
	Goals         string
	Links         string
	Avatar        uuid.UUID
	Avatar64      string     `gorm:"column:avatar_64"`
	Avatar256     string     `gorm:"column:avatar_256"`
	Avatar512     string     `gorm:"column:avatar_512"`
	For           Visibility `gorm:"embedded"`
	Version       int64
	Mate          bool
}

func (r record) relation(viewer uuid.UUID) relation {
	switch {
	case r.UserID == viewer:
		return self
	case r.Mate:
		return mate
	}
	return member
}

const columnsSQL = `p.user_id, p.name, p.name_key, u.time_zone, p.listed, p.headline, p.story, p.story_html, p.render_version, p.years_away, p.pronouns,
       p.skills, p.goals, p.links, p.avatar, p.avatar_64, p.avatar_256, p.avatar_512, p.headline_for, p.story_for, p.years_away_for, p.pronouns_for, p.skills_for,
       p.goals_for, p.links_for, p.time_zone_for, p.avatar_for, p.version`

const (
	ownSQL     = `SELECT ` + columnsSQL + ` FROM profiles p JOIN users u ON u.id = p.user_id WHERE p.user_id = ? AND u.state = 'active'`
	lockOwnSQL = ownSQL + ` FOR NO KEY UPDATE OF p`
)

// own reads her profile by query, which is ownSQL or lockOwnSQL.
func (p *Profile) own(ctx context.Context, userID uuid.UUID, query string) (record, error) {
	found, err := gorm.G[record](p.db.Conn(ctx)).Raw(query, userID).Find(ctx)
	switch {
	case err != nil:
		return record{}, fmt.Errorf("read a profile: %w", err)
	case len(found) == 0:
		return record{}, fault.ErrNotFound
	}
	return found[0], nil
}

const updateSQL = `
UPDATE profiles SET listed = @listed, headline = @headline, story = @story, story_html = @html, render_version = @render,
    years_away = @years, pronouns = @pronouns, skills = @skills, goals = @goals, links = @links,
    headline_for = @headline_for, story_for = @story_for, years_away_for = @years_for, pronouns_for = @pronouns_for,
    skills_for = @skills_for, goals_for = @goals_for, links_for = @links_for, time_zone_for = @zone_for, avatar_for = @avatar_for,
    version = @version, updated_at = @now
WHERE user_id = @user`

func (p *Profile) update(ctx context.Context, r record, now time.Time) error {
	err := gorm.G[record](p.db.Conn(ctx)).Exec(ctx, updateSQL, sql.Named("user", r.UserID), sql.Named("listed", r.Listed),
		sql.Named("headline", r.Headline), sql.Named("story", r.Story), sql.Named("html", r.StoryHTML), sql.Named("render", r.RenderVersion),
		sql.Named("years", r.YearsAway), sql.Named("pronouns", r.Pronouns), sql.Named("skills", r.Skills), sql.Named("goals", r.Goals),
		sql.Named("links", r.Links), sql.Named("headline_for", r.For.Headline), sql.Named("story_for", r.For.Story),
		sql.Named("years_for", r.For.YearsAway), sql.Named("pronouns_for", r.For.Pronouns), sql.Named("skills_for", r.For.Skills),
		sql.Named("goals_for", r.For.Goals), sql.Named("links_for", r.For.Links), sql.Named("zone_for", r.For.TimeZone),
		sql.Named("avatar_for", r.For.Avatar), sql.Named("version", r.Version), sql.Named("now", now))
	if err != nil {
		return fmt.Errorf("change a profile: %w", err)
	}
	return nil
}

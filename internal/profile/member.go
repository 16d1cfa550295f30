package profile

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// Member is somebody as a viewer sees her; what is not for the viewer is
// empty, like what was never filled in.
type Member struct {
	ID          uuid.UUID
	DisplayName string
	TimeZone    string
	Pronouns    string
	Headline    string
	StoryHTML   string
	YearsAway   *int64
	Skills      []string
	Goals       []string
	Links       []string
	Avatar      uuid.UUID // the version of her picture; uuid.Nil: none for this viewer
}

// Query asks the directory.
type Query struct {
	Q      string    // beginnings of words of a name, a headline or skills; empty: everybody
	Cohort uuid.UUID // only who is in it; uuid.Nil: any
	Cursor string
	Limit  int
}

// position is the place of a member in the directory.
type position struct {
	Name string    `json:"n"`
	ID   uuid.UUID `json:"i"`
}

const (
	usualPage   = 30
	largestPage = 100
)

// Member gives somebody as whoever acts may see her. One statement. Fault:
// fault.ErrNotFound, alike for one who is not there, has no access, has left
// the directory, or is blocked; and for a viewer without access.
func (p *Profile) Member(ctx context.Context, who account.Actor, id uuid.UUID) (Member, error) {
	r, err := p.seen(ctx, who.ID, id, p.clock.Now())
	if err != nil {
		return Member{}, err
	}
	return shown(r, r.relation(who.ID)), nil
}

// Directory lists members by name as whoever acts may see them, and the next
// cursor, empty on the last page. It finds by what she sees of each and by
// nothing else; a cohort she is not in is empty. Without access she sees
// nobody. One statement. Fault: fault.ErrCursor.
func (p *Profile) Directory(ctx context.Context, who account.Actor, q Query) ([]Member, string, error) {
	if q.Limit <= 0 {
		q.Limit = usualPage
	}
	q.Limit = min(q.Limit, largestPage)
	list := "directory/" + who.ID.String() + "/" + q.Cohort.String() + "/" + q.Q
	var after position
	if q.Cursor != "" && p.cursors.Open(list, q.Cursor, &after) != nil {
		return nil, "", fault.ErrCursor
	}
	found, err := p.directory(ctx, who.ID, q, after, p.clock.Now())
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(found) > q.Limit {
		found = found[:q.Limit]
		last := found[q.Limit-1]
		if next, err = p.cursors.Seal(list, position{last.NameKey, last.UserID}); err != nil {
			return nil, "", fmt.Errorf("seal a cursor: %w", err)
		}
	}
	page := make([]Member, len(found))
	for n, r := range found {
		page[n] = shown(r, r.relation(who.ID))
	}
	return page, next, nil
}

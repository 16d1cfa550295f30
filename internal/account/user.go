package account

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

// User is an account as its owner sees it.
type User struct {
	ID          uuid.UUID
	Email       string
	Verified    bool
	DisplayName string
	TimeZone    string   // IANA name
	Roles       []Role   // that she holds everywhere
	Scoped      []Scoped // that she holds in one place only
	Factors     []string // kinds of second factor she has
	Version     int64
	CreatedAt   time.Time
}

// Staff reports whether she holds any role, be it for one place only.
func (u User) Staff() bool { return len(u.Roles)+len(u.Scoped) > 0 }

// ETag names the version of u for If-Match.
func (u User) ETag() string { return fmt.Sprintf(`"m%d"`, u.Version) }

// Edit changes what is not nil.
type Edit struct{ DisplayName, TimeZone *string }

// Me gives the account of whoever acts.
func (a *Account) Me(ctx context.Context, actor Actor) (User, error) {
	u, ok, err := a.user(ctx, actor.ID)
	if err == nil && !ok {
		err = ErrUnauthenticated
	}
	return u, err
}

// Update changes the account of whoever acts; with ifMatch (an ETag or *),
// only that version. What changed is audited. Faults: invalid values, ErrStale.
func (a *Account) Update(ctx context.Context, actor Actor, e Edit, ifMatch string) (User, error) {
	if e.DisplayName != nil {
		name, err := displayName(*e.DisplayName)
		if err != nil {
			return User{}, err
		}
		e.DisplayName = &name
	}
	if e.TimeZone != nil && !isTimeZone(*e.TimeZone) {
		return User{}, fault.InvalidField("/time_zone", "time-zone", "Send an IANA name such as America/New_York.")
	}
	version, ok := versionOf(ifMatch)
	if !ok {
		return User{}, fault.ErrStale
	}
	err := a.db.InTx(ctx, func(ctx context.Context) error {
		before, ok, err := a.updateUser(ctx, actor.ID, e, version, a.clock.Now())
		switch {
		case err != nil:
			return err
		case !ok:
			return fault.ErrStale
		}
		detail := before.changes(e)
		if len(detail) == 0 {
			return nil
		}
		return a.audit(ctx, actor.ID, "account.change", actor.ID, detail)
	})
	if err != nil {
		return User{}, err
	}
	return a.Me(ctx, actor)
}

// editable is what Edit may change, as it was.
type editable struct{ DisplayName, TimeZone string }

// changes is what e changes, for the audit log: a name is not in it, only that
// it is another.
func (before editable) changes(e Edit) map[string]string {
	detail := map[string]string{}
	if e.DisplayName != nil && *e.DisplayName != before.DisplayName {
		detail["fields"] = "display_name"
	}
	if e.TimeZone != nil {
		changed(detail, "time_zone", before.TimeZone, *e.TimeZone)
	}
	return detail
}

// versionOf reads an If-Match: 0 for any version.
func versionOf(ifMatch string) (version int64, ok bool) {
	if ifMatch == "" || ifMatch == "*" {
		return 0, true
	}
	if _, err := fmt.Sscanf(ifMatch, `"m%d"`, &version); err != nil || version < 1 {
		return 0, false
	}
	return version, User{Version: version}.ETag() == ifMatch
}

func isTimeZone(name string) bool {
	if name == "" || strings.EqualFold(name, "local") {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// NewUser is an account made by hand.
type NewUser struct {
	Email       string
	Password    string // "" for an account nobody can sign in to with a password
	DisplayName string
	Roles       []Role
	CreatedAt   time.Time // zero: now
}

type newUser struct {
	ID                           uuid.UUID
	Email, EmailKey, DisplayName string
	PasswordHash                 *string
	CreatedAt, VerifiedAt        time.Time
}

// Create makes a confirmed account without a mail, for operators and for the
// demo community. Faults: invalid values, ErrEmailTaken.
func (a *Account) Create(ctx context.Context, n NewUser) (User, error) {
	key, err := emailKey(n.Email)
	if err != nil {
		return User{}, err
	}
	name, err := displayName(n.DisplayName)
	if err != nil {
		return User{}, err
	}
	u := newUser{ID: pg.NewID(), Email: n.Email, EmailKey: key, DisplayName: name, CreatedAt: n.CreatedAt}
	if u.CreatedAt.IsZero() {
		u.CreatedAt = a.clock.Now()
	}
	u.VerifiedAt = u.CreatedAt
	if n.Password != "" {
		if err := a.passwords.check(n.Password, n.Email, name); err != nil {
			return User{}, err
		}
		hash, err := a.passwords.hash(ctx, n.Password)
		if err != nil {
			return User{}, err
		}
		u.PasswordHash = &hash
	}
	var made User
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		made, err = a.create(ctx, u, n.Roles)
		return err
	})
	return made, err
}

func (a *Account) create(ctx context.Context, u newUser, roles []Role) (User, error) {
	ok, err := a.insertUser(ctx, u)
	if err != nil {
		return User{}, err
	}
	if !ok {
		return User{}, ErrEmailTaken
	}
	if err := a.audit(ctx, uuid.Nil, "account.create", u.ID, nil); err != nil {
		return User{}, err
	}
	for _, role := range roles {
		if _, _, err := a.grant(ctx, uuid.Nil, u.ID, NewGrant{Role: role}); err != nil {
			return User{}, err
		}
	}
	made, _, err := a.user(ctx, u.ID)
	return made, err
}

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

// avatarRow names files that no profile shows, not yet or not any more.
type avatarRow struct {
	ID      uuid.UUID
	File64  string `gorm:"column:file_64"`
	File256 string `gorm:"column:file_256"`
	File512 string `gorm:"column:file_512"`
}

func (r record) avatar() Avatar { return Avatar{r.Avatar, r.Avatar64, r.Avatar256, r.Avatar512} }

const announceAvatarSQL = `
INSERT INTO avatar_files (id, user_id, file_64, file_256, file_512, expires_at)
SELECT @id, u.id, @small, @medium, @large, @expires FROM users u WHERE u.id = @user AND u.state = 'active' RETURNING id`

// announceAvatar names files that her profile does not, until expires. Fault:
// fault.ErrNotFound when her account is being closed.
func (p *Profile) announceAvatar(ctx context.Context, userID uuid.UUID, a Avatar, expires time.Time) error {
	done, err := gorm.G[idRow](p.db.Conn(ctx)).Raw(announceAvatarSQL, sql.Named("id", a.Version), sql.Named("user", userID), sql.Named("small", a.Small),
		sql.Named("medium", a.Medium), sql.Named("large", a.Large), sql.Named("expires", expires)).Find(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("name the files of a picture: %w", err)
	case len(done) == 0:
		return fault.ErrNotFound
	}
	return nil
}

// arriveAvatar is for files that her profile names from now on. Fault:
// ErrAvatarBusy when they took so long that they are being cleared.
func (p *Profile) arriveAvatar(ctx context.Context, id uuid.UUID, now time.Time) error {
	const arrive = `DELETE FROM avatar_files WHERE id = ? AND expires_at > ? RETURNING id`
	done, err := gorm.G[idRow](p.db.Conn(ctx)).Raw(arrive, id, now).Find(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("take over the files of a picture: %w", err)
	case len(done) == 0:
		return ErrAvatarBusy
	}
	return nil
}

func (p *Profile) updateAvatar(ctx context.Context, userID uuid.UUID, a Avatar, now time.Time) error {
	const change = `UPDATE profiles SET avatar = nullif(CAST(? AS uuid), CAST(? AS uuid)), avatar_64 = ?, avatar_256 = ?, avatar_512 = ?,
		version = version + 1, updated_at = ? WHERE user_id = ?`
	err := gorm.G[idRow](p.db.Conn(ctx)).Exec(ctx, change, a.Version, uuid.Nil, a.Small, a.Medium, a.Large, now, userID)
	if err != nil {
		return fmt.Errorf("change a picture: %w", err)
	}
	return nil
}

const oldAvatarsPage = 100

func (p *Profile) oldAvatars(ctx context.Context, now time.Time) ([]Avatar, error) {
	const old = `SELECT id, file_64, file_256, file_512 FROM avatar_files WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`
	rows, err := gorm.G[avatarRow](p.db.Conn(ctx)).Raw(old, now, oldAvatarsPage).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for old pictures: %w", err)
	}
	all := make([]Avatar, len(rows))
	for i, r := range rows {
		all[i] = Avatar{r.ID, r.File64, r.File256, r.File512}
	}
	return all, nil
}

func (p *Profile) forgetAvatar(ctx context.Context, id uuid.UUID) error {
	if err := gorm.G[idRow](p.db.Conn(ctx)).Exec(ctx, `DELETE FROM avatar_files WHERE id = ?`, id); err != nil {
		return fmt.Errorf("forget an old picture: %w", err)
	}
	return nil
}

package factor

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

type passkeyRow struct {
	ID             uuid.UUID
	UserID         uuid.UUID
	CredentialID   []byte
	PublicKey      []byte
	SignCount      int64
	BackupEligible bool
	BackedUp       bool
	Transports     string
	Name           string
	CreatedAt      time.Time
	LastUsedAt     sql.Null[time.Time]
}

func (r passkeyRow) passkey() Passkey {
	p := Passkey{ID: r.ID, Name: r.Name, Synced: r.BackedUp, CreatedAt: r.CreatedAt.UTC()}
	if r.LastUsedAt.Valid {
		p.LastUsedAt = r.LastUsedAt.V.UTC()
	}
	return p
}

const (
	passkeyColumns = `id, user_id, credential_id, public_key, sign_count, backup_eligible, backed_up, transports, name, created_at, last_used_at`

	passkeysSQL      = `SELECT ` + passkeyColumns + ` FROM passkeys WHERE user_id = ? ORDER BY created_at, id`
	lockPasskeySQL   = `SELECT ` + passkeyColumns + ` FROM passkeys WHERE credential_id = ? FOR UPDATE`
	insertPasskeySQL = `INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, backup_eligible, backed_up, transports, name, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (credential_id) DO NOTHING RETURNING id`
	renamePasskeySQL = `UPDATE passkeys SET name = ? WHERE id = ? AND user_id = ? RETURNING ` + passkeyColumns
	touchPasskeySQL  = `UPDATE passkeys SET sign_count = ?, backed_up = ?, last_used_at = ? WHERE id = ?`
	deletePasskeySQL = `DELETE FROM passkeys WHERE id = ? AND user_id = ? RETURNING id`

	insertChallengeSQL = `INSERT INTO passkey_challenges (id, purpose, user_id, session_id, created_at, expires_at)
VALUES (?, ?, nullif(?, '00000000-0000-0000-0000-000000000000'::uuid), nullif(?, '00000000-0000-0000-0000-000000000000'::uuid), ?, ?)`
	useChallengeSQL = `UPDATE passkey_challenges SET used_at = @now
WHERE id = @id AND used_at IS NULL AND expires_at > @now AND purpose = @purpose
  AND coalesce(user_id, '00000000-0000-0000-0000-000000000000') = @user
  AND coalesce(session_id, '00000000-0000-0000-0000-000000000000') = @session
RETURNING id`
	pruneChallengesSQL = `DELETE FROM passkey_challenges WHERE expires_at <= ?`
)

func (f *Factor) passkeys(ctx context.Context, user uuid.UUID) ([]passkeyRow, error) {
	return pg.Many[passkeyRow](ctx, f.db, "list passkeys", passkeysSQL, user)
}

func (f *Factor) descriptors(ctx context.Context, user uuid.UUID) ([]Descriptor, error) {
	rows, err := f.passkeys(ctx, user)
	all := make([]Descriptor, len(rows))
	for i, r := range rows {
		all[i] = Descriptor{ID: r.CredentialID}
		if r.Transports != "" {
			all[i].Transports = strings.Split(r.Transports, ",")
		}
	}
	return all, err
}

// lockPasskey holds everything else that uses or removes a passkey until the
// transaction of ctx ends.
func (f *Factor) lockPasskey(ctx context.Context, credential []byte) (passkeyRow, bool, error) {
	return pg.One[passkeyRow](ctx, f.db, "lock a passkey", lockPasskeySQL, credential)
}

// addPasskey is false when it is somebody's already.
func (f *Factor) addPasskey(ctx context.Context, r passkeyRow) (bool, error) {
	_, ok, err := pg.One[idRow](ctx, f.db, "insert a passkey", insertPasskeySQL, r.ID, r.UserID, r.CredentialID, r.PublicKey, r.SignCount,
		r.BackupEligible, r.BackedUp, r.Transports, r.Name, r.CreatedAt)
	return ok, err
}

func (f *Factor) renamePasskey(ctx context.Context, user, id uuid.UUID, name string) (passkeyRow, bool, error) {
	return pg.One[passkeyRow](ctx, f.db, "rename a passkey", renamePasskeySQL, name, id, user)
}

func (f *Factor) touchPasskey(ctx context.Context, id uuid.UUID, is seen, now time.Time) error {
	return f.exec(ctx, "note the use of a passkey", touchPasskeySQL, int64(is.count), is.backedUp, now, id)
}

func (f *Factor) deletePasskey(ctx context.Context, user, id uuid.UUID) (bool, error) {
	_, ok, err := pg.One[idRow](ctx, f.db, "delete a passkey", deletePasskeySQL, id, user)
	return ok, err
}

func (f *Factor) insertChallenge(ctx context.Context, id uuid.UUID, purpose string, who account.Actor, now, expires time.Time) error {
	return f.exec(ctx, "insert a challenge", insertChallengeSQL, id, purpose, who.ID, who.SessionID, now, expires)
}

// useChallenge is false when it was used before, is too old, is for something
// else or somebody else.
func (f *Factor) useChallenge(ctx context.Context, id uuid.UUID, purpose string, who account.Actor, now time.Time) (bool, error) {
	_, ok, err := pg.One[idRow](ctx, f.db, "use a challenge", useChallengeSQL, sql.Named("id", id), sql.Named("purpose", purpose),
		sql.Named("user", who.ID), sql.Named("session", who.SessionID), sql.Named("now", now))
	return ok, err
}

func (f *Factor) pruneChallenges(ctx context.Context, now time.Time) error {
	return f.exec(ctx, "prune challenges", pruneChallengesSQL, now)
}

package keyring

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

type keyRow struct {
	Kid     string
	Sealed  []byte
	SignsAt time.Time
}

const (
	lockSQL   = `SELECT pg_advisory_xact_lock(hashtextextended('signing_keys', 0))`
	rowsSQL   = `SELECT kid, sealed, signs_at FROM signing_keys ORDER BY signs_at, kid`
	insertSQL = `INSERT INTO signing_keys (kid, sealed, signs_at, created_at) VALUES (?, ?, ?, ?)`
	resealSQL = `UPDATE signing_keys SET sealed = ? WHERE kid = ?`
	hastenSQL = `UPDATE signing_keys SET signs_at = ? WHERE kid = ?`
	forgetSQL = `DELETE FROM signing_keys WHERE kid = ?`
	notifySQL = `NOTIFY signing_keys` // heard when the transaction commits
)

func (k *Keyring) exec(ctx context.Context, doing, sql string, args ...any) error {
	if err := gorm.G[struct{}](k.db.Conn(ctx)).Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// rows are all keys of the table, also those that cannot be opened.
func (k *Keyring) rows(ctx context.Context) ([]keyRow, error) {
	rows, err := gorm.G[keyRow](k.db.Conn(ctx)).Raw(rowsSQL).Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the signing keys: %w", err)
	}
	return rows, nil
}

// alone keeps other changes of the table away until the transaction ends.
func (k *Keyring) alone(ctx context.Context) error {
	return k.exec(ctx, "lock the signing keys", lockSQL)
}

func (k *Keyring) insert(ctx context.Context, key Key, now time.Time) error {
	return k.exec(ctx, "insert a signing key", insertSQL, key.ID, k.seal.close(key), key.SignsAt, now)
}

func (k *Keyring) reseal(ctx context.Context, key Key) error {
	return k.exec(ctx, "seal a signing key anew", resealSQL, k.seal.close(key), key.ID)
}

func (k *Keyring) hasten(ctx context.Context, id string, at time.Time) error {
	return k.exec(ctx, "hasten a signing key", hastenSQL, at, id)
}

func (k *Keyring) forget(ctx context.Context, id string) error {
	return k.exec(ctx, "forget a signing key", forgetSQL, id)
}

func (k *Keyring) notify(ctx context.Context) error {
	return k.exec(ctx, "tell the replicas of a signing key", notifySQL)
}

package factor

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	totpAfterSQL = `SELECT id, user_id, secret FROM totp_factors WHERE id > ? ORDER BY id LIMIT ?`
	// What was replaced meanwhile stays as it is.
	resealSQL = `UPDATE totp_factors SET secret = @anew WHERE id = @id AND secret = @secret`
	// Codes that do not say what they were made with are older than the column.
	codesOfSQL = `SELECT count(*) AS n FROM recovery_codes WHERE used_at IS NULL AND (made_with = ? OR made_with IS NULL)`
)

// eachTOTP hands all authenticators over, a page at a time.
func (f *Factor) eachTOTP(ctx context.Context, do func(totpRow) error) error {
	const page = 500
	for last := uuid.Nil; ; {
		rows, err := pg.Many[totpRow](ctx, f.db, "read authenticators", totpAfterSQL, last, page)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := do(row); err != nil {
				return err
			}
			last = row.ID
		}
		if len(rows) < page {
			return nil
		}
	}
}

func (f *Factor) reseal(ctx context.Context, row totpRow, anew []byte) error {
	return f.exec(ctx, "encrypt an authenticator anew", resealSQL, sql.Named("anew", anew), sql.Named("id", row.ID), sql.Named("secret", row.Secret))
}

func (f *Factor) codesOf(ctx context.Context, key string) (int, error) {
	row, _, err := pg.One[struct{ N int }](ctx, f.db, "count recovery codes", codesOfSQL, key)
	return row.N, err
}

package privacy

import "time"

// factorTags are of the second proof of who somebody is.
func factorTags() []Table {
	return []Table{
		{
			Name: "totp_factors", About: "Your authenticator app.",
			Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount + "; one that was not confirmed for fifteen minutes"),
			Columns: columns(
				exported(Security, "id", "user_id", "created_at", "confirmed_at", "last_used_at"),
				hidden(Secret, "secret"), hidden(Technical, "last_step"),
			),
		},
		{
			Name: "recovery_codes", About: "When your recovery codes were made and used.",
			Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount),
			Columns: columns(exported(Security, "id", "user_id", "created_at", "used_at"), hidden(Technical, "made_with")),
		},
		{
			Name: "passkeys", About: "Your passkeys.",
			Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount),
			Columns: columns(
				exported(Content, "name"),
				exported(Security, "id", "user_id", "backed_up", "transports", "created_at", "last_used_at"),
				hidden(Technical, "credential_id", "public_key", "sign_count", "backup_eligible"),
			),
		},
		{
			Name: "passkey_challenges", About: "When a passkey of yours was asked for, in the last minutes.",
			Whose: by("user_id"), Rows: Gone, Retention: pruned("factor.prune", 0, "expires_at"),
			Columns: exported(Security, "id", "purpose", "user_id", "session_id", "created_at", "expires_at", "used_at"),
		},
		{
			Name: "factor_tries", About: "Wrong codes of the last minutes.",
			Whose: by("user_id"), Rows: Gone, Retention: pruned("factor.prune", 15*time.Minute, "since"),
			Columns: exported(Security, "user_id", "wrong", "since"),
		},
	}
}

package privacy

// signinTags are of getting in by mail and of changing what one gets in with.
func signinTags() []Table {
	return []Table{
		{
			Name: "secrets", About: "When you asked for a code to sign in or for a new password.",
			Whose: where("user_id = @person OR email_key = (SELECT u.email_key FROM users u WHERE u.id = @person)"), Rows: Gone,
			Retention: pruned("signin.prune", day, "created_at"),
			Columns: columns(
				exported(Behaviour, "id", "kind", "user_id", "tries", "created_at", "expires_at", "mailed_at", "used_at"),
				hidden(Contact, "email_key"),
			),
		},
		{
			Name: "email_changes", About: "Changes of your e-mail address.",
			Whose: by("user_id"), Rows: Gone, Retention: pruned("signin.prune", 0, "undo_expires_at"),
			Columns: columns(
				exported(Contact, "old_email", "new_email"),
				exported(Behaviour, "id", "user_id", "session_id", "created_at", "expires_at", "undo_expires_at", "mailed_at", "confirmed_at", "undone_at"),
				hidden(Contact, "old_key", "new_key"),
			),
		},
	}
}

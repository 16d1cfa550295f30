package privacy

// privacyTags are of this package's own tables.
func privacyTags() []Table {
	return []Table{
		{
			Name: "exports", About: "Copies of your data that you asked for.", Whose: by("user_id"), Rows: Gone, Retention: after(30*day, "CASE WHEN file IS NULL THEN created_at END"),
			Columns: columns(
				exported(Behaviour, "id", "user_id", "state", "created_at", "finished_at", "expires_at"),
				hidden(Technical, "tables_done", "tables_total", "bytes"), files(hidden(Technical, "file")),
			),
		},
		{
			Name: "erasures", About: "Whether and when you asked us to erase your account.", Whose: by("user_id"), Rows: Kept,
			Retention: because("for good: after the restore of a backup it says who must be erased again"),
			Columns: columns(
				exported(Behaviour, "id", "user_id", "posts", "planned_at", "due_at", "undone_at", "begun_at", "finished_at"),
				hidden(Technical, "steps_done"),
			),
		},
	}
}

package privacy

// profileTags are of what she tells of herself, and of whom she does not want
// to meet.
func profileTags() []Table {
	return []Table{
		{
			Name: "profiles", About: "Your profile, and whom you show each part of it.",
			Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount),
			Columns: columns(
				exported(Content, "user_id", "name", "headline", "story", "years_away", "pronouns", "skills", "goals", "links"),
				exported(Account, "listed", "headline_for", "story_for", "years_away_for", "pronouns_for", "skills_for", "goals_for", "links_for",
					"time_zone_for", "avatar_for", "updated_at"),
				files(exported(Content, "avatar_512")), files(hidden(Content, "avatar_64", "avatar_256")),
				hidden(Content, "story_html", "name_key", "for_members", "for_my_cohorts"),
				hidden(Technical, "avatar", "render_version", "version"),
			),
		},
		{
			Name:  "avatar_files",
			Whose: by("user_id"), Rows: Gone, Retention: pruned("profile.clear_avatars", 0, "expires_at"),
			Columns: columns(hidden(Technical, "id", "user_id", "expires_at"), files(hidden(Content, "file_64", "file_256", "file_512"))),
		},
		{
			Name: "blocks", About: "Whom you have blocked.",
			Whose: by("user_id"), Names: []string{"blocked_id"}, Rows: Gone, Retention: because(whileAccount),
			Columns: exported(Account, "user_id", "blocked_id", "created_at"),
		},
	}
}

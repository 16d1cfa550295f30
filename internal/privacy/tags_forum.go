package privacy

// forumTags are of what is said.
func forumTags() []Table {
	const thread = "as long as the thread; what she wrote is removed with her account if she chooses so"
	return []Table{
		{
			Name: "spaces", Rows: Kept, Retention: because("it is the place"),
			Columns: hidden(None, "id", "kind", "cohort_id", "slug", "title", "opens_at", "read_only_at", "topics_count", "last_activity_at", "created_at"),
		},
		{
			Name: "limited_roles", About: "What you may do in one cohort or space, or for a time.",
			Whose: by("user_id"), Rows: Gone, Retention: pruned("account.prune", 30*day, "ends_at"),
			Columns: columns(
				exported(Account, "id", "user_id", "role", "cohort_id", "space_id", "granted_at", "ends_at"),
				only("granted_by = @person", hidden(Other, "granted_by")),
			),
		},
		{
			Name: "topics", About: "Topics you opened.", Whose: by("author_id"), Rows: AsChosen, Retention: because(thread),
			Columns: columns(
				exported(Content, "id", "space_id", "author_id", "title", "created_at", "deleted_at"),
				hidden(None, "highest_post_number", "posts_count", "version", "bumped_at"),
			),
		},
		{
			Name: "posts", About: "What you wrote.", Whose: by("author_id"), Rows: AsChosen, Retention: because(thread),
			Columns: columns(
				exported(Content, "id", "topic_id", "space_id", "author_id", "number", "reply_to", "body", "html", "state", "created_at", "edited_at"),
				hidden(Technical, "render_version", "version"),
			),
		},
		{
			// A revision belongs to who wrote the post, whoever edited it.
			Name: "post_revisions", About: "What your posts said before you changed them.", Whose: through("post_id", "posts", "id"),
			Rows: Gone, Retention: because(thread),
			Columns: columns(
				exported(Content, "post_id", "version", "body", "created_at"), only("editor_id = @person", hidden(Other, "editor_id")),
			),
		},
		{
			Name: "topic_reads", About: "How far you have read.", Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount),
			Columns: exported(Behaviour, "user_id", "topic_id", "last_read_number", "updated_at"),
		},
	}
}

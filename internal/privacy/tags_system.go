package privacy

// withoutOthers is the detail of an act without what names another person: acts
// of earlier versions named authors, and what was looked for in the log may.
const withoutOthers = `detail - ARRAY(SELECT d.key FROM jsonb_each_text(detail) d WHERE d.value <> @person::uuid::text AND CASE
    WHEN d.value ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN EXISTS (SELECT FROM users u WHERE u.id = d.value::uuid) END)`

// systemTags are of what keeps the house running.
func systemTags() []Table {
	return []Table{
		{
			// Append-only, so nothing personal may get in: ids and codes.
			Name: "audit_log", About: "Acts by you or on your account that we must be able to account for.",
			Whose: where("actor_id = @person OR subject_id = @person OR (target_kind = 'user' AND target_id = @person::text)"), Rows: Kept,
			Retention: pruned("audit.prune", 731*day, "at"), // two years, one of which may be a leap year: see forget_old_audit
			Columns: columns(
				exported(Security, "id", "at", "action", "target_kind", "request_id"),
				as(withoutOthers, exported(Security, "detail")),
				only("actor_id = @person", hidden(Other, "actor_id", "actor_roles")), only("subject_id = @person", hidden(Other, "subject_id")),
				only("target_kind <> 'user' OR target_id = @person::text", hidden(Other, "target_id")),
			),
		},
		{
			Name: "outbox", Whose: by("user_id"), Rows: Kept, Retention: pruned("outbox.prune", day, "created_at"),
			Columns: hidden(Technical, "id", "xid", "type", "space_id", "user_id", "payload", "created_at"),
		},
		{Name: "outbox_epoch", Rows: Kept, Retention: because("it is one row"), Columns: hidden(None, "single", "epoch")},
		{
			Name: "idempotency_keys", About: "Answers we gave you, kept so that a repeated request does nothing twice.",
			Whose: by("user_id"), Rows: Gone, Retention: pruned("idempotency.prune_keys", 3*day, "created_at"),
			Columns: columns(
				exported(Behaviour, "user_id", "key", "route", "state", "status", "created_at"),
				// An answer may hold keys to a session.
				hidden(Secret, "body"), hidden(Technical, "fingerprint", "leased_until", "header"),
			),
		},
		{
			Name: "signing_keys", Rows: Kept, Retention: because("until the last token signed with it is over"),
			Columns: hidden(None, "kid", "sealed", "signs_at", "created_at"),
		},
		{
			// Arguments are ids, and errors are written to hold no more.
			Name: "river_job", Rows: Kept, Retention: because("a day when done, a week when given up: the queue's own cleaner"),
			Columns: hidden(Technical, "id", "state", "attempt", "max_attempts", "attempted_at", "created_at", "finalized_at", "scheduled_at",
				"priority", "args", "attempted_by", "errors", "kind", "metadata", "queue", "tags", "unique_key", "unique_states"),
		},
		{
			Name: "river_leader", Rows: Kept, Retention: because("it is one row"),
			Columns: hidden(None, "elected_at", "expires_at", "leader_id", "name"),
		},
		{
			Name: "river_queue", Rows: Kept, Retention: because("it is the list of queues"),
			Columns: hidden(None, "name", "created_at", "metadata", "paused_at", "updated_at"),
		},
		{
			Name: "river_notification", Rows: Kept, Retention: because("minutes: the queue's own cleaner"),
			Columns: hidden(None, "id", "created_at", "payload", "topic"),
		},
		{
			Name: "river_migration", Rows: Kept, Retention: because("it is the schema"),
			Columns: hidden(None, "line", "version", "created_at"),
		},
		{
			Name: "goose_db_version", Rows: Kept, Retention: because("it is the schema"),
			Columns: hidden(None, "id", "version_id", "is_applied", "tstamp"),
		},
	}
}

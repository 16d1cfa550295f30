package privacy

// programmeTags are of cohorts and what is learnt in them.
func programmeTags() []Table {
	const curriculum = "it is the programme"
	return []Table{
		{Name: "programmes", Rows: Kept, Retention: because(curriculum), Columns: hidden(None, "id", "slug", "title")},
		{
			Name: "programme_versions", Rows: Kept, Retention: because(curriculum),
			Columns: hidden(None, "id", "programme_id", "number", "state", "published_at"),
		},
		{
			Name: "programme_items", Rows: Kept, Retention: because(curriculum),
			Columns: hidden(None, "id", "version_id", "lineage_id", "module_lineage", "kind", "title", "position", "mandatory", "minutes",
				"release_days", "release_minute"),
		},
		{Name: "programme_prerequisites", Rows: Kept, Retention: because(curriculum), Columns: hidden(None, "item_id", "requires_lineage")},
		{
			Name: "cohorts", Rows: Kept, Retention: because("alumni come back to it"),
			Columns: hidden(None, "id", "programme_id", "version_id", "name", "state", "time_zone", "starts_on", "ends_on",
				"registration_opens_at", "registration_closes_at", "capacity", "created_at"),
		},
		{Name: "cohort_breaks", Rows: Kept, Retention: because(likeItsParent), Columns: hidden(None, "cohort_id", "from_on", "to_on")},
		{
			Name: "cohort_coaches", About: "Cohorts you lead.", Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount),
			Columns: exported(Account, "cohort_id", "user_id"),
		},
		{
			Name: "enrolments", About: "Your seats in cohorts.", Whose: by("user_id"), Rows: Kept, Retention: because("how many came and finished is counted"),
			Columns: exported(Behaviour, "id", "cohort_id", "user_id", "attempt", "state", "enrolled_at", "ended_at"),
		},
		{
			Name: "enrolment_events", About: "What became of your seats.", Whose: through("enrolment_id", "enrolments", "id"), Rows: Kept,
			Retention: because(likeItsParent),
			Columns: columns(
				exported(Behaviour, "id", "enrolment_id", "from_state", "to_state", "at"), only("actor_id = @person", hidden(Other, "actor_id")),
			),
		},
		{
			Name: "item_progress", About: "What you have completed.", Whose: through("enrolment_id", "enrolments", "id"), Rows: Gone,
			Retention: because(whileAccount),
			Columns: columns(
				exported(Behaviour, "enrolment_id", "lineage_id", "state", "met_at", "met_how"), only("actor_id = @person", hidden(Other, "actor_id")),
			),
		},
	}
}

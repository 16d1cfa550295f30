package privacy

// endOfInvitation is the end of what a row with an invitation_id belongs to.
const endOfInvitation = "(SELECT least(i.expires_at, coalesce(i.revoked_at, 'infinity')) FROM invitations i WHERE i.id = invitation_id)"

// invitationTags are of bringing people in. An invitation belongs to whoever it
// was sent to; who made it is somebody else.
func invitationTags() []Table {
	return []Table{
		{
			// Also to an address that she has given up since: she has accepted it.
			Name: "invitations", About: "Invitations that were sent to you.",
			Whose: where(`email_key = (SELECT u.email_key FROM users u WHERE u.id = @person)
    OR (email_key IS NOT NULL AND id IN (SELECT r.invitation_id FROM invitation_redemptions r WHERE r.user_id = @person))`), Rows: Gone,
			Retention: pruned("invitation.prune", 30*day, "least(expires_at, coalesce(revoked_at, 'infinity'))"),
			Columns: columns(
				exported(Behaviour, "id", "plan", "access_days", "cohort_id", "uses", "used", "created_at", "expires_at", "revoked_at"),
				exported(Contact, "email"), hidden(Contact, "email_key"), only("created_by = @person", hidden(Other, "created_by")),
			),
		},
		{
			// They say which invitations are hers, go with those, and hold no more than ids.
			Name: "invitation_redemptions", About: "Invitations you have accepted.",
			Whose: by("user_id"), Rows: Kept, Retention: pruned("invitation.prune", 30*day, endOfInvitation),
			Columns: exported(Behaviour, "invitation_id", "user_id", "redeemed_at"),
		},
		{
			Name: "invitation_letters", About: "When the letters of those invitations went out.",
			Whose: through("invitation_id", "invitations", "id"), Rows: Gone, Retention: pruned("invitation.prune", 30*day, endOfInvitation),
			Columns: exported(Behaviour, "id", "invitation_id", "created_at", "mailed_at"),
		},
	}
}

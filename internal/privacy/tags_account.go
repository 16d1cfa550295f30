package privacy

const (
	whileAccount  = "as long as the account"
	likeItsParent = "as long as the row it belongs to"
)

// formerMember is her name once she has left.
const formerMember = "A former member"

// accountTags are of getting in, staying in and who somebody is.
func accountTags() []Table {
	return []Table{
		{
			Name: "users", About: "Your account: your address, your name, your time zone.",
			Whose: by("id"), Rows: Kept, Retention: because(whileAccount + "; then an empty row, so that what others wrote keeps its place"),
			Columns: columns(
				exported(Account, "id", "state", "created_at", "updated_at"),
				// Nobody can have an address of .invalid (RFC 2606).
				becomes(`'erased+' || id || '@conservatory.invalid'`, exported(Contact, "email")),
				becomes(`'erased+' || id || '@conservatory.invalid'`, hidden(Contact, "email_key")),
				becomes(`NULL`, exported(Contact, "email_verified_at")),
				becomes(`NULL`, hidden(Secret, "password_hash")),
				becomes(`'`+formerMember+`'`, exported(Account, "display_name")),
				becomes(`'UTC'`, exported(Account, "time_zone")),
				becomes(`''`, exported(Security, "factors")),
				becomes(`NULL`, exported(Security, "devices_since")),
				hidden(Technical, "version"),
			),
		},
		{
			Name: "signups", About: "Your attempts to sign up.",
			Whose: where("email_key = (SELECT u.email_key FROM users u WHERE u.id = @person)"), Rows: Gone,
			Retention: pruned("account.prune", 0, "expires_at"),
			Columns: columns(
				exported(Behaviour, "id", "tries", "created_at", "expires_at", "mailed_at", "used_at"),
				exported(Contact, "email"), exported(Account, "display_name"),
				hidden(Contact, "email_key"), hidden(Secret, "password_hash"), exported(Behaviour, "invitation_id"),
			),
		},
		{
			Name: "user_roles", About: "What you may do beyond being a member.",
			Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount),
			Columns: columns(exported(Account, "id", "user_id", "role", "granted_at"), only("granted_by = @person", hidden(Other, "granted_by"))),
		},
	}
}

// entryTags are of getting in and being kept out.
func entryTags() []Table {
	return []Table{
		{
			// A keyed hash of an address that has had its trial, of who has been erased: it leads to nobody.
			Name: "trial_addresses", Rows: Kept, Retention: pruned("account.prune", 0, "until"), Columns: hidden(Technical, "hash", "until"),
		},
		{
			// A keyed hash of an address, of who has been erased: it leads to nobody.
			Name: "closed_addresses", Rows: Kept, Retention: pruned("account.prune", 0, "until"), Columns: hidden(Technical, "hash", "ends_at", "until"),
		},
		{
			Name: "identities", About: "The providers you sign in with.",
			Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount),
			Columns: exported(Security, "id", "user_id", "provider", "issuer", "subject", "linked_at", "last_used_at"),
		},
		{
			Name: "identity_flows", About: "Your visits to a provider, to link it.",
			Whose: by("user_id"), Rows: Gone, Retention: pruned("identity.prune", day, "expires_at"),
			Columns: columns(
				exported(Behaviour, "id", "user_id", "provider", "purpose", "created_at", "expires_at", "used_at"), hidden(Technical, "session_id"),
			),
		},
		{
			Name: "suspensions", About: "Times at which your account was closed to you.", Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount),
			Columns: columns(
				exported(Account, "id", "user_id", "told", "starts_at", "ends_at", "lifted_at"),
				hidden(Other, "reason"), only("suspended_by = @person", hidden(Other, "suspended_by")),
			),
		},
		{
			Name: "sessions", About: "Where you have signed in: device, network, time.",
			Whose: by("user_id"), Rows: Gone,
			Retention: pruned("account.prune", 30*day, "least(expires_at, idle_expires_at, coalesce(revoked_at, 'infinity'))"),
			Columns: columns(
				exported(Security, "id", "device", "network", "way", "proved_at", "proved_by_factor", "revoked_at", "revoked_reason"),
				exported(Behaviour, "user_id", "created_at", "last_seen_at", "rotated_at", "idle_expires_at", "expires_at"),
				hidden(Technical, "generation", "seen_generation"),
			),
		},
	}
}

package privacy

// givingTags are of months that somebody else pays for.
func givingTags() []Table {
	return []Table{
		{
			// It is the buyer's: who accepted it has the grant.
			Name: "gifts", About: "Gifts that you have bought.", Whose: by("buyer_id"), Rows: ByLaw,
			Retention: because("ten years, as the books must be; ninety days if it was never paid"),
			Columns: columns(
				exported(Money, "id", "buyer_id", "plan", "months", "amount_minor", "currency", "deliver_at", "created_at", "paid_at", "mailed_at",
					"expires_at", "redeemed_at", "withdrawn_at"),
				becomes(`NULL`, exported(Contact, "recipient_email")), becomes(`''`, exported(Content, "recipient_name", "message")),
				hidden(Other, "redeemed_by", "grant_id"), only("withdrawn_by = @person", hidden(Other, "withdrawn_by")),
			),
		},
		{
			Name: "funds", Rows: Kept, Retention: because("it is what was given"),
			Columns: hidden(None, "id", "name", "description", "currency", "balance_minor", "state", "created_at"),
		},
		{
			Name: "scholarship_applications", About: "What you told when you asked for a scholarship, and the answer.",
			Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount),
			Columns: columns(
				exported(Content, "id", "user_id", "months", "situation", "hope", "state", "created_at", "decided_at", "told"),
				hidden(Other, "note"), only("decided_by = @person", hidden(Other, "decided_by")),
			),
		},
		{
			Name: "awards", About: "Months that a fund has paid for you.", Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: columns(
				exported(Money, "id", "user_id", "application_id", "grant_id", "months", "reserved_minor", "returned_minor", "starts_at", "ends_at",
					"created_at", "ended_at", "ended_because"),
				hidden(None, "fund_id"),
			),
		},
		{
			// What somebody gave is in purchases, what she got in awards.
			Name: "fund_entries", About: "Movements of funds that you made by hand.", Whose: by("made_by"), Rows: Kept, Retention: because(books),
			Columns: columns(
				exported(Behaviour, "id", "fund_id", "kind", "amount_minor", "note", "created_at", "made_by"), hidden(None, "purchase_id", "award_id"),
			),
		},
	}
}

// sponsorTags are of seats that an organisation pays for.
func sponsorTags() []Table {
	return []Table{
		{
			Name: "sponsorships", Rows: Kept, Retention: because("it is what was agreed"),
			Columns: hidden(None, "id", "organisation", "seats", "used", "note", "ends_at", "ended_at", "created_at"),
		},
		{
			Name: "sponsor_contacts", About: "Sponsorships you speak for.", Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount),
			Columns: exported(Account, "sponsorship_id", "user_id", "added_at"),
		},
		{
			Name: "sponsor_invitations", About: "Invitations to seats of a sponsor that were sent to you.",
			Whose: where(`email_key = (SELECT u.email_key FROM users u WHERE u.id = @person)`), Rows: Gone,
			Retention: pruned("sponsor.tidy", 30*day, "expires_at"),
			Columns: columns(
				exported(Behaviour, "id", "sponsorship_id", "created_at", "expires_at", "mailed_at", "used_at"),
				exported(Contact, "email"), hidden(Contact, "email_key"),
			),
		},
		{
			Name: "sponsor_seats", About: "Seats you had that a sponsor paid for.", Whose: by("user_id"), Rows: Kept, Retention: because(books),
			Columns: exported(Money, "id", "sponsorship_id", "user_id", "grant_id", "taken_at", "released_at", "told_at"),
		},
	}
}

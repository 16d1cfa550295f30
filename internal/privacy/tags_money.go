package privacy

// books is why what was paid is kept without her name.
const books = "ten years, as the books must be"

// membershipTags are of what is open to whom.
func membershipTags() []Table {
	return []Table{
		{
			Name: "plans", Rows: Kept, Retention: because("it is the offer"),
			Columns: hidden(None, "id", "slug", "name", "description", "benefits", "position", "state", "stripe_product_id", "created_at"),
		},
		{
			Name: "prices", Rows: Kept, Retention: because("it is the offer"),
			Columns: hidden(None, "id", "plan_id", "key", "interval", "interval_count", "amount_minor", "currency", "trial_days", "state",
				"stripe_price_id", "created_at"),
		},
		{
			Name: "subscriptions", About: "Your subscriptions.", Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: columns(
				exported(Money, "id", "user_id", "stripe_id", "plan_id", "price_id", "status", "amount_minor", "annual_minor", "currency",
					"interval", "interval_count", "current_period_start", "current_period_end", "cancel_at", "cancel_at_period_end",
					"collection_paused", "canceled_at", "ended_at", "trial_end", "cancellation_reason", "started_at", "updated_at"),
				becomes(`''`, exported(Money, "pay_url")),
			),
		},
		{
			Name: "grants", About: "Access you were given without paying.", Whose: by("user_id"), Rows: Kept, Retention: because(books),
			Columns: columns(
				exported(Money, "id", "user_id", "kind", "level", "starts_at", "ends_at", "created_at", "revoked_at"),
				becomes(`''`, exported(Money, "reason")), only("granted_by = @person", hidden(Other, "granted_by")),
			),
		},
		{
			Name: "bans", About: "Times at which your membership was closed to you.", Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount),
			Columns: columns(
				exported(Account, "id", "user_id", "told", "starts_at", "ends_at", "lifted_at", "created_at"),
				hidden(Other, "reason"), only("banned_by = @person", hidden(Other, "banned_by")),
			),
		},
		{
			Name: "member_access", About: "What your membership opens to you.", Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount),
			Columns: exported(Money, "user_id", "level", "reason", "until", "notice", "pay_url", "updated_at"),
		},
		{
			Name: "membership_ledger", About: "What your subscriptions added to our income.", Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: exported(Money, "id", "user_id", "subscription_id", "plan_id", "series", "currency", "annual_delta", "effective_at",
				"recorded_at", "source", "reason"),
		},
	}
}

// billingTags are of payment.
func billingTags() []Table {
	return []Table{
		{
			Name: "stripe_customers", About: "The number under which Stripe, who takes payments for us, knows you.",
			Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: exported(Money, "user_id", "stripe_id", "created_at"),
		},
		{
			Name: "checkouts", About: "Times at which you went to pay.", Whose: by("user_id"), Rows: Gone, Retention: after(400*day, "updated_at"),
			Columns: exported(Money, "id", "user_id", "price_id", "state", "stripe_session_id", "url", "expires_at", "created_at", "updated_at"),
		},
		{
			Name: "invoices", About: "Your invoices.", Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: columns(
				exported(Money, "id", "stripe_id", "user_id", "stripe_subscription_id", "status", "billing_reason", "amount_due_minor",
					"amount_paid_minor", "currency", "attempts", "number", "created_at", "paid_at", "updated_at"),
				// Whoever has these links sees the name on the invoice.
				becomes(`''`, exported(Money, "hosted_url", "pdf_url")),
			),
		},
		{
			Name: "cancellations", About: "Times at which you asked for your subscription to end, and why.",
			Whose: by("user_id"), Rows: Kept, Retention: because(books),
			Columns: columns(
				exported(Money, "id", "user_id", "subscription_id", "reason", "asked_at", "taken_back_at"),
				becomes(`''`, exported(Money, "comment")),
			),
		},
		{
			Name: "stripe_events", About: "What Stripe told us about your payments.",
			Whose: through("customer_id", "stripe_customers", "stripe_id"), Rows: Gone, Retention: after(90*day, "received_at"),
			Columns: columns(
				exported(Money, "id", "type", "api_version", "livemode", "customer_id", "payload", "created_at"),
				hidden(Technical, "state", "attempts", "last_error", "received_at", "settled_at"),
			),
		},
	}
}

package privacy

// books is why what was paid is kept without her name.
const books = "ten years, as the books must be"

// membershipTags are of what is open to whom.
func membershipTags() []Table {
	return []Table{
		{
			Name: "plans", Rows: Kept, Retention: because("it is the offer"),
			Columns: hidden(None, "id", "slug", "name", "description", "benefits", "position", "state", "group_key", "seats", "version",
				"stripe_product_id", "created_at"),
		},
		{
			Name: "prices", Rows: Kept, Retention: because("it is the offer"),
			Columns: hidden(None, "id", "plan_id", "key", "interval", "interval_count", "amount_minor", "currency", "trial_days", "card_for_trial",
				"state", "stripe_price_id", "created_at"),
		},
		{
			Name: "subscriptions", About: "Your subscriptions.", Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: columns(
				exported(Money, "id", "user_id", "stripe_id", "plan_id", "price_id", "status", "amount_minor", "annual_minor", "currency",
					"interval", "interval_count", "current_period_start", "current_period_end", "cancel_at", "cancel_at_period_end",
					"collection_paused", "canceled_at", "ended_at", "trial_end", "cancellation_reason", "started_at", "schedule_id",
					"next_price_id", "next_at", "break_from", "break_until", "plan_group", "held", "updated_at"),
				becomes(`''`, exported(Money, "pay_url")),
			),
		},
		{
			Name: "grants", About: "Access you were given without paying.", Whose: by("user_id"), Rows: Kept, Retention: because(books),
			Columns: columns(
				exported(Money, "id", "user_id", "kind", "level", "starts_at", "ends_at", "created_at", "revoked_at", "revoked_because"),
				hidden(Technical, "reminded_at"),
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
			Name: "checkouts", About: "Times at which you went to pay.", Whose: by("user_id"), Rows: Gone, Retention: after(400*day, "updated_at"),
			Columns: exported(Money, "id", "user_id", "price_id", "offer_id", "state", "stripe_session_id", "stripe_subscription_id", "url", "expires_at",
				"looked_at", "created_at", "updated_at"),
		},
		{
			Name: "offers", Rows: Kept, Retention: because("it is the offer"),
			Columns: hidden(None, "id", "slug", "plan_id", "price_key", "percent_off", "amount_off_minor", "currency", "duration", "months",
				"max_redemptions", "stripe_coupon_id", "created_at", "ends_at", "closed_at"),
		},
		{
			Name: "discounts", About: "Discounts that were given to your subscription.", Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: columns(
				exported(Money, "id", "user_id", "subscription_id", "offer_id", "asked_at", "given_at"),
				only("given_by = @person", hidden(Other, "given_by")),
			),
		},
		{
			Name: "terms_consents", About: "The versions of our terms that you agreed to when you went to pay.",
			Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: exported(Money, "id", "user_id", "checkout_id", "version", "agreed_at"),
		},
		{
			Name: "trials", About: "When you had the trial that everybody has once.", Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount),
			Columns: exported(Money, "user_id", "used_at"),
		},
		{
			Name: "purchases", About: "What you went to pay for once.", Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: columns(
				exported(Money, "id", "user_id", "purpose", "subject_id", "title", "amount_minor", "currency", "state", "stripe_session_id",
					"stripe_payment_intent_id", "expires_at", "created_at", "updated_at", "paid_at", "refund_asked_at", "refunded_at", "stripe_refund_id"),
				hidden(Technical, "refund_failure"),
				becomes(`''`, exported(Money, "url")),
			),
		},
		{
			Name: "invoices", About: "Your invoices.", Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: columns(
				exported(Money, "id", "stripe_id", "user_id", "stripe_subscription_id", "status", "billing_reason", "amount_due_minor",
					"amount_paid_minor", "currency", "attempts", "number", "next_attempt_at", "needs_action", "created_at", "paid_at", "updated_at"),
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
	}
}

// stripeTags are of what Stripe and we have to compare.
func stripeTags() []Table {
	return []Table{
		{
			Name: "stripe_customers", About: "The number under which Stripe, who takes payments for us, knows you.",
			Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: exported(Money, "user_id", "stripe_id", "created_at", "former_at", "card_checked_at"),
		},
		{
			Name: "billing_proofs", Rows: Kept, Retention: because("it names numbers at Stripe and nobody"),
			Columns: hidden(None, "id", "state", "checked", "expected", "healed", "findings", "started_at", "finished_at"),
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

// moneyBackTags are of what went back.
func moneyBackTags() []Table {
	return []Table{
		{
			Name: "charges", About: "What was taken from your cards.", Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: exported(Money, "id", "stripe_id", "user_id", "stripe_invoice_id", "status", "amount_minor", "refunded_minor", "currency",
				"occurred_at", "updated_at"),
		},
		{
			Name: "refunds", About: "What was paid back to you.", Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: exported(Money, "id", "stripe_id", "user_id", "stripe_charge_id", "stripe_invoice_id", "status", "amount_minor", "currency",
				"reason", "failure", "occurred_at", "ended_at", "updated_at"),
		},
		{
			Name: "disputes", About: "Payments that your bank asked us about.", Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: exported(Money, "id", "stripe_id", "user_id", "stripe_charge_id", "stripe_invoice_id", "status", "reason", "amount_minor",
				"currency", "answered", "due_by", "occurred_at", "withdrawn_at", "reinstated_at", "updated_at"),
		},
		{
			Name: "credit_notes", About: "What was taken off your invoices.", Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: columns(
				exported(Money, "id", "stripe_id", "user_id", "stripe_invoice_id", "stripe_refund_id", "number", "kind", "status", "reason",
					"amount_minor", "currency", "occurred_at", "voided_at", "updated_at"),
				becomes(`''`, exported(Money, "pdf_url")),
			),
		},
		{
			Name: "refund_orders", About: "What we set out to pay back to you.", Whose: by("user_id"), Rows: ByLaw, Retention: because(books),
			Columns: columns(
				exported(Money, "id", "user_id", "invoice_id", "stripe_charge_id", "amount_minor", "currency", "reason", "ends_access", "state",
					"failure", "stripe_refund_id", "asked_at", "settled_at"),
				becomes(`''`, hidden(Other, "note")), only("asked_by = @person", hidden(Other, "asked_by")), hidden(Technical, "client_key"),
			),
		},
		{
			Name: "billing_flags", Whose: by("user_id"), Rows: Gone, Retention: after(1100*day, "raised_at"),
			Columns: columns(hidden(Money, "id", "kind", "subject", "user_id", "detail", "raised_at"), hidden(Technical, "cleared_at")),
		},
		{
			Name: "reminders", About: "Letters about paying that we wrote to you.", Whose: by("user_id"), Rows: Gone, Retention: after(1100*day, "promised_at"),
			Columns: columns(
				exported(Money, "id", "user_id", "kind", "state", "promised_at", "settled_at"),
				hidden(Technical, "subject", "period"), // of a dispute that an administrator was told of, it is somebody else's
			),
		},
		{
			Name: "reminder_refusals", About: "Letters that you do not want.", Whose: by("user_id"), Rows: Gone, Retention: because(whileAccount),
			Columns: exported(Account, "user_id", "kind", "refused_at"),
		},
	}
}

// pauseTags are of members who change their plan, or rest.
func pauseTags() []Table {
	return []Table{
		{
			Name: "quotes", About: "What you were told that a change of plan costs.", Whose: by("user_id"), Rows: Gone, Retention: after(400*day, "created_at"),
			Columns: columns(
				exported(Money, "id", "user_id", "subscription_id", "price_id", "effect", "quantity", "due_minor", "tax_minor", "currency",
					"lines", "next_minor", "next_at", "effective_at", "state", "charged_minor", "created_at", "expires_at"),
				hidden(Technical, "item_id", "basis", "asked_at", "settled_at"), hidden(Other, "ask_reason"),
				only("asked_by = @person", hidden(Other, "asked_by")),
			),
		},
		{
			Name: "pauses", About: "Your pauses.", Whose: by("user_id"), Rows: Kept, Retention: because(books),
			Columns: columns(
				exported(Money, "id", "user_id", "subscription_id", "from_at", "until_at", "state", "base_at", "bills_at", "moved_at", "created_at"),
				becomes(`''`, exported(Money, "reason")),
				hidden(Technical, "asks", "dirty", "reminded_at", "updated_at"),
			),
		},
	}
}

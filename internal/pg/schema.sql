-- What the migrations come to, without the job queue's own tables.
-- Written by: go test ./internal/pg -run Schema -update

CREATE FUNCTION public.audit_log_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < now() - interval '2 years' AND current_setting('conservatory.forgets_audit', true) = 'yes' THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit_log is append-only';
END $$;

CREATE FUNCTION public.folded(words text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN btrim(regexp_replace(lower(regexp_replace(NORMALIZE(words, NFKD), '[\u0300-\u036f]'::text, ''::text, 'g'::text)), '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+'::text, ' '::text, 'g'::text));

CREATE FUNCTION public.forget_old_audit(at_most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    gone bigint;
BEGIN
    PERFORM set_config('conservatory.forgets_audit', 'yes', true);
    DELETE FROM public.audit_log WHERE id IN (
        SELECT id FROM public.audit_log WHERE at < now() - interval '2 years' ORDER BY at, id LIMIT at_most
    );
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('conservatory.forgets_audit', '', true);
    RETURN gone;
END $$;

CREATE FUNCTION public.hidden_people(viewer uuid, moment timestamp with time zone) RETURNS TABLE(person_id uuid)
    LANGUAGE sql STABLE
    AS $$
    SELECT b.blocked_id FROM blocks b
    WHERE b.user_id = viewer AND NOT EXISTS (SELECT 1 FROM held_roles r WHERE r.user_id = b.user_id AND (r.ends_at IS NULL OR r.ends_at > moment))
    UNION ALL
    SELECT b.user_id FROM blocks b
    WHERE b.blocked_id = viewer AND NOT EXISTS (SELECT 1 FROM held_roles r WHERE r.user_id = b.user_id AND (r.ends_at IS NULL OR r.ends_at > moment))
$$;

CREATE FUNCTION public.membership_ledger_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'membership_ledger is append-only';
END $$;

CREATE FUNCTION public.outbox_wakes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_notify('outbox', '');
    RETURN NULL;
END $$;

CREATE FUNCTION public.users_name_to_profile() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.state = 'deleted' THEN
        RETURN NULL; -- her profile is gone and stays so
    END IF;
    INSERT INTO profiles (user_id, name, updated_at) VALUES (NEW.id, NEW.display_name, NEW.updated_at)
    ON CONFLICT (user_id) DO UPDATE SET name = excluded.name;
    RETURN NULL;
END $$;

CREATE TABLE public.audit_log (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    target_kind text NOT NULL,
    target_id text NOT NULL,
    detail jsonb NOT NULL,
    request_id text NOT NULL,
    actor_roles text,
    subject_id uuid
);

CREATE TABLE public.avatar_files (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    file_64 text NOT NULL,
    file_256 text NOT NULL,
    file_512 text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.awards (
    id uuid NOT NULL,
    fund_id uuid NOT NULL,
    application_id uuid,
    user_id uuid NOT NULL,
    grant_id uuid NOT NULL,
    months bigint NOT NULL,
    reserved_minor bigint NOT NULL,
    returned_minor bigint NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_because text NOT NULL,
    CONSTRAINT awards_check CHECK (((returned_minor >= 0) AND (returned_minor <= reserved_minor))),
    CONSTRAINT awards_months_check CHECK (((months >= 1) AND (months <= 24))),
    CONSTRAINT awards_reserved_minor_check CHECK ((reserved_minor > 0))
);

CREATE TABLE public.bans (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    reason text NOT NULL,
    banned_by uuid,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    lifted_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    told text DEFAULT ''::text NOT NULL
);

CREATE TABLE public.billing_flags (
    id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    user_id uuid,
    detail text NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    cleared_at timestamp with time zone,
    CONSTRAINT billing_flags_kind_check CHECK ((kind = ANY (ARRAY['catalogue_drift'::text, 'fraud_warning'::text, 'invoice_stuck'::text])))
);

CREATE TABLE public.billing_proofs (
    id uuid NOT NULL,
    state text NOT NULL,
    checked bigint NOT NULL,
    expected bigint NOT NULL,
    healed bigint NOT NULL,
    findings jsonb,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT billing_proofs_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text])))
);

CREATE TABLE public.blocks (
    user_id uuid NOT NULL,
    blocked_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT blocks_check CHECK ((user_id <> blocked_id))
);

CREATE TABLE public.cancellations (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    reason text NOT NULL,
    comment text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    taken_back_at timestamp with time zone,
    CONSTRAINT cancellations_reason_check CHECK ((reason = ANY (ARRAY[''::text, 'customer_service'::text, 'low_quality'::text, 'missing_features'::text, 'other'::text, 'switched_service'::text, 'too_complex'::text, 'too_expensive'::text, 'unused'::text])))
);

CREATE TABLE public.charges (
    id uuid NOT NULL,
    stripe_id text NOT NULL,
    user_id uuid NOT NULL,
    stripe_invoice_id text NOT NULL,
    status text NOT NULL,
    amount_minor bigint NOT NULL,
    refunded_minor bigint NOT NULL,
    currency text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);

CREATE TABLE public.checkouts (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    price_id uuid NOT NULL,
    state text NOT NULL,
    stripe_session_id text,
    url text NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    stripe_subscription_id text,
    looked_at timestamp with time zone,
    offer_id uuid,
    CONSTRAINT checkouts_state_check CHECK ((state = ANY (ARRAY['creating'::text, 'open'::text, 'complete'::text, 'expired'::text])))
);

CREATE TABLE public.closed_addresses (
    hash text NOT NULL,
    ends_at timestamp with time zone,
    until timestamp with time zone NOT NULL
);

CREATE TABLE public.cohort_breaks (
    cohort_id uuid NOT NULL,
    from_on date NOT NULL,
    to_on date NOT NULL,
    CONSTRAINT cohort_breaks_check CHECK ((to_on >= from_on))
);

CREATE TABLE public.cohort_coaches (
    cohort_id uuid NOT NULL,
    user_id uuid NOT NULL
);

CREATE TABLE public.cohorts (
    id uuid NOT NULL,
    programme_id uuid NOT NULL,
    version_id uuid NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    time_zone text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    registration_opens_at timestamp with time zone,
    registration_closes_at timestamp with time zone,
    capacity bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT cohorts_capacity_check CHECK ((capacity > 0)),
    CONSTRAINT cohorts_check CHECK ((ends_on >= starts_on)),
    CONSTRAINT cohorts_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'open'::text, 'closed'::text, 'running'::text, 'completed'::text, 'cancelled'::text])))
);

CREATE TABLE public.credit_notes (
    id uuid NOT NULL,
    stripe_id text NOT NULL,
    user_id uuid NOT NULL,
    stripe_invoice_id text NOT NULL,
    stripe_refund_id text NOT NULL,
    number text NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    pdf_url text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    voided_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT credit_notes_kind_check CHECK ((kind = ANY (ARRAY['pre_payment'::text, 'post_payment'::text]))),
    CONSTRAINT credit_notes_status_check CHECK ((status = ANY (ARRAY['issued'::text, 'void'::text])))
);

CREATE TABLE public.discounts (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    offer_id uuid NOT NULL,
    given_by uuid,
    asked_at timestamp with time zone NOT NULL,
    given_at timestamp with time zone
);

CREATE TABLE public.disputes (
    id uuid NOT NULL,
    stripe_id text NOT NULL,
    user_id uuid NOT NULL,
    stripe_charge_id text NOT NULL,
    stripe_invoice_id text NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    answered boolean NOT NULL,
    due_by timestamp with time zone,
    occurred_at timestamp with time zone NOT NULL,
    withdrawn_at timestamp with time zone,
    reinstated_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT disputes_status_check CHECK ((status = ANY (ARRAY['warning_needs_response'::text, 'warning_under_review'::text, 'warning_closed'::text, 'needs_response'::text, 'under_review'::text, 'won'::text, 'lost'::text])))
);

CREATE TABLE public.email_changes (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    session_id uuid NOT NULL,
    old_email text NOT NULL,
    old_key text NOT NULL,
    new_email text NOT NULL,
    new_key text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    undo_expires_at timestamp with time zone NOT NULL,
    mailed_at timestamp with time zone,
    confirmed_at timestamp with time zone,
    undone_at timestamp with time zone
);

CREATE TABLE public.enrolment_events (
    id uuid NOT NULL,
    enrolment_id uuid NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    actor_id uuid,
    at timestamp with time zone NOT NULL
);

CREATE TABLE public.enrolments (
    id uuid NOT NULL,
    cohort_id uuid NOT NULL,
    user_id uuid NOT NULL,
    attempt bigint NOT NULL,
    state text NOT NULL,
    enrolled_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT enrolments_state_check CHECK ((state = ANY (ARRAY['active'::text, 'paused'::text, 'completed'::text, 'withdrawn'::text])))
);

CREATE TABLE public.erasures (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    posts text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    undone_at timestamp with time zone,
    begun_at timestamp with time zone,
    steps_done text NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT erasures_posts_check CHECK ((posts = ANY (ARRAY['pseudonymise'::text, 'remove'::text])))
);

CREATE TABLE public.exports (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    state text NOT NULL,
    tables_done bigint NOT NULL,
    tables_total bigint NOT NULL,
    bytes bigint NOT NULL,
    file text,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    expires_at timestamp with time zone,
    CONSTRAINT exports_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'working'::text, 'ready'::text, 'failed'::text, 'expired'::text])))
);

CREATE TABLE public.factor_tries (
    user_id uuid NOT NULL,
    wrong bigint NOT NULL,
    since timestamp with time zone NOT NULL
);

CREATE TABLE public.fund_entries (
    id uuid NOT NULL,
    fund_id uuid NOT NULL,
    kind text NOT NULL,
    amount_minor bigint NOT NULL,
    purchase_id uuid,
    award_id uuid,
    made_by uuid,
    note text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT fund_entries_kind_check CHECK ((kind = ANY (ARRAY['donation'::text, 'pay_it_forward'::text, 'deposit'::text, 'return'::text, 'award'::text, 'withdrawal'::text]))),
    CONSTRAINT fund_entries_sign_check CHECK ((((kind = ANY (ARRAY['award'::text, 'withdrawal'::text])) = (amount_minor < 0)) AND (amount_minor <> 0)))
);

CREATE TABLE public.funds (
    id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    currency text NOT NULL,
    balance_minor bigint NOT NULL,
    state text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT funds_balance_minor_check CHECK ((balance_minor >= 0)),
    CONSTRAINT funds_currency_check CHECK ((currency ~ '^[a-z]{3}$'::text)),
    CONSTRAINT funds_state_check CHECK ((state = ANY (ARRAY['open'::text, 'closed'::text])))
);

CREATE TABLE public.gifts (
    id uuid NOT NULL,
    buyer_id uuid NOT NULL,
    plan text NOT NULL,
    months bigint NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    recipient_email text,
    recipient_name text NOT NULL,
    message text NOT NULL,
    deliver_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    paid_at timestamp with time zone,
    mailed_at timestamp with time zone,
    expires_at timestamp with time zone,
    redeemed_at timestamp with time zone,
    redeemed_by uuid,
    grant_id uuid,
    withdrawn_at timestamp with time zone,
    withdrawn_by uuid,
    CONSTRAINT gifts_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT gifts_check CHECK (((paid_at IS NULL) = (expires_at IS NULL))),
    CONSTRAINT gifts_check1 CHECK (((redeemed_at IS NULL) OR ((paid_at IS NOT NULL) AND (withdrawn_at IS NULL)))),
    CONSTRAINT gifts_currency_check CHECK ((currency ~ '^[a-z]{3}$'::text)),
    CONSTRAINT gifts_months_check CHECK (((months >= 1) AND (months <= 24)))
);

CREATE TABLE public.grants (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    level text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    reason text NOT NULL,
    granted_by uuid,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_because text DEFAULT ''::text NOT NULL,
    reminded_at timestamp with time zone,
    CONSTRAINT grants_kind_check CHECK ((kind = ANY (ARRAY['comp'::text, 'gift'::text, 'scholarship'::text, 'sponsor'::text, 'alumni'::text]))),
    CONSTRAINT grants_level_check CHECK ((level = ANY (ARRAY['read_only'::text, 'full'::text]))),
    CONSTRAINT grants_revoked_because_check CHECK ((revoked_because = ANY (ARRAY[''::text, 'ended'::text, 'paying'::text])))
);

CREATE TABLE public.limited_roles (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    cohort_id uuid,
    space_id uuid,
    granted_by uuid,
    granted_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    CONSTRAINT limited_roles_admin_check CHECK (((role <> 'admin'::text) OR ((cohort_id IS NULL) AND (space_id IS NULL)))),
    CONSTRAINT limited_roles_limit_check CHECK (((cohort_id IS NOT NULL) OR (space_id IS NOT NULL) OR (ends_at IS NOT NULL))),
    CONSTRAINT limited_roles_role_check CHECK ((role = ANY (ARRAY['coach'::text, 'moderator'::text, 'admin'::text]))),
    CONSTRAINT limited_roles_scope_check CHECK (((cohort_id IS NULL) OR (space_id IS NULL)))
);

CREATE TABLE public.user_roles (
    user_id uuid NOT NULL,
    role text NOT NULL,
    granted_by uuid,
    granted_at timestamp with time zone NOT NULL,
    id uuid DEFAULT gen_random_uuid(),
    CONSTRAINT user_roles_role_check CHECK ((role = ANY (ARRAY['coach'::text, 'moderator'::text, 'admin'::text])))
);

CREATE VIEW public.held_roles WITH (security_invoker='true') AS
 SELECT user_roles.id,
    user_roles.user_id,
    user_roles.role,
    NULL::uuid AS cohort_id,
    NULL::uuid AS space_id,
    user_roles.granted_by,
    user_roles.granted_at,
    NULL::timestamp with time zone AS ends_at,
    user_roles.role AS label
   FROM public.user_roles
UNION ALL
 SELECT limited_roles.id,
    limited_roles.user_id,
    limited_roles.role,
    limited_roles.cohort_id,
    limited_roles.space_id,
    limited_roles.granted_by,
    limited_roles.granted_at,
    limited_roles.ends_at,
    (limited_roles.role || COALESCE(('@cohort:'::text || limited_roles.cohort_id), ('@space:'::text || limited_roles.space_id), ''::text)) AS label
   FROM public.limited_roles;

CREATE TABLE public.idempotency_keys (
    user_id uuid NOT NULL,
    key text NOT NULL,
    route text NOT NULL,
    fingerprint bytea NOT NULL,
    state text NOT NULL,
    leased_until timestamp with time zone NOT NULL,
    status bigint,
    header jsonb,
    body bytea,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_state_check CHECK ((state = ANY (ARRAY['started'::text, 'finished'::text])))
);

CREATE TABLE public.identities (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    provider text NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    linked_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone
);

CREATE TABLE public.identity_flows (
    id uuid NOT NULL,
    provider text NOT NULL,
    purpose text NOT NULL,
    user_id uuid,
    session_id uuid,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.invitation_letters (
    id uuid NOT NULL,
    invitation_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    mailed_at timestamp with time zone
);

CREATE TABLE public.invitation_redemptions (
    invitation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    redeemed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.invitations (
    id uuid NOT NULL,
    created_by uuid,
    email text,
    email_key text,
    plan text NOT NULL,
    access_days bigint NOT NULL,
    cohort_id uuid,
    uses bigint NOT NULL,
    used bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT invitations_access_days_check CHECK (((access_days >= 0) AND (access_days <= 366))),
    CONSTRAINT invitations_check CHECK (((used >= 0) AND (used <= uses))),
    CONSTRAINT invitations_check1 CHECK (((email IS NULL) = (email_key IS NULL))),
    CONSTRAINT invitations_check2 CHECK (((email IS NULL) OR (uses = 1))),
    CONSTRAINT invitations_uses_check CHECK ((uses > 0))
);

CREATE TABLE public.invoices (
    id uuid NOT NULL,
    stripe_id text NOT NULL,
    user_id uuid NOT NULL,
    stripe_subscription_id text NOT NULL,
    status text NOT NULL,
    billing_reason text NOT NULL,
    amount_due_minor bigint NOT NULL,
    amount_paid_minor bigint NOT NULL,
    currency text NOT NULL,
    attempts bigint NOT NULL,
    hosted_url text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    paid_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    number text DEFAULT ''::text NOT NULL,
    pdf_url text DEFAULT ''::text NOT NULL,
    next_attempt_at timestamp with time zone,
    needs_action boolean DEFAULT false NOT NULL,
    CONSTRAINT invoices_currency_check CHECK ((currency ~ '^[a-z]{3}$'::text))
);

CREATE TABLE public.item_progress (
    enrolment_id uuid NOT NULL,
    lineage_id uuid NOT NULL,
    state text NOT NULL,
    met_at timestamp with time zone NOT NULL,
    met_how text NOT NULL,
    actor_id uuid,
    CONSTRAINT item_progress_met_how_check CHECK ((met_how = ANY (ARRAY['self'::text, 'coach'::text, 'auto'::text, 'prior'::text]))),
    CONSTRAINT item_progress_state_check CHECK ((state = ANY (ARRAY['met'::text, 'waived'::text])))
);

CREATE TABLE public.member_access (
    user_id uuid NOT NULL,
    level text NOT NULL,
    reason text NOT NULL,
    until timestamp with time zone,
    notice text NOT NULL,
    pay_url text NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT member_access_level_check CHECK ((level = ANY (ARRAY['none'::text, 'read_only'::text, 'full'::text]))),
    CONSTRAINT member_access_notice_check CHECK ((notice = ANY (ARRAY[''::text, 'payment_failed'::text, 'ends_soon'::text, 'trial_ends'::text]))),
    CONSTRAINT member_access_reason_check CHECK ((reason = ANY (ARRAY['none'::text, 'subscription'::text, 'trial'::text, 'grant'::text, 'paused'::text, 'banned'::text])))
);

CREATE TABLE public.membership_ledger (
    id bigint NOT NULL,
    user_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    plan_id uuid,
    series text NOT NULL,
    currency text NOT NULL,
    annual_delta numeric NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT membership_ledger_annual_delta_check CHECK ((annual_delta <> (0)::numeric)),
    CONSTRAINT membership_ledger_currency_check CHECK ((currency ~ '^[a-z]{3}$'::text)),
    CONSTRAINT membership_ledger_series_check CHECK ((series = ANY (ARRAY['mrr'::text, 'at_risk'::text, 'ending'::text, 'trial'::text, 'paused'::text])))
);

ALTER TABLE public.membership_ledger ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.membership_ledger_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.offers (
    id uuid NOT NULL,
    slug text NOT NULL,
    plan_id uuid NOT NULL,
    price_key text NOT NULL,
    percent_off bigint NOT NULL,
    amount_off_minor bigint NOT NULL,
    currency text NOT NULL,
    duration text NOT NULL,
    months bigint NOT NULL,
    max_redemptions bigint,
    stripe_coupon_id text,
    created_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT offers_amount_off_minor_check CHECK ((amount_off_minor >= 0)),
    CONSTRAINT offers_check CHECK (((months > 0) = (duration = 'repeating'::text))),
    CONSTRAINT offers_currency_check CHECK (((currency <> ''::text) = (amount_off_minor > 0))),
    CONSTRAINT offers_duration_check CHECK ((duration = ANY (ARRAY['once'::text, 'repeating'::text, 'forever'::text]))),
    CONSTRAINT offers_max_redemptions_check CHECK ((max_redemptions > 0)),
    CONSTRAINT offers_off_check CHECK (((percent_off > 0) <> (amount_off_minor > 0))),
    CONSTRAINT offers_percent_off_check CHECK (((percent_off >= 0) AND (percent_off <= 100)))
);

CREATE TABLE public.outbox (
    id bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    type text NOT NULL,
    space_id uuid,
    user_id uuid,
    payload jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT outbox_check CHECK (((space_id IS NOT NULL) OR (user_id IS NOT NULL)))
);

CREATE TABLE public.outbox_epoch (
    single boolean DEFAULT true NOT NULL,
    epoch text NOT NULL,
    CONSTRAINT outbox_epoch_single_check CHECK (single)
);

ALTER TABLE public.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.passkey_challenges (
    id uuid NOT NULL,
    purpose text NOT NULL,
    user_id uuid,
    session_id uuid,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT passkey_challenges_purpose_check CHECK ((purpose = ANY (ARRAY['add'::text, 'sign_in'::text, 'prove'::text])))
);

CREATE TABLE public.passkeys (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    credential_id bytea NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    backup_eligible boolean NOT NULL,
    backed_up boolean NOT NULL,
    transports text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone
);

CREATE TABLE public.pauses (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    from_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    state text NOT NULL,
    base_at timestamp with time zone,
    bills_at timestamp with time zone,
    moved_at timestamp with time zone,
    asks bigint NOT NULL,
    dirty boolean NOT NULL,
    reminded_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT pauses_span_check CHECK ((until_at >= from_at)),
    CONSTRAINT pauses_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'running'::text, 'over'::text, 'taken_back'::text, 'void'::text])))
);

CREATE TABLE public.plans (
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    benefits text NOT NULL,
    "position" bigint NOT NULL,
    state text NOT NULL,
    stripe_product_id text,
    created_at timestamp with time zone NOT NULL,
    group_key text DEFAULT 'membership'::text NOT NULL,
    seats bigint,
    version bigint DEFAULT 1 NOT NULL,
    CONSTRAINT plans_seats_check CHECK ((seats > 0)),
    CONSTRAINT plans_state_check CHECK ((state = ANY (ARRAY['public'::text, 'hidden'::text, 'archived'::text])))
);

CREATE TABLE public.post_revisions (
    post_id uuid NOT NULL,
    version bigint NOT NULL,
    editor_id uuid NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.posts (
    id uuid NOT NULL,
    topic_id uuid NOT NULL,
    space_id uuid NOT NULL,
    author_id uuid NOT NULL,
    number bigint NOT NULL,
    reply_to bigint,
    body text NOT NULL,
    html text NOT NULL,
    render_version bigint NOT NULL,
    state text NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    edited_at timestamp with time zone,
    CONSTRAINT posts_state_check CHECK ((state = ANY (ARRAY['visible'::text, 'deleted'::text])))
);

CREATE TABLE public.prices (
    id uuid NOT NULL,
    plan_id uuid NOT NULL,
    key text NOT NULL,
    "interval" text NOT NULL,
    interval_count bigint NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    trial_days bigint NOT NULL,
    state text NOT NULL,
    stripe_price_id text,
    created_at timestamp with time zone NOT NULL,
    card_for_trial boolean DEFAULT true NOT NULL,
    CONSTRAINT prices_amount_minor_check CHECK ((amount_minor >= 0)),
    CONSTRAINT prices_currency_check CHECK ((currency ~ '^[a-z]{3}$'::text)),
    CONSTRAINT prices_interval_check CHECK (("interval" = ANY (ARRAY['month'::text, 'year'::text]))),
    CONSTRAINT prices_interval_count_check CHECK ((interval_count > 0)),
    CONSTRAINT prices_state_check CHECK ((state = ANY (ARRAY['public'::text, 'archived'::text]))),
    CONSTRAINT prices_trial_days_check CHECK ((trial_days >= 0))
);

CREATE TABLE public.profiles (
    user_id uuid NOT NULL,
    name text NOT NULL,
    listed boolean DEFAULT true NOT NULL,
    headline text DEFAULT ''::text NOT NULL,
    story text DEFAULT ''::text NOT NULL,
    story_html text DEFAULT ''::text NOT NULL,
    render_version bigint DEFAULT 0 NOT NULL,
    years_away bigint,
    pronouns text DEFAULT ''::text NOT NULL,
    skills text DEFAULT ''::text NOT NULL,
    goals text DEFAULT ''::text NOT NULL,
    links text DEFAULT ''::text NOT NULL,
    avatar uuid,
    avatar_64 text DEFAULT ''::text NOT NULL,
    avatar_256 text DEFAULT ''::text NOT NULL,
    avatar_512 text DEFAULT ''::text NOT NULL,
    headline_for text DEFAULT 'members'::text NOT NULL,
    story_for text DEFAULT 'only_me'::text NOT NULL,
    years_away_for text DEFAULT 'only_me'::text NOT NULL,
    pronouns_for text DEFAULT 'members'::text NOT NULL,
    skills_for text DEFAULT 'members'::text NOT NULL,
    goals_for text DEFAULT 'only_me'::text NOT NULL,
    links_for text DEFAULT 'members'::text NOT NULL,
    time_zone_for text DEFAULT 'only_me'::text NOT NULL,
    avatar_for text DEFAULT 'members'::text NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name_key text GENERATED ALWAYS AS (public.folded(name)) STORED NOT NULL,
    for_members tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, public.folded(((name ||
CASE headline_for
    WHEN 'members'::text THEN (' '::text || headline)
    ELSE ''::text
END) ||
CASE skills_for
    WHEN 'members'::text THEN (' '::text || skills)
    ELSE ''::text
END)))) STORED NOT NULL,
    for_my_cohorts tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, public.folded((
CASE headline_for
    WHEN 'my_cohorts'::text THEN headline
    ELSE ''::text
END ||
CASE skills_for
    WHEN 'my_cohorts'::text THEN (' '::text || skills)
    ELSE ''::text
END)))) STORED NOT NULL,
    CONSTRAINT profiles_avatar_for_check CHECK ((avatar_for = ANY (ARRAY['only_me'::text, 'my_cohorts'::text, 'members'::text]))),
    CONSTRAINT profiles_goals_for_check CHECK ((goals_for = ANY (ARRAY['only_me'::text, 'my_cohorts'::text, 'members'::text]))),
    CONSTRAINT profiles_headline_for_check CHECK ((headline_for = ANY (ARRAY['only_me'::text, 'my_cohorts'::text, 'members'::text]))),
    CONSTRAINT profiles_links_for_check CHECK ((links_for = ANY (ARRAY['only_me'::text, 'my_cohorts'::text, 'members'::text]))),
    CONSTRAINT profiles_pronouns_for_check CHECK ((pronouns_for = ANY (ARRAY['only_me'::text, 'my_cohorts'::text, 'members'::text]))),
    CONSTRAINT profiles_skills_for_check CHECK ((skills_for = ANY (ARRAY['only_me'::text, 'my_cohorts'::text, 'members'::text]))),
    CONSTRAINT profiles_story_for_check CHECK ((story_for = ANY (ARRAY['only_me'::text, 'my_cohorts'::text, 'members'::text]))),
    CONSTRAINT profiles_time_zone_for_check CHECK ((time_zone_for = ANY (ARRAY['only_me'::text, 'my_cohorts'::text, 'members'::text]))),
    CONSTRAINT profiles_years_away_for_check CHECK ((years_away_for = ANY (ARRAY['only_me'::text, 'my_cohorts'::text, 'members'::text])))
);

CREATE TABLE public.programme_items (
    id uuid NOT NULL,
    version_id uuid NOT NULL,
    lineage_id uuid NOT NULL,
    module_lineage uuid,
    kind text NOT NULL,
    title text NOT NULL,
    "position" bigint NOT NULL,
    mandatory boolean NOT NULL,
    minutes bigint NOT NULL,
    release_days bigint,
    release_minute bigint NOT NULL,
    CONSTRAINT programme_items_kind_check CHECK ((kind = ANY (ARRAY['module'::text, 'lesson'::text, 'milestone'::text]))),
    CONSTRAINT programme_items_release_minute_check CHECK (((release_minute >= 0) AND (release_minute <= 1439)))
);

CREATE TABLE public.programme_prerequisites (
    item_id uuid NOT NULL,
    requires_lineage uuid NOT NULL
);

CREATE TABLE public.programme_versions (
    id uuid NOT NULL,
    programme_id uuid NOT NULL,
    number bigint NOT NULL,
    state text NOT NULL,
    published_at timestamp with time zone,
    CONSTRAINT programme_versions_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'published'::text, 'retired'::text])))
);

CREATE TABLE public.programmes (
    id uuid NOT NULL,
    slug text NOT NULL,
    title text NOT NULL
);

CREATE TABLE public.purchases (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    subject_id uuid NOT NULL,
    title text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    state text NOT NULL,
    stripe_session_id text,
    stripe_payment_intent_id text,
    url text NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    paid_at timestamp with time zone,
    refund_asked_at timestamp with time zone,
    refunded_at timestamp with time zone,
    stripe_refund_id text DEFAULT ''::text NOT NULL,
    refund_failure text DEFAULT ''::text NOT NULL,
    CONSTRAINT purchases_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT purchases_currency_check CHECK ((currency ~ '^[a-z]{3}$'::text)),
    CONSTRAINT purchases_paid_check CHECK (((state = 'paid'::text) = (paid_at IS NOT NULL))),
    CONSTRAINT purchases_purpose_check CHECK ((purpose = ANY (ARRAY['gift'::text, 'donation'::text, 'pay_it_forward'::text, 'membership'::text]))),
    CONSTRAINT purchases_state_check CHECK ((state = ANY (ARRAY['creating'::text, 'open'::text, 'processing'::text, 'paid'::text, 'failed'::text, 'expired'::text])))
);

CREATE TABLE public.quotes (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    price_id uuid NOT NULL,
    effect text NOT NULL,
    item_id text NOT NULL,
    quantity bigint NOT NULL,
    basis text NOT NULL,
    due_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    currency text NOT NULL,
    lines text NOT NULL,
    next_minor bigint NOT NULL,
    next_at timestamp with time zone NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    charged_minor bigint,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    asked_at timestamp with time zone,
    settled_at timestamp with time zone,
    asked_by uuid,
    ask_reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT quotes_effect_check CHECK ((effect = ANY (ARRAY['now'::text, 'period_end'::text]))),
    CONSTRAINT quotes_state_check CHECK ((state = ANY (ARRAY['open'::text, 'asked'::text, 'done'::text, 'void'::text])))
);

CREATE TABLE public.recovery_codes (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    made_with text
);

CREATE TABLE public.refund_orders (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    stripe_charge_id text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    reason text NOT NULL,
    note text NOT NULL,
    ends_access boolean NOT NULL,
    asked_by uuid NOT NULL,
    client_key text,
    state text NOT NULL,
    failure text NOT NULL,
    stripe_refund_id text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT refund_orders_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT refund_orders_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'done'::text, 'declined'::text])))
);

CREATE TABLE public.refunds (
    id uuid NOT NULL,
    stripe_id text NOT NULL,
    user_id uuid NOT NULL,
    stripe_charge_id text NOT NULL,
    stripe_invoice_id text NOT NULL,
    status text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    reason text NOT NULL,
    failure text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT refunds_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'requires_action'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text])))
);

CREATE TABLE public.reminder_refusals (
    user_id uuid NOT NULL,
    kind text NOT NULL,
    refused_at timestamp with time zone NOT NULL
);

CREATE TABLE public.reminders (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    period text NOT NULL,
    state text NOT NULL,
    promised_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT reminders_kind_check CHECK ((kind = ANY (ARRAY['trial_ending'::text, 'renewal_ahead'::text, 'payment_failed'::text, 'action_required'::text, 'card_expiring'::text, 'membership_ends'::text, 'dispute_due'::text]))),
    CONSTRAINT reminders_state_check CHECK ((state = ANY (ARRAY['promised'::text, 'sent'::text, 'needless'::text, 'undeliverable'::text])))
);

CREATE TABLE public.scholarship_applications (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    months bigint NOT NULL,
    situation text NOT NULL,
    hope text NOT NULL,
    state text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    decided_by uuid,
    told text NOT NULL,
    note text NOT NULL,
    CONSTRAINT scholarship_applications_months_check CHECK (((months >= 1) AND (months <= 24))),
    CONSTRAINT scholarship_applications_state_check CHECK ((state = ANY (ARRAY['open'::text, 'waitlisted'::text, 'awarded'::text, 'not_this_time'::text, 'withdrawn'::text])))
);

CREATE TABLE public.secrets (
    id uuid NOT NULL,
    kind text NOT NULL,
    email_key text NOT NULL,
    user_id uuid,
    tries bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    mailed_at timestamp with time zone,
    used_at timestamp with time zone,
    CONSTRAINT secrets_kind_check CHECK ((kind = ANY (ARRAY['code'::text, 'reset'::text])))
);

CREATE TABLE public.sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    generation bigint NOT NULL,
    rotated_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    idle_expires_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_reason text,
    device text DEFAULT ''::text NOT NULL,
    network text DEFAULT ''::text NOT NULL,
    way text DEFAULT 'password'::text NOT NULL,
    last_seen_at timestamp with time zone,
    seen_generation bigint DEFAULT 0 NOT NULL,
    proved_at timestamp with time zone,
    proved_by_factor boolean DEFAULT false NOT NULL
);

CREATE TABLE public.signing_keys (
    kid text NOT NULL,
    sealed bytea NOT NULL,
    signs_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.signups (
    id uuid NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL,
    password_hash text NOT NULL,
    display_name text NOT NULL,
    tries bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    mailed_at timestamp with time zone,
    used_at timestamp with time zone,
    invitation_id uuid
);

CREATE TABLE public.spaces (
    id uuid NOT NULL,
    kind text NOT NULL,
    cohort_id uuid,
    slug text NOT NULL,
    title text NOT NULL,
    opens_at timestamp with time zone,
    read_only_at timestamp with time zone,
    topics_count bigint NOT NULL,
    last_activity_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT spaces_check CHECK (((kind = 'cohort'::text) = (cohort_id IS NOT NULL))),
    CONSTRAINT spaces_kind_check CHECK ((kind = ANY (ARRAY['global'::text, 'cohort'::text, 'staff'::text])))
);

CREATE TABLE public.sponsor_contacts (
    sponsorship_id uuid NOT NULL,
    user_id uuid NOT NULL,
    added_at timestamp with time zone NOT NULL
);

CREATE TABLE public.sponsor_invitations (
    id uuid NOT NULL,
    sponsorship_id uuid NOT NULL,
    email text,
    email_key text,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    mailed_at timestamp with time zone,
    used_at timestamp with time zone,
    CONSTRAINT sponsor_invitations_check CHECK (((email IS NULL) = (email_key IS NULL)))
);

CREATE TABLE public.sponsor_seats (
    id uuid NOT NULL,
    sponsorship_id uuid NOT NULL,
    user_id uuid NOT NULL,
    grant_id uuid NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    released_at timestamp with time zone,
    told_at timestamp with time zone
);

CREATE TABLE public.sponsorships (
    id uuid NOT NULL,
    organisation text NOT NULL,
    seats bigint NOT NULL,
    used bigint NOT NULL,
    note text NOT NULL,
    ends_at timestamp with time zone,
    ended_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT sponsorships_used_check CHECK (((used >= 0) AND (used <= seats)))
);

CREATE TABLE public.stripe_customers (
    user_id uuid NOT NULL,
    stripe_id text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    former_at timestamp with time zone,
    card_checked_at timestamp with time zone
);

CREATE TABLE public.stripe_events (
    id text NOT NULL,
    type text NOT NULL,
    api_version text NOT NULL,
    livemode boolean NOT NULL,
    customer_id text NOT NULL,
    payload jsonb NOT NULL,
    state text NOT NULL,
    attempts bigint NOT NULL,
    last_error text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT stripe_events_state_check CHECK ((state = ANY (ARRAY['received'::text, 'applied'::text, 'ignored'::text, 'dead'::text])))
);

CREATE TABLE public.subscriptions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    stripe_id text NOT NULL,
    plan_id uuid,
    price_id uuid,
    status text NOT NULL,
    amount_minor bigint NOT NULL,
    annual_minor numeric NOT NULL,
    currency text NOT NULL,
    "interval" text NOT NULL,
    interval_count bigint NOT NULL,
    current_period_start timestamp with time zone,
    current_period_end timestamp with time zone,
    cancel_at timestamp with time zone,
    cancel_at_period_end boolean NOT NULL,
    collection_paused boolean NOT NULL,
    canceled_at timestamp with time zone,
    ended_at timestamp with time zone,
    trial_end timestamp with time zone,
    cancellation_reason text NOT NULL,
    pay_url text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    schedule_id text DEFAULT ''::text NOT NULL,
    next_price_id uuid,
    next_at timestamp with time zone,
    break_from timestamp with time zone,
    break_until timestamp with time zone,
    plan_group text,
    held boolean DEFAULT false NOT NULL,
    CONSTRAINT subscriptions_currency_check CHECK ((currency ~ '^[a-z]{3}$'::text)),
    CONSTRAINT subscriptions_status_check CHECK ((status = ANY (ARRAY['incomplete'::text, 'incomplete_expired'::text, 'trialing'::text, 'active'::text, 'past_due'::text, 'unpaid'::text, 'paused'::text, 'canceled'::text])))
);

CREATE TABLE public.suspensions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    reason text NOT NULL,
    told text NOT NULL,
    suspended_by uuid,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    lifted_at timestamp with time zone
);

CREATE TABLE public.terms_consents (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    checkout_id uuid NOT NULL,
    version text NOT NULL,
    agreed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.topic_reads (
    user_id uuid NOT NULL,
    topic_id uuid NOT NULL,
    last_read_number bigint NOT NULL,
    updated_at timestamp with time zone NOT NULL
);

CREATE TABLE public.topics (
    id uuid NOT NULL,
    space_id uuid NOT NULL,
    author_id uuid NOT NULL,
    title text NOT NULL,
    highest_post_number bigint NOT NULL,
    posts_count bigint NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    bumped_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone
);

CREATE TABLE public.totp_factors (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    secret bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    last_used_at timestamp with time zone,
    last_step bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.trial_addresses (
    hash text NOT NULL,
    until timestamp with time zone NOT NULL
);

CREATE TABLE public.trials (
    user_id uuid NOT NULL,
    used_at timestamp with time zone NOT NULL
);

CREATE TABLE public.users (
    id uuid NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL,
    email_verified_at timestamp with time zone,
    password_hash text,
    display_name text NOT NULL,
    time_zone text NOT NULL,
    state text NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    factors text DEFAULT ''::text NOT NULL,
    devices_since timestamp with time zone,
    CONSTRAINT users_state_check CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text, 'deleted'::text])))
);

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.avatar_files
    ADD CONSTRAINT avatar_files_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.awards
    ADD CONSTRAINT awards_grant_id_key UNIQUE (grant_id);

ALTER TABLE ONLY public.awards
    ADD CONSTRAINT awards_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.bans
    ADD CONSTRAINT bans_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.billing_flags
    ADD CONSTRAINT billing_flags_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.billing_proofs
    ADD CONSTRAINT billing_proofs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_pkey PRIMARY KEY (user_id, blocked_id);

ALTER TABLE ONLY public.cancellations
    ADD CONSTRAINT cancellations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.charges
    ADD CONSTRAINT charges_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.charges
    ADD CONSTRAINT charges_stripe_id_key UNIQUE (stripe_id);

ALTER TABLE ONLY public.checkouts
    ADD CONSTRAINT checkouts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.checkouts
    ADD CONSTRAINT checkouts_stripe_session_id_key UNIQUE (stripe_session_id);

ALTER TABLE ONLY public.closed_addresses
    ADD CONSTRAINT closed_addresses_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.cohort_breaks
    ADD CONSTRAINT cohort_breaks_pkey PRIMARY KEY (cohort_id, from_on);

ALTER TABLE ONLY public.cohort_coaches
    ADD CONSTRAINT cohort_coaches_pkey PRIMARY KEY (cohort_id, user_id);

ALTER TABLE ONLY public.cohorts
    ADD CONSTRAINT cohorts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.credit_notes
    ADD CONSTRAINT credit_notes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.credit_notes
    ADD CONSTRAINT credit_notes_stripe_id_key UNIQUE (stripe_id);

ALTER TABLE ONLY public.discounts
    ADD CONSTRAINT discounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.disputes
    ADD CONSTRAINT disputes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.disputes
    ADD CONSTRAINT disputes_stripe_id_key UNIQUE (stripe_id);

ALTER TABLE ONLY public.email_changes
    ADD CONSTRAINT email_changes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.enrolment_events
    ADD CONSTRAINT enrolment_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_cohort_id_user_id_attempt_key UNIQUE (cohort_id, user_id, attempt);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.factor_tries
    ADD CONSTRAINT factor_tries_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.fund_entries
    ADD CONSTRAINT fund_entries_award_id_key UNIQUE (award_id, kind);

ALTER TABLE ONLY public.fund_entries
    ADD CONSTRAINT fund_entries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.fund_entries
    ADD CONSTRAINT fund_entries_purchase_id_key UNIQUE (purchase_id);

ALTER TABLE ONLY public.funds
    ADD CONSTRAINT funds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT gifts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key);

ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_issuer_subject_key UNIQUE (issuer, subject);

ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_user_id_issuer_key UNIQUE (user_id, issuer);

ALTER TABLE ONLY public.identity_flows
    ADD CONSTRAINT identity_flows_pkey PRIMARY KEY (id);

ALTER TABLE public.identity_flows
    ADD CONSTRAINT identity_flows_purpose_check CHECK ((purpose = ANY (ARRAY['sign_in'::text, 'sign_up'::text, 'link'::text, 'prove'::text]))) NOT VALID;

ALTER TABLE ONLY public.invitation_letters
    ADD CONSTRAINT invitation_letters_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.invitation_redemptions
    ADD CONSTRAINT invitation_redemptions_pkey PRIMARY KEY (invitation_id, user_id);

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_stripe_id_key UNIQUE (stripe_id);

ALTER TABLE ONLY public.item_progress
    ADD CONSTRAINT item_progress_pkey PRIMARY KEY (enrolment_id, lineage_id);

ALTER TABLE ONLY public.limited_roles
    ADD CONSTRAINT limited_roles_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.member_access
    ADD CONSTRAINT member_access_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.membership_ledger
    ADD CONSTRAINT membership_ledger_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.offers
    ADD CONSTRAINT offers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.offers
    ADD CONSTRAINT offers_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.outbox_epoch
    ADD CONSTRAINT outbox_epoch_pkey PRIMARY KEY (single);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.passkey_challenges
    ADD CONSTRAINT passkey_challenges_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT passkeys_credential_id_key UNIQUE (credential_id);

ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT passkeys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pauses
    ADD CONSTRAINT pauses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_stripe_product_id_key UNIQUE (stripe_product_id);

ALTER TABLE ONLY public.post_revisions
    ADD CONSTRAINT post_revisions_pkey PRIMARY KEY (post_id, version);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_topic_id_number_key UNIQUE (topic_id, number);

ALTER TABLE ONLY public.prices
    ADD CONSTRAINT prices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.prices
    ADD CONSTRAINT prices_stripe_price_id_key UNIQUE (stripe_price_id);

ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.programme_items
    ADD CONSTRAINT programme_items_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.programme_items
    ADD CONSTRAINT programme_items_version_id_lineage_id_key UNIQUE (version_id, lineage_id);

ALTER TABLE ONLY public.programme_prerequisites
    ADD CONSTRAINT programme_prerequisites_pkey PRIMARY KEY (item_id, requires_lineage);

ALTER TABLE ONLY public.programme_versions
    ADD CONSTRAINT programme_versions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.programme_versions
    ADD CONSTRAINT programme_versions_programme_id_number_key UNIQUE (programme_id, number);

ALTER TABLE ONLY public.programmes
    ADD CONSTRAINT programmes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.programmes
    ADD CONSTRAINT programmes_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.purchases
    ADD CONSTRAINT purchases_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.purchases
    ADD CONSTRAINT purchases_stripe_payment_intent_id_key UNIQUE (stripe_payment_intent_id);

ALTER TABLE ONLY public.purchases
    ADD CONSTRAINT purchases_stripe_session_id_key UNIQUE (stripe_session_id);

ALTER TABLE ONLY public.quotes
    ADD CONSTRAINT quotes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.refund_orders
    ADD CONSTRAINT refund_orders_client_key_key UNIQUE (asked_by, client_key);

ALTER TABLE ONLY public.refund_orders
    ADD CONSTRAINT refund_orders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_stripe_id_key UNIQUE (stripe_id);

ALTER TABLE ONLY public.reminder_refusals
    ADD CONSTRAINT reminder_refusals_pkey PRIMARY KEY (user_id, kind);

ALTER TABLE ONLY public.reminders
    ADD CONSTRAINT reminders_cause_key UNIQUE (user_id, kind, subject, period);

ALTER TABLE ONLY public.reminders
    ADD CONSTRAINT reminders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.scholarship_applications
    ADD CONSTRAINT scholarship_applications_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.secrets
    ADD CONSTRAINT secrets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE public.sessions
    ADD CONSTRAINT sessions_revoked_reason_check CHECK ((revoked_reason = ANY (ARRAY['logout'::text, 'reuse'::text, 'cap'::text, 'admin'::text, 'elsewhere'::text, 'password'::text, 'email'::text, 'suspended'::text, 'erased'::text]))) NOT VALID;

ALTER TABLE public.sessions
    ADD CONSTRAINT sessions_way_check CHECK ((way = ANY (ARRAY['password'::text, 'code'::text, 'passkey'::text, 'oidc'::text, 'invitation'::text]))) NOT VALID;

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (kid);

ALTER TABLE ONLY public.signups
    ADD CONSTRAINT signups_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.spaces
    ADD CONSTRAINT spaces_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.spaces
    ADD CONSTRAINT spaces_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.sponsor_contacts
    ADD CONSTRAINT sponsor_contacts_pkey PRIMARY KEY (sponsorship_id, user_id);

ALTER TABLE ONLY public.sponsor_invitations
    ADD CONSTRAINT sponsor_invitations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sponsor_seats
    ADD CONSTRAINT sponsor_seats_grant_id_key UNIQUE (grant_id);

ALTER TABLE ONLY public.sponsor_seats
    ADD CONSTRAINT sponsor_seats_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sponsorships
    ADD CONSTRAINT sponsorships_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.stripe_customers
    ADD CONSTRAINT stripe_customers_pkey PRIMARY KEY (stripe_id);

ALTER TABLE ONLY public.stripe_events
    ADD CONSTRAINT stripe_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT subscriptions_stripe_id_key UNIQUE (stripe_id);

ALTER TABLE ONLY public.suspensions
    ADD CONSTRAINT suspensions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.terms_consents
    ADD CONSTRAINT terms_consents_checkout_id_version_key UNIQUE (checkout_id, version);

ALTER TABLE ONLY public.terms_consents
    ADD CONSTRAINT terms_consents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.topic_reads
    ADD CONSTRAINT topic_reads_pkey PRIMARY KEY (user_id, topic_id);

ALTER TABLE ONLY public.topics
    ADD CONSTRAINT topics_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.totp_factors
    ADD CONSTRAINT totp_factors_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.trial_addresses
    ADD CONSTRAINT trial_addresses_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.trials
    ADD CONSTRAINT trials_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_pkey PRIMARY KEY (user_id, role);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key_key UNIQUE (email_key);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX audit_log_action_idx ON public.audit_log USING btree (action, at DESC, id DESC);

CREATE INDEX audit_log_actor_idx ON public.audit_log USING btree (actor_id, at DESC);

CREATE INDEX audit_log_at_idx ON public.audit_log USING btree (at DESC, id DESC);

CREATE INDEX audit_log_request_id_idx ON public.audit_log USING btree (request_id) WHERE (request_id <> ''::text);

CREATE INDEX audit_log_subject_idx ON public.audit_log USING btree (subject_id, at DESC, id DESC) WHERE (subject_id IS NOT NULL);

CREATE INDEX audit_log_target_id_idx ON public.audit_log USING btree (target_id, at DESC, id DESC);

CREATE INDEX audit_log_target_idx ON public.audit_log USING btree (target_kind, target_id, at DESC);

CREATE INDEX avatar_files_expires_at_idx ON public.avatar_files USING btree (expires_at);

CREATE INDEX avatar_files_user_id_idx ON public.avatar_files USING btree (user_id);

CREATE INDEX awards_application_id_idx ON public.awards USING btree (application_id);

CREATE INDEX awards_fund_id_idx ON public.awards USING btree (fund_id);

CREATE INDEX awards_user_id_idx ON public.awards USING btree (user_id);

CREATE INDEX bans_user_id_idx ON public.bans USING btree (user_id);

CREATE UNIQUE INDEX billing_flags_open_key ON public.billing_flags USING btree (kind, subject) WHERE (cleared_at IS NULL);

CREATE INDEX billing_flags_user_id_idx ON public.billing_flags USING btree (user_id);

CREATE UNIQUE INDEX billing_proofs_running_key ON public.billing_proofs USING btree (state) WHERE (state = 'running'::text);

CREATE INDEX billing_proofs_started_at_idx ON public.billing_proofs USING btree (started_at DESC);

CREATE INDEX blocks_blocked_id_idx ON public.blocks USING btree (blocked_id);

CREATE UNIQUE INDEX cancellations_open_key ON public.cancellations USING btree (subscription_id) WHERE (taken_back_at IS NULL);

CREATE INDEX cancellations_user_id_idx ON public.cancellations USING btree (user_id);

CREATE INDEX charges_stripe_invoice_id_idx ON public.charges USING btree (stripe_invoice_id);

CREATE INDEX charges_user_id_idx ON public.charges USING btree (user_id);

CREATE INDEX checkouts_created_at_idx ON public.checkouts USING btree (created_at DESC, id DESC);

CREATE UNIQUE INDEX checkouts_one_open_key ON public.checkouts USING btree (user_id) WHERE (state = ANY (ARRAY['creating'::text, 'open'::text]));

CREATE INDEX checkouts_price_id_idx ON public.checkouts USING btree (price_id) WHERE (state <> 'expired'::text);

CREATE INDEX checkouts_user_id_idx ON public.checkouts USING btree (user_id, created_at DESC, id DESC);

CREATE INDEX closed_addresses_until_idx ON public.closed_addresses USING btree (until);

CREATE INDEX cohort_coaches_user_id_idx ON public.cohort_coaches USING btree (user_id);

CREATE INDEX cohorts_starts_on_idx ON public.cohorts USING btree (starts_on DESC, id DESC) WHERE (state <> 'draft'::text);

CREATE INDEX credit_notes_user_id_idx ON public.credit_notes USING btree (user_id);

CREATE UNIQUE INDEX discounts_asked_key ON public.discounts USING btree (subscription_id, offer_id) WHERE (given_at IS NULL);

CREATE INDEX discounts_user_id_idx ON public.discounts USING btree (user_id);

CREATE INDEX disputes_open_idx ON public.disputes USING btree (due_by) WHERE (status = ANY (ARRAY['needs_response'::text, 'warning_needs_response'::text]));

CREATE INDEX disputes_user_id_idx ON public.disputes USING btree (user_id);

CREATE INDEX email_changes_new_key_idx ON public.email_changes USING btree (new_key, created_at);

CREATE INDEX email_changes_user_id_idx ON public.email_changes USING btree (user_id, created_at);

CREATE INDEX enrolment_events_enrolment_id_idx ON public.enrolment_events USING btree (enrolment_id, at);

CREATE UNIQUE INDEX enrolments_one_live_key ON public.enrolments USING btree (cohort_id, user_id) WHERE (state = ANY (ARRAY['active'::text, 'paused'::text]));

CREATE INDEX enrolments_user_id_idx ON public.enrolments USING btree (user_id);

CREATE INDEX erasures_due_idx ON public.erasures USING btree (due_at) WHERE ((undone_at IS NULL) AND (finished_at IS NULL));

CREATE UNIQUE INDEX erasures_one_key ON public.erasures USING btree (user_id) WHERE (undone_at IS NULL);

CREATE INDEX exports_open_idx ON public.exports USING btree (created_at) WHERE (state = ANY (ARRAY['waiting'::text, 'working'::text, 'ready'::text]));

CREATE INDEX exports_user_id_idx ON public.exports USING btree (user_id, created_at DESC);

CREATE INDEX fund_entries_fund_id_idx ON public.fund_entries USING btree (fund_id, created_at DESC, id DESC);

CREATE INDEX gifts_buyer_id_idx ON public.gifts USING btree (buyer_id, created_at DESC);

CREATE INDEX gifts_created_at_idx ON public.gifts USING btree (created_at DESC, id DESC);

CREATE INDEX gifts_due_idx ON public.gifts USING btree (deliver_at) WHERE ((paid_at IS NOT NULL) AND (mailed_at IS NULL) AND (recipient_email IS NOT NULL));

CREATE INDEX gifts_redeemed_by_idx ON public.gifts USING btree (redeemed_by);

CREATE INDEX grants_user_id_idx ON public.grants USING btree (user_id);

CREATE INDEX idempotency_keys_created_at_idx ON public.idempotency_keys USING btree (created_at);

CREATE INDEX identity_flows_expires_at_idx ON public.identity_flows USING btree (expires_at);

CREATE INDEX identity_flows_user_id_idx ON public.identity_flows USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX invitation_letters_invitation_id_idx ON public.invitation_letters USING btree (invitation_id);

CREATE INDEX invitation_redemptions_user_id_idx ON public.invitation_redemptions USING btree (user_id);

CREATE INDEX invitations_created_at_idx ON public.invitations USING btree (created_at DESC, id DESC);

CREATE INDEX invitations_created_by_idx ON public.invitations USING btree (created_by, created_at DESC);

CREATE INDEX invitations_email_key_idx ON public.invitations USING btree (email_key) WHERE (email_key IS NOT NULL);

CREATE INDEX invoices_user_id_idx ON public.invoices USING btree (user_id, created_at DESC);

CREATE UNIQUE INDEX limited_roles_once_key ON public.limited_roles USING btree (user_id, role, COALESCE(cohort_id, space_id, '00000000-0000-0000-0000-000000000000'::uuid));

CREATE INDEX member_access_until_idx ON public.member_access USING btree (until) WHERE (until IS NOT NULL);

CREATE INDEX membership_ledger_series_idx ON public.membership_ledger USING btree (series, currency, effective_at) INCLUDE (user_id, annual_delta);

CREATE INDEX membership_ledger_subscription_id_idx ON public.membership_ledger USING btree (subscription_id);

CREATE INDEX membership_ledger_user_id_idx ON public.membership_ledger USING btree (user_id, series, effective_at);

CREATE INDEX outbox_created_at_idx ON public.outbox USING btree (created_at);

CREATE INDEX outbox_xid_id_idx ON public.outbox USING btree (xid, id);

CREATE INDEX passkey_challenges_expires_at_idx ON public.passkey_challenges USING btree (expires_at);

CREATE INDEX passkey_challenges_user_id_idx ON public.passkey_challenges USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX passkeys_user_id_idx ON public.passkeys USING btree (user_id);

CREATE INDEX pauses_due_idx ON public.pauses USING btree (from_at) WHERE (state = ANY (ARRAY['planned'::text, 'running'::text]));

CREATE UNIQUE INDEX pauses_open_key ON public.pauses USING btree (user_id) WHERE (state = ANY (ARRAY['planned'::text, 'running'::text]));

CREATE INDEX pauses_subscription_id_idx ON public.pauses USING btree (subscription_id);

CREATE INDEX pauses_user_id_idx ON public.pauses USING btree (user_id, from_at);

CREATE INDEX posts_author_id_idx ON public.posts USING btree (author_id, id DESC);

CREATE INDEX posts_author_id_topic_id_number_idx ON public.posts USING btree (author_id, topic_id, number) INCLUDE (space_id, state);

CREATE UNIQUE INDEX prices_plan_id_key_key ON public.prices USING btree (plan_id, key) WHERE (state = 'public'::text);

CREATE INDEX profiles_for_members_idx ON public.profiles USING gin (for_members) WHERE listed;

CREATE INDEX profiles_name_key_user_id_idx ON public.profiles USING btree (name_key, user_id) WHERE listed;

CREATE UNIQUE INDEX purchases_one_open_key ON public.purchases USING btree (user_id, purpose, subject_id) WHERE (state = ANY (ARRAY['creating'::text, 'open'::text]));

CREATE INDEX purchases_subject_id_idx ON public.purchases USING btree (subject_id);

CREATE INDEX purchases_unsettled_idx ON public.purchases USING btree (created_at) WHERE (state = ANY (ARRAY['creating'::text, 'open'::text, 'processing'::text]));

CREATE INDEX purchases_user_id_idx ON public.purchases USING btree (user_id, created_at DESC);

CREATE INDEX quotes_asked_idx ON public.quotes USING btree (asked_at) WHERE (state = 'asked'::text);

CREATE INDEX quotes_price_id_idx ON public.quotes USING btree (price_id);

CREATE INDEX quotes_subscription_id_idx ON public.quotes USING btree (subscription_id);

CREATE INDEX quotes_user_id_idx ON public.quotes USING btree (user_id, created_at);

CREATE INDEX recovery_codes_user_idx ON public.recovery_codes USING btree (user_id);

CREATE UNIQUE INDEX refund_orders_open_key ON public.refund_orders USING btree (invoice_id) WHERE (state = 'asked'::text);

CREATE INDEX refund_orders_user_id_idx ON public.refund_orders USING btree (user_id);

CREATE INDEX refunds_open_idx ON public.refunds USING btree (user_id) WHERE (status = ANY (ARRAY['pending'::text, 'requires_action'::text]));

CREATE INDEX refunds_user_id_idx ON public.refunds USING btree (user_id);

CREATE INDEX scholarship_applications_created_at_idx ON public.scholarship_applications USING btree (created_at, id);

CREATE UNIQUE INDEX scholarship_applications_one_open_key ON public.scholarship_applications USING btree (user_id) WHERE (state = ANY (ARRAY['open'::text, 'waitlisted'::text]));

CREATE INDEX scholarship_applications_user_id_idx ON public.scholarship_applications USING btree (user_id);

CREATE INDEX secrets_email_key_idx ON public.secrets USING btree (email_key, kind, created_at);

CREATE INDEX secrets_user_id_idx ON public.secrets USING btree (user_id);

CREATE INDEX sessions_user_id_idx ON public.sessions USING btree (user_id, created_at) WHERE (revoked_at IS NULL);

CREATE INDEX signups_email_key_idx ON public.signups USING btree (email_key, created_at DESC);

CREATE INDEX spaces_cohort_id_idx ON public.spaces USING btree (cohort_id) WHERE (cohort_id IS NOT NULL);

CREATE INDEX sponsor_contacts_user_id_idx ON public.sponsor_contacts USING btree (user_id);

CREATE INDEX sponsor_invitations_email_key_idx ON public.sponsor_invitations USING btree (email_key) WHERE (email_key IS NOT NULL);

CREATE INDEX sponsor_invitations_sponsorship_id_idx ON public.sponsor_invitations USING btree (sponsorship_id);

CREATE UNIQUE INDEX sponsor_seats_one_key ON public.sponsor_seats USING btree (user_id) WHERE (released_at IS NULL);

CREATE INDEX sponsor_seats_sponsorship_id_idx ON public.sponsor_seats USING btree (sponsorship_id);

CREATE INDEX sponsor_seats_user_id_idx ON public.sponsor_seats USING btree (user_id);

CREATE INDEX sponsorships_ends_at_idx ON public.sponsorships USING btree (ends_at) WHERE (ended_at IS NULL);

CREATE UNIQUE INDEX stripe_customers_current_key ON public.stripe_customers USING btree (user_id) WHERE (former_at IS NULL);

CREATE INDEX stripe_events_open_idx ON public.stripe_events USING btree (received_at) WHERE (state = 'received'::text);

CREATE INDEX stripe_events_state_idx ON public.stripe_events USING btree (state, received_at DESC, id DESC);

CREATE UNIQUE INDEX subscriptions_one_held_key ON public.subscriptions USING btree (user_id, plan_group) WHERE held;

CREATE INDEX subscriptions_plan_id_idx ON public.subscriptions USING btree (plan_id) WHERE (status <> ALL (ARRAY['canceled'::text, 'incomplete_expired'::text]));

CREATE INDEX subscriptions_user_id_idx ON public.subscriptions USING btree (user_id);

CREATE INDEX suspensions_ends_at_idx ON public.suspensions USING btree (ends_at) WHERE (lifted_at IS NULL);

CREATE UNIQUE INDEX suspensions_one_key ON public.suspensions USING btree (user_id) WHERE (lifted_at IS NULL);

CREATE INDEX terms_consents_user_id_idx ON public.terms_consents USING btree (user_id);

CREATE INDEX topics_author_id_idx ON public.topics USING btree (author_id, id DESC);

CREATE INDEX topics_space_id_bumped_at_id_idx ON public.topics USING btree (space_id, bumped_at DESC, id DESC) WHERE (deleted_at IS NULL);

CREATE UNIQUE INDEX totp_factors_begun_key ON public.totp_factors USING btree (user_id) WHERE (confirmed_at IS NULL);

CREATE UNIQUE INDEX totp_factors_confirmed_key ON public.totp_factors USING btree (user_id) WHERE (confirmed_at IS NOT NULL);

CREATE INDEX trial_addresses_until_idx ON public.trial_addresses USING btree (until);

CREATE INDEX users_created_at_id_idx ON public.users USING btree (created_at DESC, id DESC);

CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE ON public.audit_log FOR EACH ROW EXECUTE FUNCTION public.audit_log_is_append_only();

CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION public.audit_log_is_append_only();

CREATE TRIGGER membership_ledger_append_only BEFORE DELETE OR UPDATE ON public.membership_ledger FOR EACH ROW EXECUTE FUNCTION public.membership_ledger_is_append_only();

CREATE TRIGGER outbox_wakes AFTER INSERT ON public.outbox FOR EACH STATEMENT EXECUTE FUNCTION public.outbox_wakes();

CREATE TRIGGER users_name_to_profile AFTER INSERT OR UPDATE OF display_name ON public.users FOR EACH ROW EXECUTE FUNCTION public.users_name_to_profile();

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.avatar_files
    ADD CONSTRAINT avatar_files_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.awards
    ADD CONSTRAINT awards_application_id_fkey FOREIGN KEY (application_id) REFERENCES public.scholarship_applications(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.awards
    ADD CONSTRAINT awards_fund_id_fkey FOREIGN KEY (fund_id) REFERENCES public.funds(id);

ALTER TABLE ONLY public.awards
    ADD CONSTRAINT awards_grant_id_fkey FOREIGN KEY (grant_id) REFERENCES public.grants(id);

ALTER TABLE ONLY public.awards
    ADD CONSTRAINT awards_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.bans
    ADD CONSTRAINT bans_banned_by_fkey FOREIGN KEY (banned_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.bans
    ADD CONSTRAINT bans_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.billing_flags
    ADD CONSTRAINT billing_flags_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_blocked_id_fkey FOREIGN KEY (blocked_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.cancellations
    ADD CONSTRAINT cancellations_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES public.subscriptions(id);

ALTER TABLE ONLY public.cancellations
    ADD CONSTRAINT cancellations_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.charges
    ADD CONSTRAINT charges_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.checkouts
    ADD CONSTRAINT checkouts_price_id_fkey FOREIGN KEY (price_id) REFERENCES public.prices(id);

ALTER TABLE ONLY public.checkouts
    ADD CONSTRAINT checkouts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.cohort_breaks
    ADD CONSTRAINT cohort_breaks_cohort_id_fkey FOREIGN KEY (cohort_id) REFERENCES public.cohorts(id);

ALTER TABLE ONLY public.cohort_coaches
    ADD CONSTRAINT cohort_coaches_cohort_id_fkey FOREIGN KEY (cohort_id) REFERENCES public.cohorts(id);

ALTER TABLE ONLY public.cohort_coaches
    ADD CONSTRAINT cohort_coaches_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.cohorts
    ADD CONSTRAINT cohorts_programme_id_fkey FOREIGN KEY (programme_id) REFERENCES public.programmes(id);

ALTER TABLE ONLY public.cohorts
    ADD CONSTRAINT cohorts_version_id_fkey FOREIGN KEY (version_id) REFERENCES public.programme_versions(id);

ALTER TABLE ONLY public.credit_notes
    ADD CONSTRAINT credit_notes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.discounts
    ADD CONSTRAINT discounts_given_by_fkey FOREIGN KEY (given_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.discounts
    ADD CONSTRAINT discounts_offer_id_fkey FOREIGN KEY (offer_id) REFERENCES public.offers(id);

ALTER TABLE ONLY public.discounts
    ADD CONSTRAINT discounts_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES public.subscriptions(id);

ALTER TABLE ONLY public.discounts
    ADD CONSTRAINT discounts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.disputes
    ADD CONSTRAINT disputes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.email_changes
    ADD CONSTRAINT email_changes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.enrolment_events
    ADD CONSTRAINT enrolment_events_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.enrolment_events
    ADD CONSTRAINT enrolment_events_enrolment_id_fkey FOREIGN KEY (enrolment_id) REFERENCES public.enrolments(id);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_cohort_id_fkey FOREIGN KEY (cohort_id) REFERENCES public.cohorts(id);

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.factor_tries
    ADD CONSTRAINT factor_tries_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.fund_entries
    ADD CONSTRAINT fund_entries_award_id_fkey FOREIGN KEY (award_id) REFERENCES public.awards(id);

ALTER TABLE ONLY public.fund_entries
    ADD CONSTRAINT fund_entries_fund_id_fkey FOREIGN KEY (fund_id) REFERENCES public.funds(id);

ALTER TABLE ONLY public.fund_entries
    ADD CONSTRAINT fund_entries_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.fund_entries
    ADD CONSTRAINT fund_entries_purchase_id_fkey FOREIGN KEY (purchase_id) REFERENCES public.purchases(id);

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT gifts_buyer_id_fkey FOREIGN KEY (buyer_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT gifts_grant_id_fkey FOREIGN KEY (grant_id) REFERENCES public.grants(id);

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT gifts_redeemed_by_fkey FOREIGN KEY (redeemed_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.gifts
    ADD CONSTRAINT gifts_withdrawn_by_fkey FOREIGN KEY (withdrawn_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_granted_by_fkey FOREIGN KEY (granted_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.identity_flows
    ADD CONSTRAINT identity_flows_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.invitation_letters
    ADD CONSTRAINT invitation_letters_invitation_id_fkey FOREIGN KEY (invitation_id) REFERENCES public.invitations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.invitation_redemptions
    ADD CONSTRAINT invitation_redemptions_invitation_id_fkey FOREIGN KEY (invitation_id) REFERENCES public.invitations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.invitation_redemptions
    ADD CONSTRAINT invitation_redemptions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_cohort_id_fkey FOREIGN KEY (cohort_id) REFERENCES public.cohorts(id);

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.item_progress
    ADD CONSTRAINT item_progress_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.item_progress
    ADD CONSTRAINT item_progress_enrolment_id_fkey FOREIGN KEY (enrolment_id) REFERENCES public.enrolments(id);

ALTER TABLE ONLY public.limited_roles
    ADD CONSTRAINT limited_roles_cohort_id_fkey FOREIGN KEY (cohort_id) REFERENCES public.cohorts(id);

ALTER TABLE ONLY public.limited_roles
    ADD CONSTRAINT limited_roles_granted_by_fkey FOREIGN KEY (granted_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.limited_roles
    ADD CONSTRAINT limited_roles_space_id_fkey FOREIGN KEY (space_id) REFERENCES public.spaces(id);

ALTER TABLE ONLY public.limited_roles
    ADD CONSTRAINT limited_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.member_access
    ADD CONSTRAINT member_access_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.membership_ledger
    ADD CONSTRAINT membership_ledger_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES public.plans(id);

ALTER TABLE ONLY public.membership_ledger
    ADD CONSTRAINT membership_ledger_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES public.subscriptions(id);

ALTER TABLE ONLY public.membership_ledger
    ADD CONSTRAINT membership_ledger_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.offers
    ADD CONSTRAINT offers_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES public.plans(id);

ALTER TABLE ONLY public.passkey_challenges
    ADD CONSTRAINT passkey_challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT passkeys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.pauses
    ADD CONSTRAINT pauses_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES public.subscriptions(id);

ALTER TABLE ONLY public.pauses
    ADD CONSTRAINT pauses_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.post_revisions
    ADD CONSTRAINT post_revisions_editor_id_fkey FOREIGN KEY (editor_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.post_revisions
    ADD CONSTRAINT post_revisions_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_space_id_fkey FOREIGN KEY (space_id) REFERENCES public.spaces(id);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_topic_id_fkey FOREIGN KEY (topic_id) REFERENCES public.topics(id);

ALTER TABLE ONLY public.prices
    ADD CONSTRAINT prices_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES public.plans(id);

ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.programme_items
    ADD CONSTRAINT programme_items_version_id_fkey FOREIGN KEY (version_id) REFERENCES public.programme_versions(id);

ALTER TABLE ONLY public.programme_prerequisites
    ADD CONSTRAINT programme_prerequisites_item_id_fkey FOREIGN KEY (item_id) REFERENCES public.programme_items(id);

ALTER TABLE ONLY public.programme_versions
    ADD CONSTRAINT programme_versions_programme_id_fkey FOREIGN KEY (programme_id) REFERENCES public.programmes(id);

ALTER TABLE ONLY public.purchases
    ADD CONSTRAINT purchases_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.quotes
    ADD CONSTRAINT quotes_price_id_fkey FOREIGN KEY (price_id) REFERENCES public.prices(id);

ALTER TABLE ONLY public.quotes
    ADD CONSTRAINT quotes_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES public.subscriptions(id);

ALTER TABLE ONLY public.quotes
    ADD CONSTRAINT quotes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.refund_orders
    ADD CONSTRAINT refund_orders_asked_by_fkey FOREIGN KEY (asked_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.refund_orders
    ADD CONSTRAINT refund_orders_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES public.invoices(id);

ALTER TABLE ONLY public.refund_orders
    ADD CONSTRAINT refund_orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.reminder_refusals
    ADD CONSTRAINT reminder_refusals_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.reminders
    ADD CONSTRAINT reminders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.scholarship_applications
    ADD CONSTRAINT scholarship_applications_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.scholarship_applications
    ADD CONSTRAINT scholarship_applications_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.secrets
    ADD CONSTRAINT secrets_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.spaces
    ADD CONSTRAINT spaces_cohort_id_fkey FOREIGN KEY (cohort_id) REFERENCES public.cohorts(id);

ALTER TABLE ONLY public.sponsor_contacts
    ADD CONSTRAINT sponsor_contacts_sponsorship_id_fkey FOREIGN KEY (sponsorship_id) REFERENCES public.sponsorships(id);

ALTER TABLE ONLY public.sponsor_contacts
    ADD CONSTRAINT sponsor_contacts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.sponsor_invitations
    ADD CONSTRAINT sponsor_invitations_sponsorship_id_fkey FOREIGN KEY (sponsorship_id) REFERENCES public.sponsorships(id);

ALTER TABLE ONLY public.sponsor_seats
    ADD CONSTRAINT sponsor_seats_grant_id_fkey FOREIGN KEY (grant_id) REFERENCES public.grants(id);

ALTER TABLE ONLY public.sponsor_seats
    ADD CONSTRAINT sponsor_seats_sponsorship_id_fkey FOREIGN KEY (sponsorship_id) REFERENCES public.sponsorships(id);

ALTER TABLE ONLY public.sponsor_seats
    ADD CONSTRAINT sponsor_seats_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.stripe_customers
    ADD CONSTRAINT stripe_customers_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT subscriptions_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES public.plans(id);

ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT subscriptions_price_id_fkey FOREIGN KEY (price_id) REFERENCES public.prices(id);

ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT subscriptions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.suspensions
    ADD CONSTRAINT suspensions_suspended_by_fkey FOREIGN KEY (suspended_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.suspensions
    ADD CONSTRAINT suspensions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.terms_consents
    ADD CONSTRAINT terms_consents_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.topic_reads
    ADD CONSTRAINT topic_reads_topic_id_fkey FOREIGN KEY (topic_id) REFERENCES public.topics(id);

ALTER TABLE ONLY public.topic_reads
    ADD CONSTRAINT topic_reads_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.topics
    ADD CONSTRAINT topics_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.topics
    ADD CONSTRAINT topics_space_id_fkey FOREIGN KEY (space_id) REFERENCES public.spaces(id);

ALTER TABLE ONLY public.totp_factors
    ADD CONSTRAINT totp_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.trials
    ADD CONSTRAINT trials_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_granted_by_fkey FOREIGN KEY (granted_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

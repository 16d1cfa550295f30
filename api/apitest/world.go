package apitest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/api/middleware"
	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/admin"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/forum"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/internal/programme"
)

// World is a small community: two cohorts of one programme and one of each
// kind of person.
type World struct { //nolint:recvcheck // cohorts fills it in; afterwards it is a value
	h                                                               *House
	Nobody, Unverified, Lapsed, A, B, Coach, Moderator, Admin, Able Someone
	CohortA, CohortB                                                uuid.UUID
	SpaceA, SpaceB                                                  uuid.UUID
	Lesson                                                          uuid.UUID
	Next                                                            uuid.UUID // locked until a week later
}

// World makes the community in a house.
func (h *House) World(t testing.TB) World {
	t.Helper()
	w := World{h: h, Nobody: Someone{Role: "nobody"}}
	w.plans(t)
	w.cohorts(t)
	w.Unverified = h.Person(t, "unverified")
	h.Unverify(t, w.Unverified)
	w.Lapsed = h.Person(t, "without access")
	w.A, w.B = w.member(t, "member of A", w.CohortA), w.member(t, "member of B", w.CohortB)
	w.A.InCohortA = true
	w.Coach = h.Person(t, "coach of A", account.Coach)
	w.Coach.InCohortA = true
	if err := h.App.Cohort.AddCoach(t.Context(), w.CohortA, w.Coach.ID); err != nil {
		t.Fatal(err)
	}
	w.Moderator = h.Person(t, "moderator", account.Moderator)
	w.Admin = h.Person(t, "admin", account.Admin)
	w.Able = w.member(t, "able", w.CohortA, account.Admin)
	return w
}

// Everybody is one of each kind, for matrices.
func (w World) Everybody() []Someone {
	return []Someone{w.Nobody, w.Unverified, w.Lapsed, w.A, w.B, w.Coach, w.Moderator, w.Admin}
}

func (w World) plans(t testing.TB) {
	t.Helper()
	spec := []membership.PlanSpec{{
		Slug: "circle", Name: "Circle", Position: 1, Description: "Everything", Benefits: []string{"All of it"},
		Prices: []membership.PriceSpec{
			{Key: "monthly", Interval: "month", IntervalCount: 1, AmountMinor: 4900, Currency: "usd"},
			{Key: "annual", Interval: "year", IntervalCount: 1, AmountMinor: 49000, Currency: "usd"},
		},
	}}
	if err := w.h.SetUpStripe(t, spec); err != nil {
		t.Fatal(err)
	}
}

func (w *World) cohorts(t testing.TB) {
	t.Helper()
	ctx, app := t.Context(), w.h.App
	w.Lesson, w.Next = pg.NewID(), pg.NewID()
	week := int64(7)
	version, err := app.Programme.Publish(ctx, programme.NewVersion{Slug: "return-to-tech", Title: "Return to tech", Items: []programme.NewItem{
		{Lineage: w.Lesson, Kind: programme.Lesson, Title: "Where you are", Mandatory: true, Minutes: 20},
		{Lineage: w.Next, Kind: programme.Lesson, Title: "What next", Mandatory: true, Minutes: 20, ReleaseDays: &week, ReleaseMinute: 540},
	}})
	if err != nil {
		t.Fatal(err)
	}
	today := app.Clock.Now()
	for name, ids := range map[string][2]*uuid.UUID{"A": {&w.CohortA, &w.SpaceA}, "B": {&w.CohortB, &w.SpaceB}} {
		run, err := app.Cohort.Create(ctx, cohort.NewCohort{
			VersionID: version, Name: name, State: cohort.Open, TimeZone: "America/New_York",
			StartsOn: today.AddDate(0, 0, -2), EndsOn: today.Add(80 * 24 * time.Hour), Capacity: 1000,
		})
		if err != nil {
			t.Fatal(err)
		}
		space, err := app.Forum.CreateSpace(ctx, forum.NewSpace{Kind: forum.Cohort, CohortID: run.ID, Slug: "cohort-" + name, Title: name})
		if err != nil {
			t.Fatal(err)
		}
		*ids[0], *ids[1] = run.ID, space.ID
	}
}

func (w World) member(t testing.TB, name string, in uuid.UUID, roles ...account.Role) Someone {
	t.Helper()
	s := w.h.Person(t, name, roles...)
	w.h.Grant(t, &s)
	w.h.Enrol(t, s, in)
	return s
}

// Enrol takes a seat over HTTP.
func (h *House) Enrol(t testing.TB, s Someone, in uuid.UUID) {
	t.Helper()
	h.Do(t, Call{Method: http.MethodPost, Path: "/v1/cohorts/" + in.String() + "/enrolment", Token: s.Token}).Must(t, http.StatusCreated)
}

// Topic opens a topic as somebody and gives its id.
func (h *House) Topic(t testing.TB, s Someone, space uuid.UUID, title string) uuid.UUID {
	t.Helper()
	var topic struct{ ID uuid.UUID }
	h.Do(t, Call{
		Method: http.MethodPost, Path: "/v1/spaces/" + space.String() + "/topics", Token: s.Token,
		Body: map[string]string{"title": title, "body": "Something to say."},
	}).Must(t, http.StatusCreated).Into(t, &topic)
	return topic.ID
}

// Reply replies to a topic and gives the post's id.
func (h *House) Reply(t testing.TB, s Someone, topic uuid.UUID) uuid.UUID {
	t.Helper()
	var post struct{ ID uuid.UUID }
	h.Do(t, Call{
		Method: http.MethodPost, Path: "/v1/topics/" + topic.String() + "/posts", Token: s.Token,
		Body: map[string]string{"body": "An answer."},
	}).Must(t, http.StatusCreated).Into(t, &post)
	return post.ID
}

// Example is a request for op as the contract shows it, by somebody who may
// do everything, about things of cohort A.
func (w World) Example(t testing.TB, op middleware.Operation) Call {
	t.Helper()
	if op.ID == "blockMember" {
		return w.Fresh(t, op, w.A) // who has a role blocks nobody
	}
	return w.Fresh(t, op, w.Able)
}

// Fresh is a request for op as the contract shows it, about things of cohort
// A, or of her own, that were made for it. What would shut her out is done by
// somebody like her.
func (w World) Fresh(t testing.TB, op middleware.Operation, who Someone) Call {
	t.Helper()
	who = w.standIn(t, op, who)
	c := Call{Method: op.Method, Path: op.Path, Header: map[string]string{}, Token: who.Token}
	id := w.subject(t, op, who)
	c.Path = strings.Replace(c.Path, "{id}", id.String(), 1)
	if op.ID == "restoreMember" {
		w.h.Suspend(t, id, admin.Everything)
	}
	if (op.ID == "getErasure" || op.ID == "undoErasure") && who.Token != "" {
		w.h.planErasure(t, who)
	}
	if strings.Contains(op.Path, "/grants/{grant_id}") {
		c.Path = strings.Replace(c.Path, "{grant_id}", w.h.Given(t, id).String(), 1)
	} else if strings.Contains(op.Path, "{grant_id}") {
		c.Path = strings.Replace(c.Path, "{grant_id}", w.h.Role(t, id, account.Coach).String(), 1)
	}
	c.Path = strings.Replace(c.Path, "{key}", "monthly", 1)
	if op.ID == "listMembershipReportMembers" {
		c.Path += "?movement=new"
	}
	if op.Method == http.MethodPatch {
		c.Header["If-Match"] = "*"
	}
	if op.Upload.Is() {
		c.Raw, c.Header["Content-Type"] = Picture(t), "image/png"
	} else if c.Body = w.h.fromMail(t, op); c.Body == nil {
		c.Body = example(t, op)
	}
	w.identity(t, op, who, &c)
	w.passkey(t, op, who, &c)
	w.h.proof(t, op, who, &c)
	w.invited(t, op, &c)
	w.h.refunded(t, op, id, &c)
	w.subscribed(t, op, who, &c)
	w.giving(t, op, &c)
	w.h.payment(t, op, id, who, &c)
	if before, after, ok := strings.Cut(c.Path, "{slug}"); ok {
		c.Path = before + w.h.Offer(t).Slug + after
	}
	if op.ID == "giveDiscount" {
		c.Body = map[string]any{"offer": w.h.Offer(t).Slug}
		w.h.Settle(t) // Stripe has heard of it
	}
	if op.ID == "createPlan" || op.ID == "createOffer" {
		c.Body.(map[string]any)["slug"] = "plan-" + pg.NewID().String() //nolint:forcetypeassert // the contract shows an object
	}
	return c
}

// standIn is who asks in place of somebody whom the request would change.
func (w World) standIn(t testing.TB, op middleware.Operation, who Someone) Someone {
	t.Helper()
	if (shutsOut(op) || usesUp(op) || asSubscriber(op)) && who.Token != "" {
		who = w.twin(t, who)
	}
	if (op.ID == "redeemGift" || op.ID == "takeSeat" || op.ID == "leaveSeat") && who.Token != "" {
		who = w.twin(t, who) // she has access then
	}
	if op.ID == "removeTOTP" && who.Token != "" && who.Secret == "" {
		w.h.AddFactor(t, &who)
	}
	if byProvider(op) && len(who.roles) > 0 {
		who = w.h.Person(t, "member with a provider")
	}
	return who
}

// subject makes what a request is about, or finds it.
func (w World) subject(t testing.TB, op middleware.Operation, who Someone) uuid.UUID {
	t.Helper()
	switch {
	case op.ID == "endSession" && who.Token != "":
		return w.h.otherSession(t, who)
	case strings.HasPrefix(op.Path, "/v1/me/exports/{id}") && who.Token != "":
		return w.h.Export(t, who)
	case strings.HasPrefix(op.Path, "/v1/membership/purchases/{id}") && who.Token != "":
		return w.h.Purchase(t, who)
	case op.ID == "giveDiscount" && who.Token != "":
		return w.h.Paying(t).ID
	case op.ID == "closeOffer":
		return w.h.Offer(t).ID
	case strings.HasPrefix(op.Path, "/v1/admin/plans/{id}"):
		return w.h.Plan(t).ID
	case op.ID == "getCheckout" && who.Token != "":
		return w.h.Checkout(t, who)
	case strings.Contains(op.Path, "/sponsorships/{id}"):
		return w.h.Sponsorship(t, who)
	case strings.Contains(op.Path, "/funds/{id}"):
		return w.h.Fund(t)
	case strings.Contains(op.Path, "/applications/{id}") && who.Token != "":
		return w.application(t, op, who)
	case strings.Contains(op.Path, "/gifts/{id}"):
		return w.h.Gift(t, who, op.ID != "payGift")
	case strings.HasPrefix(op.Path, "/v1/invitations/{id}"):
		return w.invite(t, op, who).ID
	case strings.HasPrefix(op.Path, "/v1/cohorts/{id}"):
		return w.CohortA
	case strings.HasPrefix(op.Path, "/v1/spaces/{id}"):
		return w.SpaceA
	case strings.HasPrefix(op.Path, "/v1/topics/{id}"):
		return w.h.Topic(t, w.A, w.SpaceA, "About "+op.ID)
	case strings.HasPrefix(op.Path, "/v1/posts/{id}"):
		return w.h.Reply(t, w.A, w.h.Topic(t, w.A, w.SpaceA, "About "+op.ID))
	case strings.HasPrefix(op.Path, "/v1/members/{id}"), strings.HasPrefix(op.Path, "/v1/me/blocks/{id}"):
		id := w.h.Neighbour(t)
		if op.ID == "unblockMember" && who.Token != "" {
			w.h.block(t, who, id)
		}
		if op.ID == "getAvatar" {
			w.h.Avatar(t, id)
		}
		return id
	case strings.HasPrefix(op.Path, "/v1/me/outline/items/{id}"):
		return w.Lesson
	case op.ID == "refundInvoice" && slices.Contains(who.roles, account.Admin):
		return w.h.Payer(t)
	case slices.Contains([]string{"endMembership", "quoteMove", "movePlan"}, op.ID):
		return w.h.Payer(t)
	case op.ID == "clearBillingFlag":
		return w.h.flag(t)
	case strings.HasPrefix(op.Path, "/v1/admin/members/{id}"):
		return w.h.Stranger(t)
	}
	return uuid.Nil
}

// Role gives somebody a role everywhere and gives the id of the grant.
func (h *House) Role(t testing.TB, userID uuid.UUID, role account.Role) uuid.UUID {
	t.Helper()
	g, _, err := h.App.Account.GrantRole(t.Context(), account.Actor{}, userID, account.NewGrant{Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return g.ID
}

// proof puts in place of the example what is true of her.
func (h *House) proof(t testing.TB, op middleware.Operation, who Someone, c *Call) {
	t.Helper()
	switch {
	case op.ID == "confirmTOTP" && who.Token != "":
		c.Body = map[string]any{"code": Code(t, h.BeginTOTP(t, who), h.App.Clock.Now())}
	case op.ID == "stepUp" && who.Secret != "":
		c.Body = map[string]any{"recovery_code": h.RecoveryCodes(t, who)[0]}
	case op.ID == "stepUp":
		c.Body = map[string]any{"password": Password}
	case op.ID == "changePassword":
		c.Body = map[string]any{"current_password": Password, "password": "room for a better yes"}
	}
}

// Suspend keeps somebody out until further notice.
func (h *House) Suspend(t testing.TB, userID uuid.UUID, closes admin.Closes) {
	t.Helper()
	if _, err := h.App.Admin.Suspend(t.Context(), account.Actor{}, userID, admin.NewSuspension{Closes: closes, Reason: "a test"}); err != nil {
		t.Fatal(err)
	}
}

// shutsOut tells the operations after which the caller's own session is over,
// or she has another way to sign in than before.
func shutsOut(op middleware.Operation) bool {
	return slices.Contains([]string{
		"endSessions", "logOut", "changePassword", "confirmTOTP", "removeTOTP",
		"addPasskey", "renamePasskey", "removePasskey", "beginPasskeyProof",
	}, op.ID)
}

// twin makes somebody who may do what she may.
func (w World) twin(t testing.TB, who Someone) Someone {
	t.Helper()
	twin := w.h.Person(t, who.Role, who.roles...)
	twin.InCohortA = who.InCohortA
	if who.Paying {
		w.h.Grant(t, &twin)
	}
	if who.Role == w.Unverified.Role {
		w.h.Unverify(t, twin)
	}
	return twin
}

// otherSession signs her in once more and gives that session's id.
func (h *House) otherSession(t testing.TB, who Someone) uuid.UUID {
	t.Helper()
	token := h.LogIn(t, who.Email)
	var list struct {
		Items []struct {
			ID      uuid.UUID
			Current bool
		}
	}
	h.Do(t, Call{Method: http.MethodGet, Path: "/v1/me/sessions", Token: token}).Must(t, http.StatusOK).Into(t, &list)
	for _, s := range list.Items {
		if s.Current {
			return s.ID
		}
	}
	t.Fatal("the session of this request is not in the list")
	return uuid.Nil
}

// example is the body that the contract shows.
func example(t testing.TB, op middleware.Operation) any {
	t.Helper()
	body := op.Route.Operation.RequestBody
	if body == nil {
		return nil
	}
	media := body.Value.Content.Get("application/json")
	if media.Example != nil {
		return clone(t, media.Example)
	}
	for _, e := range media.Examples {
		return clone(t, e.Value.Value)
	}
	t.Fatalf("%s shows no request", op.ID)
	return nil
}

func clone(t testing.TB, v any) (out any) {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

package forum

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// everything is all she can read, as bytes: every list page by page, every
// object in them, and what those answer that she has no business to know of.
// Cursors are sealed with a nonce, so only where they lead is compared.
func (w *world) everything(who account.Actor, spaces, topics []uuid.UUID) string {
	w.t.Helper()
	var told []any
	tell := func(what any, err error) {
		if f := fault.From(err); err != nil && f == nil {
			w.t.Fatal(err)
		}
		told = append(told, what, fmt.Sprint(err))
	}
	tell(w.Spaces(w.ctx, who))
	tell(w.Unread(w.ctx, who, 100))
	visible, until, _, err := w.Visible(w.ctx, who)
	tell(visible, err)
	tell(until, nil)
	for _, id := range spaces {
		for cursor, more := "", true; more; {
			page, err := w.Topics(w.ctx, who, id, cursor, 2)
			tell(page.Items, err)
			cursor, more = page.NextCursor, page.NextCursor != ""
		}
	}
	for _, id := range topics {
		tell(w.Topic(w.ctx, who, id))
		for cursor, more := "", true; more; {
			page, err := w.Posts(w.ctx, who, id, 1, cursor, 2)
			tell(page.Items, err)
			cursor, more = page.NextCursor, page.NextCursor != ""
		}
	}
	bytes, err := json.MarshalIndent(told, "", " ")
	ok(w.t, err)
	return string(bytes)
}

func TestTwoWorlds(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	hers, secret := w.circle(), w.cohort()
	plaza := w.space(NewSpace{Kind: Global})
	var topics []uuid.UUID
	for range 3 {
		topics = append(topics, w.opened(hers.member, hers.space).ID, w.opened(hers.coach, plaza).ID)
		w.replied(hers.coach, topics[len(topics)-2])
	}
	viewers := map[string]account.Actor{
		"a member of another cohort": hers.member, "a coach of another": hers.coach, "one without a cohort": w.person("full"),
		"one who only reads": w.person("read_only"), "one who never paid": w.person("none"), "a moderator": w.person("full", account.Moderator),
		"an admin": w.person("", account.Admin), "nobody": {},
	}
	for name, state := range map[string]string{"one who left it": "withdrawn", "one of it who lapsed": "active", "an alumna of it without access": "completed"} {
		level := map[string]string{"withdrawn": "full"}[state]
		viewers[name] = w.person(level)
		w.seat(viewers[name], secret, state)
	}
	inside, coach := w.person("full"), w.person("", account.Coach)
	w.seat(inside, secret, "active")
	w.coach(coach, secret)
	// The same ids are asked for before anything is there.
	space, topic := uuid.New(), uuid.New()
	spaces := []uuid.UUID{hers.space, plaza, space}
	before := map[string]string{}
	for name, who := range viewers {
		before[name] = w.everything(who, spaces, append(topics, topic))
	}
	w.exec(`INSERT INTO spaces (id, kind, cohort_id, slug, title, topics_count, created_at) VALUES ($1, 'cohort', $2, 'secret', 'Secret', 0, $3)`, space, secret, noon())
	first := w.opened(inside, space)
	w.exec(`INSERT INTO topics SELECT $2, space_id, author_id, title, highest_post_number, posts_count, version, created_at, bumped_at FROM topics WHERE id = $1`, first.ID, topic)
	w.replied(coach, topic)
	for name, who := range viewers {
		if diff := cmp.Diff(before[name], w.everything(who, spaces, append(topics, topic))); diff != "" {
			t.Errorf("%s can tell that there is a secret (-without +with):\n%s", name, diff)
		}
	}
	if w.everything(inside, spaces, append(topics, topic)) == before["one without a cohort"] {
		t.Error("one inside sees nothing of it either")
	}
}

func TestWhatWasTakenAwayIsNowhere(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	c := w.circle()
	const said = "Nobody should have read this"
	topic, kept := w.opened(c.member, c.space), w.opened(c.member, c.space)
	reply := func(id uuid.UUID) PostView {
		p, err := w.Reply(w.ctx, c.coach, id, NewPost{Body: said})
		ok(t, err)
		return p
	}
	edited, removed := reply(kept.ID), reply(kept.ID)
	_, err := w.Edit(w.ctx, c.coach, edited.ID, "Harmless", edited.ETag())
	ok(t, err)
	ok(t, w.RemovePost(w.ctx, c.coach, removed.ID, ""))
	reply(topic.ID)
	ok(t, w.Remove(w.ctx, c.coach, topic.ID, ""))

	if n := w.number(`SELECT count(*) FROM post_revisions WHERE body = $1`, said); n != 2 {
		t.Errorf("%d revisions keep it", n) // for those who must look into a complaint
	}
	if n := w.number(`SELECT count(*) FROM outbox WHERE payload::text LIKE '%Nobody%'`); n != 0 {
		t.Errorf("%d events replay it", n)
	}
	for name, who := range map[string]account.Actor{"the author": c.coach, "a member": c.member} {
		if got := w.everything(who, []uuid.UUID{c.space}, []uuid.UUID{kept.ID}); strings.Contains(got, "Nobody should") || strings.Contains(got, topic.ID.String()) {
			t.Errorf("%s still gets it: %s", name, got)
		}
		_, one := w.Topic(w.ctx, who, topic.ID)
		_, posts := w.Posts(w.ctx, who, topic.ID, 1, "", 10)
		_, read := w.MarkRead(w.ctx, who, topic.ID, 1)
		_, again := w.Reply(w.ctx, who, topic.ID, NewPost{Body: "Hello"})
		for _, err := range []error{one, posts, read, again} {
			is(t, err, fault.ErrNotFound)
		}
		_, err := w.Edit(w.ctx, who, removed.ID, "Back", "*")
		if who.ID == c.coach.ID {
			is(t, err, fault.ErrNotFound)
		}
	}
}

//nolint:paralleltest // a database being cloned beside a test holds its events back
package stream

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/clock"
	"github.com/womens-tech-conservatory/conservatory/internal/cohort"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/forum"
	"github.com/womens-tech-conservatory/conservatory/internal/membership"
	"github.com/womens-tech-conservatory/conservatory/internal/outbox"
)

func (s *station) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *station) coach(c circle) account.Actor {
	s.t.Helper()
	who := s.person(time.Time{})
	s.exec(`DELETE FROM member_access WHERE user_id = $1`, who.ID) // coaches do not pay
	s.exec(`INSERT INTO user_roles (user_id, role, granted_at) VALUES ($1, 'coach', $2)`, who.ID, time.Now())
	s.must(s.cohort.AddCoach(s.t.Context(), c.cohort, who.ID))
	return who
}

func (s *station) ban(who account.Actor) {
	s.t.Helper()
	m := membership.New(s.db, clock.System{}, s.outbox)
	_, err := m.Ban(s.t.Context(), membership.Ban{UserID: who.ID, Reason: "abuse", StartsAt: time.Now().Add(-time.Minute)})
	s.must(err)
}

// endings are the ways to lose a cohort. Each says who loses it.
func endings() map[string]func(s *station, c circle, coach account.Actor) account.Actor {
	return map[string]func(s *station, c circle, coach account.Actor) account.Actor{
		"she leaves the cohort": func(s *station, c circle, _ account.Actor) account.Actor {
			s.must(s.cohort.Withdraw(s.t.Context(), uuid.Nil, c.member.ID, c.cohort))
			return c.member
		},
		"the cohort is cancelled": func(s *station, c circle, _ account.Actor) account.Actor {
			s.must(s.cohort.SetState(s.t.Context(), uuid.Nil, c.cohort, cohort.Cancelled))
			return c.member
		},
		"her membership ends": func(s *station, c circle, _ account.Actor) account.Actor {
			s.must(membership.New(s.db, clock.System{}, s.outbox).Recompute(s.t.Context(), c.member.ID)) // nothing holds it up
			return c.member
		},
		"she is banned": func(s *station, c circle, _ account.Actor) account.Actor {
			s.ban(c.member)
			return c.member
		},
		"a coach is banned who never paid": func(s *station, _ circle, coach account.Actor) account.Actor {
			s.ban(coach)
			return coach
		},
		"she coaches the cohort no more": func(s *station, c circle, coach account.Actor) account.Actor {
			s.must(s.cohort.RemoveCoach(s.t.Context(), c.cohort, coach.ID))
			return coach
		},
		"her account is suspended": func(s *station, c circle, _ account.Actor) account.Actor {
			s.exec(`UPDATE users SET state = 'suspended' WHERE id = $1`, c.member.ID)
			s.publish(outbox.Event{Type: outbox.AccessChanged, UserID: c.member.ID, Internal: true})
			return c.member
		},
	}
}

func TestTheStreamEndsWithinASecondOfHerAccess(t *testing.T) {
	for name, end := range endings() {
		t.Run(name, func(t *testing.T) {
			s := newStation(t)
			c := s.circle()
			coach, other := s.coach(c), s.circle()
			hers, theirs := s.open(c.member, "").greeted(), s.open(coach, "").greeted()
			unconcerned := s.open(other.member, "").greeted()
			before := s.topic(c.peer, c.space)
			for _, r := range []*reader{hers, theirs} {
				if name, _ := r.event(); name != "topic.created" {
					t.Errorf("before, she gets %q", name)
				}
			}
			start := time.Now()
			who := end(s, c, coach)
			r := hers
			if who.ID == coach.ID {
				r = theirs
			}
			s.publish(outbox.Event{Type: "topic.created", SpaceID: c.space, TopicID: uuid.New()}) // comes after, must not be shown
			r.endsWithin(time.Second - time.Since(start))
			_, list := s.forum.Topics(t.Context(), who, c.space, "", 10)
			_, topic := s.forum.Topic(t.Context(), who, before)
			_, posts := s.forum.Posts(t.Context(), who, before, 1, "", 10)
			for _, err := range []error{list, topic, posts} {
				if !errors.Is(err, fault.ErrNotFound) {
					t.Errorf("her next request: %v", err)
				}
			}
			s.topic(other.peer, other.space)
			if name, _ := unconcerned.event(); name != "topic.created" {
				t.Errorf("a stream of somebody else got %q", name)
			}
		})
	}
}

func TestTheStreamEndsWithHerSession(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	r := s.open(c.member, "").greeted()
	start := time.Now()
	s.exec(`UPDATE sessions SET revoked_at = now() WHERE id = $1`, c.member.SessionID)
	s.publish(outbox.Event{Type: outbox.AccessChanged, UserID: c.member.ID, Internal: true})
	s.topic(c.peer, c.space)
	r.endsWithin(time.Second - time.Since(start))
}

// Such as a long import, or another database of the same server: no event can
// be read before it is over.
func TestATransactionThatIsNotOverKeepsNoStreamOpen(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	r := s.open(c.member, "").greeted()
	tx, err := s.db.Pool().Begin(t.Context())
	s.must(err)
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	_, err = tx.Exec(t.Context(), `INSERT INTO programmes (id, slug, title) VALUES ($1, 'slow', 'Slow')`, uuid.New())
	s.must(err)
	s.exec(`UPDATE sessions SET revoked_at = now() WHERE id = $1`, c.member.SessionID)
	s.must(s.db.InTx(t.Context(), func(ctx context.Context) error { return s.outbox.Revoke(ctx, c.member.ID) }))
	r.endsWithin(5 * time.Second)
}

func TestAlumnaeKeepTheStreamAndReadOnly(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	coach := s.coach(c)
	r := s.open(c.member, "").greeted()
	s.must(s.cohort.SetState(t.Context(), uuid.Nil, c.cohort, cohort.Running))
	s.must(s.cohort.SetState(t.Context(), uuid.Nil, c.cohort, cohort.Completed))
	topic := s.topic(coach, c.space)
	if name, d := r.event(); name != "topic.created" || d.TopicID != topic {
		t.Errorf("%q %+v", name, d)
	}
	if _, err := s.forum.Reply(t.Context(), c.member, topic, forum.NewPost{Body: "Hello"}); !errors.Is(err, fault.ErrNotAllowed) {
		t.Errorf("she replies: %v", err)
	}
}

func TestAnArchiveIsReadAndNotWritten(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	r := s.open(c.member, "").greeted()
	topic := s.topic(c.peer, c.space)
	if name, _ := r.event(); name != "topic.created" {
		t.Errorf("before, she hears %q", name)
	}
	s.exec(`UPDATE spaces SET read_only_at = $2 WHERE id = $1`, c.space, time.Now().Add(-time.Millisecond))
	if _, err := s.forum.Reply(t.Context(), c.member, topic, forum.NewPost{Body: "Hello"}); !errors.Is(err, fault.ErrNotAllowed) {
		t.Errorf("she replies: %v", err)
	}
	if _, err := s.forum.Topic(t.Context(), c.member, topic); err != nil {
		t.Errorf("she reads: %v", err)
	}
	s.publish(outbox.Event{Type: "topic.updated", SpaceID: c.space, TopicID: topic})
	if name, _ := r.event(); name != "topic.updated" {
		t.Errorf("she hears %q", name)
	}
}

func TestWhatBecameVisibleUnannouncedIsFetchedAnew(t *testing.T) {
	s := newStation(t, func(h *Hub) { h.pace.recheck = 50 * time.Millisecond })
	c := s.circle()
	r := s.open(c.member, "").greeted()
	_, err := s.forum.CreateSpace(t.Context(), forum.NewSpace{Kind: forum.Global, Slug: "plaza", Title: "Plaza"})
	s.must(err)
	if name, _ := r.event(); name != "resync_required" {
		t.Errorf("%q", name)
	}
	topic := s.topic(c.peer, c.space)
	if name, d := r.event(); name != "topic.created" || d.TopicID != topic {
		t.Errorf("then %q %+v", name, d)
	}
}

func TestAMembershipThatWillEndSoonerIsHeeded(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	r := s.open(c.member, "").greeted()
	s.exec(`UPDATE member_access SET until = $2 WHERE user_id = $1`, c.member.ID, time.Now().Add(600*time.Millisecond))
	s.publish(outbox.Event{Type: "membership.changed", UserID: c.member.ID})
	if name, _ := r.event(); name != "membership.changed" {
		t.Errorf("%q", name)
	}
	r.endsWithin(2 * time.Second)
}

func TestTheStreamEndsWhenItsTimeHasCome(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	t.Run("with the access token", func(*testing.T) {
		who := s.person(time.Now().Add(300 * time.Millisecond))
		s.open(who, "").greeted().endsWithin(2 * time.Second)
	})
	t.Run("with a membership that nobody has to end", func(*testing.T) {
		s.exec(`UPDATE member_access SET until = $2 WHERE user_id = $1`, c.member.ID, time.Now().Add(400*time.Millisecond))
		s.open(c.member, "").greeted().endsWithin(2 * time.Second)
	})
	t.Run("with a session whose end was not announced", func(t *testing.T) {
		s := newStation(t, func(h *Hub) { h.pace.recheck = 50 * time.Millisecond })
		c := s.circle()
		r := s.open(c.member, "").greeted()
		s.exec(`UPDATE sessions SET revoked_at = now() WHERE id = $1`, c.member.SessionID)
		r.endsWithin(2 * time.Second)
	})
}

func TestAStreamWidensWhenSheMaySeeMore(t *testing.T) {
	s := newStation(t)
	c, other := s.circle(), s.circle()
	r := s.open(c.member, "").greeted()
	s.enrol(c.member, other)
	topic := s.topic(other.peer, other.space)
	if name, _ := r.event(); name != "resync_required" { // there is a space she has nothing of
		t.Errorf("%q", name)
	}
	if name, d := r.event(); name != "topic.created" || d.TopicID != topic {
		t.Errorf("%q %+v", name, d)
	}
}

// The one event she gets tells of the post by its number in what she sees.
func TestWhatABlockedMemberDoesIsNotTold(t *testing.T) {
	s := newStation(t)
	c := s.circle()
	nina := s.person(time.Time{})
	s.enrol(nina, c)
	topic := s.topic(c.peer, c.space)
	s.exec(`INSERT INTO blocks (user_id, blocked_id, created_at) VALUES ($1, $2, now())`, nina.ID, c.member.ID)
	live := s.open(c.member, "").greeted()
	s.topic(nina, c.space)
	s.reply(nina, topic)
	s.reply(c.peer, topic)
	name, d := live.event()
	if name == "topic.created" && d.TopicID == topic { // it was on its way
		name, d = live.event()
	}
	if name != "post.created" || d.PostNumber != 2 || d.TopicID != topic {
		t.Errorf("live: %s %+v", name, d)
	}
}

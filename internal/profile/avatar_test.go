package profile_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/blob"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
	"github.com/womens-tech-conservatory/conservatory/internal/profile"
)

// disk is a store in which something happens before each change.
type disk struct {
	*blob.Store

	before func() error // nil: nothing
}

func (d *disk) Write(ctx context.Context, key, media string, fill func(io.Writer) error) error {
	if d.before != nil {
		if err := d.before(); err != nil {
			return err
		}
	}
	return d.Store.Write(ctx, key, media, fill)
}

func (d *disk) Delete(ctx context.Context, key string) error {
	if d.before != nil {
		if err := d.before(); err != nil {
			return err
		}
	}
	return d.Store.Delete(ctx, key)
}

func photo(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	ok(t, png.Encode(&out, image.NewGray(image.Rect(0, 0, 20, 10))))
	return out.Bytes()
}

// keys lists a query of one column.
func (w *world) keys(sql string) []string {
	w.t.Helper()
	rows, err := w.db.Pool().Query(w.t.Context(), sql)
	ok(w.t, err)
	defer rows.Close()
	list := []string{}
	for rows.Next() {
		var key string
		ok(w.t, rows.Scan(&key))
		list = append(list, key)
	}
	slices.Sort(list)
	return list
}

const (
	shownFilesSQL = `SELECT unnest(ARRAY[avatar_64, avatar_256, avatar_512]) FROM profiles WHERE avatar IS NOT NULL`
	otherFilesSQL = `SELECT unnest(ARRAY[file_64, file_256, file_512]) FROM avatar_files`
)

func (w *world) there() []string {
	w.t.Helper()
	there, err := w.files.List(w.t.Context(), "")
	ok(w.t, err)
	return there
}

// whole fails unless every file is named and every file that is shown exists.
func (w *world) whole(when string) {
	w.t.Helper()
	there, shown := w.there(), w.keys(shownFilesSQL)
	named := append(w.keys(otherFilesSQL), shown...)
	for _, key := range there {
		if !slices.Contains(named, key) {
			w.t.Errorf("%s nobody knows of %s", when, key)
		}
	}
	for _, key := range shown {
		if !slices.Contains(there, key) {
			w.t.Errorf("%s a profile shows %s, which is gone", when, key)
		}
	}
}

// settled fails unless, when everything is over, exactly what is shown exists.
func (w *world) settled(when string) {
	w.t.Helper()
	w.files.before = nil
	w.now.Advance(time.Hour + time.Second)
	ok(w.t, w.ClearAvatars(w.t.Context()))
	if shown, there := w.keys(shownFilesSQL), w.there(); !slices.Equal(shown, there) || len(w.keys(otherFilesSQL)) > 0 {
		w.t.Errorf("%s %v is shown, %v there, %v forgotten", when, shown, there, w.keys(otherFilesSQL))
	}
}

func TestAPictureComesAndGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.Context(), pgtest.New(t))
	maria, nina := w.person("Maria", "full"), w.person("Nina", "full")
	first, err := w.SetAvatar(w.ctx, maria, photo(t))
	ok(t, err)
	before, err := w.Avatar(w.ctx, nina, maria.ID, uuid.Nil)
	ok(t, err)

	t.Run("in three sizes, under names that nobody finds by trying", func(t *testing.T) {
		for _, size := range []int{64, 256, 512} {
			file, bytes, err := w.OpenAvatar(w.ctx, before, size)
			ok(t, err)
			img, err := jpeg.DecodeConfig(file)
			ok(t, err)
			if img.Width != size || img.Height != size || bytes == 0 || !regexp.MustCompile(`^avatars/[a-z2-7]{26}/\d+\.jpg$`).MatchString(before.Key(size)) {
				t.Errorf("%d: %+v, %s", size, img, before.Key(size))
			}
			ok(t, file.Close())
		}
	})

	t.Run("the next takes its place, and nothing of it is left", func(t *testing.T) {
		second, err := w.SetAvatar(w.ctx, maria, photo(t))
		ok(t, err)
		_, err = w.Avatar(w.ctx, nina, maria.ID, first)
		is(t, err, fault.ErrNotFound)
		now, err := w.Avatar(w.ctx, nina, maria.ID, second)
		ok(t, err)
		if now.Large == before.Large {
			t.Error("the same name")
		}
		w.whole("before the job")
		ok(t, w.ClearAvatars(w.ctx))
		_, _, err = w.OpenAvatar(w.ctx, before, 64)
		is(t, err, fault.ErrNotFound)
		w.settled("after it")
	})

	t.Run("her profile and what others see of it name the version", func(t *testing.T) {
		mine, err := w.Mine(w.ctx, maria)
		ok(t, err)
		seen, err := w.Member(w.ctx, nina, maria.ID)
		ok(t, err)
		if mine.Avatar == uuid.Nil || mine.Avatar != seen.Avatar || mine.Version != 3 {
			t.Errorf("%v, %v, version %d", mine.Avatar, seen.Avatar, mine.Version)
		}
	})

	t.Run("the log says which came in place of which", func(t *testing.T) {
		mine, err := w.Mine(w.ctx, maria)
		ok(t, err)
		got := w.traced(maria)
		want := []audit.Change{{Field: "version", Before: first.String(), After: mine.Avatar.String()}}
		if len(got) != 2 || got[0].Action != "avatar.set" || !slices.Equal(got[0].Changes, want) {
			t.Errorf("%+v", got)
		}
	})

	t.Run("taken away, it is gone, and taking it away again is no mistake", func(t *testing.T) {
		ok(t, w.RemoveAvatar(w.ctx, maria))
		ok(t, w.RemoveAvatar(w.ctx, maria))
		for _, who := range []account.Actor{maria, nina} {
			_, err := w.Avatar(w.ctx, who, maria.ID, uuid.Nil)
			is(t, err, fault.ErrNotFound)
		}
		w.settled("after it was taken away")
		if mine, err := w.Mine(w.ctx, maria); err != nil || mine.Version != 4 || len(w.there()) > 0 {
			t.Errorf("version %d, %v, %v", mine.Version, w.there(), err)
		}
	})

	t.Run("what is no picture changes nothing", func(t *testing.T) {
		for _, file := range [][]byte{nil, []byte("<svg/>"), photo(t)[:40]} {
			_, err := w.SetAvatar(w.ctx, maria, file)
			is(t, err, profile.ErrAvatarUnreadable)
		}
		_, err := w.SetAvatar(w.ctx, maria, []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"))
		is(t, err, profile.ErrAvatarTooLarge)
		_, err = w.SetAvatar(w.ctx, maria, []byte("RIFF\x12\x00\x00\x00WEBPVP8L\x06\x00\x00\x00\x2f\x00\x00\x00\x00\x00"))
		is(t, err, profile.ErrAvatarLossless)
		w.settled("without a picture")
	})
}

func TestAPictureIsSeenByItsAudience(t *testing.T) {
	t.Parallel()
	w := inTx(t)
	maria, mate, other := w.person("Maria", "full"), w.person("Mate", "full"), w.person("Other", "full")
	lapsed, admin := w.person("Lapsed", ""), w.person("Admin", "", account.Admin)
	w.cohort(maria, mate)
	_, err := w.SetAvatar(w.ctx, maria, photo(t))
	ok(t, err)
	sees := func(who account.Actor) bool {
		t.Helper()
		_, err := w.Avatar(w.ctx, who, maria.ID, uuid.Nil)
		if err != nil {
			is(t, err, fault.ErrNotFound)
		}
		return err == nil
	}
	for audience, want := range map[profile.Audience][]bool{
		profile.OnlyMe: {true, false, false, false, false}, profile.MyCohorts: {true, true, false, false, false}, profile.Members: {true, true, true, true, false},
	} {
		w.change(maria, profile.Edit{For: profile.Visibility{Avatar: audience}})
		if got := []bool{sees(maria), sees(mate), sees(other), sees(admin), sees(lapsed)}; !slices.Equal(got, want) {
			t.Errorf("for %s: she, a mate, another, an admin and one without access: %v", audience, got)
		}
	}
	ok(t, w.Block(w.ctx, maria, other.ID))
	ok(t, w.Block(w.ctx, mate, maria.ID))
	if sees(other) || sees(mate) {
		t.Error("a block does not hide it")
	}
	w.exec(`UPDATE member_access SET level = 'none' WHERE user_id = $1`, maria.ID)
	if !sees(maria) || sees(admin) {
		t.Error("without access hers is for her alone")
	}
}

// Whatever breaks off, and wherever: no file is forgotten, none is missing.
func TestABrokenUploadLeavesNothingForGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.Context(), pgtest.New(t))
	maria := w.person("Maria", "full")
	broken := errors.New("broken off")
	for _, kind := range []string{"the store fails", "she has gone", "both"} {
		for n := range 8 {
			ctx, leave := context.WithCancel(t.Context())
			changes := 0
			w.files.before = func() error {
				if changes++; changes <= n {
					return nil
				}
				if kind != "the store fails" {
					leave()
				}
				if kind != "she has gone" {
					return broken
				}
				return nil
			}
			_, first := w.SetAvatar(ctx, maria, photo(t))
			w.whole(kind + " while it comes")
			second := w.ClearAvatars(ctx)
			w.whole(kind + " while the old one goes")
			if n < 3 && first == nil || n == 7 && (first != nil || second != nil) {
				t.Errorf("%s at %d: %v, %v", kind, n, first, second)
			}
			leave()
			w.settled(kind)
		}
	}
}

func TestAnUploadThatTookTooLongIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.Context(), pgtest.New(t))
	maria := w.person("Maria", "full")
	for what, during := range map[string]func() error{
		"cleared while it was written": func() error {
			w.files.before = nil
			w.now.Advance(2 * time.Hour)
			return w.ClearAvatars(t.Context())
		},
		"and when nobody has cleared it": func() error {
			w.files.before = nil
			w.now.Advance(2 * time.Hour)
			return nil
		},
	} {
		w.files.before = during
		_, err := w.SetAvatar(w.ctx, maria, photo(t))
		is(t, err, profile.ErrAvatarBusy)
		w.whole(what)
		if len(w.there()) > 0 {
			t.Errorf("%s: %v", what, w.there())
		}
		w.settled(what)
	}

	w.files.before = func() error {
		w.files.before = nil
		w.exec(`UPDATE users SET state = 'deleted' WHERE id = $1`, maria.ID)
		return nil
	}
	_, err := w.SetAvatar(w.ctx, maria, photo(t))
	is(t, err, fault.ErrNotFound)
	_, err = w.SetAvatar(w.ctx, maria, photo(t))
	is(t, err, fault.ErrNotFound)
	w.settled("she left meanwhile")
	if len(w.there()) > 0 {
		t.Errorf("%v", w.there())
	}
}

func TestManyAtOnceLeaveOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.Context(), pgtest.New(t))
	maria := w.person("Maria", "full")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := w.SetAvatar(w.ctx, maria, photo(t)); err != nil {
				t.Error(err)
			}
			if err := w.ClearAvatars(w.ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.whole("after sixteen")
	w.settled("after sixteen")
	if there := w.there(); len(there) != 3 || strings.Count(strings.Join(there, ""), strings.Split(there[0], "/")[1]) != 3 {
		t.Errorf("%v", there)
	}
}

func TestAllThatIsOldIsClearedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.Context(), pgtest.New(t))
	maria := w.person("Maria", "full")
	w.exec(`INSERT INTO avatar_files (id, user_id, file_64, file_256, file_512, expires_at)
		SELECT gen_random_uuid(), $1, n || '/a', n || '/b', n || '/c', $2 FROM generate_series(1, 250) n`, maria.ID, noon)
	ok(t, w.ClearAvatars(w.ctx))
	if left := w.keys(otherFilesSQL); len(left) > 0 {
		t.Errorf("%d are left", len(left))
	}
}

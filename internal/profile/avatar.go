package profile

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/audit"
	"github.com/womens-tech-conservatory/conservatory/internal/blob"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
	"github.com/womens-tech-conservatory/conservatory/pkg/picture"
)

// Avatar is a version of a picture of somebody, with the keys of its files.
type Avatar struct {
	Version uuid.UUID
	Small   string // 64 pixels a side
	Medium  string // 256
	Large   string // 512
}

// AvatarMedia is the media type of every picture.
const AvatarMedia = picture.MediaType

// avatarArrives is how long files may take from their row to her profile; far
// more than a request has.
const avatarArrives = time.Hour

// Key names the file with sides of size; "" for a size that is none.
func (a Avatar) Key(size int) string {
	return map[int]string{64: a.Small, 256: a.Medium, 512: a.Large}[size]
}

// SetAvatar shows a picture of whoever acts, in place of the one before, and
// gives its version. What file holds beside its pixels is dropped. It does not
// run in a transaction. Faults: ErrAvatarUnreadable, ErrAvatarTooLarge,
// ErrAvatarLossless, ErrAvatarBusy; fault.ErrNotFound when her account is being closed.
func (p *Profile) SetAvatar(ctx context.Context, who account.Actor, file []byte) (uuid.UUID, error) {
	if err := p.db.Outside(ctx); err != nil {
		return uuid.Nil, err
	}
	squares, err := p.pictures.Squares(ctx, file, 64, 256, 512)
	if err != nil {
		return uuid.Nil, avatarFault(err)
	}
	a := newAvatar()
	if err := p.announceAvatar(ctx, who.ID, a, p.clock.Now().Add(avatarArrives)); err != nil {
		return uuid.Nil, err
	}
	for i, key := range []string{a.Small, a.Medium, a.Large} {
		err := p.files.Write(ctx, key, AvatarMedia, func(w io.Writer) error {
			_, err := w.Write(squares[i])
			return err
		})
		if err != nil {
			return uuid.Nil, err // what was written is cleared when its time is over
		}
	}
	err = p.showAvatar(ctx, who.ID, a)
	if errors.Is(err, ErrAvatarBusy) {
		err = errors.Join(err, p.deleteAvatar(ctx, a)) // its row is gone, and nobody else knows of these files
	}
	return a.Version, err
}

// RemoveAvatar takes the picture of whoever acts away. Where there is none it
// changes nothing.
func (p *Profile) RemoveAvatar(ctx context.Context, who account.Actor) error {
	return p.showAvatar(ctx, who.ID, Avatar{})
}

// Avatar gives the picture of id as whoever acts may see it, in a version
// (uuid.Nil: the one shown now); her own she always sees. One statement. Fault:
// fault.ErrNotFound, alike where there is none, it is another version, it is
// not shown to her, or Member would not find id.
func (p *Profile) Avatar(ctx context.Context, who account.Actor, id, version uuid.UUID) (Avatar, error) {
	var r record
	var err error
	if id == who.ID {
		r, err = p.own(ctx, id, ownSQL)
	} else {
		r, err = p.seen(ctx, who.ID, id, p.clock.Now())
	}
	if err != nil {
		return Avatar{}, err
	}
	is := shown(r, r.relation(who.ID)).Avatar
	if is == uuid.Nil || (version != uuid.Nil && version != is) {
		return Avatar{}, fault.ErrNotFound
	}
	return r.avatar(), nil
}

// OpenAvatar opens a file of a picture that Avatar gave, which the caller
// closes, and gives its size. Fault: fault.ErrNotFound when it was replaced
// just now.
func (p *Profile) OpenAvatar(ctx context.Context, a Avatar, size int) (io.ReadCloser, int64, error) {
	file, bytes, err := p.files.Read(ctx, a.Key(size))
	if blob.Missing(err) {
		err = fault.ErrNotFound.Because(err)
	}
	return file, bytes, err
}

// ClearAvatars deletes the files of pictures that no profile shows: the rest
// of what was replaced, and of uploads that broke off. It may be repeated at
// any time.
func (p *Profile) ClearAvatars(ctx context.Context) error {
	for {
		old, err := p.oldAvatars(ctx, p.clock.Now())
		if err != nil {
			return err
		}
		var failed error
		for _, a := range old {
			failed = errors.Join(failed, p.clearAvatar(ctx, a))
		}
		if failed != nil || len(old) < oldAvatarsPage {
			return failed
		}
	}
}

// clearAvatar takes the row away last: as long as there is a file, it is
// named.
func (p *Profile) clearAvatar(ctx context.Context, a Avatar) error {
	if err := p.deleteAvatar(ctx, a); err != nil {
		return err
	}
	return p.forgetAvatar(ctx, a.Version)
}

func (p *Profile) deleteAvatar(ctx context.Context, a Avatar) error {
	for _, key := range []string{a.Small, a.Medium, a.Large} {
		if err := p.files.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// showAvatar puts a in the place of the picture she has; the one before goes
// to those that are cleared.
func (p *Profile) showAvatar(ctx context.Context, userID uuid.UUID, a Avatar) error {
	return p.db.InTx(ctx, func(ctx context.Context) error {
		r, err := p.own(ctx, userID, lockOwnSQL)
		before := r.avatar()
		if err != nil || a == before { // both none
			return err
		}
		now := p.clock.Now()
		if a != (Avatar{}) {
			if err := p.arriveAvatar(ctx, a.Version, now); err != nil {
				return err
			}
		}
		if err := p.updateAvatar(ctx, userID, a, now); err != nil {
			return err
		}
		if err := p.traceAvatar(ctx, userID, before, a); err != nil || before == (Avatar{}) {
			return err
		}
		if err := p.announceAvatar(ctx, userID, before, now); err != nil {
			return err
		}
		return p.queue.Enqueue(ctx, clearAvatars{})
	})
}

// traceAvatar audits which version is shown in place of which.
func (p *Profile) traceAvatar(ctx context.Context, userID uuid.UUID, before, after Avatar) error {
	action, detail := "avatar.set", map[string]string{}
	if after == (Avatar{}) {
		action = "avatar.remove"
	}
	audit.Changed(detail, "version", before.name(), after.name())
	return p.trace(ctx, userID, action, detail)
}

// name is that of the version; "" where there is none.
func (a Avatar) name() string {
	if a == (Avatar{}) {
		return ""
	}
	return a.Version.String()
}

func newAvatar() Avatar {
	folder := "avatars/" + strings.ToLower(rand.Text()) + "/" // 130 bits: nobody finds one by trying
	return Avatar{pg.NewID(), folder + "64.jpg", folder + "256.jpg", folder + "512.jpg"}
}

func avatarFault(err error) error {
	for cause, f := range map[error]*fault.Error{
		picture.ErrUnreadable: ErrAvatarUnreadable, picture.ErrTooLarge: ErrAvatarTooLarge, picture.ErrLossless: ErrAvatarLossless, picture.ErrBusy: ErrAvatarBusy,
	} {
		if errors.Is(err, cause) {
			return f.Because(err)
		}
	}
	return fmt.Errorf("make a picture: %w", err)
}

package factor

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	maxPasskeys = 10
	longestName = 80
)

var errAttestation = fault.InvalidField("/credential", "passkey-wrong", "This passkey cannot be added: the answer is too late, was used before or is not for this page. Please begin again.")

// Passkey is a key that a device or a provider of hers keeps. It proves two
// factors: that she has it, and that it has recognised her.
type Passkey struct {
	ID         uuid.UUID
	Name       string
	Synced     bool // kept for several devices, when it was last used
	CreatedAt  time.Time
	LastUsedAt time.Time // zero: never
}

// Descriptor names a passkey to browsers.
type Descriptor struct {
	ID         []byte
	Transports []string
}

// Creation is what a browser is asked to make.
type Creation struct {
	Challenge
	Domain, Issuer    string // whose passkey it will be
	User              uuid.UUID
	Name, DisplayName string // to tell accounts apart
	Exclude           []Descriptor
}

// Passkeys lists those of whoever acts, in the order in which they were added.
func (f *Factor) Passkeys(ctx context.Context, actor account.Actor) ([]Passkey, error) {
	rows, err := f.passkeys(ctx, actor.ID)
	all := make([]Passkey, len(rows))
	for i, r := range rows {
		all[i] = r.passkey()
	}
	return all, err
}

// BeginPasskey asks for a new passkey of whoever acts, which is none that she
// has. Fault: ErrPasskeysFull.
func (f *Factor) BeginPasskey(ctx context.Context, actor account.Actor) (Creation, error) {
	me, err := f.account.Me(ctx, actor)
	if err != nil {
		return Creation{}, err
	}
	hers, err := f.descriptors(ctx, actor.ID)
	if err != nil {
		return Creation{}, err
	}
	if err := mayAddPasskey(len(hers)); err != nil {
		return Creation{}, err
	}
	c, err := f.challenge(ctx, toAdd, actor)
	return Creation{
		Challenge: c, Domain: f.domain, Issuer: f.issuer, User: actor.ID, Name: me.Email, DisplayName: me.DisplayName, Exclude: hers,
	}, err
}

// AddPasskey takes the answer: from now on it is a way for whoever acts to
// sign in, and a second factor, and this session has proved it. Her other
// sessions owe it when it is the first. It is audited and told by mail.
// Faults: passkey-wrong at /credential, passkey-name at /name, ErrPasskeyKnown,
// ErrPasskeysFull.
func (f *Factor) AddPasskey(ctx context.Context, actor account.Actor, name string, a Attestation) (Passkey, error) {
	name, err := passkeyName(name)
	if err != nil {
		return Passkey{}, err
	}
	heard, err := a.read()
	if err != nil {
		return Passkey{}, errAttestation.Because(err)
	}
	if err := f.spend(ctx, toAdd, heard.challenge, actor, errAttestation); err != nil {
		return Passkey{}, err
	}
	made, err := f.party.made(actor.ID, heard)
	if err != nil {
		return Passkey{}, errAttestation.Because(err)
	}
	row := passkeyRow{
		ID: pg.NewID(), UserID: actor.ID, CredentialID: made.id, PublicKey: made.key, SignCount: int64(made.count),
		BackupEligible: made.eligible, BackedUp: made.backedUp, Transports: made.transports, Name: name, CreatedAt: f.clock.Now(),
	}
	return row.passkey(), f.insertPasskey(ctx, actor, row)
}

func (f *Factor) insertPasskey(ctx context.Context, actor account.Actor, row passkeyRow) error {
	return f.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := f.lock(ctx, actor.ID, row.CreatedAt); err != nil {
			return err
		}
		before, err := f.set(ctx, actor)
		if err != nil {
			return err
		}
		if err := mayAddPasskey(before.Passkeys); err != nil {
			return err
		}
		ok, err := f.addPasskey(ctx, row)
		if err != nil {
			return err
		}
		if !ok {
			return ErrPasskeyKnown
		}
		_, err = f.added(ctx, actor, account.ByPasskey, row.ID)
		return err
	})
}

// RenamePasskey changes how whoever acts calls one of hers. It is audited,
// without the name. Faults: fault.ErrNotFound, passkey-name at /name.
func (f *Factor) RenamePasskey(ctx context.Context, actor account.Actor, id uuid.UUID, name string) (Passkey, error) {
	name, err := passkeyName(name)
	if err != nil {
		return Passkey{}, err
	}
	var renamed Passkey
	err = f.db.InTx(ctx, func(ctx context.Context) error {
		row, ok, err := f.renamePasskey(ctx, actor.ID, id, name)
		switch {
		case err != nil:
			return err
		case !ok:
			return fault.ErrNotFound
		}
		renamed = row.passkey()
		return f.audit(ctx, actor.ID, "passkey.rename", map[string]string{"passkey_id": id.String()})
	})
	return renamed, err
}

// RemovePasskey takes a passkey of whoever acts away, and her recovery codes if
// nothing else is left. Sessions that began with it go on: she can end them.
// It is audited and told by mail. Faults: fault.ErrNotFound, ErrNeeded.
func (f *Factor) RemovePasskey(ctx context.Context, actor account.Actor, id uuid.UUID) error {
	return f.change(ctx, actor, func(ctx context.Context) error {
		before, err := f.set(ctx, actor)
		if err != nil {
			return err
		}
		ok, err := f.deletePasskey(ctx, actor.ID, id)
		if err != nil {
			return err
		}
		if !ok {
			return fault.ErrNotFound
		}
		if err := mayRemove(before); err != nil {
			return err
		}
		return f.removed(ctx, actor, before, account.ByPasskey)
	})
}

// passkeyName takes off surrounding spaces and refuses what would not show as
// one line of writing.
func passkeyName(s string) (string, error) {
	s = strings.TrimSpace(s)
	n := utf8.RuneCountInString(s)
	unseen := func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp)
	}
	if n == 0 || n > longestName || strings.ContainsFunc(s, unseen) {
		return "", fault.InvalidField("/name", "passkey-name", "A name is 1 to 80 characters on one line.")
	}
	return s, nil
}

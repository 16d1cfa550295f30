package signin

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/pg"
)

const (
	confirmTTL = 24 * time.Hour
	undoTTL    = 7 * 24 * time.Hour
	// beforeChange is how long somebody may have been in her account before he
	// changed the address.
	beforeChange = 24 * time.Hour
)

// change is a new address that somebody chose, from the moment she chose it.
type change struct {
	ID        uuid.UUID
	UserID    uuid.UUID
	SessionID uuid.UUID
	OldEmail  string
	OldKey    string
	NewEmail  string
	NewKey    string
	CreatedAt time.Time
	Confirmed bool
}

// ChangeEmail promises two letters: to the new address a link that confirms
// it, good for a day; to the old one a link back, good for a week. Nothing
// changes before. An address that has an account is answered alike and gets a
// letter that says so. The edge has asked for a fresh proof of who she is.
// Fault: invalid at /email.
func (s *Signin) ChangeEmail(ctx context.Context, actor account.Actor, email string) error {
	key, err := account.EmailKey(email)
	if err != nil {
		return err
	}
	u, err := s.account.Me(ctx, actor)
	if err != nil {
		return err
	}
	oldKey, err := account.EmailKey(u.Email)
	if err != nil {
		return err
	}
	c := change{
		ID: pg.NewID(), UserID: u.ID, SessionID: actor.SessionID, OldEmail: u.Email, OldKey: oldKey,
		NewEmail: email, NewKey: key, CreatedAt: s.clock.Now(),
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.insertChange(ctx, c); err != nil {
			return err
		}
		if err := s.audit(ctx, u.ID, "email.ask"); err != nil {
			return err
		}
		// Either letter may be the one that cannot be delivered.
		if err := s.queue.Enqueue(ctx, undoMail{ChangeID: c.ID}); err != nil {
			return err
		}
		return s.queue.Enqueue(ctx, confirmMail{ChangeID: c.ID})
	})
}

// ConfirmEmail makes the new address hers, for whoever holds the token of its
// link. It works once, and only while she has the address that she had when
// she asked. Every session but the one that asked ends, and every open code
// and link but the way back. Fault: ErrLink at /token, also when the address
// has got an account meanwhile.
func (s *Signin) ConfirmEmail(ctx context.Context, token string) error {
	id := s.open(forConfirm, token)
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.turnOfChange(ctx, id); err != nil {
			return err
		}
		c, ok, err := s.confirmChange(ctx, id, s.clock.Now())
		if err != nil {
			return err
		}
		if !ok {
			return wrong(ErrLink, "/token")
		}
		return s.moveTo(ctx, c)
	})
	if errors.Is(err, account.ErrEmailTaken) {
		return wrong(ErrLink, "/token")
	}
	return err
}

func (s *Signin) moveTo(ctx context.Context, c change) error {
	if err := s.setEmail(ctx, c.UserID, c.NewEmail); err != nil {
		return err
	}
	if err := s.account.EndSessions(ctx, c.UserID, c.SessionID, account.EndedByEmail); err != nil {
		return err
	}
	if err := s.audit(ctx, c.UserID, "email.change"); err != nil {
		return err
	}
	return s.account.Tell(ctx, c.UserID, account.EmailChanged)
}

// UndoEmail takes a change back, for whoever holds the token of the link at
// the old address, before and after it was confirmed. Somebody was in her
// account then: every session ends, every open code and link, and what was
// changed later loses its own way back. The password and all linked providers
// are taken away, and, unless she holds a role, the second factors and passkeys
// that were added since the day before the change; an erasure is called off. She
// asks for a new password.
// Faults: ErrLink at /token; account.ErrEmailTaken when the address has an
// account of its own by now.
func (s *Signin) UndoEmail(ctx context.Context, token string) error {
	id := s.open(forUndo, token)
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.turnOfChange(ctx, id); err != nil {
			return err
		}
		c, ok, err := s.undoChange(ctx, id, s.clock.Now())
		if err != nil {
			return err
		}
		if !ok {
			return wrong(ErrLink, "/token")
		}
		return s.backTo(ctx, c)
	})
}

func (s *Signin) backTo(ctx context.Context, c change) error {
	if err := s.setEmail(ctx, c.UserID, c.OldEmail); err != nil {
		return err
	}
	if err := s.account.SetPassword(ctx, c.UserID, account.PasswordHash{}); err != nil {
		return err
	}
	if err := s.account.EndSessions(ctx, c.UserID, uuid.Nil, account.EndedByEmail); err != nil {
		return err
	}
	if err := s.rescuer.TakenBack(ctx, c.UserID, c.CreatedAt.Add(-beforeChange)); err != nil {
		return err
	}
	if err := s.audit(ctx, c.UserID, "email.undo"); err != nil {
		return err
	}
	return s.account.Tell(ctx, c.UserID, account.EmailRestored)
}

// setEmail also ends what was mailed to the address before.
func (s *Signin) setEmail(ctx context.Context, userID uuid.UUID, email string) error {
	if err := s.endSecrets(ctx, userID, s.clock.Now()); err != nil {
		return err
	}
	if err := s.account.SetEmail(ctx, userID, email); err != nil {
		return err
	}
	return s.biller.EmailChanged(ctx, userID)
}

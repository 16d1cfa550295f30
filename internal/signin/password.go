package signin

import (
	"context"

	"github.com/google/uuid"

	"github.com/womens-tech-conservatory/conservatory/internal/account"
	"github.com/womens-tech-conservatory/conservatory/internal/fault"
)

// Forgot promises a letter with a link to choose a new password, good for
// half an hour, if the address has an account. It answers alike for every
// address. Fault: invalid at /email.
func (s *Signin) Forgot(ctx context.Context, email string) error {
	return s.ask(ctx, kindReset, email)
}

// Reset sets a password for whoever holds the token of such a link, also for
// somebody who never had one. It works once, ends every session and stream
// and every other open code and link, tells her, and signs nobody in: what
// second factors she has stay asked for. Faults: ErrLink at /token, invalid at
// /password, account.ErrBusy.
func (s *Signin) Reset(ctx context.Context, token, password string) error {
	id := s.open(string(kindReset), token)
	userID, err := s.holder(ctx, kindReset, id, s.clock.Now())
	if err != nil {
		return err
	}
	u, ok, err := s.account.ByID(ctx, userID)
	if err != nil {
		return err
	}
	if !ok {
		return wrong(ErrLink, "/token")
	}
	hash, err := s.account.NewPassword(ctx, u, password)
	if err != nil {
		return err
	}
	return s.reset(ctx, id, hash)
}

// reset uses the link up, which may have happened since it was looked at.
func (s *Signin) reset(ctx context.Context, id uuid.UUID, hash account.PasswordHash) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		userID, err := s.spend(ctx, kindReset, id)
		if err != nil {
			return err
		}
		if userID == uuid.Nil {
			return wrong(ErrLink, "/token")
		}
		if err := s.setPassword(ctx, userID, uuid.Nil, hash); err != nil {
			return err
		}
		if err := s.audit(ctx, userID, "password.reset"); err != nil {
			return err
		}
		return s.account.Tell(ctx, userID, account.PasswordReset)
	})
}

// ChangePassword gives whoever acts another password, for the one she has, if
// she has one. Her other sessions end, and every open code and link; she is
// told. The edge has asked for a fresh proof of who she is. Whoever else set her
// password, or ended this session, while hers was compared has been first.
// Faults: account.ErrProofWrong at /current_password, invalid values,
// account.ErrBusy, account.ErrUnauthenticated.
func (s *Signin) ChangePassword(ctx context.Context, actor account.Actor, current, password string) error {
	u, err := s.account.Me(ctx, actor)
	if err != nil {
		return err
	}
	was, err := s.hers(ctx, actor, current)
	if err != nil {
		return err
	}
	hash, err := s.account.NewPassword(ctx, u, password)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.turnOf(ctx, actor.ID); err != nil {
			return err
		}
		if err := s.account.StillActs(ctx, actor, was); err != nil {
			return err
		}
		if err := s.setPassword(ctx, actor.ID, actor.SessionID, hash); err != nil {
			return err
		}
		if err := s.audit(ctx, actor.ID, "password.change"); err != nil {
			return err
		}
		return s.account.Tell(ctx, actor.ID, account.PasswordChanged)
	})
}

// hers asks that current is the password of whoever acts, if she has one, and
// gives what that was.
func (s *Signin) hers(ctx context.Context, actor account.Actor, current string) (is account.PasswordHash, err error) {
	has, err := s.account.HasPassword(ctx, actor.ID)
	if err != nil || !has {
		return is, err
	}
	if current == "" {
		return is, fault.InvalidField("/current_password", "required", "Send the password you have, too.")
	}
	is, ok, err := s.account.IsPassword(ctx, actor.ID, current)
	if err == nil && !ok {
		err = wrong(account.ErrProofWrong, "/current_password")
	}
	return is, err
}

// setPassword also ends what the old one had opened, but for one session.
func (s *Signin) setPassword(ctx context.Context, userID, except uuid.UUID, hash account.PasswordHash) error {
	if err := s.endSecrets(ctx, userID, s.clock.Now()); err != nil {
		return err
	}
	if err := s.account.SetPassword(ctx, userID, hash); err != nil {
		return err
	}
	return s.account.EndSessions(ctx, userID, except, account.EndedByPassword)
}

package sponsor

import "github.com/google/uuid"

// link leads to the frontend. What is behind the # is sent to no server.
func (s *Sponsors) link(id uuid.UUID) string {
	return s.frontend + "/seat#token=" + s.tokens.Token(purpose, id)
}

// open gives the invitation a token belongs to; uuid.Nil when it is not one of ours.
func (s *Sponsors) open(token string) uuid.UUID {
	id, _ := s.tokens.Open(purpose, token)
	return id
}

const purpose = "sponsor"

package gift

import "github.com/google/uuid"

// link leads to the frontend. What is behind the # is sent to no server.
func (g *Gifts) link(id uuid.UUID) string {
	return g.frontend + "/gift#token=" + g.tokens.Token(purpose, id)
}

// open gives the gift a token belongs to; uuid.Nil when it is not one of ours.
func (g *Gifts) open(token string) uuid.UUID {
	id, _ := g.tokens.Open(purpose, token)
	return id
}

const purpose = "gift"

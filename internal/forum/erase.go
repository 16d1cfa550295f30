package forum

import (
	"context"

	"github.com/google/uuid"
)

// eraseAtOnce is how many posts go in one transaction, so that nobody waits
// for a member who wrote thousands.
const eraseAtOnce = 500

// Erase does what an author's erasure asks of what she wrote, after her name
// is gone from her account. Posts stay and keep their numbers either way, so
// that threads can be read: with remove they are emptied, as if she had taken
// each of them away, and the titles of her topics are replaced; without, their
// text stays under the name of a former member. It may be repeated.
//
// Names are joined when posts are read, so nothing has to be rendered anew.
// Whatever copies a name or a text into another row, such as a quote or a
// mention, re-renders here.
func (f *Forum) Erase(ctx context.Context, authorID uuid.UUID, remove bool) error {
	if !remove {
		return nil
	}
	for more := true; more; {
		err := f.db.InTx(ctx, func(ctx context.Context) error {
			n, err := f.erasePosts(ctx, authorID, f.clock.Now())
			more = n == eraseAtOnce
			return err
		})
		if err != nil {
			return err
		}
	}
	return f.eraseTitles(ctx, authorID, f.clock.Now())
}

package invitation

import (
	"testing"

	"github.com/womens-tech-conservatory/conservatory/internal/pg/pgtest"
)

func TestModelsAreTheTables(t *testing.T) {
	t.Parallel()
	pgtest.Drift(t, Offer{}, Redemption{})
}

package embeddedpg

import (
	"context"
	"errors"
	"fmt"
)

func download(ctx context.Context, cfg Config, who account, major string) (binaries, error) {
	return binaries{}, fmt.Errorf("%w %s", errors.New("not yet"), waysOut)
}

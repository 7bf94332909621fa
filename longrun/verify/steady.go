package verify

import (
	"context"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// maxTries is how often a check is made at most while beats are pruned.
const maxTries = 3

// steady makes a check that reads beats. One that fails is made anew where the
// oldest beat is another than before: retention takes that one first, and a reader
// that it overtakes misses what nobody removed.
func steady(ctx context.Context, l *ledger.Ledger, check func() (Outcome, error)) (Outcome, error) {
	before, err := oldest(ctx, l)
	if err != nil {
		return Outcome{}, err
	}
	for try := 1; ; try++ {
		o, err := check()
		if err != nil || o.Verdict != Fail || try == maxTries {
			return o, err
		}
		after, err := oldest(ctx, l)
		if err != nil {
			return Outcome{}, err
		}
		if before == after {
			return o, nil
		}
		before = after
	}
}

// oldest returns the oldest beat.
func oldest(ctx context.Context, l *ledger.Ledger) (store.Key, error) {
	e, _, err := ledger.First[longrun.Heartbeat](ctx, l, ledger.Heartbeats, ledger.Page{Limit: 5})
	return e.Key, err
}

package verify

import (
	"context"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// maxTries is how often a check is made at most while beats are pruned.
const maxTries = 3

// steady makes a check that reads documents. One that fails is made anew where the
// oldest beat is another than before, or the log of evidence has another end:
// retention takes that beat first and says so in the log, and a reader that it
// overtakes misses what nobody removed.
func steady(ctx context.Context, l *ledger.Ledger, check func() (Outcome, error)) (Outcome, error) {
	before, err := readSigns(ctx, l)
	if err != nil {
		return Outcome{}, err
	}
	for try := 1; ; try++ {
		o, err := check()
		if err != nil || o.Verdict != Fail || try == maxTries {
			return o, err
		}
		after, err := readSigns(ctx, l)
		if err != nil {
			return Outcome{}, err
		}
		if before == after {
			return o, nil
		}
		before = after
	}
}

// signs are what moves with a closing and with retention.
type signs struct {
	oldest store.Key
	batch  int64
}

func readSigns(ctx context.Context, l *ledger.Ledger) (signs, error) {
	e, _, err := ledger.First[longrun.Heartbeat](ctx, l, ledger.Heartbeats, ledger.Page{Limit: 5})
	if err != nil {
		return signs{}, err
	}
	k, err := readLock(ctx, l)
	return signs{e.Key, k.text.Number}, err
}

package ledger

import (
	"context"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/store"
)

// Record reads one document as it is, whatever it holds. A missing one is
// store.ErrNotFound.
func (l *Ledger) Record(ctx context.Context, key store.Key) (store.Record, error) {
	return l.store.Get(ctx, key)
}

// LastSeal returns the newest seal of a day before day, or nil where there is
// none: what a longrun.Sealer goes on from. Mostly that costs one read; a rollup
// that does not decode is passed over.
func (l *Ledger) LastSeal(ctx context.Context, day time.Time) (*longrun.Seal, error) {
	return l.firstSeal(ctx, Page{To: longrun.DayOf(day).From, Desc: true})
}

// firstSeal returns the first seal in a page of rollups. It asks for one rollup,
// and for twice as many each time that they have none: every document of a page
// is paid for.
func (l *Ledger) firstSeal(ctx context.Context, p Page) (*longrun.Seal, error) {
	type rollup struct {
		Seal *longrun.Seal `json:"seal" firestore:"seal"`
	}
	const most = 64
	for p.Limit = 1; ; p.Limit = min(2*p.Limit, most) {
		read := 0
		for e, err := range List[rollup](ctx, l, Rollups, p) {
			switch {
			case isDocument(err):
			case err != nil:
				return nil, err
			case e.Value.Seal != nil:
				return e.Value.Seal, nil
			}
			read, p.After = read+1, e.Cursor()
		}
		if read < p.Limit {
			return nil, nil //nolint:nilnil // nothing was sealed
		}
	}
}

// SealDay seals the day of a Sealer that was given all its beats. It reads beats
// of the time before only where the segment has some, after an outage over
// midnight: then at most 1,440 slots of them, once. A *longrun.SealError comes
// beside a seal that stands; see longrun.Sealer. Seal a day once, in the order of
// the days, and keep what the rollup holds when its numbers are computed again.
func (l *Ledger) SealDay(ctx context.Context, s *evidence.Sealer, now time.Time) (*longrun.Seal, error) {
	if w, more := s.Earlier(); more {
		for e, err := range l.Heartbeats(ctx, Page{From: w.From, To: w.To}) {
			if isDocument(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			s.Add(e.Value)
		}
	}
	return s.Seal(now)
}

package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// Closing is a day as CloseDay found it.
type Closing struct {
	// Rollup is what the day's document has to hold.
	Rollup longrun.Rollup
	// Changed is false where it holds that already.
	Changed bool
	// Version is that of the stored document; empty where there is none.
	Version string
	// Broken says that the segment that was sealed does not begin where the one
	// before ended. The seal stands, and verification names what is missing.
	Broken *evidence.SealError
	// Shrunk says that documents which the stored rollup counted are gone. It stands.
	Shrunk bool
}

// CloseDay rolls up the UTC day that day lies in and seals its segment of the
// chain, from one reading of the day. A day that has a seal keeps it, and one
// behind which a later day is sealed gets none: that seal covers it. Days that are
// not over at now count for nothing there: a clock that was ahead sealed them. by is the
// instance that computed it, and sign signs a new seal; nil leaves it unsigned.
//
// It writes nothing. The leader commits SetRollup under its lease, anyone else
// PutRollup.
func (l *Ledger) CloseDay(ctx context.Context, day, now time.Time, interval time.Duration, by string, sign func(longrun.Seal) longrun.Seal) (Closing, error) {
	w := longrun.DayOf(day)
	old, known, err := l.stored(ctx, w.From)
	if err != nil {
		return Closing{}, err
	}
	c := Closing{Version: old.Version}
	var chained []longrun.Heartbeat // which are to be sealed
	fresh, err := l.compute(ctx, w.From, now, interval, func(h longrun.Heartbeat) {
		if h.ChainSeq > 0 && old.Value.Seal == nil {
			chained = append(chained, h)
		}
	})
	if err != nil {
		return Closing{}, err
	}
	c.Rollup, err = revise(old.Value, known, fresh)
	if c.Shrunk = errors.Is(err, coverage.ErrShrunk); err != nil && !c.Shrunk {
		return Closing{}, err
	}
	c.Changed = !known || c.Rollup.Revision != old.Value.Revision
	// Without beats there is nothing to seal, and the seal before may lie far back:
	// a year without a beat, or of beats that know no chain, is a year of rollups.
	if c.Rollup.Seal == nil && !c.Shrunk && len(chained) > 0 {
		later, err := l.sealedIn(ctx, longrun.Window{From: w.To, To: longrun.DayOf(now).From})
		if err != nil {
			return Closing{}, err
		}
		if !later {
			prev, err := l.LastSeal(ctx, w.From)
			if err != nil {
				return Closing{}, err
			}
			sealer := evidence.NewSealer(prev, w, interval)
			for _, h := range chained {
				sealer.Add(h)
			}
			if err := l.seal(ctx, &c, sealer, now, sign); err != nil {
				return Closing{}, err
			}
		}
	}
	if c.Changed {
		c.Rollup.ComputedBy = by
		if c.Rollup.WrittenHb == 0 { // no beat says whose day it was
			c.Rollup.InstanceID = by
		}
	}
	return c, nil
}

func (l *Ledger) seal(ctx context.Context, c *Closing, sealer *evidence.Sealer, now time.Time, sign func(longrun.Seal) longrun.Seal) error {
	seal, err := l.SealDay(ctx, sealer, now)
	if broken, ok := errors.AsType[*evidence.SealError](err); ok {
		c.Broken, err = broken, nil
	}
	if err != nil || seal == nil {
		return err
	}
	if sign != nil {
		*seal = sign(*seal)
	}
	c.Rollup.Seal, c.Changed = seal, true
	return nil
}

// sealedIn reports whether a day that begins in a window has a seal.
func (l *Ledger) sealedIn(ctx context.Context, w longrun.Window) (bool, error) {
	if !w.From.Before(w.To) {
		return false, nil // as a page it would have no end
	}
	seal, err := l.firstSeal(ctx, Page{From: w.From, To: w.To})
	return seal != nil, err
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

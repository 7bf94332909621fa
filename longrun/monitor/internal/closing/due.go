package closing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

const (
	// closeTimeout bounds the reading of one day, and of the rollups of so many.
	closeTimeout = time.Minute
	// closeBack is how many days before the newest rollup are looked at again
	// when a lead begins.
	closeBack = 35
	// maxDays is how many days one pass closes.
	maxDays = 30
	// lookAgain is how many of the last days are looked at in each pass.
	lookAgain = 3
	// lookAt is how many days' rollups are read at once.
	lookAt = 90
	// maxAside bounds the days that are put aside. With more of them none is
	// closed any more: it is not the days that fail then.
	maxAside = 100
	// holding is how many failures of a day hold up the later ones.
	holding = 3
)

// progress is how far a lead has come. It is for one goroutine.
type progress struct {
	lead leading.Lead
	log  *logbook.Log
	// from is the first day that may lack its rollup; zero before it is known.
	from time.Time
	// closed is up to where this lead closed each day when it was over; zero at
	// first.
	closed   time.Time
	failures room.Backoff // of passes
	failed   map[time.Time]*room.Backoff
	// refused are the days whose rollup no store takes; at most maxAside, as failed.
	refused map[time.Time]bool
	// done are the days that were closed since the last one ended: none is read
	// again unless it is marked dirty. Only those that may be looked at again are
	// kept.
	done  map[time.Time]bool
	round time.Time // the end of that day
	late  time.Time // the end of the day for which late documents were looked for
	found bool      // the newest batch was looked for
}

func newProgress(lead leading.Lead, log *logbook.Log, clk clock.Clock) *progress {
	return &progress{
		lead: lead, log: log, failures: room.Backoff{Shortest: minPause, Longest: maxPause, Clock: clk},
		failed: make(map[time.Time]*room.Backoff), refused: make(map[time.Time]bool), done: make(map[time.Time]bool),
	}
}

// heldError says that a day which failed is waited for.
type heldError struct {
	day  time.Time
	wait time.Duration
}

// Error implements error.
func (e *heldError) Error() string {
	return fmt.Sprintf("%s failed and is tried again in %v", longrun.RollupID(e.day), e.wait)
}

// fail takes note that a day failed, and reports whether the others go on.
func (p *progress) fail(day, now time.Time) bool {
	f := p.failed[day]
	if f == nil {
		if len(p.failed) >= maxAside {
			return false
		}
		f = &room.Backoff{Shortest: minPause, Longest: maxPause, Clock: p.failures.Clock}
		p.failed[day] = f
	}
	f.Failed(now)
	return f.Failing() >= holding
}

// refuse takes note that no store takes a day's rollup. Beyond the bound the
// oldest is tried again some time.
func (p *progress) refuse(day time.Time) {
	for len(p.refused) >= maxAside {
		oldest := day
		for other := range p.refused {
			if other.Before(oldest) {
				oldest = other
			}
		}
		if oldest.Equal(day) {
			return
		}
		delete(p.refused, oldest)
	}
	p.refused[day] = true
}

// forget drops what was done before the last day ended, or is not looked at again.
func (p *progress) forget(closed time.Time) {
	if !closed.Equal(p.round) {
		clear(p.done)
		p.round = closed
	}
	for day := range p.done {
		if day.Before(p.from) && day.Before(closed.AddDate(0, 0, -lookAgain)) {
			delete(p.done, day)
		}
	}
}

// again is how long the first of the days that are put aside waits to be tried
// again.
func (p *progress) again(now time.Time) time.Duration {
	first := maxRest
	for _, f := range p.failed {
		first = min(first, max(f.Wait(now), breath))
	}
	return first
}

// aside reports whether a day is passed over, and for how long all wait for it
// instead.
func (c *Closing) aside(p *progress, day, now time.Time) (over bool, wait time.Duration) {
	if (p.refused[day] || p.done[day]) && c.dirty.word(day) == 0 {
		return true, 0
	}
	f := p.failed[day]
	if f == nil || f.Wait(now) == 0 {
		return false, 0
	}
	return f.Failing() >= holding, f.Wait(now)
}

// due returns the days that are over and have no rollup, the last ones, and when a
// lead begins all that an earlier one left; of the others those that are known to
// be out of date or failed before. They are sorted, and at most maxDays; more
// tells that there are others.
func (c *Closing) due(ctx context.Context, p *progress, now time.Time) (days []time.Time, more bool, err error) {
	earliest, known, err := c.Ledger.Earliest(ctx)
	if err != nil || !known {
		return nil, false, err
	}
	closed, first := c.closedBy(now), longrun.DayOf(earliest).From
	if p.from.IsZero() {
		if p.from, err = c.lookFrom(ctx, now); err != nil {
			return nil, false, err
		}
	}
	p.forget(closed)
	want := map[time.Time]bool{}
	for _, day := range c.dirty.all() {
		if day.Before(closed) && !day.Before(first) {
			want[day] = true
		} else {
			c.dirty.clean(day, c.dirty.word(day)) // there was nothing, or it will be closed when it is over
		}
	}
	for day := range p.failed {
		if day.Before(closed) && !day.Before(first) {
			want[day] = true
		} else {
			delete(p.failed, day)
		}
	}
	// What ended while this instance led is closed once, whatever its rollup says:
	// a clock that was ahead may have made it long ago.
	if !p.closed.IsZero() {
		for day := room.Latest(first, room.Latest(p.closed, closed.AddDate(0, 0, -lookAgain))); day.Before(closed); day = day.AddDate(0, 0, 1) {
			want[day] = true
		}
	}
	if err := c.late(ctx, p, closed, first, now, want); err != nil {
		return nil, false, err
	}
	if err := c.missing(ctx, p, room.Latest(first, earlier(p.from, closed.AddDate(0, 0, -lookAgain))), closed, now, want); err != nil {
		return nil, false, err
	}
	for day := range want {
		if over, _ := c.aside(p, day, now); !over {
			days = append(days, day)
		}
	}
	slices.SortFunc(days, time.Time.Compare)
	if len(days) > maxDays {
		return days[:maxDays], true, nil
	}
	return days, p.from.Before(closed.AddDate(0, 0, -lookAgain)), nil
}

// late adds the days that were closed before all of their documents were stored, once
// when a lead begins and once a day.
func (c *Closing) late(ctx context.Context, p *progress, closed, first, now time.Time, want map[time.Time]bool) error {
	if p.late.Equal(closed) {
		return nil
	}
	ctx, cancel := deadline.With(ctx, c.Clock, closeTimeout)
	defer cancel()
	days, err := p.log.Late(ctx, now)
	if err != nil {
		return err
	}
	for _, day := range days {
		if day.Before(closed) && !day.Before(first) {
			delete(p.done, day)
			want[day] = true
		}
	}
	p.late = closed
	return nil
}

// lookFrom is where a lead begins to look: some days before the newest rollup of a
// day that is over. One of a day to come, by a clock that was ahead, says nothing.
func (c *Closing) lookFrom(ctx context.Context, now time.Time) (time.Time, error) {
	newest, ok, err := ledger.First[longrun.Rollup](ctx, c.Ledger, ledger.Rollups, ledger.Page{To: longrun.DayOf(now).From, Desc: true, Limit: mangled})
	if err != nil || !ok {
		return time.Unix(0, 0).UTC(), err
	}
	return longrun.DayOf(newest.At).From.AddDate(0, 0, -closeBack), nil
}

// missing adds the days of [from, closed) that have no rollup, until there are more
// than one pass closes, and moves p.from to the first of them that is not put
// aside.
func (c *Closing) missing(ctx context.Context, p *progress, from, closed, now time.Time, want map[time.Time]bool) error {
	moving := true
	for from.Before(closed) && len(want) <= maxDays {
		to := earlier(from.AddDate(0, 0, lookAt), closed)
		days, err := c.missingWithin(ctx, longrun.Window{From: from, To: to}, now)
		if err != nil {
			return err
		}
		for _, day := range days {
			if over, _ := c.aside(p, day, now); over {
				continue
			}
			if moving {
				p.from, moving = day, false
			}
			want[day] = true
		}
		from = to
		if moving {
			p.from = from
		}
	}
	if moving && !from.Before(closed) {
		p.from = closed // there may have been nothing to look at
	}
	return nil
}

func (c *Closing) missingWithin(ctx context.Context, w longrun.Window, now time.Time) ([]time.Time, error) {
	ctx, cancel := deadline.With(ctx, c.Clock, closeTimeout)
	defer cancel()
	return c.Ledger.MissingWithin(ctx, w, now, c.Rolled)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

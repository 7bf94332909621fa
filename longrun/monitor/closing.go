package monitor

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	// closeTimeout bounds the reading of one day.
	closeTimeout = time.Minute
	// closeBack is how many days before the newest rollup are looked at again
	// when a lead begins.
	closeBack = 35
	// maxCloseWait is how long after midnight a day is closed at the latest.
	maxCloseWait = 5 * time.Minute
	// maxRest is as long as the next day may take to be over and closed: who waits
	// longer waits by a clock that was set back. It is looked at every lookAtClock.
	maxRest     = 24 * time.Hour
	lookAtClock = 10 * time.Minute
	// pruneBreath is the pause between two batches of deletes: beats go first.
	pruneBreath = time.Second
)

// closing rolls up, seals and prunes days that are over, while this instance
// leads. A fault of it costs no beat.
type closing struct {
	m    *Monitor
	wake chan struct{}

	mu     sync.Mutex
	dirty  map[time.Time]bool // days whose rollup may be out of date
	nextAt time.Time          // the next day is closed; zero before all earlier ones are
}

func (c *closing) setNext(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nextAt = at
}

func (c *closing) status() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nextAt
}

func newClosing(m *Monitor) *closing {
	return &closing{m: m, wake: make(chan struct{}, 1), dirty: make(map[time.Time]bool)}
}

// late is told of beats that were written after their slots: their days, and
// those beside them as far as their gaps reach, may have other numbers now.
func (c *closing) late(beats []longrun.Heartbeat) {
	today := longrun.DayOf(c.m.cfg.Clock.Now()).From
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range beats {
		day := longrun.DayOf(h.TS).From
		for _, d := range []time.Time{day.AddDate(0, 0, -1), day, day.AddDate(0, 0, 1)} {
			if d.Before(today) {
				c.dirty[d] = true
			}
		}
	}
	c.nudge()
}

// changed is told when something was stored that is counted at these times: what
// was noticed, or could be written, only after its day was closed is missing in
// the day's rollup.
func (c *closing) changed(at ...time.Time) {
	today := longrun.DayOf(c.m.cfg.Clock.Now()).From
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range at {
		if day := longrun.DayOf(t).From; day.Before(today) {
			c.dirty[day] = true
			c.nudge()
		}
	}
}

func (c *closing) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *closing) take() []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	var days []time.Time
	for d := range c.dirty {
		days = append(days, d)
	}
	clear(c.dirty)
	return days
}

func (c *closing) putBack(days []time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range days {
		c.dirty[d] = true
	}
}

// known compares the slots that the store has with the rollups of the days that
// they are of: an earlier leader may have written late beats and died before it
// rolled their day up again.
func (c *closing) known(ctx context.Context, filled map[longrun.Slot]bool) {
	interval := c.m.cfg.Interval
	now := c.m.cfg.Clock.Now()
	for back := 1; back <= 2; back++ {
		day := longrun.DayOf(now.AddDate(0, 0, -back))
		e, err := c.m.deps.Ledger.Rollup(ctx, day.From)
		if err != nil {
			continue // missing, and looked for anyway; or the store is away
		}
		if e.Value.IntervalSec != int64(interval/time.Second) {
			continue // it has slots of another length, which its beats were made for
		}
		slots, err := coverage.ParseBitmap(e.Value.Slots)
		first := longrun.SlotAt(e.Value.From, interval)
		for slot := range filled {
			start := slot.Start(interval)
			if !day.Contains(start) || start.Before(e.Value.From) {
				continue
			}
			if i := int(slot - first); err != nil || i >= slots.Len() || !slots.Has(i) {
				c.late([]longrun.Heartbeat{{TS: start}})
				break
			}
		}
	}
}

// run closes what is to be closed until the lead ends.
func (c *closing) run(ctx context.Context, lease leading.Lead) error {
	clk := c.m.cfg.Clock
	// The first beat of the lead tells how the gap before it ended.
	if !deadline.Sleep(ctx, clk, 2*c.m.cfg.Interval) {
		return nil
	}
	caughtUp := false
	defer c.setNext(time.Time{})
	for ctx.Err() == nil {
		days, began := c.take(), clk.Now()
		due, err := c.due(ctx, caughtUp, days)
		if err == nil {
			err = c.all(ctx, lease, due)
		}
		if err == nil {
			err = c.prune(ctx, lease)
		}
		wait := time.Minute
		if err != nil {
			c.putBack(days)
			if ctx.Err() == nil && lease.Err() == nil {
				c.m.deps.Log.Once(ctx, slog.LevelWarn, "closing", "failed", "days cannot be closed yet", "error", err)
			}
		} else {
			c.m.deps.Log.Over("closing")
			caughtUp = true
			next := c.next(began) // a day that ended meanwhile is due at once
			c.setNext(next)
			wait = next.Sub(clk.Now())
		}
		c.rest(ctx, clk.Now().Add(wait))
	}
	return nil
}

// rest waits until then or until there is something to do, by a clock that may be
// set meanwhile: one that was ahead over midnight would let a whole day pass.
func (c *closing) rest(ctx context.Context, then time.Time) {
	clk := c.m.cfg.Clock
	for ctx.Err() == nil {
		wait := then.Sub(clk.Now())
		if wait <= 0 || wait > maxRest {
			return
		}
		waiting, cancel := deadline.With(ctx, clk, min(wait, lookAtClock))
		select {
		case <-waiting.Done():
			cancel()
		case <-c.wake:
			cancel()
			return
		}
	}
}

// grace is how long after midnight a day is closed: its last beats are written
// by then.
func (c *closing) grace() time.Duration {
	return min(2*c.m.cfg.Interval+c.m.cfg.Lease, maxCloseWait)
}

// next returns when the next day is to be closed.
func (c *closing) next(now time.Time) time.Time {
	return longrun.DayOf(now.Add(-c.grace())).To.Add(c.grace())
}

// due returns the days that are over and have no rollup, the last one, and when a
// lead begins all that an earlier one left; and of the others those that are
// known to be out of date.
func (c *closing) due(ctx context.Context, caughtUp bool, others []time.Time) ([]time.Time, error) {
	ctx, cancel := deadline.With(ctx, c.m.cfg.Clock, closeTimeout)
	defer cancel()
	now := c.m.cfg.Clock.Now()
	closed := longrun.DayOf(now.Add(-c.grace())).From
	earliest, known, err := c.m.deps.Ledger.Earliest(ctx)
	if err != nil || !known {
		return nil, err
	}
	back := closed.AddDate(0, 0, -2)
	if !caughtUp {
		newest, ok, err := ledger.First[longrun.Rollup](ctx, c.m.deps.Ledger, ledger.Rollups, ledger.Page{Desc: true, Limit: 5})
		if err != nil {
			return nil, err
		}
		back = time.Time{}
		if ok {
			back = newest.At.AddDate(0, 0, -closeBack)
		}
	}
	days, err := c.m.deps.Ledger.MissingRollups(ctx, room.Latest(earliest, back), now)
	days = slices.DeleteFunc(days, func(day time.Time) bool { return !day.Before(closed) })
	for _, d := range others {
		if longrun.DayOf(d).To.After(earliest) { // before, there was nothing
			days = append(days, d)
		}
	}
	return days, err
}

// all closes the days, oldest first.
func (c *closing) all(ctx context.Context, lease leading.Lead, days []time.Time) error {
	seen := map[time.Time]bool{}
	slices.SortFunc(days, time.Time.Compare)
	for _, day := range days {
		if seen[day] {
			continue
		}
		seen[day] = true
		if err := c.day(ctx, lease, day); err != nil {
			return err
		}
	}
	return nil
}

func (c *closing) day(ctx context.Context, lease leading.Lead, day time.Time) error {
	reading, cancel := deadline.With(ctx, c.m.cfg.Clock, closeTimeout)
	defer cancel()
	var sign func(longrun.Seal) longrun.Seal
	if key := c.m.cfg.EvidenceKey; key != nil {
		sign = func(s longrun.Seal) longrun.Seal { return evidence.Sign(s, key) }
	}
	d, err := c.m.deps.Ledger.CloseDay(reading, day, c.m.cfg.Clock.Now(), c.m.cfg.Interval, c.m.cfg.InstanceID, sign)
	if err != nil {
		return err
	}
	if d.Broken != nil {
		c.m.deps.Log.ErrorContext(ctx, "the evidence of a day does not follow the one before", "day", d.Rollup.Date, "error", d.Broken)
	}
	if !d.Changed {
		return nil
	}
	committing, end := deadline.With(ctx, c.m.cfg.Clock, min(room.StoreTimeout, c.m.cfg.Interval/2))
	defer end()
	if err := lease.Commit(committing, c.m.deps.Ledger.SetRollup(d.Rollup)); err != nil {
		if errors.Is(err, store.ErrInvalid) { // too large, for one: it is no use to try again
			c.m.deps.Log.ErrorContext(ctx, "the rollup of a day cannot be stored", "day", d.Rollup.Date, "error", err)
			return nil
		}
		return err
	}
	r := d.Rollup
	c.m.deps.Log.InfoContext(ctx, "day rolled up", "day", r.Date, "expected", r.ExpectedHb, "written", r.WrittenHb, "missed", r.MissedHb, "incidents", r.IncidentsCount, "revision", r.Revision)
	return nil
}

// prune deletes what the settings no longer keep.
func (c *closing) prune(ctx context.Context, lease leading.Lead) error {
	settings := c.m.live.Now()
	if len(settings.RetentionDays) == 0 {
		return nil
	}
	pruned, err := c.m.deps.Ledger.Prune(ctx, settings, c.m.cfg.Clock.Now(), func(ctx context.Context, ops []store.Op) error {
		committing, cancel := deadline.With(ctx, c.m.cfg.Clock, room.StoreTimeout)
		defer cancel()
		if err := lease.Commit(committing, ops...); err != nil {
			return err
		}
		deadline.Sleep(ctx, c.m.cfg.Clock, pruneBreath)
		return ctx.Err()
	})
	for collection, n := range pruned.Counts {
		if n > 0 {
			c.m.deps.Log.InfoContext(ctx, "old documents deleted", "collection", string(collection), "count", n)
		}
	}
	for collection, why := range pruned.Kept {
		c.m.deps.Log.Once(ctx, slog.LevelWarn, "retention "+string(collection), why, "old documents are kept", "collection", string(collection), "reason", why)
	}
	return err
}

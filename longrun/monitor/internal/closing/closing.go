package closing

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

const (
	// maxCloseWait is how long after midnight a day is closed at the latest.
	maxCloseWait = 5 * time.Minute
	// maxRest is as long as the next day may take to be over and closed. While it
	// is waited for the clock is looked at every lookAtClock.
	maxRest     = 24 * time.Hour
	lookAtClock = 10 * time.Minute
	// breath is the pause between two passes that have more to do, and between two
	// batches of deletes: beats go first.
	breath = time.Second
	// The pauses after a pass that failed, and before a day that failed is tried
	// again.
	minPause = time.Minute
	maxPause = time.Hour
)

// Options are what the room is made of.
type Options struct {
	// Origin names the log of evidence, and EvidenceKey signs its checkpoints. Default:
	// they are not signed.
	Origin      string
	EvidenceKey ed25519.PrivateKey
	// Logged is told of each batch of evidence that is stored. Default: nobody is.
	Logged func(evidence.Batch)
	// Found is told of the newest batch, without its lines, when a lead begins, where
	// that is what the note of the lock is of and, with a key, is signed by it.
	// Default: nobody is.
	Found func(evidence.Batch)
	// Trusted returns the time, or why it is not certain: storehealth.Time.Trusted.
	// Required.
	Trusted func() (time.Time, error)
	// Rolled is told of each rollup that was read, or is stored now. Default: nobody is.
	Rolled func(longrun.Rollup)
}

// Closing is the room. Its methods are safe for concurrent use.
type Closing struct {
	room.Deps
	Options
	wake  chan struct{}
	dirty dirty

	mu     sync.Mutex
	nextAt time.Time // the next day is closed; zero before all earlier ones are
}

// New returns a Closing that does nothing yet.
func New(d room.Deps, o Options) *Closing {
	c := &Closing{Deps: d, Options: o, wake: make(chan struct{}, 1)}
	c.Ledger = d.Ledger.Through(patient(d.Clock))
	return c
}

// Task is what the leader runs.
func (c *Closing) Task() leading.Task { return leading.Task{Name: "closing", Run: c.run} }

// Next is when the next day is closed; zero before all earlier ones are, and on
// an instance that does not lead.
func (c *Closing) Next() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nextAt
}

func (c *Closing) setNext(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nextAt = at
}

// grace is how long after midnight a day is closed: its last beats are written
// by then.
func (c *Closing) grace() time.Duration {
	return min(2*c.Self.Interval+c.Self.Lease, maxCloseWait)
}

// closedBy returns the end of the last day that is to be closed at now.
func (c *Closing) closedBy(now time.Time) time.Time { return longrun.DayOf(now.Add(-c.grace())).From }

// run closes what is to be closed until the lead ends.
func (c *Closing) run(ctx context.Context, lead leading.Lead) error {
	// The first beat of the lead tells how the gap before it ended.
	if !deadline.Sleep(ctx, c.Clock, 2*c.Self.Interval) {
		return nil
	}
	defer c.setNext(time.Time{})
	p := newProgress(lead, c.log(lead), c.Clock)
	for ctx.Err() == nil {
		began := c.Clock.Now()
		more, err := c.pass(ctx, p)
		now := c.Clock.Now()
		var held *heldError
		switch {
		case ctx.Err() != nil:
		case err == nil && more:
			p.failures.Well()
			deadline.Sleep(ctx, c.Clock, breath)
		case err == nil:
			p.failures.Well()
			c.Log.Over("closing")
			next := c.closedBy(began).AddDate(0, 0, 1).Add(c.grace()) // a day that ended meanwhile is due at once
			c.setNext(next)
			c.rest(ctx, now.Add(min(next.Sub(now), p.again(now))), true)
		case uncertain(err):
			c.setNext(time.Time{})
			c.rest(ctx, now.Add(lookAtClock), false)
		case errors.As(err, &held):
			c.setNext(time.Time{})
			c.rest(ctx, now.Add(held.wait), false)
		default:
			c.setNext(time.Time{})
			wait := p.failures.Failed(now)
			if lead.Err() == nil {
				c.Log.Once(ctx, slog.LevelWarn, "closing", hostcall.ClassOf(err), "days cannot be closed yet", "error", spawn.Text(err))
			}
			c.rest(ctx, now.Add(wait), false)
		}
	}
	return nil
}

// pass does a bounded part of what there is to do, and reports whether that is not
// all.
func (c *Closing) pass(ctx context.Context, p *progress) (more bool, err error) {
	now, err := c.certain(ctx)
	if err != nil {
		return false, err
	}
	if err := c.find(ctx, p); err != nil {
		return false, err
	}
	moreDays, err := c.days(ctx, p, now)
	if err != nil {
		return false, err
	}
	moreDeletes, err := c.prune(ctx, p)
	return moreDays || moreDeletes, err
}

// rest waits until then or, where that is asked for, until there is something to
// do, by a clock that may be set meanwhile: one that was ahead over midnight would
// let a whole day pass, and one that is set back the more.
func (c *Closing) rest(ctx context.Context, then time.Time, early bool) {
	wake := c.wake
	if !early {
		wake = nil // what comes meanwhile waits as well
	}
	most := min(then.Sub(c.Clock.Now()), maxRest)
	for ctx.Err() == nil {
		wait := then.Sub(c.Clock.Now())
		if wait <= 0 || wait > most {
			return // it is time, or the clock was set back
		}
		waiting, cancel := deadline.With(ctx, c.Clock, min(wait, lookAtClock))
		select {
		case <-waiting.Done():
			cancel()
		case <-wake:
			cancel()
			return
		}
	}
}

// Late is told of beats that were written after their slots: their days, and
// those beside them as far as their gaps reach, may have other numbers now.
func (c *Closing) Late(beats []longrun.Heartbeat) {
	at := make([]time.Time, 0, 3*len(beats))
	for _, h := range beats {
		day := longrun.DayOf(h.TS).From
		at = append(at, day.AddDate(0, 0, -1), day, day.AddDate(0, 0, 1))
	}
	c.Changed(at...)
}

// Changed is told when something was stored that is counted at these times: what
// was noticed, or could be written, only after its day was closed is missing in
// the day's rollup.
func (c *Closing) Changed(at ...time.Time) {
	today := longrun.DayOf(c.Clock.Now()).From
	over := false
	for _, t := range at {
		day := longrun.DayOf(t).From
		c.dirty.mark(day)
		over = over || day.Before(today)
	}
	if !over {
		return // what is not over will be closed anyway
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Known compares the slots that the store has with the rollups of the days that
// they are of: an earlier leader may have written late beats and died before it
// rolled their day up again.
func (c *Closing) Known(ctx context.Context, filled map[longrun.Slot]bool) {
	now := c.Clock.Now()
	for back := 1; back <= 2; back++ {
		day := longrun.DayOf(now.AddDate(0, 0, -back))
		e, err := c.Ledger.Rollup(ctx, day.From)
		if err != nil {
			continue // missing, and looked for anyway; or the store is away
		}
		if start, lacks := lackedSlot(e, day, filled, c.Self.Interval); lacks {
			c.Late([]longrun.Heartbeat{{TS: start}})
		}
	}
}

// entry is a stored rollup.
type entry = ledger.Entry[longrun.Rollup]

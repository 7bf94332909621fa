package monitor

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// maxLate is how many late beats one commit carries: half of what a commit may,
// so that the lock row and whatever else the leader writes always fit.
const maxLate = 200

// errSlotOver ends a commit whose slot is over: the beat is late now, and must
// say so.
var errSlotOver = errors.New("monitor: the slot is over")

// writer stores beats under one lease. It lives as long as the lease.
type writer struct {
	m     *Monitor
	lease *lock.Lease
	head  evidence.Head // of the chain, as of the last settled commit
	chunk int           // late beats in the next commit
}

// write stores what the backlog holds, now and whenever a beat is added, until
// ctx ends or the lease is lost.
func (w *writer) write(ctx context.Context) error {
	err := w.keepWriting(ctx)
	if ctx.Err() != nil {
		w.flush(ctx)
	}
	return err
}

func (w *writer) keepWriting(ctx context.Context) error {
	for {
		for more := true; more; {
			var err error
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if more, err = w.step(ctx); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-w.m.backlog.wake:
		}
	}
}

// flush writes what still waits when the instance is asked to stop: the lease is
// good until it is released. It takes a quarter of the lease at most.
func (w *writer) flush(ctx context.Context) {
	ctx, cancel := deadline.With(context.WithoutCancel(ctx), w.m.cfg.Clock, min(storeTimeout, w.m.cfg.Lease/4))
	defer cancel()
	for w.lease.Err() == nil && ctx.Err() == nil {
		if more, err := w.step(ctx); err != nil || !more {
			return
		}
	}
}

// step writes the current slot's beat if it waits, else a chunk of older ones,
// and reports whether there may be more to write now.
func (w *writer) step(ctx context.Context) (more bool, err error) {
	newest, ok := w.m.backlog.newest()
	if !ok {
		return false, nil
	}
	if newest.Slot(w.m.cfg.Interval) == w.slot() {
		if err := w.current(ctx, newest); err != nil {
			return false, err
		}
		waiting, _ := w.m.backlog.size()
		return waiting > 0, nil
	}
	return w.late(ctx)
}

func (w *writer) slot() longrun.Slot {
	return longrun.SlotAt(w.m.cfg.Clock.Now(), w.m.cfg.Interval)
}

// current stores the beat of the slot that has not ended yet.
func (w *writer) current(ctx context.Context, h longrun.Heartbeat) error {
	stored, err := w.commit(ctx, h)
	switch {
	case err != nil && !errors.Is(err, errSlotOver):
		return err
	case len(stored) == 0:
		return nil
	}
	w.m.stored(ctx, stored[0])
	return nil
}

// late stores beats whose slots are over, oldest first, where the slot is still
// empty. The first time it reads which ones are. It reports whether there may be
// more to write now: not so where only beats of slots to come wait, from before
// the clock was set back. The next beat makes away with them.
func (w *writer) late(ctx context.Context) (more bool, err error) {
	interval := w.m.cfg.Interval
	waiting := w.m.backlog.all()
	now := w.slot()
	for len(waiting) > 0 && waiting[len(waiting)-1].Slot(interval) >= now {
		// A slot began meanwhile, and its beat goes first; or it is to come.
		more = more || waiting[len(waiting)-1].Slot(interval) == now
		waiting = waiting[:len(waiting)-1]
	}
	if len(waiting) == 0 {
		return more, nil
	}
	from, to := waiting[0].Slot(interval).Start(interval), (waiting[len(waiting)-1].Slot(interval) + 1).Start(interval)
	reading, cancel := deadline.With(ctx, w.m.cfg.Clock, storeTimeout)
	defer cancel()
	filled, err := w.m.ledger.FilledSlots(reading, from, to, interval, func(e ledger.Entry[longrun.Heartbeat], mangled *ledger.DocumentError) {
		w.m.mangled(ctx, mangled, e.Version)
	})
	if err != nil {
		// The lease tells better than a read whether this instance still leads.
		if deadline.Sleep(ctx, w.m.cfg.Clock, min(time.Second, interval/10)) {
			return true, nil
		}
		return false, context.Cause(ctx)
	}
	var done []longrun.Slot
	var empty []longrun.Heartbeat
	for _, h := range waiting {
		if filled[h.Slot(interval)] {
			done = append(done, h.Slot(interval))
		} else if len(empty) < w.chunk {
			h.Late = true
			empty = append(empty, h)
		}
	}
	w.m.forget(ctx, done)
	if len(empty) == 0 {
		return true, nil
	}
	stored, err := w.commit(ctx, empty...)
	if err != nil && !errors.Is(err, errSlotOver) {
		return false, err
	}
	if len(stored) > 0 {
		w.m.cfg.Logger.InfoContext(ctx, "late beats stored", "count", len(stored), "from", stored[0].BucketID, "to", stored[len(stored)-1].BucketID)
		w.m.stats.add(len(stored))
		w.m.closing.late(stored)
	}
	return true, nil
}

// commit links the beats to the chain and writes them in one commit with its
// head. It returns what was stored: all of them, or none when their slots are
// taken or the current slot ended first. Any error but errSlotOver means that
// the lease is over.
func (w *writer) commit(ctx context.Context, beats ...longrun.Heartbeat) ([]longrun.Heartbeat, error) {
	interval, head := w.m.cfg.Interval, w.head
	linked := make([]longrun.Heartbeat, len(beats))
	ops := make([]store.Op, len(beats))
	slots := make([]longrun.Slot, len(beats))
	for i, h := range beats {
		h.Epoch = w.lease.Token().Epoch
		linked[i], head = head.Next(h)
		ops[i], slots[i] = w.m.ledger.CreateHeartbeat(linked[i]), h.Slot(interval)
	}
	now := w.m.cfg.Clock.Now()
	inSlot, cancel := deadline.With(ctx, w.m.cfg.Clock, (longrun.SlotAt(now, interval) + 1).Start(interval).Sub(now))
	err := w.lease.CommitNote(inSlot, head.String(), ops...)
	over := inSlot.Err() != nil
	cancel()
	if errors.Is(err, lock.ErrUnknown) || errors.Is(err, lock.ErrNoteMoved) {
		if err := w.settle(ctx); err != nil {
			return nil, err
		}
		if w.head != head {
			return nil, errSlotOver
		}
		err = nil // it landed
	}
	switch {
	case err == nil:
		w.head, w.chunk = head, maxLate
		w.m.once.over("refused")
		w.m.forget(ctx, slots)
		return linked, nil
	case errors.Is(err, store.ErrConflict):
		if w.refused(ctx, slots) {
			w.m.cfg.Logger.DebugContext(ctx, "the slot already has a beat", "slot", linked[0].BucketID)
		}
		return nil, nil
	case errors.Is(err, store.ErrInvalid):
		if w.refused(ctx, slots) {
			w.m.once.report(ctx, slog.LevelError, "refused", "invalid", "beats cannot be stored and are dropped", "slot", linked[0].BucketID, "error", err)
		}
		return nil, nil
	case ctx.Err() == nil && w.lease.Err() == nil:
		// Neither landed nor lost. Mostly the slot ended before anything was
		// sent; anything else is tried again, but not at once.
		if !over {
			w.m.once.report(ctx, slog.LevelError, "commit", err.Error(), "beats cannot be committed", "error", err)
			deadline.Sleep(ctx, w.m.cfg.Clock, min(time.Second, interval/10))
		}
		return nil, errSlotOver
	}
	return nil, err
}

// settle finds out what became of a commit whose outcome is unknown, by a plain
// renewal behind it, and takes the head of the chain from the row.
func (w *writer) settle(ctx context.Context) error {
	for {
		err := w.lease.Commit(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil || w.lease.Err() != nil {
			return err
		}
		if !deadline.Sleep(ctx, w.m.cfg.Clock, min(time.Second, w.m.cfg.Interval/10)) {
			return context.Cause(ctx)
		}
	}
	w.head = w.m.parseHead(ctx, w.lease.Note())
	return nil
}

// refused handles beats that the store will not take, and reports whether it
// gave one up. Of many, the next commit tries fewer, until the one that is
// refused stands alone.
func (w *writer) refused(ctx context.Context, slots []longrun.Slot) bool {
	if len(slots) > 1 {
		w.chunk = max(1, len(slots)/8)
		return false
	}
	w.m.forget(ctx, slots)
	return true
}

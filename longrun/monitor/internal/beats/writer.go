package beats

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/chance"
	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/store"
)

// maxLate is how many late beats one commit carries: half of what a commit may,
// so that the lock row and whatever else the leader writes always fit.
const maxLate = 200

// errSlotOver ends a commit whose slot is over: the beat is late now, and must
// say so.
var errSlotOver = errors.New("beats: the slot is over")

// writer stores beats under one lease. It lives as long as the lease.
type writer struct {
	*Beats
	term  *leading.Term
	note  evidence.Note // of the lock, as of the last settled commit
	chunk int           // late beats in the next commit
}

// Write stores what the backlog holds, now and whenever a beat is added, until
// ctx ends or the lease is lost; and what still waits then.
func (b *Beats) Write(ctx context.Context, term *leading.Term) error {
	w := &writer{Beats: b, term: term, chunk: maxLate}
	w.note = w.parseNote(ctx)
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
		case <-w.backlog.wake:
		}
	}
}

// flush writes what still waits when the instance is asked to stop: the lease is
// good until it is released. It takes a quarter of the lease at most.
func (w *writer) flush(ctx context.Context) {
	ctx, cancel := w.Stop.Take(ctx, w.Self.Lease/4)
	defer cancel()
	for w.term.Err() == nil && ctx.Err() == nil {
		if more, err := w.step(ctx); err != nil || !more {
			return
		}
	}
}

// step writes the current slot's beat if it waits, else a chunk of older ones,
// and reports whether there may be more to write now.
func (w *writer) step(ctx context.Context) (more bool, err error) {
	if _, waits := w.backlog.newest(); !waits {
		return false, nil
	}
	// Not the newest: where the clock was set back there are some of slots to come.
	if h, waits := w.backlog.of(w.Slot()); waits {
		if err := w.current(ctx, h); err != nil {
			return false, err
		}
		waiting, _ := w.backlog.size()
		return waiting > 0, nil
	}
	return w.behind(ctx)
}

// current stores the beat of the slot that has not ended yet. What was read since it was
// made, in its slot, counts.
func (w *writer) current(ctx context.Context, h longrun.Heartbeat) error {
	w.weigh(&h)
	stored, err := w.commit(ctx, h)
	switch {
	case err != nil && !errors.Is(err, errSlotOver):
		return err
	case len(stored) == 0:
		return nil
	}
	w.inSlot(ctx, stored[0])
	return nil
}

// behind stores beats whose slots are over, oldest first, where the slot is still
// empty. The first time it reads which ones are. It reports whether there may be
// more to write now: not so where only beats of slots to come wait, from before
// the clock was set back. The next beat makes away with them.
func (w *writer) behind(ctx context.Context) (more bool, err error) {
	interval := w.Self.Interval
	waiting := w.backlog.all()
	now := w.Slot()
	for len(waiting) > 0 && waiting[len(waiting)-1].Slot(interval) >= now {
		// A slot began meanwhile, and its beat goes first; or it is to come.
		more = more || waiting[len(waiting)-1].Slot(interval) == now
		waiting = waiting[:len(waiting)-1]
	}
	if len(waiting) == 0 {
		return more, nil
	}
	from, to := waiting[0].Slot(interval).Start(interval), (waiting[len(waiting)-1].Slot(interval) + 1).Start(interval)
	reading, cancel := deadline.With(ctx, w.Clock, room.StoreTimeout)
	defer cancel()
	filled, err := w.Ledger.FilledSlots(reading, from, to, interval, func(e ledger.Entry[longrun.Heartbeat], mangled *ledger.DocumentError) {
		w.Mangled(ctx, mangled, e.Version)
	})
	if err != nil {
		// The lease tells better than a read whether this instance still leads.
		if w.pause(ctx) {
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
	w.backlog.remove(done...)
	if len(empty) == 0 {
		return true, nil
	}
	stored, err := w.commit(ctx, empty...)
	if err != nil && !errors.Is(err, errSlotOver) {
		return false, err
	}
	if len(stored) > 0 {
		w.late(ctx, stored)
	}
	return true, nil
}

// commit links the beats to the chain and writes them in one commit with its
// head. It returns what was stored: all of them, or none when their slots are
// taken or the current slot ended first. Any error but errSlotOver means that
// the lease is over.
func (w *writer) commit(ctx context.Context, beats ...longrun.Heartbeat) ([]longrun.Heartbeat, error) {
	interval, head := w.Self.Interval, w.note.Head
	linked := make([]longrun.Heartbeat, len(beats))
	ops := make([]store.Op, len(beats))
	slots := make([]longrun.Slot, len(beats))
	for i, h := range beats {
		h.Epoch = w.term.Epoch()
		linked[i], head = head.Next(h)
		ops[i], slots[i] = w.Ledger.CreateHeartbeat(linked[i]), h.Slot(interval)
	}
	now := w.Clock.Now()
	inSlot, cancel := deadline.With(ctx, w.Clock, (longrun.SlotAt(now, interval) + 1).Start(interval).Sub(now))
	err := w.term.Beat(inSlot, func(text string) (string, []store.Op, error) {
		note, err := evidence.ParseNote(text)
		if err != nil {
			note = evidence.Note{} // as parseNote has it
		}
		if note.Head != w.note.Head {
			return "", nil, lock.ErrNoteMoved
		}
		note.Head = head
		return note.Sign(w.Origin, w.EvidenceKey).String(), ops, nil
	})
	over := inSlot.Err() != nil
	if err == nil && w.Committed != nil {
		w.Committed(w.Clock.Now().Sub(now))
	}
	cancel()
	if errors.Is(err, lock.ErrUnknown) || errors.Is(err, lock.ErrNoteMoved) {
		if err := w.settle(ctx); err != nil {
			return nil, err
		}
		if w.note.Head != head {
			return nil, errSlotOver
		}
		err = nil // it landed
	}
	switch {
	case err == nil:
		w.note.Head, w.chunk = head, maxLate
		w.Log.Over("refused")
		w.Log.Over("commit")
		w.backlog.remove(slots...)
		return linked, nil
	case errors.Is(err, store.ErrConflict):
		if w.refused(slots) {
			w.Log.DebugContext(ctx, "the slot already has a beat", "slot", linked[0].BucketID)
		}
		return nil, nil
	case errors.Is(err, store.ErrInvalid):
		if w.refused(slots) {
			w.GaveUp(slots)
			w.Log.Once(ctx, slog.LevelError, "refused", "invalid", "beats cannot be stored and are dropped", "slot", linked[0].BucketID, "error", spawn.Text(err))
		}
		return nil, nil
	case ctx.Err() == nil && w.term.Err() == nil:
		// Neither landed nor lost. Mostly the slot ended before anything was
		// sent; anything else is tried again, but not at once.
		if !over {
			w.Log.Once(ctx, slog.LevelError, "commit", hostcall.ClassOf(err), "beats cannot be committed", "error", spawn.Text(err))
			w.pause(ctx)
		}
		return nil, errSlotOver
	}
	return nil, err
}

// settle finds out what became of a commit whose outcome is unknown, by a plain
// renewal behind it, and takes the head of the chain from the row.
func (w *writer) settle(ctx context.Context) error {
	for {
		err := w.term.Settle(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil || w.term.Err() != nil {
			return err
		}
		if !w.pause(ctx) {
			return context.Cause(ctx)
		}
	}
	known := w.note.Head.ChainSeq
	w.note = w.parseNote(ctx)
	if now := w.note.Head.ChainSeq; now < known {
		w.Log.ErrorContext(ctx, "the store has lost beats that it had acknowledged: the evidence chain goes on from an earlier one",
			"chain_seq_before", known, "chain_seq_now", now)
	}
	return nil
}

// refused handles beats that the store will not take, and reports whether it
// gave one up. Of many, the next commit tries fewer, until the one that is
// refused stands alone.
func (w *writer) refused(slots []longrun.Slot) bool {
	if len(slots) > 1 {
		w.chunk = max(1, len(slots)/8)
		return false
	}
	w.backlog.remove(slots...)
	return true
}

// pause waits before something that failed is tried again: not long, and not as
// long as others do.
func (w *writer) pause(ctx context.Context) bool {
	longest := min(time.Second, w.Self.Interval/10)
	return deadline.Sleep(ctx, w.Clock, longest/2+chance.Below(w.Clock, longest/2))
}

// parseNote reads the lock's note. One that is none begins a new chain: beats matter
// more than their chain, and verification sees the break.
func (w *writer) parseNote(ctx context.Context) evidence.Note {
	text := w.term.Note()
	note, err := evidence.ParseNote(text)
	if err != nil {
		w.Log.Changed(ctx, slog.LevelError, "note", text, "the evidence chain has lost its head and begins anew", "error", spawn.Text(err))
	}
	return note
}

package beats

import (
	"context"
	"log/slog"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/chance"
	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

// Pulse makes a beat at the start of each slot while this instance answers for
// it: it leads, or led when the store went away and knows of no successor. It
// ends with ctx.
func (b *Beats) Pulse(ctx context.Context) {
	last := b.Slot()
	said := false        // that it did not run until the slot that comes next
	var rested time.Time // when it had last done what there was to do, by the wall clock
	for {
		asked := b.awaitSlot(ctx, last+1)
		if ctx.Err() != nil {
			return
		}
		slot := b.Slot()
		due := room.Latest(slot.Start(b.Self.Interval), rested) // a host may have taken its time
		if slot > last+1 || slot == last+1 && !said && b.Clock.Now().Sub(due) > lateWake {
			b.stalled(ctx, last+1, slot)
		}
		last, said = slot, false
		began := b.Clock.Now()
		b.tick(ctx, asked)
		// Whoever took much longer than the host may did not run, and who asked may lead
		// no more, so that the beat it makes is nobody's.
		if now := b.Slot(); now > slot && lasted(began, b.Clock.Now()) > b.Options.Status.Caller().Patience()+maxDelay {
			b.stalled(ctx, slot, now)
			last, said = now-1, true
		}
		b.EachSlot(ctx)
		rested = b.Clock.Now().Round(0)
	}
}

// lasted is how much time passed between two readings of a clock, by the part of it that
// ran further: one stands still while a machine sleeps, and the other may be set back.
func lasted(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}

// awaitSlot returns when the slot has begun, when a beat is asked for, or when
// ctx ends, and reports whether it was asked for. Should the clock have been set
// back, the slot that it now shows is as good: its beat is refused if it has one.
func (b *Beats) awaitSlot(ctx context.Context, next longrun.Slot) (asked bool) {
	now := b.Clock.Now()
	if slot := longrun.SlotAt(now, b.Self.Interval) + 1; slot < next {
		next = slot
	}
	wait := next.Start(b.Self.Interval).Sub(now)
	if wait <= 0 {
		return false
	}
	waiting, cancel := deadline.With(ctx, b.Clock, wait)
	defer cancel()
	select {
	case <-waiting.Done():
		return false
	case <-b.asked:
		return true
	}
}

// lateWake is how late a process wakes that did not run, behind the begin of its slot and
// behind all that it had to do, where its last beat still waits; a busy machine may be as
// late, and has stored its beat. maxDelay is longer than any call of the store may take it.
const (
	lateWake = 2 * time.Second
	maxDelay = room.StoreTimeout + time.Second
)

// stalled notes that the process did not run in the slots [from, to): it was
// stopped, starved or suspended, or its clock jumped.
//
// Where the last beat before that was made and waits, though the store was not away in
// its slot, it stopped in the middle of the write: that slot is one of them, should
// nobody fill it.
func (b *Beats) stalled(ctx context.Context, from, to longrun.Slot) {
	if last, waits := b.backlog.newest(); waits && last.Slot(b.Self.Interval) == from-1 && !b.wasAway(from) {
		from--
	}
	if from == to {
		return
	}
	l := longrun.Lapse{From: from.Start(b.Self.Interval), To: to.Start(b.Self.Interval), Cause: longrun.Stall}
	b.Log.WarnContext(ctx, "this process did not run", "from", l.From, "to", l.To)
	b.Lapse(l)
}

// wasAway reports whether the store has not answered since before a slot began.
func (b *Beats) wasAway(slot longrun.Slot) bool {
	if b.Away == nil {
		return false
	}
	since := b.Away()
	return !since.IsZero() && since.Before(slot.Start(b.Self.Interval))
}

// tick makes the beat of the current slot and keeps it for the writer.
func (b *Beats) tick(ctx context.Context, asked bool) {
	if !b.Answers(ctx) {
		return
	}
	h, host := b.make(ctx)
	if ctx.Err() != nil {
		return
	}
	if !asked { // one that is asked for comes when it comes
		b.noteDrift(ctx, h)
	}
	b.Made(h, host) // ahead of what becomes of it
	if ahead := b.backlog.add(h); ahead > 0 {
		b.Log.WarnContext(ctx, "the clock was set back; waiting beats of slots that have not come are dropped", "beats", ahead, "slot", h.BucketID)
	}
}

// make asks the host how it is and returns the beat of the slot in which it
// asked: the process was alive then, however long the answer takes. What the host
// said is for the rules. No beat waits for the settings: where they are not read yet, it
// does not know whether a host that calls itself healthy is.
func (b *Beats) make(ctx context.Context) (longrun.Heartbeat, longrun.HostStatus) {
	now := b.Clock.Now()
	age := b.uptime.at(now)
	status, err := b.Options.Status.Ask(ctx)
	if ctx.Err() != nil {
		return longrun.Heartbeat{}, longrun.HostStatus{} // being stopped: half a status is none
	}
	h := longrun.Beat(now, b.Self.Interval)
	h.CommitHash, h.InstanceID = b.Self.CommitHash, b.Self.InstanceID
	h.UptimeSec = int64(age / time.Second)
	if !chance.Simulated(b.Clock) {
		h.MemoryRSS = residentMemory()
	}
	if err != nil {
		h.StatusError = hostcall.Text(err)
		b.Log.Once(ctx, slog.LevelWarn, "status", hostcall.ClassOf(err), "no status from the host", "error", h.StatusError)
		return h, longrun.HostStatus{}
	}
	if b.Log.Over("status") {
		b.Log.InfoContext(ctx, "status from the host again")
	}
	h.Describe(&status)
	h.HealthUnknown = status.Healthy // who calls itself not healthy is not, whatever is expected
	b.weigh(&h)
	return h, status
}

// weigh has a beat of a host that calls itself healthy say whether it has as many accounts
// as are expected, where that is known.
func (b *Beats) weigh(h *longrun.Heartbeat) {
	if expected, known := b.Expected(); h.HealthUnknown && known {
		h.Healthy, h.HealthUnknown = h.ConnectedCount >= expected, false
	}
}

// noteDrift tells how late a beat came, and says when beats begin to come late in
// their slots.
func (b *Beats) noteDrift(ctx context.Context, h longrun.Heartbeat) {
	if b.Drifted != nil {
		b.Drifted(h.DriftSec)
	}
	tolerated := b.Settings().DriftSec
	if h.DriftSec <= tolerated {
		b.Log.Over("drift")
		return
	}
	b.Log.Once(ctx, slog.LevelWarn, "drift", "late", "beats are made late in their slots", "slot", h.BucketID, "drift_sec", h.DriftSec, "tolerated_sec", tolerated)
}

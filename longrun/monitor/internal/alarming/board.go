package alarming

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/causes"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/outbox"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/storehealth"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// Options are what a Board is made of. Each is required.
type Options struct {
	// Channel is the way to people. Whoever made it opens and closes it.
	Channel *outbox.Channel
	// Started is when the run began; zero without one.
	Started func() time.Time
	// Probes appends what the rules see of each configured probe, and reports
	// whether that is known yet.
	Probes func(to []rules.Probed) (all []rules.Probed, known bool)
	// Health is what the last calls say of the store.
	Health func() storehealth.Health
	// Trusted is the time where it may be believed by whoever does what cannot be
	// taken back.
	Trusted func() (time.Time, error)
	// Answers reports whether this instance makes beats now, and Holder who leads
	// and at which epoch, as far as it saw; nobody where it saw none.
	Answers func(ctx context.Context) bool
	Holder  func() (string, int64)
	// MemoryLimit is how many bytes this process may use; 0 where there is no limit.
	MemoryLimit func() int64
	// Waiting are the beats that wait for the store: their slots are not missed.
	Waiting func() []longrun.Heartbeat
	// Reload reads the settings, and reports whether the store answered.
	Reload func(ctx context.Context) bool
	// KnownSlots is told which slots of a window that reaches to now, the last two
	// days, have a beat, and when anything began, zero where nothing did; once in a
	// lead.
	KnownSlots func(ctx context.Context, w longrun.Window, earliest time.Time, filled map[longrun.Slot]bool)
	// Older counts the filled ones of the slots [from, to) that are older than the rules
	// remember, and reports whether all of them are known.
	Older func(from, to longrun.Slot) (filled int64, known bool)
	// Changed is told when incidents began that opened or ended and are written:
	// their days are to be counted anew.
	Changed func(began ...time.Time)
}

// Board has the rules judged, and what they find told to people. It outlives a
// lead; a watch does the work of one. It is safe for concurrent use.
type Board struct {
	room.Deps
	Options
	mute   *mute
	names  *names
	outage *StoreOutage
	deaths *causes.Deaths
	wake   chan struct{} // there is something to look at

	mu       sync.Mutex
	watching bool
	looked   look // what the rules are to see next, if fresh
	fresh    bool
	told     []told // of slots since they looked, at most maxTold
	shown    shown
}

// told is what became of a slot: it got a beat, or lost the one that it had.
type told struct {
	slot longrun.Slot
	gone bool
}

// look is what a beat brings for the rules.
type look struct {
	beat longrun.Heartbeat
	host longrun.HostStatus
}

// New returns a Board that nobody watches.
func New(d room.Deps, o Options) *Board {
	b := &Board{Deps: d, Options: o, names: newNames(), deaths: causes.NewDeaths(d), wake: make(chan struct{}, 1)}
	b.mute = &mute{Deps: d}
	b.outage = newStoreOutage(d, o, b.mute)
	return b
}

// Task is the leader's part.
func (b *Board) Task() leading.Task { return leading.Task{Name: "alarms", Run: b.run} }

// Close waits for what is told of the store's outage, when the run's context has
// ended.
func (b *Board) Close() { b.outage.wait() }

// LookAtStore judges the rule store_unreachable, whoever leads. It is called once
// in a slot and asks no store. What it tells is broken off when ctx ends.
func (b *Board) LookAtStore(ctx context.Context) { b.outage.look(ctx) }

// Died is told of a run that was found dead when this instance began to lead.
func (b *Board) Died(run longrun.Run, found time.Time) { b.deaths.Found(run, found) }

// Made is told of each beat when it is made: its slot is not missed, however long
// the store takes. One that comes before anyone watches is kept: the host is not
// asked twice for the slot in which a lead begins.
func (b *Board) Made(beat longrun.Heartbeat, host longrun.HostStatus) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looked, b.fresh = look{beat, host}, true
	if !b.watching {
		return
	}
	b.tell(told{slot: beat.Slot(b.Self.Interval)})
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// GaveUp is told of slots whose beats were made, and will never be stored: they are
// missed after all.
func (b *Board) GaveUp(slots []longrun.Slot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.watching {
		return
	}
	for _, s := range slots {
		b.tell(told{slot: s, gone: true})
	}
}

// Stored is told of beats that were stored: of one that was given up while its write was
// under way, nobody knew that it had landed.
func (b *Board) Stored(beats ...longrun.Heartbeat) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.watching {
		return
	}
	for _, h := range beats {
		b.tell(told{slot: h.Slot(b.Self.Interval)})
	}
}

// tell keeps what became of a slot until somebody looks. Its caller holds mu.
func (b *Board) tell(t told) {
	if len(b.told) >= b.maxTold() { // a take-over that lasts for days
		b.told = slices.Delete(b.told, 0, len(b.told)/2)
	}
	b.told = append(b.told, t)
}

// maxTold is as many slots as the rules remember, made and given up.
func (b *Board) maxTold() int { return 2 * (int(rules.RecentSpan/b.Self.Interval) + 2) }

// take returns what came since the last take. What became of slots goes into room.
func (b *Board) take(room []told) (l look, fresh bool, all []told) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, fresh, all = b.looked, b.fresh, append(room, b.told...)
	b.looked, b.fresh, b.told = look{}, false, b.told[:0]
	return l, fresh, all
}

// begin and end bound a lead. What was made in the slot that now goes on counts
// for it.
func (b *Board) begin() {
	now := b.Slot()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watching, b.told = true, nil
	if !b.fresh || b.looked.beat.Slot(b.Self.Interval) != now {
		b.looked, b.fresh = look{}, false
		return
	}
	b.tell(told{slot: now})
}

func (b *Board) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watching, b.looked, b.fresh, b.told, b.shown = false, look{}, false, nil, shown{}
}

// run watches until the lead ends.
func (b *Board) run(ctx context.Context, lead leading.Lead) error {
	b.begin()
	defer b.end()
	w := newWatch(b, lead)
	if !w.takeOver(ctx) {
		return nil
	}
	for ctx.Err() == nil {
		w.outbox.Pause(ctx, w.turn(ctx), b.wake)
	}
	w.leave(ctx)
	return nil
}

// Name is what incidents and messages call an account.
func (b *Board) Name(account string) string { return b.names.of(account) }

package beats

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

// Options are what the room is made of. Each field is required where it names no default.
type Options struct {
	// Status is the host's word of itself.
	Status *hostcall.Status
	// Expected tells how many accounts are to be connected, and whether that is known.
	Expected func() (accounts int64, known bool)
	// Backlog is how many beats are kept while the store is out of reach.
	Backlog int
	// Journal is a file for those. Default: none.
	Journal string
	// ProcessStart is when the process began.
	ProcessStart time.Time
	// Answers tells whether this instance answers for the slots now.
	Answers func(ctx context.Context) bool
	// Made is told of each beat when it is made.
	Made func(longrun.Heartbeat, longrun.HostStatus)
	// GaveUp is told of the slots of beats that were made and will not be stored: too
	// many waited, the store takes none such, or they are another instance's to write. It
	// must not call what it is told by.
	GaveUp func([]longrun.Slot)
	// Stored is told of each beat that was stored in its slot, and StoredLate of
	// those that were stored after it.
	Stored     func(context.Context, longrun.Heartbeat)
	StoredLate func([]longrun.Heartbeat)
	// Lapse is told of a time in which this process did not run.
	Lapse func(longrun.Lapse)
	// Away tells since when the store does not answer; zero where it does. Default: it
	// always does.
	Away func() time.Time
	// Drifted is told how late in its slot a beat was made, in seconds, that came with
	// the slot; Committed how long it took to store beats. Default: nobody is.
	Drifted   func(sec float64)
	Committed func(took time.Duration)
	// EachSlot is called once in each slot, whoever leads.
	EachSlot func(context.Context)
	// Origin names the log of evidence, and EvidenceKey signs the note of the lock with
	// each beat. Default: it is not signed.
	Origin      string
	EvidenceKey ed25519.PrivateKey
}

// Beats is the room. Its methods are safe for concurrent use.
type Beats struct {
	room.Deps
	Options
	backlog *backlog
	left    left          // in the journal, by an earlier process
	asked   chan struct{} // make a beat now and do not wait for the next slot
	uptime  *uptime

	mu     sync.Mutex
	last   *longrun.Heartbeat // the last one stored in its slot
	stored int
}

// New returns a room that does nothing yet. The error says why Options.Journal
// cannot be used.
func New(d room.Deps, o Options) (*Beats, error) {
	b := &Beats{Deps: d, Options: o, asked: make(chan struct{}, 1), uptime: newUptime(o.ProcessStart)}
	j, err := openJournal(o.Journal, o.Backlog, func(err error) { b.journalFailed(err) })
	if err != nil {
		return nil, err
	}
	b.left, err = j.read(d.Clock.Now(), d.Self.Interval)
	if err != nil {
		return nil, err
	}
	b.backlog = newBacklog(o.Backlog, d.Self.Interval, j, o.GaveUp)
	return b, nil
}

// Begin forgets what belongs to an earlier run, and says what the journal had
// that is of no use.
func (b *Beats) Begin(ctx context.Context) {
	select {
	case <-b.asked:
	default:
	}
	b.mu.Lock()
	b.last, b.stored = nil, 0
	b.mu.Unlock()
	if b.left.useless > 0 {
		b.Log.Once(ctx, slog.LevelWarn, "journal", "lines", "lines of the journal that make no sense are passed over", "lines", b.left.useless)
	}
}

// Close waits for the journal, or for ctx.
func (b *Beats) Close(ctx context.Context) { b.backlog.journal.close(ctx) }

// LeftBehind are the times in which an earlier process was alive without the
// store, as its journal says.
func (b *Beats) LeftBehind() []longrun.Lapse { return b.left.lapses }

// Recorded empties the journal of what an earlier process left there: it stands
// in this run's document now.
func (b *Beats) Recorded() { b.backlog.recorded() }

// Ask has a beat made at once: a new leader does not leave the slot that it
// begins in to chance.
func (b *Beats) Ask() {
	select {
	case b.asked <- struct{}{}:
	default:
	}
}

// GiveUp drops the beats that wait: another led meanwhile, and they are no longer
// this instance's to write. That it was alive is in its run, as a lapse.
func (b *Beats) GiveUp(ctx context.Context) {
	if gone := b.backlog.clear(); gone > 0 {
		b.Log.WarnContext(ctx, "another instance led meanwhile; waiting beats are given up", "beats", gone)
	}
}

// Waiting are the beats that are made and not stored, oldest first.
func (b *Beats) Waiting() []longrun.Heartbeat { return b.backlog.all() }

// Status is what is known of this run's beats.
type Status struct {
	// Last is the last beat that was stored in its slot, nil without one.
	Last *longrun.Heartbeat
	// Stored, Waiting and Dropped count beats.
	Stored, Waiting, Dropped int
}

// Status returns what is known.
func (b *Beats) Status() Status {
	waiting, dropped := b.backlog.size()
	b.mu.Lock()
	defer b.mu.Unlock()
	return Status{Last: b.last, Stored: b.stored, Waiting: waiting, Dropped: dropped}
}

// inSlot takes note of a beat that was stored in its slot.
func (b *Beats) inSlot(ctx context.Context, h longrun.Heartbeat) {
	b.mu.Lock()
	b.stored++
	b.last = &h
	b.mu.Unlock()
	b.Log.DebugContext(ctx, "heartbeat stored", "slot", h.BucketID, "epoch", h.Epoch)
	b.Stored(ctx, h)
}

// late takes note of beats that were stored after their slots.
func (b *Beats) late(ctx context.Context, stored []longrun.Heartbeat) {
	b.mu.Lock()
	b.stored += len(stored)
	b.mu.Unlock()
	b.Log.InfoContext(ctx, "late beats stored", "count", len(stored), "from", stored[0].BucketID, "to", stored[len(stored)-1].BucketID)
	b.StoredLate(stored)
}

func (b *Beats) journalFailed(err error) {
	b.Log.Once(context.Background(), slog.LevelError, "journal", "unwritable", "journal not written, waiting beats are kept in memory only", "error", spawn.Text(err))
}

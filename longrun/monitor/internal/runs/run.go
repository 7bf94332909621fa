package runs

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/chance"
	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/store"
)

// maxTries bounds how often one save meets somebody else's write.
const maxTries = 5

// maxPause bounds the pause between two tries to write the run, and with
// it how long an instance that writes nothing else takes to see that the store
// takes writes again.
const maxPause = 8 * time.Second

// Options are what a Run is made of. Each is required.
type Options struct {
	// Saved is called after each write.
	Saved func()
	// Away tells that the store is, and that this was said.
	Away func() bool
	// Lost is told of each run that MarkLost found dead, and when this instance began
	// to lead; perhaps more than once.
	Lost func(run longrun.Run, found time.Time)
}

// New returns the Run of an instance, for any number of runs, one after the other.
func New(d room.Deps, o Options) *Run {
	return &Run{Deps: d, Options: o, wake: make(chan struct{}, 1)}
}

// Run keeps this instance's run document true. Any instance writes its own,
// so the writes are not fenced but conditional: whoever marked the run as lost
// is met, and contradicted by being alive.
type Run struct {
	room.Deps
	Options
	wake chan struct{} // there is something to write

	saving sync.Mutex // one save at a time; held across store calls

	mu      sync.Mutex
	run     longrun.Run
	version string    // of the stored document; empty before the first write
	wrote   time.Time // of the beats, the newest
	dirty   bool
	doubt   time.Duration // until it is looked whether somebody called it lost; 0 when nobody has reason to
}

// Begin begins the document of a new run; nothing is written yet.
func (r *Run) Begin(run longrun.Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run, r.version, r.wrote, r.dirty, r.doubt = run, "", time.Time{}, true, 0
}

// ID is the document's.
func (r *Run) ID() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.run.RunID
}

// Wrote notes beats of this run that were stored.
func (r *Run) Wrote(beats ...longrun.Heartbeat) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range beats {
		r.wrote = room.Latest(r.wrote, h.TS)
	}
}

// Lapse notes a time in which the instance was alive and wrote nothing.
func (r *Run) Lapse(lapses ...longrun.Lapse) {
	if len(lapses) == 0 {
		return
	}
	r.mu.Lock()
	for _, l := range lapses {
		r.run.Lapses = addLapse(r.run.Lapses, l)
	}
	r.dirty = true
	r.mu.Unlock()
	r.nudge()
}

// CutOff notes a time in which nothing landed that this instance wrote to keep its lease:
// the store was out of its reach, though now and then a call may have gone through.
func (r *Run) CutOff(from, to time.Time) {
	if from, to = from.Round(0), to.Round(0); to.After(from) { // by the wall clock, which may have been set back
		r.Lapse(longrun.Lapse{From: from, To: to, Cause: longrun.StoreDown})
	}
}

// Touch has the run written again though nothing changed: only a write shows
// whether the store takes one.
func (r *Run) Touch() {
	r.mu.Lock()
	r.dirty = true
	r.mu.Unlock()
	r.nudge()
}

// firstDoubt and lastDoubt bound the pauses, each twice the one before, in which a run
// looks whether it was called lost.
const (
	firstDoubt = 5 * time.Second
	lastDoubt  = time.Hour
)

// Replaced is told when another instance leads that this one had led before: it may
// call this run lost, at once or when it can. The run is written again now and later and
// later, and so meets that.
func (r *Run) Replaced() {
	r.mu.Lock()
	r.dirty, r.doubt = true, firstDoubt
	r.mu.Unlock()
	r.nudge()
}

// await waits until there is something to write, and reports false when ctx ended.
func (r *Run) await(ctx context.Context) bool {
	r.mu.Lock()
	doubt := r.doubt
	r.mu.Unlock()
	waiting, cancel := ctx, context.CancelFunc(func() {})
	if doubt > 0 {
		waiting, cancel = deadline.With(ctx, r.Clock, doubt)
	}
	defer cancel()
	select {
	case <-r.wake:
		return true
	case <-waiting.Done():
	}
	if ctx.Err() != nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dirty = true
	if r.doubt != doubt {
		return true // it began anew meanwhile
	}
	if r.doubt = 2 * doubt; r.doubt > lastDoubt {
		r.doubt = 0
	}
	return true
}

func (r *Run) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Keep writes the run whenever it changed, until ctx ends. It retries for ever,
// slower and slower.
func (r *Run) Keep(ctx context.Context) {
	r.nudge() // the first write
	pause := time.Second
	for r.await(ctx) {
		for ctx.Err() == nil {
			err := r.save(ctx)
			if err == nil {
				if r.Log.Over("run") {
					r.Log.InfoContext(ctx, "run recorded", "run", r.ID())
				}
				pause = time.Second
				break
			}
			if ctx.Err() != nil {
				return // being stopped; Close writes the last word
			}
			if !r.Away() {
				r.Log.Once(ctx, slog.LevelWarn, "run", "unwritten", "run not recorded yet", "run", r.ID(), "error", spawn.Text(err))
			}
			if !deadline.Sleep(ctx, r.Clock, pause*3/4+chance.Below(r.Clock, pause/4)) {
				return
			}
			pause = min(2*pause, maxPause)
		}
	}
}

// Close writes how the run ended. ctx bounds it.
func (r *Run) Close(ctx context.Context, ended string, end time.Time) error {
	r.mu.Lock()
	// A clock that was set back ends nothing before it began, or wrote.
	end = room.Latest(end.UTC(), room.Latest(r.run.TS, r.wrote))
	r.run.End, r.run.Ended, r.run.EndedBy = &end, ended, r.run.InstanceID
	r.dirty = true
	r.mu.Unlock()
	return r.save(ctx)
}

// save writes the run if it changed, on the version it knows. A conflict means
// that someone else wrote the document, or that an earlier reply was lost.
func (r *Run) save(ctx context.Context) error {
	r.saving.Lock()
	defer r.saving.Unlock()
	ctx, cancel := deadline.With(ctx, r.Clock, room.StoreTimeout)
	defer cancel()
	var err error
	for range maxTries {
		r.mu.Lock()
		run, version, dirty := r.run, r.version, r.dirty
		run.Lapses = slices.Clone(r.run.Lapses)
		r.dirty = false
		r.mu.Unlock()
		if !dirty {
			return nil
		}
		var written string
		if written, err = r.Ledger.PutRun(ctx, run, version); err == nil {
			r.mu.Lock()
			r.version = written
			r.mu.Unlock()
			r.Saved()
			continue // it may have changed meanwhile
		}
		r.mu.Lock()
		r.dirty = true
		r.mu.Unlock()
		switch {
		case errors.Is(err, store.ErrInvalid) && r.dropLapses(len(run.Lapses)):
			r.Log.Once(ctx, slog.LevelError, "lapses", "invalid", "the store refuses this run's lapses, and they are dropped", "run", run.RunID, "lapses", len(run.Lapses), "error", spawn.Text(err))
			continue
		case !errors.Is(err, store.ErrConflict):
			return err
		}
		if err = r.meet(ctx, run, version); err != nil {
			return err
		}
	}
	return err
}

// dropLapses forgets the first n lapses, and reports whether there are any: what
// they say may be what the store refuses, and the run matters more.
func (r *Run) dropLapses(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run.Lapses = slices.Clone(r.run.Lapses[min(n, len(r.run.Lapses)):])
	return n > 0
}

// meet reads what lies where a write was refused, and takes its version.
func (r *Run) meet(ctx context.Context, mine longrun.Run, version string) error {
	there, err := r.Ledger.Run(ctx, mine.RunID)
	var mangled *ledger.DocumentError
	switch {
	case errors.Is(err, store.ErrNotFound):
		there.Version = "" // it was deleted: write it anew
	case err != nil && !errors.As(err, &mangled):
		return err
	case err == nil && version == "" && !sameRun(there.Value, mine):
		// Another run of this instance ID began in the same second.
		r.mu.Lock()
		r.run.RunID = ledger.RunID(mine.InstanceID, mine.TS) + "-" + strconv.FormatInt(mine.PID, 10) + "-" + strconv.Itoa(mine.TS.Nanosecond()/1000)
		r.mu.Unlock()
		return nil
	case err == nil && there.Value.Ended == longrun.Lost:
		r.Log.WarnContext(ctx, "this run had been given up as lost; it goes on", "run", mine.RunID, "by", there.Value.EndedBy)
		if end, now := there.Value.End, r.Clock.Now(); end != nil && now.After(*end) { // whoever explains that time is to know that it lived
			r.Lapse(longrun.Lapse{From: *end, To: now, Cause: longrun.Unknown})
		}
	}
	r.mu.Lock()
	r.version = there.Version
	r.mu.Unlock()
	return nil
}

// own reports whether it is this very run. The ID alone does not tell: one of the
// same instance that began in the same second, and died, has it too, until this one's
// first write meets that.
func (r *Run) own(run longrun.Run) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return sameRun(run, r.run)
}

func sameRun(a, b longrun.Run) bool {
	return a.InstanceID == b.InstanceID && a.PID == b.PID && a.Host == b.Host && a.TS.Equal(b.TS)
}

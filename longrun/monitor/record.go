package monitor

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// storeTimeout bounds every store call that the monitor makes outside its
// lease; the calls under the lease have the lock's own bounds.
const storeTimeout = 10 * time.Second

// maxRecordTries bounds how often one save meets somebody else's write.
const maxRecordTries = 5

// maxRecordPause bounds the pause between two tries to write the run, and with
// it how long an instance that writes nothing else takes to see that the store
// takes writes again.
const maxRecordPause = 8 * time.Second

// record keeps this instance's run document true. Any instance writes its own,
// so the writes are not fenced but conditional: whoever marked the run as lost
// is met, and contradicted by being alive.
type record struct {
	ledger *ledger.Ledger
	clock  clock.Clock
	once   *once
	logger *slog.Logger
	wake   chan struct{} // there is something to write
	saved  func()        // called after each write
	away   func() bool   // the store is, as was said

	saving sync.Mutex // one save at a time; held across store calls

	mu      sync.Mutex
	run     longrun.Run
	version string // of the stored document; empty before the first write
	dirty   bool
}

// reset begins the record of a new run; nothing is written yet.
func (r *record) reset(run longrun.Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run, r.version, r.dirty = run, "", true
}

func (r *record) id() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.run.RunID
}

// lapse notes a time in which the instance was alive and wrote nothing.
func (r *record) lapse(lapses ...longrun.Lapse) {
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

// touch has the run written again though nothing changed: only a write shows
// whether the store takes one.
func (r *record) touch() {
	r.mu.Lock()
	r.dirty = true
	r.mu.Unlock()
	r.nudge()
}

// addLapse appends l, joined to the one before where they touch. A process that
// did not run cannot tell of the store, so a stall is cut from outages, whichever
// of them is known first.
func addLapse(lapses []longrun.Lapse, l longrun.Lapse) []longrun.Lapse {
	l.From, l.To = l.From.UTC(), l.To.UTC()
	parts := []longrun.Lapse{l}
	kept := lapses[:0:0]
	for _, known := range lapses {
		kept = append(kept, without(known, l)...)
		var rest []longrun.Lapse
		for _, part := range parts {
			rest = append(rest, without(part, known)...)
		}
		parts = rest
	}
	lapses = kept
	for _, part := range parts {
		lapses = joinLapse(lapses, part)
	}
	return lapses[max(0, len(lapses)-longrun.MaxLapses):]
}

// without returns an outage without the time of a stall; any other lapse stays
// as it is.
func without(outage, stall longrun.Lapse) []longrun.Lapse {
	if outage.Cause != longrun.StoreDown || stall.Cause != longrun.Stall || !stall.From.Before(outage.To) || !stall.To.After(outage.From) {
		return []longrun.Lapse{outage}
	}
	var out []longrun.Lapse
	before, after := outage, outage
	if before.To = stall.From; before.To.After(before.From) {
		out = append(out, before)
	}
	if after.From = stall.To; after.To.After(after.From) {
		out = append(out, after)
	}
	return out
}

func joinLapse(lapses []longrun.Lapse, l longrun.Lapse) []longrun.Lapse {
	if n := len(lapses); n > 0 && lapses[n-1].Cause == l.Cause && !l.From.After(lapses[n-1].To) && !l.From.Before(lapses[n-1].From) {
		if l.To.After(lapses[n-1].To) {
			lapses[n-1].To = l.To
		}
		return lapses
	}
	return append(lapses, l)
}

func (r *record) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// keep writes the run whenever it changed, until ctx ends. It retries for ever,
// slower and slower.
func (r *record) keep(ctx context.Context) {
	r.nudge() // the first write
	pause := time.Second
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		for ctx.Err() == nil {
			err := r.save(ctx)
			if err == nil {
				if r.once.over("run") {
					r.logger.InfoContext(ctx, "run recorded", "run", r.id())
				}
				pause = time.Second
				break
			}
			if ctx.Err() != nil {
				return // being stopped; close writes the last word
			}
			if !r.away() {
				r.once.report(ctx, slog.LevelWarn, "run", "unwritten", "run not recorded yet", "run", r.id(), "error", err)
			}
			if !deadline.Sleep(ctx, r.clock, pause) {
				return
			}
			pause = min(2*pause, maxRecordPause)
		}
	}
}

// close writes how the run ended. ctx bounds it.
func (r *record) close(ctx context.Context, ended string, end time.Time) error {
	r.mu.Lock()
	end = end.UTC()
	r.run.End, r.run.Ended, r.run.EndedBy = &end, ended, r.run.InstanceID
	r.dirty = true
	r.mu.Unlock()
	return r.save(ctx)
}

// save writes the run if it changed, on the version it knows. A conflict means
// that someone else wrote the document, or that an earlier reply was lost.
func (r *record) save(ctx context.Context) error {
	r.saving.Lock()
	defer r.saving.Unlock()
	ctx, cancel := deadline.With(ctx, r.clock, storeTimeout)
	defer cancel()
	var err error
	for range maxRecordTries {
		r.mu.Lock()
		run, version, dirty := r.run, r.version, r.dirty
		run.Lapses = slices.Clone(r.run.Lapses)
		r.dirty = false
		r.mu.Unlock()
		if !dirty {
			return nil
		}
		var written string
		if written, err = r.ledger.PutRun(ctx, run, version); err == nil {
			r.mu.Lock()
			r.version = written
			r.mu.Unlock()
			r.saved()
			continue // it may have changed meanwhile
		}
		r.mu.Lock()
		r.dirty = true
		r.mu.Unlock()
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		if err = r.meet(ctx, run, version); err != nil {
			return err
		}
	}
	return err
}

// meet reads what lies where a write was refused, and takes its version.
func (r *record) meet(ctx context.Context, mine longrun.Run, version string) error {
	there, err := r.ledger.Run(ctx, mine.RunID)
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
		r.logger.WarnContext(ctx, "this run had been given up as lost; it goes on", "run", mine.RunID, "by", there.Value.EndedBy)
	}
	r.mu.Lock()
	r.version = there.Version
	r.mu.Unlock()
	return nil
}

func sameRun(a, b longrun.Run) bool {
	return a.PID == b.PID && a.Host == b.Host && a.TS.Equal(b.TS)
}

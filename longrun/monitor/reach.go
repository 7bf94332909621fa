package monitor

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/store"
)

// reach is the store as the monitor uses it, watched: it knows since when the
// store answers, or does not. An answer that refuses is an answer. A store may
// also answer reads and take no writes, when its disk is full for one; so an
// outage in which a Commit failed lasts until a Commit is answered.
type reach struct {
	store.Store
	clock clock.Clock
	// changed is called when the store was lost, shows that it only reads, or
	// came back; and retry when an outage needs a Commit to end. Both outside
	// the lock.
	changed func(change, outage)
	retry   func()
	// followed is a document, and saw is called with each read of it.
	followed store.Key
	saw      func(store.Record)

	mu       sync.Mutex
	answered time.Time // the last answer to anything …
	written  time.Time // … and to a Commit
	seen     time.Time // the last write of the followed document, whoever's
	out      *outage   // nil while the store is well
	ended    time.Time // when the last outage did
}

var (
	_ store.Store   = (*reach)(nil)
	_ store.Watcher = (*reach)(nil)
)

// change is what became of the store.
type change int

const (
	lost     change = iota
	readOnly        // it answers, but takes no writes
	back
)

// outage is a time without the store. to is zero while it lasts.
type outage struct {
	from, to time.Time
	good     time.Time // the last sign before it
	err      error
	writes   bool // a Commit failed
	reads    bool // since when a read was answered …
	told     bool // … and Commits still fail, which was said
}

// maxCall is longer than any call of the store may take: where one took longer
// by the clock, the process did not run meanwhile.
const maxCall = storeTimeout + time.Second

func newReach(st store.Store, clk clock.Clock, changed func(change, outage), retry func()) *reach {
	r := &reach{Store: st, clock: clk, changed: changed, retry: retry}
	r.begin()
	return r
}

// begin forgets what was known: nobody has looked since.
func (r *reach) begin() {
	now := r.clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered, r.written, r.seen, r.out, r.ended = now, now, time.Time{}, nil, time.Time{}
}

// follow has saw called with each read of the document. It is called before the
// store is used.
func (r *reach) follow(key store.Key, saw func(store.Record)) { r.followed, r.saw = key, saw }

func (r *reach) Get(ctx context.Context, key store.Key) (store.Record, error) {
	start := r.clock.Now()
	rec, err := r.Store.Get(ctx, key)
	r.note(ctx, start, false, err)
	if err == nil && key == r.followed {
		r.mu.Lock()
		r.seen = latest(r.seen, start.Add(-rec.Age()))
		r.mu.Unlock()
		r.saw(rec)
	}
	return rec, err
}

func (r *reach) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		start := r.clock.Now()
		var last error
		for rec, err := range r.Store.Scan(ctx, q) {
			last = err
			if !yield(rec, err) {
				break
			}
			start = r.clock.Now() // of the wait for the next record
		}
		r.note(ctx, start, false, last)
	}
}

func (r *reach) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	start := r.clock.Now()
	stamps, err := r.Store.Commit(ctx, ops...)
	r.note(ctx, start, true, err)
	return stamps, err
}

// Watch passes the inner store's ability on.
func (r *reach) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	w, ok := r.Store.(store.Watcher)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return w.Watch(ctx, key)
}

// note takes the outcome of one call.
func (r *reach) note(ctx context.Context, start time.Time, commit bool, err error) {
	answered := err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrInvalid)
	if !answered && ctx.Err() != nil && !deadline.TimedOut(ctx) {
		return // the caller gave up: that says nothing of the store
	}
	now := r.clock.Now()
	r.mu.Lock()
	var o outage
	var happened []change
	var retry bool
	if answered {
		o, happened = r.well(now, commit)
	} else {
		o, happened, retry = r.failed(now, latest(start, now.Add(-maxCall)), commit, err)
	}
	r.mu.Unlock()
	for _, c := range happened {
		r.changed(c, o)
	}
	if retry {
		r.retry()
	}
}

// well takes an answer, under the lock.
func (r *reach) well(now time.Time, commit bool) (o outage, happened []change) {
	r.answered = now
	if commit {
		r.written = now
	}
	if r.out == nil {
		return outage{}, nil
	}
	r.out.reads = true
	if r.out.writes && !commit {
		return outage{}, nil
	}
	o, r.out = *r.out, nil
	o.to, r.ended = now, now
	return o, []change{back}
}

// failed takes a call without an answer, under the lock. retry tells that from
// here on only a Commit can end the outage.
func (r *reach) failed(now, start time.Time, commit bool, err error) (o outage, happened []change, retry bool) {
	if r.out == nil {
		last, good := r.answered, r.answered
		if commit {
			last, good = r.written, latest(r.written, r.seen)
		}
		switch {
		case now.Before(last): // the clock was set back
			good = start
		case start.Before(last):
			return outage{}, nil, false // one that was begun later was answered
		}
		r.out = &outage{from: start, good: good}
		if commit && r.seen.After(r.written) && r.seen.Before(start) {
			r.out.from = r.seen // another wrote, and nobody has since
		}
		happened = append(happened, lost)
	}
	r.out.err = err
	if !commit {
		r.out.reads = false
		return *r.out, happened, false
	}
	retry, r.out.writes = !r.out.writes, true
	if r.out.reads && !r.out.told {
		r.out.told = true
		happened = append(happened, readOnly)
	}
	return *r.out, happened, retry
}

// latest returns the later of two times.
func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// health is what the last calls say of the store.
type health struct {
	answered            time.Time
	since               time.Time // of the outage; zero without one
	ended               time.Time // of the outage before; zero where there was none
	reachable, readOnly bool
	err                 error
}

func (r *reach) health() health {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.out == nil {
		return health{answered: r.answered, ended: r.ended, reachable: true}
	}
	return health{r.answered, r.out.from, r.ended, r.out.reads, r.out.reads, r.out.err}
}

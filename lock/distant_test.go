package lock_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// distant lets a story that is told in a bubble use a database that is not in it.
// The calls are made by goroutines outside, and the bubble's time stands still
// until they return: to the story a database is one that answers at once.
//
// What it cannot take from the database is its clock, which knows nothing of the
// bubble's years: documents are stamped here, by the world's clock, at the commit.
// Everything else, conditions, versions, watches and what a document looks like, is
// the database's own.
type distant struct {
	st     store.Store
	booths chan *booth
	clock  clock.Clock // the bubble's; set when the story begins

	// changing is held from a commit until all that watch have been told: of two
	// changes at once a watch may tell in one word, and the second would wait for ever.
	changing sync.Mutex

	mu      sync.Mutex
	stamps  map[store.Key]stamp
	watches map[*sight]store.Key
}

type stamp struct {
	version string
	at      time.Time
}

// booth is a goroutine outside of all bubbles, that makes one call at a time.
type booth struct {
	ask  chan func()
	done chan struct{}
}

// sight is one watch: the database's, and what the bubble sees of it.
type sight struct {
	news <-chan struct{}
	seen chan struct{}
	end  context.CancelFunc // of the database's
}

var (
	_ store.Store   = (*distant)(nil)
	_ store.Watcher = (*distant)(nil)
)

// latest bounds a call in real time. No answer within it is a failure.
const latest = time.Minute

// newDistant must be called outside of the bubble.
func newDistant(t *testing.T, st store.Store) *distant {
	const booths = 8
	d := &distant{st: st, booths: make(chan *booth, booths), stamps: map[store.Key]stamp{}, watches: map[*sight]store.Key{}}
	var wg sync.WaitGroup
	asks := make([]chan func(), booths)
	for i := range asks {
		b := &booth{ask: make(chan func()), done: make(chan struct{})}
		asks[i] = b.ask
		wg.Go(func() {
			for call := range b.ask {
				call()
				b.done <- struct{}{}
			}
		})
		d.booths <- b
	}
	t.Cleanup(func() {
		for _, ask := range asks {
			close(ask)
		}
		wg.Wait()
	})
	return d
}

// outside makes a call out of the bubble, and returns when that does.
func (d *distant) outside(call func(ctx context.Context)) {
	b := <-d.booths
	b.ask <- func() {
		ctx, cancel := context.WithTimeout(context.Background(), latest)
		defer cancel()
		call(ctx)
	}
	<-b.done
	d.booths <- b
}

// Get implements store.Store.
func (d *distant) Get(ctx context.Context, key store.Key) (rec store.Record, err error) {
	if err := ctx.Err(); err != nil {
		return rec, err
	}
	d.outside(func(ctx context.Context) { rec, err = d.st.Get(ctx, key) })
	if err != nil {
		return rec, err
	}
	return d.dated(rec), nil
}

// dated is the record as the bubble's time has it. What somebody else wrote is as
// old as its first reading.
func (d *distant) dated(rec store.Record) store.Record {
	key, now := rec.Key, d.clock.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stamps[key].version != rec.Version {
		d.stamps[key] = stamp{rec.Version, now}
	}
	return store.NewRecord(key, rec.At, rec.Version, d.stamps[key].at, now, rec.Decode)
}

// Scan implements store.Store.
func (d *distant) Scan(_ context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		var all []store.Record
		var err error
		d.outside(func(ctx context.Context) {
			for rec, failure := range d.st.Scan(ctx, q) {
				all, err = append(all, rec), failure
			}
		})
		for _, rec := range all {
			if err == nil {
				rec = d.dated(rec)
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

// Commit implements store.Store. Whoever watches has been told when it returns.
func (d *distant) Commit(ctx context.Context, ops ...store.Op) (stamps []store.Stamp, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d.changing.Lock()
	defer d.changing.Unlock()
	d.outside(func(ctx context.Context) { stamps, err = d.st.Commit(ctx, ops...) })
	if err != nil {
		return nil, err
	}
	stamps, now := slices.Clone(stamps), d.clock.Now()
	for i, op := range ops {
		d.mu.Lock()
		if op.Value == nil {
			delete(d.stamps, op.Key)
		} else {
			d.stamps[op.Key] = stamp{stamps[i].Version, now}
			stamps[i].UpdateTime = now
		}
		d.mu.Unlock()
		d.tell(op.Key)
	}
	return stamps, nil
}

// tell waits until the database has told all that watch the document, and lets the
// bubble know.
func (d *distant) tell(key store.Key) {
	d.mu.Lock()
	var all []*sight
	for s, watched := range d.watches {
		if watched == key {
			all = append(all, s)
		}
	}
	d.mu.Unlock()
	for _, s := range all {
		d.outside(func(ctx context.Context) {
			select {
			case <-s.news:
			case <-ctx.Done():
				panic(fmt.Sprintf("a change of %v was not signalled within %v", key, latest))
			}
		})
		d.mu.Lock()
		if _, watches := d.watches[s]; watches { // else nobody looks any more
			select {
			case s.seen <- struct{}{}:
			default: // it has not looked since the last one
			}
		}
		d.mu.Unlock()
	}
}

// Watch implements store.Watcher where the database does.
func (d *distant) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	w, ok := d.st.(store.Watcher)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	d.changing.Lock() // it sees the next change, and is not asked for this one
	defer d.changing.Unlock()
	s := &sight{seen: make(chan struct{}, 1)}
	var err error
	d.outside(func(context.Context) {
		var watch context.Context
		watch, s.end = context.WithCancel(context.Background())
		s.news, err = w.Watch(watch, key)
	})
	if err != nil {
		s.end()
		return nil, err
	}
	d.mu.Lock()
	d.watches[s] = key
	d.mu.Unlock()
	context.AfterFunc(ctx, func() {
		d.mu.Lock()
		delete(d.watches, s)
		d.mu.Unlock()
		d.outside(func(context.Context) {
			s.end()
			for range s.news { // closed once everything behind it has stopped
			}
		})
		close(s.seen)
	})
	return s.seen, nil
}

// TestChangesAtOnceAreAllTold holds distant to what it promises: many that change a
// document at once, and that begin to watch it meanwhile, are all answered.
func TestChangesAtOnceAreAllTold(t *testing.T) {
	key := store.Key{Collection: "c", ID: "x"}
	far := newDistant(t, memstore.New(nil))
	synctest.Test(t, func(t *testing.T) {
		far.clock = clock.New()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		news, err := far.Watch(ctx, key)
		require.NoError(t, err)
		for range 50 {
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					_, err := far.Commit(ctx, store.Set(key, map[string]any{"a": 1}))
					require.NoError(t, err)
				})
				wg.Go(func() {
					ctx, cancel := context.WithCancel(ctx)
					defer cancel()
					_, err := far.Watch(ctx, key)
					require.NoError(t, err)
				})
			}
			wg.Wait()
			<-news
		}
	})
}

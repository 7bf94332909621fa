package guardstore_test

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/guardstore"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func record(n int) store.Record {
	return store.NewRecord(key(strconv.Itoa(n)), noteAt(n).TS, "1", time.Time{}, time.Time{}, func(any) error { return nil })
}

func all() store.Query { return store.Query{Collection: "c"} }

// rogueScans are iterators that break off after three records, each in its own
// way, and what is said of it then.
var rogueScans = map[string]struct {
	scan func(r *rogue, ctx context.Context, yield func(store.Record, error) bool)
	says string
	late time.Duration
}{
	"panics": {func(*rogue, context.Context, func(store.Record, error) bool) { panic("boom") }, "panic: boom", 0},
	"exits":  {func(*rogue, context.Context, func(store.Record, error) bool) { runtime.Goexit() }, "runtime.Goexit", 0},
	"hangs": {
		func(r *rogue, _ context.Context, _ func(store.Record, error) bool) { <-r.hangs },
		"left behind", limit + time.Second,
	},
	"goes on after an error": {func(_ *rogue, _ context.Context, yield func(store.Record, error) bool) {
		for {
			yield(store.Record{}, errors.New("first"))
			yield(record(9), nil)
		}
	}, "first", 0},
	"gives a record without a version": {func(_ *rogue, _ context.Context, yield func(store.Record, error) bool) {
		yield(store.Record{Key: key("x")}, nil)
	}, "broke its contract", 0},
	"goes on for ever, and ignores its context": {func(_ *rogue, _ context.Context, yield func(store.Record, error) bool) {
		for n := 4; yield(record(n), nil); n++ {
			time.Sleep(time.Millisecond)
		}
	}, "left behind", limit + time.Second},
}

func TestAScanThatBreaksOffSaysSo(t *testing.T) {
	t.Parallel()
	for name, c := range rogueScans {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRogue(t)
				defer close(r.hangs)
				r.scan = func(ctx context.Context, yield func(store.Record, error) bool) {
					for n := 1; n <= 3; n++ {
						if !yield(record(n), nil) {
							return
						}
					}
					c.scan(r, ctx, yield)
				}
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				start, seen := time.Now(), 0
				var errs []error
				for rec, err := range guardstore.Of(r, clock.New()).Scan(ctx, all()) {
					require.Empty(t, errs, "nothing comes after an error")
					if err != nil {
						errs = append(errs, err)
						require.Zero(t, rec.Key)
						continue
					}
					seen++
				}
				require.Len(t, errs, 1)
				require.ErrorContains(t, errs[0], c.says)
				require.GreaterOrEqual(t, seen, 3)
				require.Equal(t, c.late, time.Since(start))
				time.Sleep(time.Second) // by when one that yields has learnt that nobody listens
			})
		})
	}
}

// A loop that is left early ends the store's iterator before it goes on, however
// it was left, and whatever the iterator does then.
func TestALoopThatIsLeftEndsTheIterator(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(r *rogue, ctx context.Context, yield func(store.Record, error) bool){
		"heeds it":     func(*rogue, context.Context, func(store.Record, error) bool) {},
		"yields again": func(_ *rogue, _ context.Context, yield func(store.Record, error) bool) { yield(record(7), nil) },
		"never stops to yield": func(_ *rogue, _ context.Context, yield func(store.Record, error) bool) {
			for {
				yield(record(7), nil)
			}
		},
		"panics":                func(*rogue, context.Context, func(store.Record, error) bool) { panic("boom") },
		"waits for its context": func(_ *rogue, ctx context.Context, _ func(store.Record, error) bool) { <-ctx.Done() },
		"hangs":                 func(r *rogue, _ context.Context, _ func(store.Record, error) bool) { <-r.hangs },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for way, leave := range map[string]func(seq func(yield func(store.Record, error) bool)){
				"break": func(seq func(yield func(store.Record, error) bool)) {
					for _, err := range seq {
						_ = err
						break
					}
				},
				"panic": func(seq func(yield func(store.Record, error) bool)) {
					_ = spawn.Guard("loop", func() error {
						for _, err := range seq {
							_ = err
							panic("in the loop")
						}
						return nil
					})
				},
				"Goexit": func(seq func(yield func(store.Record, error) bool)) {
					err := <-spawn.Start("loop", func() error {
						for _, err := range seq {
							_ = err
							runtime.Goexit()
						}
						return nil
					})
					_, ended := spawn.Faulty(err)
					_ = ended // where the store yields nothing, the loop has no round
				},
			} {
				synctest.Test(t, func(t *testing.T) {
					r := newRogue(t)
					defer close(r.hangs)
					var ended atomic.Bool
					r.scan = func(ctx context.Context, yield func(store.Record, error) bool) {
						defer ended.Store(true)
						for n := 0; yield(record(n), nil); n++ {
							require.Less(t, n, 100, "it cannot be far ahead of a loop that saw one")
						}
						end(r, ctx, yield)
					}
					start := time.Now()
					leave(guardstore.Of(r, clock.New()).Scan(t.Context(), all()))
					require.Equal(t, name != "hangs", ended.Load(), way)
					if name == "hangs" {
						require.Equal(t, time.Second, time.Since(start))
					} else {
						require.Zero(t, time.Since(start))
					}
				})
			}
		})
	}
}

// However the store and the loop take turns, all records come, in their order.
func TestAllRecordsComeInTheirOrder(t *testing.T) {
	t.Parallel()
	for name, pause := range map[string]struct{ store, loop time.Duration }{
		"as fast as can be": {},
		"a slow store":      {store: time.Second},
		"a slow loop":       {loop: time.Second},
		"both":              {store: 3 * time.Second, loop: 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, total := range []int{0, 1, 4, 5, 255, 256, 257, 1000} {
				synctest.Test(t, func(t *testing.T) {
					r := newRogue(t)
					r.scan = func(_ context.Context, yield func(store.Record, error) bool) {
						for n := range total {
							time.Sleep(pause.store)
							if !yield(record(n), nil) {
								return
							}
						}
					}
					start, seen := time.Now(), 0
					for rec, err := range guardstore.Of(r, clock.New()).Scan(t.Context(), all()) {
						require.NoError(t, err)
						require.Equal(t, record(seen).Key, rec.Key)
						if pause.loop == 0 {
							require.Equal(t, time.Duration(seen+1)*pause.store, time.Since(start), "no record waits for the next")
						}
						time.Sleep(pause.loop)
						seen++
					}
					require.Equal(t, total, seen)
				})
			}
		})
	}
}

// The loop of a scan may take as long as it likes, and may run again.
func TestAScanRunsAsOftenAsItsLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seq := guardstore.Of(memstoreOf(t, 300), clock.New()).Scan(t.Context(), all())
		for range 3 {
			seen := 0
			for _, err := range seq {
				require.NoError(t, err)
				time.Sleep(time.Hour)
				seen++
			}
			require.Equal(t, 300, seen)
		}
	})
}

func memstoreOf(tb testing.TB, n int) store.Store {
	tb.Helper()
	mem := memstore.New(nil)
	for i := range n {
		_, err := mem.Commit(tb.Context(), store.Set(key(strconv.Itoa(i)), noteAt(i)))
		require.NoError(tb, err)
	}
	return mem
}

package guardstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/guardstore"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// newRogue returns a rogue around a memstore that holds one document. What hangs
// in it returns when the test has ended.
func newRogue(t *testing.T) *rogue {
	t.Helper()
	mem := memstore.New(nil)
	_, err := mem.Commit(t.Context(), store.Set(key("a"), noteAt(1)))
	require.NoError(t, err)
	return &rogue{Store: mem, watcher: mem, hangs: make(chan struct{})}
}

// Every fault in every method: an ordinary error, within its time, that says
// nothing of what happened.
func TestWhateverAStoreDoesIsAnOrdinaryError(t *testing.T) {
	t.Parallel()
	for method, call := range methods {
		for name, f := range faults {
			t.Run(method+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r := newRogue(t)
					defer close(r.hangs)
					r.act = func(ctx context.Context) error { return f.act(r, ctx) }
					st := guardstore.Of(r, clock.New())
					ctx, cancel := context.WithTimeout(t.Context(), limit)
					defer cancel()
					start := time.Now()
					err := call(ctx, st)
					require.Equal(t, f.late, time.Since(start))
					require.ErrorContains(t, err, f.says)
					require.LessOrEqual(t, len(err.Error()), 2<<10)
					require.True(t, utf8.ValidString(err.Error()))
					for _, definite := range []error{store.ErrConflict, store.ErrInvalid, store.ErrNotFound} {
						require.NotErrorIs(t, err, definite)
					}
					require.Equal(t, f.late > 0, errors.Is(err, context.DeadlineExceeded))

					r.well.Store(true) // and it is of use again
					require.NoError(t, call(t.Context(), st))
				})
			})
		}
	}
}

// What a store says by right still holds, under its own text.
func TestWhatAStoreSaysStillHolds(t *testing.T) {
	t.Parallel()
	for method, call := range methods {
		for _, sentinel := range []error{
			store.ErrNotFound, store.ErrConflict, store.ErrInvalid,
			errors.ErrUnsupported, context.Canceled, context.DeadlineExceeded,
		} {
			for _, err := range []error{
				sentinel, fmt.Errorf("mystore: %w", sentinel), errors.Join(errors.New("mystore"), sentinel), errors.Join((*nilError)(nil), sentinel),
			} {
				r := newRogue(t)
				r.act = func(context.Context) error { return err }
				got := call(t.Context(), guardstore.Of(r, nil))
				require.ErrorIs(t, got, sentinel, method)
				for _, other := range []error{store.ErrNotFound, store.ErrConflict, store.ErrInvalid} {
					require.Equal(t, other == sentinel, errors.Is(got, other), method) //nolint:errorlint // the same one
				}
			}
		}
		r := newRogue(t)
		r.act = func(context.Context) error { return fmt.Errorf("mystore: %w", &store.ConflictError{Key: key("a")}) }
		got := call(t.Context(), guardstore.Of(r, nil))
		require.EqualError(t, got, "mystore: store: the precondition on c/a does not hold", method)
		require.ErrorIs(t, got, store.ErrConflict, method)
		var conflict *store.ConflictError
		require.ErrorAs(t, got, &conflict, method)
		require.Equal(t, key("a"), conflict.Key, method)
	}
}

// The cause of a context's end may be anything, a conflict of long ago among
// them. It is no word of the store.
func TestTheCauseOfAnEndIsNoAnswer(t *testing.T) {
	t.Parallel()
	for method, call := range methods {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRogue(t)
				defer close(r.hangs)
				r.act = func(context.Context) error { <-r.hangs; return nil }
				ctx, end := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() { end(fmt.Errorf("lost: %w", &store.ConflictError{})) })
				for range 2 { // left behind, and not made
					err := call(ctx, guardstore.Of(r, clock.New()))
					require.ErrorIs(t, err, context.Canceled)
					require.NotErrorIs(t, err, store.ErrConflict)
					require.ErrorContains(t, err, "lost")
				}
			})
		})
	}
}

func TestCallsThatDoNotReturnAreBounded(t *testing.T) {
	t.Parallel()
	for method, call := range methods {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRogue(t)
				var hanging atomic.Int32
				r.act = func(context.Context) error { hanging.Add(1); <-r.hangs; return nil }
				st := guardstore.Of(r, clock.New())
				for i := range 20 {
					ctx, cancel := context.WithTimeout(t.Context(), limit)
					err := call(ctx, st)
					require.Equal(t, i < 8, errors.Is(err, spawn.ErrAbandoned))
					require.Equal(t, i >= 8, errors.Is(err, spawn.ErrTooManyLeft))
					cancel()
				}
				synctest.Wait()
				require.EqualValues(t, 8, hanging.Load())
				for other, call := range methods {
					if other != method {
						ctx, cancel := context.WithTimeout(t.Context(), limit)
						require.NotErrorIs(t, call(ctx, st), spawn.ErrTooManyLeft, "each method has its own bound")
						cancel()
					}
				}
				close(r.hangs)
				synctest.Wait()
				r.well.Store(true)
				require.NoError(t, call(t.Context(), st))
			})
		})
	}
}

func TestACommitMustBeAnsweredInFull(t *testing.T) {
	t.Parallel()
	for name, stamps := range map[string][]store.Stamp{
		"none":              nil,
		"too few":           {{Version: "1"}},
		"too many":          {{Version: "1"}, {Version: "1"}, {Version: "1"}},
		"without a version": {{Version: "1"}, {}},
	} {
		st := guardstore.Of(answering{stamps: stamps}, nil)
		got, err := st.Commit(t.Context(), store.Set(key("a"), noteAt(1)), store.Set(key("b"), noteAt(1)))
		require.ErrorContains(t, err, "broke its contract", name)
		require.Nil(t, got, name)
		for _, definite := range []error{store.ErrConflict, store.ErrInvalid, store.ErrNotFound} {
			require.NotErrorIs(t, err, definite, name)
		}
	}
	_, err := guardstore.Of(answering{stamps: []store.Stamp{{Version: "1"}, {}}}, nil).
		Commit(t.Context(), store.Set(key("a"), noteAt(1)), store.Delete(key("b")))
	require.NoError(t, err, "what was deleted has no version")
}

func TestAGetMustBeOfWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	for name, rec := range map[string]store.Record{
		"zero":              {},
		"another":           {Key: key("b"), Version: "1"},
		"without a version": {Key: key("a")},
	} {
		_, err := guardstore.Of(answering{rec: rec}, nil).Get(t.Context(), key("a"))
		require.ErrorContains(t, err, "broke its contract", name)
		require.NotErrorIs(t, err, store.ErrNotFound, name)
	}
}

// answering gives the same answers always.
type answering struct {
	store.Store
	stamps []store.Stamp
	rec    store.Record
}

func (a answering) Commit(context.Context, ...store.Op) ([]store.Stamp, error) { return a.stamps, nil }

func (a answering) Get(context.Context, store.Key) (store.Record, error) { return a.rec, nil }

// meddling changes and keeps the slice that it was given, and what it returned.
type meddling struct {
	store.Store
	ops    []store.Op
	stamps []store.Stamp
}

func (m *meddling) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	stamps, err := m.Store.Commit(ctx, ops...)
	ops[0] = store.Delete(key("x"))
	m.ops, m.stamps = ops, stamps
	return stamps, err
}

func TestNoSliceIsShared(t *testing.T) {
	t.Parallel()
	m := &meddling{Store: memstore.New(nil)}
	ops := []store.Op{store.Set(key("a"), noteAt(1))}
	stamps, err := guardstore.Of(m, nil).Commit(t.Context(), ops...)
	require.NoError(t, err)
	require.Equal(t, []store.Op{store.Set(key("a"), noteAt(1))}, ops)
	m.stamps[0].Version = "changed"
	require.NotEqual(t, "changed", stamps[0].Version)
	ops[0] = store.Op{}
	require.Equal(t, store.Delete(key("x")), m.ops[0])
}

func TestADocumentThatPanicsIsOneThatDoesNotDecode(t *testing.T) {
	t.Parallel()
	for name, decode := range map[string]func(any) error{
		"panics":             func(any) error { panic("boom") },
		"a nil pointer":      func(any) error { return (*nilError)(nil) },
		"an error's trap":    func(any) error { return trap{func() { panic("text") }} },
		"panics with a trap": func(any) error { panic(trap{func() { panic("text") }}) },
	} {
		rec := store.NewRecord(key("a"), time.Time{}, "1", time.Time{}, time.Time{}, decode)
		got, err := guardstore.Of(answering{rec: rec}, nil).Get(t.Context(), key("a"))
		require.NoError(t, err, name)
		require.Error(t, got.Decode(&note{}), name)
		require.NotEmpty(t, got.Decode(&note{}).Error(), name)
	}
}

func TestAStoreThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	for _, st := range []store.Store{nil, (*memstore.Store)(nil), (*rogue)(nil), &rogue{}} {
		for _, method := range []string{storetest.Get, storetest.Commit, storetest.Scan} {
			require.ErrorContains(t, methods[method](t.Context(), guardstore.Of(st, nil)), "panic", "%T %s", st, method)
		}
	}
}

func TestAGuardedStoreIsGuardedOnce(t *testing.T) {
	t.Parallel()
	mem := memstore.New(nil)
	once := guardstore.Of(mem, nil)
	require.Equal(t, once, guardstore.Of(once, clock.New()))
	deaf := guardstore.Of(storeOnly{mem}, nil)
	require.Equal(t, deaf, guardstore.Of(deaf, nil))
	_, watches := once.(store.Watcher)
	require.True(t, watches)
	_, watches = deaf.(store.Watcher)
	require.False(t, watches, "it cannot do more than what it guards")
}

type storeOnly struct{ store.Store }

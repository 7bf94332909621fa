package settings_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/settings"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

type watch = func(context.Context, store.Key) (<-chan struct{}, error)

// follow follows the settings of st until the test ends.
func follow(t *testing.T, st store.Store, w watch) (*settings.Live, *leadtest.Lines, func()) {
	t.Helper()
	d, lines := leadtest.Deps(t, st, nil)
	l := settings.New(d, settings.Options{Every: 5 * time.Minute, Watch: w})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Follow(ctx) }()
	synctest.Wait()
	return l, lines, func() { cancel(); <-done }
}

// edit is another instance that changes the settings.
func edit(t *testing.T, st store.Store, throttle int64) {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	s, version, err := l.Settings(t.Context(), time.Minute)
	if err != nil {
		s = longrun.DefaultSettings(time.Minute)
	}
	s.ExpectedAccounts, s.TS = throttle, time.Now().UTC()
	_, err = l.PutSettings(t.Context(), s, version)
	require.NoError(t, err)
}

func TestSettingsAreFollowed(t *testing.T) {
	t.Parallel()
	none := func(context.Context, store.Key) (<-chan struct{}, error) { return nil, errors.ErrUnsupported }
	fails := func(context.Context, store.Key) (<-chan struct{}, error) { return nil, errors.New("no stream") }
	for name, c := range map[string]struct {
		watch func(*memstore.Store) watch
		late  time.Duration
	}{
		"by watch":              {func(st *memstore.Store) watch { return st.Watch }, 0},
		"by polling":            {func(*memstore.Store) watch { return none }, 5 * time.Minute},
		"by a watch that fails": {func(*memstore.Store) watch { return fails }, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New(nil)
				l, lines, end := follow(t, st, c.watch(st))
				defer end()
				require.Equal(t, longrun.DefaultSettings(time.Minute), l.Now())
				for n := range int64(5) {
					edit(t, st, n+3)
					time.Sleep(c.late)
					synctest.Wait()
					require.Equal(t, n+3, l.Now().ExpectedAccounts)
				}
				require.Equal(t, 5, lines.Count("settings changed"))
				require.LessOrEqual(t, lines.Count("cannot be watched"), 1)

				// A document that makes no sense changes nothing.
				book, err := ledger.New(st, "")
				require.NoError(t, err)
				for _, doc := range []map[string]any{{"expectedAccounts": "many"}, {"expectedAccounts": int64(-5)}} {
					_, err = st.Commit(t.Context(), store.Set(book.SettingsKey(), doc))
					require.NoError(t, err)
					time.Sleep(15 * time.Minute)
					synctest.Wait()
					require.EqualValues(t, 7, l.Now().ExpectedAccounts)
				}
				require.GreaterOrEqual(t, lines.Count("make no sense"), 1)
				require.LessOrEqual(t, lines.Count("make no sense"), 2)

				_, err = st.Commit(t.Context(), store.Delete(book.SettingsKey()))
				require.NoError(t, err)
				edit(t, st, 9)
				time.Sleep(c.late)
				synctest.Wait()
				require.EqualValues(t, 9, l.Now().ExpectedAccounts)
			})
		})
	}
}

func TestAWatchThatBreaksIsBegunAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		var begun atomic.Int64
		l, _, end := follow(t, st, func(ctx context.Context, k store.Key) (<-chan struct{}, error) {
			if begun.Add(1) <= 3 {
				closed := make(chan struct{})
				close(closed)
				return closed, nil
			}
			return st.Watch(ctx, k)
		})
		defer end()
		require.EqualValues(t, 1, begun.Load(), "and not at once")
		edit(t, st, 4)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.EqualValues(t, 4, l.Now().ExpectedAccounts, "it is read each time")
		time.Sleep(time.Hour)
		require.EqualValues(t, 4, begun.Load())
		edit(t, st, 5)
		synctest.Wait()
		require.EqualValues(t, 5, l.Now().ExpectedAccounts)
	})
}

// What is expected is known once the store has said it, or was told it, and as long as the
// run lasts.
func TestWhatIsExpectedIsKnownWhenItWasRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := storetest.Wrap(memstore.New(nil))
		d, lines := leadtest.Deps(t, st, nil)
		l := settings.New(d, settings.Options{})
		require := require.New(t)
		expects := func(want int64, known bool) {
			t.Helper()
			n, sure := l.Expected()
			require.Equal([]any{want, known}, []any{n, sure})
		}
		expects(0, false)
		heal := st.Inject(storetest.Fault{Before: storetest.Hang})
		require.False(l.Ready(t.Context()))
		expects(0, false)
		heal()

		put := func(doc map[string]any) {
			_, err := st.Commit(t.Context(), store.Set(d.Ledger.SettingsKey(), doc))
			require.NoError(err)
		}
		put(map[string]any{"expectedAccounts": "many"})
		require.True(l.Ready(t.Context()), "it has answered")
		expects(0, false)
		synctest.Wait() // for the log
		require.Equal(1, lines.Count("none were read before"))
		put(map[string]any{"expectedAccounts": int64(3)})
		require.True(l.Ready(t.Context()))
		expects(3, true)

		reads := st.Calls(storetest.Get)
		require.True(l.Ready(t.Context()))
		require.Equal(reads, st.Calls(storetest.Get), "they are known already")
		put(map[string]any{"expectedAccounts": "many"})
		require.True(l.Load(t.Context()))
		expects(3, true)
		synctest.Wait()
		require.Equal(1, lines.Count("the last good ones stay in force"))

		l.Begin()
		expects(0, false)
		_, err := st.Commit(t.Context(), store.Delete(d.Ledger.SettingsKey()))
		require.NoError(err)
		require.True(l.Load(t.Context()))
		expects(0, true) // nobody expects any

		l.Begin()
		_, err = l.Put(t.Context(), longrun.Settings{ExpectedAccounts: 5, DriftSec: 1, AlertThresholds: l.Now().AlertThresholds}, "")
		require.NoError(err)
		expects(5, true)
	})
}

// Who waits for the settings does so for a moment at most, whatever the store does.
func TestTheHeadStartIsAMoment(t *testing.T) {
	t.Parallel()
	for hangs, want := range map[bool]time.Duration{false: 2 * time.Millisecond, true: 10 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			st := storetest.Wrap(memstore.New(nil))
			st.Inject(storetest.Fault{Before: func(ctx context.Context, c storetest.Call) error {
				if hangs {
					return storetest.Hang(ctx, c)
				}
				time.Sleep(2 * time.Millisecond)
				return nil
			}})
			d, _ := leadtest.Deps(t, st, nil)
			l := settings.New(d, settings.Options{Every: time.Minute, Watch: st.Watch})
			for range 2 { // each run anew
				l.Begin()
				ctx, end := context.WithCancel(t.Context())
				done := spawn.Start("the settings", func() error { l.Follow(ctx); return nil })
				began := time.Now()
				l.HeadStart(ctx)
				require.Equal(t, want, time.Since(began))
				end()
				require.NoError(t, <-done)
			}
		})
	}
}

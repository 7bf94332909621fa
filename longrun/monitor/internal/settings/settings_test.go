package settings_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/settings"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
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

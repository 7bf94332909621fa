package leading_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// A row that somebody mangled is no outage of the store.
func TestAMangledRowIsNoOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lead(t, func(ctx context.Context, term *leading.Term) {
			for ctx.Err() == nil {
				time.Sleep(time.Second)
				_ = term.Beat(ctx, func(string) (string, []store.Op, error) { return "head", []store.Op{write("beats")}, nil })
			}
		})
		time.Sleep(10*time.Second + 500*time.Millisecond)
		_, err := l.mem.Commit(t.Context(), store.Set(store.Key{Collection: "locks", ID: "l"}, map[string]any{"epoch": "x"}))
		require.NoError(t, err)
		time.Sleep(10 * time.Second)
		require.False(t, l.State().Leading)
		l.mu.Lock()
		require.Zero(t, l.cutOff)
		l.mu.Unlock()
		l.end()
	})
}

// Beats wait where the row was lost and nobody else led.
func TestBeatsWaitThroughAFirstGrantWhoseRepliesWereLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := lead(t, nil)
		gaveUp := l.gaveUp
		heal := l.st.Inject(away())
		_, err := l.mem.Commit(t.Context(), store.Delete(store.Key{Collection: "locks", ID: "l"}))
		require.NoError(t, err)
		for range 10 {
			time.Sleep(20 * time.Second)
			l.Answers(t.Context())
		}
		heal()
		time.Sleep(2 * time.Minute)
		require.True(t, l.State().Leading)
		l.mu.Lock()
		again, replaced := l.gaveUp, l.replaced
		l.mu.Unlock()
		require.Equal(t, gaveUp, again)
		require.Zero(t, replaced)
		l.end()
	})
}

// A fault of what a take-over leaves is said.
func TestAFaultOfATakeOverIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		const lease = 30 * time.Second
		d, lines := leadtest.Deps(t, mem, clock.New())
		lk := behindASilentOne(t, mem, mem, lease)
		c := leading.New(d, leading.Options{
			Lock: lk, Began: func(context.Context) {}, GiveUp: func(context.Context) {}, Replaced: func() {}, CutOff: func(time.Time, time.Time) {},
			Write:   func(ctx context.Context, _ *leading.Term) error { <-ctx.Done(); return context.Cause(ctx) },
			Expired: func(context.Context, lock.Row) { panic("boom") },
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := spawn.Start("the campaign", func() error { c.Run(ctx); return nil })
		time.Sleep(lease + time.Minute)
		cancel()
		require.NoError(t, <-done)
		require.Positive(t, lines.Count("boom"))
	})
}

package guardstore_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/guardstore"
	"github.com/seed-13dc028d/longwatch/store"
)

func TestAWatchWithoutAChannelIsAnError(t *testing.T) {
	t.Parallel()
	r := newRogue(t)
	r.watch = func(context.Context) (<-chan struct{}, error) { return nil, nil }
	_, err := guardstore.Of(r, nil).(store.Watcher).Watch(t.Context(), key("a"))
	require.ErrorContains(t, err, "broke its contract")
}

func TestAWatchHandsOnWhatItHears(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRogue(t)
		ch := make(chan struct{})
		r.watch = func(context.Context) (<-chan struct{}, error) { return ch, nil }
		wake, err := guardstore.Of(r, clock.New()).(store.Watcher).Watch(t.Context(), key("a"))
		require.NoError(t, err)
		for range 3 { // signals coalesce
			ch <- struct{}{}
		}
		synctest.Wait()
		<-wake
		require.Empty(t, wake)
		close(ch)
		_, open := <-wake
		require.False(t, open, "the watch broke")
	})
}

// Whoever waits for a watch to be over waits no longer than a second.
func TestAWatchIsOverASecondAfterItsContext(t *testing.T) {
	t.Parallel()
	for name, closes := range map[string]time.Duration{"at once": 0, "within the second": time.Second / 2, "never": time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRogue(t)
				ch := make(chan struct{})
				r.watch = func(ctx context.Context) (<-chan struct{}, error) {
					context.AfterFunc(ctx, func() {
						if time.Sleep(closes); name != "never" {
							close(ch)
						}
					})
					return ch, nil
				}
				ctx, cancel := context.WithCancel(t.Context())
				wake, err := guardstore.Of(r, clock.New()).(store.Watcher).Watch(ctx, key("a"))
				require.NoError(t, err)
				start := time.Now()
				cancel()
				for range wake { // until it is closed
				}
				require.Equal(t, closes, time.Since(start))
			})
		})
	}
}

package room_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

func TestABackoffGrowsWithinItsBoundsAndIsSpread(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	firsts := map[time.Duration]bool{}
	for range 100 {
		b := room.Backoff{Shortest: time.Minute, Longest: time.Hour}
		require.Zero(t, b.Wait(now))
		for n, most := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			most *= time.Minute
			pause := b.Failed(now)
			require.LessOrEqual(t, pause, most)
			require.GreaterOrEqual(t, pause, most*3/4)
			require.Equal(t, n+1, b.Failing())
			require.Equal(t, pause, b.Wait(now))
			require.Equal(t, pause/2, b.Wait(now.Add(pause-pause/2)))
			require.Zero(t, b.Wait(now.Add(pause)))
			require.Zero(t, b.Wait(now.Add(-2*time.Hour)), "the clock was set back")
			if n == 0 {
				firsts[pause] = true
			}
		}
		b.Well()
		require.Zero(t, b.Wait(now))
		require.Zero(t, b.Failing())
		require.LessOrEqual(t, b.Failed(now), time.Minute)
	}
	require.Greater(t, len(firsts), 90, "no two at once")
}

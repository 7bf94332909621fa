package room_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
)

type key struct{}

// lasts is how long ctx goes on from now.
func lasts(ctx context.Context) time.Duration {
	now := time.Now()
	<-ctx.Done()
	return time.Since(now)
}

func TestABudgetIsOneForAllSteps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := room.NewBudget(16*time.Second, clock.New())
		require.Equal(t, 3*time.Second, b.Share())
		time.Sleep(time.Hour)
		require.NoError(t, b.Over().Err(), "it has not begun")

		stopped, stop := context.WithCancel(context.WithValue(t.Context(), key{}, "kept"))
		stop()
		step, cancel := b.Take(stopped, time.Hour)
		require.NoError(t, step.Err(), "the step outlives what was stopped")
		require.Equal(t, "kept", step.Value(key{}))
		require.Equal(t, 3*time.Second, lasts(step), "a share")
		cancel()
		step, cancel = b.Take(t.Context(), time.Second)
		require.Equal(t, time.Second, lasts(step), "or less")
		cancel()

		b.Start()
		began := time.Now()
		b.Start()
		rest, done := b.Rest(stopped)
		require.Equal(t, "kept", rest.Value(key{}))
		for range 4 { // several at once, one after the other
			first, c1 := b.Take(t.Context(), time.Hour)
			second, c2 := b.Take(t.Context(), time.Hour)
			require.Equal(t, 3*time.Second, lasts(first))
			require.Zero(t, lasts(second))
			c1()
			c2()
		}
		require.NoError(t, rest.Err())
		lasts(rest)
		require.Equal(t, 14*time.Second, time.Since(began), "a little before the time is up")
		done()
		b.Start() // again does not prolong it
		step, cancel = b.Take(t.Context(), time.Hour)
		require.Equal(t, 2*time.Second, lasts(step), "all there is")
		cancel()
		require.Equal(t, 16*time.Second, time.Since(began))
		require.Error(t, b.Over().Err())
		step, cancel = b.Take(t.Context(), time.Hour)
		require.Zero(t, lasts(step))
		cancel()

		b.Renew()
		require.NoError(t, b.Over().Err())
		time.Sleep(time.Hour)
		require.NoError(t, b.Over().Err(), "it has not begun again")
		b.Start()
		time.Sleep(10 * time.Second)
		earlier := b.Over()
		b.Renew()
		require.Error(t, earlier.Err(), "nothing of the earlier run goes on")
		time.Sleep(10 * time.Second)
		require.NoError(t, b.Over().Err(), "no timer of the earlier run is left")
		b.Close()
		require.Error(t, b.Over().Err())
	})
}

func TestAStepThatIsDoneLeavesTheOthersTheirTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := room.NewBudget(16*time.Second, clock.New())
		defer b.Close()
		b.Start()
		one, cancel := b.Take(t.Context(), time.Hour)
		two, cancelTwo := b.Take(t.Context(), time.Hour)
		defer cancelTwo()
		cancel()
		require.Error(t, one.Err())
		require.NoError(t, two.Err())
		require.NoError(t, b.Over().Err())
	})
}

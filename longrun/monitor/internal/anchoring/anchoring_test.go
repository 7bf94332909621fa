package anchoring_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/anchoring"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// run runs keepers in a bubble until the test ends.
func run(t *testing.T, keepers ...anchoring.Keeper) *anchoring.Anchoring {
	t.Helper()
	deps, _ := leadtest.Deps(t, memstore.New(nil), clock.New())
	a := anchoring.New(deps, keepers...)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { a.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return a
}

func checkpoint(n int) anchoring.Checkpoint {
	return anchoring.Checkpoint{Text: fmt.Sprintf("log\n%d\n", n), At: time.Now()}
}

// What was not taken is tried again, later and later, with the newest by then; what
// was taken is not handed over twice.
func TestTheNewestIsHandedOnUntilItIsTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []string
		var at []time.Duration
		began, fails := time.Now(), 4
		a := run(t, anchoring.Keeper{Name: "a chat", Keep: func(_ context.Context, c anchoring.Checkpoint) error {
			got, at = append(got, c.Text), append(at, time.Since(began))
			if fails--; fails >= 0 {
				return errors.New("away")
			}
			return nil
		}})
		require.Empty(t, a.Newest())
		a.Tell(checkpoint(1))
		synctest.Wait()
		require.Equal(t, checkpoint(1).Text, a.Newest())
		time.Sleep(10 * time.Second)
		a.Tell(checkpoint(2)) // waits for its turn, and takes the other's place
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		require.Equal(t, []string{"log\n1\n", "log\n2\n", "log\n2\n", "log\n2\n", "log\n2\n"}, got)
		for i := 1; i < len(at); i++ {
			require.InDelta(t, (time.Minute << (i - 1)).Seconds(), (at[i] - at[i-1]).Seconds(), (time.Minute<<(i-1)).Seconds()/4+1)
		}
		a.Tell(checkpoint(2))
		a.Tell(checkpoint(3))
		synctest.Wait()
		require.Len(t, got, 6)
		require.Equal(t, "log\n3\n", got[5])
	})
}

// Once a day is the first one of each day that this instance made.
func TestADailyKeeperHasOneADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []string
		a := run(t, anchoring.Keeper{Name: "a chat", Daily: true, Keep: func(_ context.Context, c anchoring.Checkpoint) error {
			got = append(got, c.Text)
			return nil
		}})
		found := checkpoint(1)
		found.Found = true
		a.Tell(found)
		for n := range 9 { // 3 a day
			synctest.Wait()
			a.Tell(checkpoint(10 + n))
			synctest.Wait()
			time.Sleep(8 * time.Hour)
		}
		synctest.Wait()
		require.Equal(t, []string{"log\n10\n", "log\n13\n", "log\n16\n"}, got)
	})
}

// A keeper that hangs or panics holds up neither whoever tells, nor for longer than
// its time another keeper.
func TestAKeeperThatHangsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		defer close(let)
		var got []time.Duration
		began := time.Now()
		a := run(t,
			anchoring.Keeper{Name: "one that hangs", Keep: func(context.Context, anchoring.Checkpoint) error { <-let; return nil }},
			anchoring.Keeper{Name: "one that panics", Keep: func(context.Context, anchoring.Checkpoint) error { panic("boom") }},
			anchoring.Keeper{Name: "one that is well", Keep: func(context.Context, anchoring.Checkpoint) error {
				got = append(got, time.Since(began))
				return nil
			}},
		)
		for n := range 5 {
			a.Tell(checkpoint(n + 1))
			require.Zero(t, time.Since(began)-time.Duration(n)*time.Minute)
			time.Sleep(time.Minute)
		}
		synctest.Wait()
		require.Len(t, got, 5)
		require.Equal(t, 30*time.Second, got[0])
		require.Len(t, a.Callers(), 3)
	})
}

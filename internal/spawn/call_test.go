package spawn_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

const grace = time.Second

func call(ctx context.Context, fn func(context.Context) (int, error)) (int, error) {
	return spawn.Call(ctx, clock.New(), grace, "host", fn)
}

func TestACallReturnsWhatTheFunctionDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, err := call(t.Context(), func(context.Context) (int, error) { return 7, errMine })
		require.Equal(t, 7, n)
		require.Equal(t, errMine, err)
		_, err = call(t.Context(), func(context.Context) (int, error) { panic("boom") })
		require.EqualError(t, err, "host: panic: boom")
		_, err = call(t.Context(), func(context.Context) (int, error) { runtime.Goexit(); return 0, nil })
		require.EqualError(t, err, "host: runtime.Goexit")
		_, err = call(t.Context(), func(context.Context) (int, error) { panic(exitingError{}) })
		require.EqualError(t, err, "host: runtime.Goexit")
	})
}

func TestACallUnderAnEndedContextIsNotMade(t *testing.T) {
	t.Parallel()
	ctx, end := context.WithCancelCause(t.Context())
	end(errMine)
	_, err := call(ctx, func(context.Context) (int, error) { panic("called") })
	require.Equal(t, errMine, err)
}

// A function takes so long after the end of its context to return. Within the
// grace its answer counts; later it is left behind, at exactly that time.
func TestACallIsWaitedForUntilItsGraceIsOver(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{0, grace - 1, grace + 1, time.Hour} {
		t.Run(late.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, end := context.WithTimeoutCause(t.Context(), time.Minute, errMine)
				defer end()
				start := time.Now()
				n, err := call(ctx, func(ctx context.Context) (int, error) {
					<-ctx.Done()
					time.Sleep(late)
					return 7, errOther
				})
				if late <= grace {
					require.Equal(t, 7, n)
					require.Equal(t, errOther, err)
					require.Equal(t, time.Minute+late, time.Since(start))
					return
				}
				require.Zero(t, n)
				require.ErrorIs(t, err, spawn.ErrAbandoned)
				require.ErrorIs(t, err, errMine, "the cause")
				require.EqualError(t, err, "host has not returned 1s after the end of its context, and was left behind: mine")
				require.Equal(t, time.Minute+grace, time.Since(start))
				time.Sleep(late) // it returns, and nobody listens
			})
		})
	}
}

func TestADoorClosesOnCallsThatDoNotReturn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var door spawn.Door
		release := make(chan struct{})
		hang := func(context.Context) error { <-release; return nil }
		for range 8 {
			ctx, end := context.WithTimeout(t.Context(), time.Second)
			require.ErrorIs(t, door.Call(ctx, "host", hang), spawn.ErrAbandoned)
			end()
		}
		require.Equal(t, 8, door.Left())
		start := time.Now()
		err := door.Call(t.Context(), "host", func(context.Context) error { panic("called") })
		require.ErrorIs(t, err, spawn.ErrTooManyLeft)
		require.EqualError(t, err, "host was not called: spawn: too many earlier calls have not returned (8)")
		require.Zero(t, time.Since(start), "at once")

		close(release)
		synctest.Wait()
		require.Zero(t, door.Left())
		require.NoError(t, door.Call(t.Context(), "host", func(context.Context) error { return nil }))
	})
}

// Calls that return at the very moment in which they are given up on: each is
// counted once or not at all, and what a left one returns is not read.
func TestADoorCountsRight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		door := spawn.Door{Limit: 1 << 20, Grace: -1}
		for i := range 2000 {
			go func() {
				ctx, end := context.WithCancel(t.Context())
				go end()
				n, err := spawn.Through(ctx, &door, "host", func(ctx context.Context) (int, error) {
					if i%2 == 0 {
						<-ctx.Done()
					}
					return i, nil
				})
				if err == nil && n != i {
					t.Errorf("%d, not %d", n, i)
				}
			}()
		}
		synctest.Wait()
		require.Zero(t, door.Left())
	})
}

func ExampleCall() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	release := make(chan struct{})
	defer close(release)
	_, err := spawn.Call(ctx, clock.New(), time.Millisecond, "the host's prober", func(context.Context) (int, error) {
		<-release // it ignores its context
		return 0, nil
	})
	fmt.Println(errors.Is(err, spawn.ErrAbandoned), errors.Is(err, context.DeadlineExceeded))
	_, err = spawn.Call(context.Background(), clock.New(), time.Second, "the host's prober", func(context.Context) (int, error) {
		panic("no client")
	})
	fmt.Println(err)
	// Output:
	// true true
	// the host's prober: panic: no client
}

// What is behind a closed door may answer again though calls of before still
// hang: one is let in to see, and then all are.
func TestADoorOpensWhenWhatIsBehindItAnswersAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var door spawn.Door
		release := make(chan struct{})
		well := false
		call := func() error {
			ctx, end := context.WithTimeout(t.Context(), time.Second)
			defer end()
			hangs, on := !well, release // as they are now
			return door.Call(ctx, "host", func(context.Context) error {
				if hangs {
					<-on
				}
				return nil
			})
		}
		for range 1000 { // for hours
			_ = call()
			time.Sleep(10 * time.Second)
		}
		require.LessOrEqual(t, door.Left(), 64, "never more")
		require.Greater(t, door.Left(), 8)
		well = true
		require.ErrorIs(t, call(), spawn.ErrTooManyLeft, "all that are ever let in hang")
		close(release)
		synctest.Wait()
		require.NoError(t, call())

		release, well = make(chan struct{}), false
		for range 8 {
			require.ErrorIs(t, call(), spawn.ErrAbandoned)
		}
		well = true
		require.ErrorIs(t, call(), spawn.ErrTooManyLeft)
		time.Sleep(30 * time.Second)
		require.NoError(t, call(), "one to see")
		require.NoError(t, call(), "and then all")
		require.Equal(t, 8, door.Left())
		well = false
		require.ErrorIs(t, call(), spawn.ErrAbandoned)
		require.ErrorIs(t, call(), spawn.ErrTooManyLeft, "closed again")
		close(release)
	})
}

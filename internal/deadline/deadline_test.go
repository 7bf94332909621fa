package deadline_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
)

var errStopped = errors.New("stopped")

// parents are contexts as a host may hand them in, each with when it ends; zero
// for never.
var parents = map[string]struct {
	make func(t *testing.T) context.Context
	ends time.Duration
}{
	"lives": {func(t *testing.T) context.Context { t.Helper(); return t.Context() }, 0},
	"its deadline passes": {func(t *testing.T) context.Context {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		t.Cleanup(cancel)
		return ctx
	}, time.Second},
	"its deadline passes, with a cause": {func(t *testing.T) context.Context {
		t.Helper()
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errStopped)
		t.Cleanup(cancel)
		return ctx
	}, time.Second},
	"its deadline has passed": {func(t *testing.T) context.Context {
		t.Helper()
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Hour))
		t.Cleanup(cancel)
		return ctx
	}, -time.Hour},
	"is cancelled": {func(t *testing.T) context.Context {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		return ctx
	}, time.Second},
	"is cancelled, DeadlineExceeded being the cause": {func(t *testing.T) context.Context {
		t.Helper()
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(context.DeadlineExceeded) })
		return ctx
	}, time.Second},
	"the time of a With around it passes": {func(t *testing.T) context.Context {
		t.Helper()
		ctx, cancel := deadline.With(t.Context(), clock.New(), time.Second)
		t.Cleanup(cancel)
		return ctx
	}, time.Second},
}

// each runs test in a bubble with each of the parents.
func each(t *testing.T, test func(t *testing.T, parent context.Context, ends time.Duration)) {
	t.Helper()
	for name, p := range parents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test(t, p.make(t), p.ends) })
		})
	}
}

// Faults A6: a sleep that was cut short by the parent's deadline reported that
// it was not, and so a loop spun.
func TestSleepIsTrueOnlyWhereAllOfItPassed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, parent context.Context, ends time.Duration) {
		start := time.Now()
		require.Equal(t, ends >= 0, deadline.Sleep(parent, clock.New(), 0))
		for total := 300 * time.Millisecond; total <= 3*time.Second; total += 300 * time.Millisecond {
			lives := ends == 0 || total < ends
			require.Equal(t, lives, deadline.Sleep(parent, clock.New(), 300*time.Millisecond))
			if lives {
				require.Equal(t, total, time.Since(start))
			} else {
				require.Equal(t, max(0, ends), time.Since(start))
			}
		}
		require.Equal(t, ends == 0, deadline.Sleep(parent, clock.New(), -1))
	})
}

func TestASleepIsByItsClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mock := clock.NewMock()
		slept := make(chan bool, 1)
		go func() { slept <- deadline.Sleep(t.Context(), mock, time.Hour) }()
		synctest.Wait()
		mock.Add(time.Hour - 1)
		synctest.Wait()
		require.Empty(t, slept)
		mock.Add(1)
		require.True(t, <-slept)
	})
}

func TestWhoseTimePassed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, parent context.Context, ends time.Duration) {
		for _, own := range []time.Duration{500 * time.Millisecond, 2 * time.Second} {
			ctx, cancel := deadline.With(parent, clock.New(), own)
			below, stop := context.WithCancel(context.WithValue(ctx, t, "below"))
			require.False(t, deadline.Exceeded(ctx))
			<-below.Done()
			mine := ends == 0 || ends > own
			require.Equal(t, mine, deadline.Exceeded(ctx), "%v", own)
			require.Equal(t, mine, deadline.Exceeded(below), "%v", own)
			ours := mine || deadline.Exceeded(parent)
			require.Equal(t, ours, deadline.TimedOut(ctx), "%v", own)
			require.Equal(t, ours, deadline.TimedOut(below), "%v", own)
			if mine {
				require.ErrorIs(t, context.Cause(ctx), context.DeadlineExceeded)
				require.EqualError(t, context.Cause(ctx), context.DeadlineExceeded.Error())
			} else {
				require.Equal(t, context.Cause(parent), context.Cause(ctx))
			}
			cancel()
			stop()
		}
	})
}

func TestACancelIsNobodysTime(t *testing.T) {
	t.Parallel()
	ctx, cancel := deadline.With(t.Context(), clock.New(), time.Hour)
	require.False(t, deadline.TimedOut(ctx), "it lives")
	cancel()
	require.False(t, deadline.Exceeded(ctx))
	require.False(t, deadline.TimedOut(ctx))
	require.Equal(t, context.Canceled, context.Cause(ctx))

	ctx, pass, cancel := deadline.New(t.Context())
	pass()
	cancel()
	require.True(t, deadline.Exceeded(ctx))
}

// Two deadlines that pass at the same moment are two, and a With inside a
// context that ended before is not what ended it.
func TestEveryDeadlineHasACauseOfItsOwn(t *testing.T) {
	t.Parallel()
	outer, pass, cancel := deadline.New(t.Context())
	defer cancel()
	pass()
	inner, passInner, cancelInner := deadline.New(outer)
	defer cancelInner()
	passInner()
	require.True(t, deadline.Exceeded(outer))
	require.False(t, deadline.Exceeded(inner))
	require.True(t, deadline.TimedOut(inner))
}

func TestWithoutAWithTheContextsOwnDeadlineCounts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, parent context.Context, ends time.Duration) {
		if ends != 0 {
			<-parent.Done()
		}
		require.Equal(t, errors.Is(context.Cause(parent), context.DeadlineExceeded), deadline.TimedOut(parent))
	})
}

func ExampleExceeded() {
	host, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	call, end := deadline.With(host, clock.New(), time.Hour)
	defer end()
	<-call.Done()
	fmt.Println(errors.Is(context.Cause(call), context.DeadlineExceeded), deadline.Exceeded(call))
	// Output: true false
}

package hostcall_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
)

func TestACallHasItsTimeAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := hostcall.NewCaller("it", 10*time.Second, time.Second, clock.New())
		require.Equal(t, 12*time.Second, c.Patience())
		call := func(fn func(context.Context) error) error { return c.Call(t.Context(), fn) }
		boom := errors.New("boom")
		require.NoError(t, call(func(context.Context) error { return nil }))
		require.ErrorIs(t, call(func(context.Context) error { return boom }), boom)
		require.ErrorContains(t, call(func(context.Context) error { panic("boom") }), "panic")
		require.Error(t, call(func(context.Context) error { runtime.Goexit(); return nil }))

		began := time.Now()
		inGrace := errors.New("it came in its grace")
		require.ErrorIs(t, call(func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(500 * time.Millisecond)
			return inGrace
		}), inGrace)
		require.Equal(t, 10500*time.Millisecond, time.Since(began))

		began = time.Now()
		let := make(chan struct{})
		err := call(func(context.Context) error { <-let; return nil })
		var late *hostcall.LateError
		require.ErrorAs(t, err, &late)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 11*time.Second, time.Since(began))

		var busy *hostcall.BusyError
		require.ErrorAs(t, call(func(context.Context) error { t.Error("a second call"); return nil }), &busy)
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorContains(t, c.Wait(short), "left behind")
		close(let)
		synctest.Wait()
		require.NoError(t, c.Wait(short), "it is back, whatever ctx says")
		require.NoError(t, call(func(context.Context) error { return nil }), "it is called again when it is back")

		gone, stop := context.WithCancelCause(t.Context())
		stop(boom)
		require.ErrorIs(t, c.Call(gone, func(context.Context) error { t.Error("called"); return nil }), boom)
	})
}

func TestAfterBeatForgetsTheBeatOfAnEarlierRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []string
		a := hostcall.NewAfterBeat(func(_ context.Context, h longrun.Heartbeat) {
			mu.Lock()
			told = append(told, h.BucketID)
			mu.Unlock()
			if h.BucketID == "slow" {
				time.Sleep(5 * time.Second)
			}
		}, 10*time.Second, clock.New(), hostcall.NewLog(nil, clock.New()))
		beat := func(id string) { a.Tell(longrun.Heartbeat{BucketID: id}) }
		beat("old")
		a.Clear()
		a.Clear()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); a.Run(ctx) }()
		synctest.Wait()
		mu.Lock()
		require.Empty(t, told)
		mu.Unlock()
		beat("slow")
		synctest.Wait()
		beat("two")
		beat("three") // the newest alone waits
		time.Sleep(6 * time.Second)
		cancel()
		<-done
		mu.Lock()
		defer mu.Unlock()
		require.Equal(t, []string{"slow", "three"}, told)
		hostcall.NewAfterBeat(nil, time.Second, clock.New(), nil).Tell(longrun.Heartbeat{})
	})
}

// broken is a host's clock that does something else than its work.
type broken struct {
	clock.Clock
	do    func()
	asked *atomic.Int64
}

func (b broken) Now() time.Time {
	b.asked.Add(1)
	b.do()
	return b.Clock.Now().Add(time.Hour)
}

func (b broken) AfterFunc(d time.Duration, fn func()) *clock.Timer {
	b.asked.Add(1)
	t := b.Clock.AfterFunc(d, fn)
	b.do()
	return t
}

func TestAClockThatBreaksIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(){
		"panics": func() { panic("boom") },
		"exits":  runtime.Goexit,
		"hangs":  func() { time.Sleep(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var asked, fired atomic.Int64
				clk := hostcall.Clock(broken{clock.New(), do, &asked})
				require.False(t, hostcall.Broken(clk))
				clk.AfterFunc(10*time.Second, func() { fired.Add(1) })
				require.True(t, hostcall.Broken(clk))
				require.Equal(t, time.Now(), clk.Now(), "the wall clock's")
				time.Sleep(2 * time.Hour)
				require.EqualValues(t, 1, fired.Load(), "the host's timer is not let through beside ours")
				require.EqualValues(t, 1, asked.Load())

				clk = hostcall.Clock(broken{clock.New(), do, &asked})
				now := time.Now()
				require.WithinRange(t, clk.Now(), now, now.Add(time.Second))
				require.True(t, hostcall.Broken(clk))
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

func TestNoClockIsTheWallClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var none *broken
		for _, clk := range []clock.Clock{hostcall.Clock(nil), hostcall.Clock(none), hostcall.Clock(clock.New())} {
			require.Equal(t, time.Now(), clk.Now())
			require.False(t, hostcall.Broken(clk))
		}
		mock := clock.NewMock()
		require.Same(t, mock, hostcall.Clock(mock))
		well := hostcall.Clock(broken{clock.New(), func() {}, new(atomic.Int64)})
		require.Equal(t, time.Now().Add(time.Hour), well.Now(), "one that works is believed")
		require.False(t, hostcall.Broken(well))
	})
}

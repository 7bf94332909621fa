package probe_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe"
)

const limit = 30 * time.Second

func TestTimeoutPassesOnWhatTheProberSaw(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	want := probe.Result{Status: probe.Pass, Latency: time.Second}
	p := probe.Timeout(probe.Func(func(context.Context) (probe.Result, error) { return want, boom }), limit)
	for range 3 {
		got, err := p.Probe(t.Context())
		require.Equal(t, want, got)
		require.Equal(t, boom, err)
	}
}

func TestTimeoutLeavesTimeToSayWhatWasSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := probe.Timeout(probe.Func(func(ctx context.Context) (probe.Result, error) {
			<-ctx.Done()
			return probe.Failed("no_receipt", "sent, and never answered"), nil
		}), limit)
		began := time.Now()
		r, err := p.Probe(t.Context())
		require.NoError(t, err)
		require.Equal(t, probe.Fail, r.Status)
		require.Equal(t, limit, time.Since(began))
	})
}

func TestTimeoutLeavesOneHungCallBehindAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		let := make(chan struct{})
		p := probe.Timeout(probe.Func(func(context.Context) (probe.Result, error) {
			calls.Add(1)
			<-let
			return probe.Result{Status: probe.Pass}, nil
		}), limit)
		began := time.Now()
		_, err := p.Probe(t.Context())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, limit+time.Second, time.Since(began))
		for range 3 {
			_, err = p.Probe(t.Context())
			require.ErrorContains(t, err, "has not returned")
		}
		require.Equal(t, int64(1), calls.Load())

		close(let)
		synctest.Wait()
		r, err := p.Probe(t.Context())
		require.NoError(t, err)
		require.Equal(t, probe.Pass, r.Status)
	})
}

func TestTimeoutEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := probe.Timeout(probe.Func(func(ctx context.Context) (probe.Result, error) {
			<-ctx.Done()
			return probe.Result{}, context.Cause(ctx)
		}), limit)
		time.AfterFunc(time.Second, cancel)
		_, err := p.Probe(ctx)
		require.Equal(t, probe.ClassInterrupted, probe.ClassOf(err))
	})
}

func TestTimeoutTurnsAPanicIntoAnError(t *testing.T) {
	t.Parallel()
	p := probe.Timeout(probe.Func(func(context.Context) (probe.Result, error) { panic("oh") }), limit)
	for range 2 { // it is not busy afterwards
		_, err := p.Probe(t.Context())
		require.ErrorContains(t, err, "panic: oh")
		require.Equal(t, probe.ClassError, probe.ClassOf(err))
	}
}

func TestAnInconclusiveErrorKeepsItsCause(t *testing.T) {
	t.Parallel()
	err := probe.Inconclusive("sender_not_connected", context.Canceled)
	require.ErrorIs(t, err, context.Canceled)
	require.EqualError(t, err, "probe: sender_not_connected: context canceled")
	require.EqualError(t, probe.Inconclusive("sender_not_connected", nil), "probe: sender_not_connected")
	require.Empty(t, probe.ClassOf(nil))
}

// nilError has an Error that dereferences nil.
type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

func TestTimeoutSurvivesWhateverAProberDoes(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func() error{
		"exits":                 func() error { runtime.Goexit(); return nil },
		"returns a nil pointer": func() error { return (*nilError)(nil) },
	} {
		p := probe.Timeout(probe.Func(func(context.Context) (probe.Result, error) {
			return probe.Result{Status: probe.Pass}, do()
		}), limit)
		for range 2 { // it is not busy afterwards
			r, err := p.Probe(t.Context())
			require.Error(t, err, name)
			require.NotEmpty(t, err.Error(), name)
			require.Equal(t, probe.ClassError, probe.ClassOf(err), name)
			require.Zero(t, r, name)
		}
	}
}

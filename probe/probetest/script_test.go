package probetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
)

func ExampleScript() {
	p := probetest.NewScript(probetest.Fail("no_receipt"), probetest.Pass(900*time.Millisecond))
	for range 3 {
		r, _ := p.Probe(context.Background())
		fmt.Println(r.Status)
	}
	fmt.Println(p.Calls())
	// Output:
	// FAIL
	// PASS
	// PASS
	// 3
}

// A prober of your own is held to the contract like this.
func ExampleRun() {
	var t *testing.T // the test's own
	_ = func() {
		probetest.Run(t, func(t *testing.T) probetest.Subject {
			cut := make(chan struct{})
			return probetest.Subject{
				Prober: probe.Func(func(ctx context.Context) (probe.Result, error) {
					// … ask, and give up when ctx ends
					return probe.Result{Status: probe.Pass, Latency: time.Millisecond}, nil
				}),
				Break: func() { close(cut) },
			}
		})
	}
	// Output:
}

func TestAScriptWaitsBreaksAndGoesOn(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	s := &probetest.Script{}
	r, err := s.Probe(t.Context())
	require.NoError(t, err)
	require.Equal(t, probe.Pass, r.Status, "the zero Script passes")

	s.Then(probetest.Step{Wait: never}, probetest.Step{Panic: "oh"}, probetest.Error(probe.ErrNotConfigured))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Probe(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.PanicsWithValue(t, "oh", func() { _, _ = s.Probe(t.Context()) })
	for range 2 {
		_, err = s.Probe(t.Context())
		require.ErrorIs(t, err, probe.ErrNotConfigured)
	}

	let := make(chan struct{})
	s.Then(probetest.Step{Wait: let, Deaf: true, Err: errors.New("late")})
	time.AfterFunc(time.Millisecond, func() { close(let) })
	_, err = s.Probe(ctx)
	require.EqualError(t, err, "late", "deaf to its context")
	require.Equal(t, 6, s.Calls())
}

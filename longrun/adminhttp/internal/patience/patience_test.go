package patience_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/adminhttp/internal/patience"
)

func TestPatienceEndsTenSecondsAfterTheLastWord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := patience.New(t.Context(), clock.New())
		defer p.Close()
		below, cancel := context.WithCancel(p)
		defer cancel()
		require.Same(t, p, patience.Of(below), "whoever reads for the request finds it")
		for range 10 {
			time.Sleep(9 * time.Second)
			p.Hear()
		}
		time.Sleep(10*time.Second - time.Nanosecond)
		synctest.Wait()
		require.NoError(t, below.Err())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Error(t, below.Err())
		require.ErrorIs(t, context.Cause(below), context.DeadlineExceeded)
	})
}

func TestPatienceThatIsClosedLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // which fails while a goroutine or a timer's work is left
		p := patience.New(t.Context(), clock.New())
		p.Close()
		require.ErrorIs(t, p.Err(), context.Canceled)
		time.Sleep(time.Minute)
		require.ErrorIs(t, p.Err(), context.Canceled)
	})
	require.Nil(t, patience.Of(t.Context()))
}

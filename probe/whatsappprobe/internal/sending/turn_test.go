package sending

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
)

// A probe whose time is over fails. One whose monitor is stopped, be it by a
// deadline that the host gave it, cannot tell.
func TestOnlyTheProbesOwnTimeIsNotCalledOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		host, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		own, cancel := deadline.With(host, clock.New(), time.Second)
		defer cancel()
		late, end := deadline.With(host, clock.New(), time.Hour)
		defer end()
		require.NoError(t, CalledOff(own), "it goes on")
		<-own.Done()
		require.NoError(t, CalledOff(own), "its time is over")
		<-late.Done()
		require.ErrorIs(t, CalledOff(late), context.DeadlineExceeded, "the monitor's")
		require.NoError(t, CalledOff(host), "whoever calls without a monitor gives a deadline")
		stopped, stopNow := context.WithCancel(t.Context())
		stopNow()
		require.ErrorIs(t, CalledOff(stopped), context.Canceled)
	})
}

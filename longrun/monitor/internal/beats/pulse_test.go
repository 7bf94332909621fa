package beats_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/beats"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// A beat says that all is well, or not, only where its maker can know that; and comes with
// its slot in any case.
func TestABeatSaysOfTheHostWhatItsMakerKnows(t *testing.T) {
	t.Parallel()
	const healthy, sick, unknown = "healthy", "not healthy", "unknown"
	for name, c := range map[string]struct {
		host     longrun.HostStatus
		fails    error
		expected int64
		known    bool
		want     string
	}{
		"enough accounts":                       {host: longrun.HostStatus{Healthy: true, Connected: 3}, expected: 3, known: true, want: healthy},
		"too few accounts":                      {host: longrun.HostStatus{Healthy: true, Connected: 2}, expected: 3, known: true, want: sick},
		"no account is expected":                {host: longrun.HostStatus{Healthy: true}, known: true, want: healthy},
		"not healthy":                           {host: longrun.HostStatus{Connected: 3}, expected: 3, known: true, want: sick},
		"nobody knows how many are expected":    {host: longrun.HostStatus{Healthy: true, Connected: 3}, want: unknown},
		"so many were expected by earlier ones": {host: longrun.HostStatus{Healthy: true, Connected: 2}, expected: 3, want: unknown},
		"not healthy, however many it is to be": {host: longrun.HostStatus{Connected: 3}, want: sick},
		"the host says nothing":                 {fails: errors.New("no line"), want: sick},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d, _ := leadtest.Deps(t, memstore.New(nil), nil)
				var made []longrun.Heartbeat
				b, err := beats.New(d, beats.Options{
					Status: hostcall.NewStatus(func(context.Context) (longrun.HostStatus, error) { return c.host, c.fails }, time.Second, d.Clock),
					// Who has a store that does not answer cannot know, and is not asked to wait.
					Expected: func() (int64, bool) { return c.expected, c.known },
					Backlog:  10, Answers: func(context.Context) bool { return true },
					Made:     func(h longrun.Heartbeat, _ longrun.HostStatus) { made = append(made, h) },
					EachSlot: func(context.Context) {},
				})
				require.NoError(t, err)
				ctx, end := context.WithCancel(t.Context())
				done := spawn.Start("the pulse", func() error { b.Pulse(ctx); return nil })
				time.Sleep(3*time.Minute + time.Second)
				end()
				require.NoError(t, <-done)
				require.Len(t, made, 3)
				for _, h := range made {
					require.Zero(t, h.DriftSec)
					got := map[bool]string{true: healthy, false: sick}[h.Healthy]
					if h.HealthUnknown {
						require.False(t, h.Healthy)
						got = unknown
					}
					require.Equal(t, c.want, got)
					require.Equal(t, c.host.Connected, h.ConnectedCount)
				}
			})
		})
	}
}

// A host may take all the time that it has: the process ran meanwhile.
func TestAHostThatTakesItsTimeIsNoStall(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ timeout, at, takes time.Duration }{
		"the default timeout, asked late in a slot": {5 * time.Second, 59 * time.Second, 4 * time.Second},
		"a timeout longer than half the interval":   {50 * time.Second, 15 * time.Second, 47 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d, lines := leadtest.Deps(t, memstore.New(nil), nil)
				var lapses []longrun.Lapse
				leads, calls := false, 0
				b, err := beats.New(d, beats.Options{
					Status: hostcall.NewStatus(func(context.Context) (longrun.HostStatus, error) {
						if calls++; calls == 1 {
							time.Sleep(c.takes)
						}
						return longrun.HostStatus{Healthy: true}, nil
					}, c.timeout, d.Clock),
					Expected: func() (int64, bool) { return 0, true },
					Backlog:  10, Answers: func(context.Context) bool { return leads },
					Made:     func(longrun.Heartbeat, longrun.HostStatus) {},
					GaveUp:   func([]longrun.Slot) {},
					Lapse:    func(l longrun.Lapse) { lapses = append(lapses, l) },
					EachSlot: func(context.Context) {},
				})
				require.NoError(t, err)
				ctx, end := context.WithCancel(t.Context())
				done := spawn.Start("the pulse", func() error { b.Pulse(ctx); return nil })
				time.Sleep(c.at)
				leads = true
				b.Ask()
				time.Sleep(80 * time.Second)
				end()
				require.NoError(t, <-done)
				require.Empty(t, lapses)
				require.Zero(t, lines.Count("did not run"))
			})
		})
	}
}

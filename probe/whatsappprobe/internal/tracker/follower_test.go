package tracker_test

import (
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tap"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func follow(t *testing.T) *tracker.Follower {
	t.Helper()
	clk := clock.NewMock()
	clk.Set(noon)
	f := tracker.Begin("a", nil, clk)
	f.Count(noon)
	f.Hear(tap.Fact{Kind: tap.LoggedIn}, noon)
	f.Follow(&events.Connected{}, noon)
	return &f
}

// What waited goes to whoever took the session over: it is not lost.
func TestAReplayThatAnotherClientTookOverIsNotJudged(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]any{
		"replaced": &events.StreamReplaced{}, "logged out": &events.LoggedOut{}, "banned": &events.TemporaryBan{}, "disconnected": &events.Disconnected{},
	} {
		f := follow(t)
		f.Hear(tap.Fact{Kind: tap.Preview, Count: 100}, noon)
		f.Hear(tap.Fact{Kind: tap.Arrived, ID: "1", Waited: true}, noon)
		f.Follow(end, noon.Add(time.Second))
		f.Hear(tap.Fact{Kind: tap.ReplayOver}, noon.Add(2*time.Second)) // of the connection after it, where nothing waited
		require.Zero(t, f.View(noon.Add(5*time.Minute)).Traffic.ReplayLost, name)
	}
	f := follow(t)
	f.Hear(tap.Fact{Kind: tap.Preview, Count: 100}, noon)
	f.Hear(tap.Fact{Kind: tap.ReplayOver}, noon.Add(2*time.Second))
	require.EqualValues(t, 100, f.View(noon.Add(5*time.Minute)).Traffic.ReplayLost)
}

// Reconnects count for an hour, and taking a session over for ten minutes, as the rules
// look at them.
func TestWhatCountsCountsForItsTime(t *testing.T) {
	t.Parallel()
	f := follow(t)
	f.Follow(&events.StreamReplaced{}, noon)
	f.Follow(&events.Connected{}, noon)
	got := f.View(noon.Add(10*time.Minute - time.Second))
	require.Equal(t, []int{1, 1}, []int{got.Replaced, got.Reconnects})
	got = f.View(noon.Add(10 * time.Minute))
	require.Equal(t, []int{0, 1}, []int{got.Replaced, got.Reconnects})
	require.Equal(t, noon, got.LastReplaced)
	got = f.View(noon.Add(time.Hour))
	require.Equal(t, []int{0, 0}, []int{got.Replaced, got.Reconnects})
}

// A keepalive that went without an answer before the account connected anew may be told
// of behind that.
func TestAKeepAliveOfTheConnectionBeforeSaysNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answered time.Time
		state    tracker.State
	}{
		"of this one":        {noon.Add(20 * time.Second), tracker.Degraded},
		"of the one before":  {noon.Add(-time.Minute), tracker.Connected},
		"of a clock's width": {noon.Add(-3 * time.Second), tracker.Degraded},
		"of nobody knows":    {time.Time{}, tracker.Degraded},
	} {
		f := follow(t)
		f.Follow(&events.KeepAliveTimeout{LastSuccess: c.answered}, noon.Add(time.Minute))
		require.Equal(t, c.state, f.Account.State, name)
	}
}

package sending

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

// Against a list of all that ever was. Of more changes than are kept, an absence
// may be assumed, and never a presence.
func TestThePastIsAsItWas(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(13, 17))
	all := []tracker.State{tracker.Connected, tracker.Reconnecting, tracker.Degraded}
	start := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	forgot := 0
	for range 20_000 {
		var p presence
		var states []tracker.State // second by second
		s := all[rng.IntN(3)]
		changes := 0
		for second := range 12 {
			if second > 0 && rng.IntN(1+rng.IntN(6)) == 0 {
				if next := all[rng.IntN(3)]; next != s {
					s = next
					changes++
				}
			}
			states = append(states, s)
			p.note(s, start.Add(time.Duration(second)*time.Second))
		}
		from := rng.IntN(12)
		to := from + rng.IntN(12-from)
		want := true
		for _, s := range states[from : to+1] {
			want = want && s != tracker.Reconnecting
		}
		at := func(second int) time.Time {
			return start.Add(time.Duration(second)*time.Second + time.Duration(rng.IntN(2))*time.Millisecond)
		}
		got := p.stayed(at(from), at(to), []tracker.State{tracker.Connected, tracker.Degraded})
		if changes < len(p.kept) {
			require.Equal(t, states[to], p.at(at(to)))
			require.Equal(t, want, got, "%v from %d to %d", states, from, to)
			continue
		}
		forgot++
		require.False(t, got && !want, "%v from %d to %d", states, from, to)
	}
	require.Positive(t, forgot)
}

package coverage

import (
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/stretchr/testify/require"
)

// silence is a month of minutes in which all was well, but that for six hours nothing
// at all was written: who should have watched was down.
func silence() *truth {
	from := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	t := &truth{window: longrun.Window{From: from, To: from.AddDate(0, 0, 30)}}
	gone := gap{from.AddDate(0, 0, 17), from.AddDate(0, 0, 17).Add(6 * time.Hour)}
	t.gaps = []gap{gone}
	for i := range 30 * 1440 {
		start := from.Add(time.Duration(i) * interval)
		if !start.Before(gone.from) && start.Before(gone.to) {
			continue
		}
		h := longrun.Beat(start, interval)
		h.Healthy = true
		t.beats = append(t.beats, h)
	}
	return t
}

// share is the part of the window that was watched, and that is all there is to know.
func (t *truth) share() float64 {
	silent := time.Duration(0)
	for _, g := range t.gaps {
		silent += g.to.Sub(g.from)
	}
	return 1 - float64(silent)/float64(t.window.To.Sub(t.window.From))
}

// hourly is what Gatus keeps of an endpoint for each hour, and its uptime is of those
// that have any: the checks that succeeded by those that were made (storage/store of
// v5, GetUptimeByKey). The module itself could not be had here; this is its rule.
type hourly map[int64]struct{ succeeded, made int }

func check(beats []longrun.Heartbeat) hourly {
	h := hourly{}
	for _, b := range beats {
		hour := h[b.TS.Truncate(time.Hour).Unix()]
		hour.made++
		if b.Healthy {
			hour.succeeded++
		}
		h[b.TS.Truncate(time.Hour).Unix()] = hour
	}
	return h
}

func (h hourly) uptime(w longrun.Window) float64 {
	succeeded, made := 0, 0
	for at := w.From; !at.After(w.To); at = at.Add(time.Hour) {
		hour := h[at.Truncate(time.Hour).Unix()]
		succeeded, made = succeeded+hour.succeeded, made+hour.made
	}
	if made == 0 {
		return 0
	}
	return float64(succeeded) / float64(made)
}

// said is what each says of a month's availability.
type said struct{ truth, ours, gatus, average, count float64 }

func ask(tb testing.TB) said {
	tb.Helper()
	t := silence()
	c := coverage.Of(t.beats, t.window, interval, t.now())
	require.Len(tb, c.Gaps, 1)
	found := gap{c.Gaps[0].From, c.Gaps[0].To}
	require.Equal(tb, t.gaps[0], found)
	p := scrape(tb, t)
	return said{
		truth: t.share(), ours: float64(c.Written) / float64(c.Written+c.Missed),
		gatus:   check(t.beats).uptime(t.window),
		average: p.value(tb, "avg_over_time(up["+p.span()+"])"),
		count:   float64(p.written(tb)) / float64(t.window.To.Sub(t.window.From)/interval),
	}
}

func TestOnlyWhoKnowsTheSlotsSeesASilence(t *testing.T) {
	t.Parallel()
	s := ask(t)
	require.InDelta(t, 0.991667, s.truth, 1e-6)
	require.InDelta(t, s.truth, s.ours, 1e-9)
	require.InDelta(t, 1, s.gatus, 1e-9)
	require.InDelta(t, 1, s.average, 1e-9)
	require.InDelta(t, s.truth, s.count, 1e-9, "who divides by what should be there is right")
}

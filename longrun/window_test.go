package longrun_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
)

func TestAWindowNamesEachBoundThatIsWrong(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 12, 29, 22, 14, 29, 0, time.UTC)
	require.NoError(t, longrun.Window{From: at, To: at.Add(1)}.Validate())
	require.NoError(t, longrun.Window{From: at, To: at}.Validate(), "an empty window is no mistake")
	require.EqualError(t, longrun.Window{To: at}.Validate(), "from is missing")
	require.EqualError(t, longrun.Window{From: at}.Validate(), "to is missing")
	require.EqualError(t, longrun.Window{}.Validate(), "from is missing\nto is missing")
	require.EqualError(t, longrun.Window{From: at, To: at.Add(-time.Second)}.Validate(),
		"to 2025-12-29T22:14:28Z is before from 2025-12-29T22:14:29Z")
}

func TestAWindowEndsBeforeItsTo(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
	w := longrun.Window{From: at, To: at.Add(time.Minute)}
	require.True(t, w.Contains(w.From))
	require.True(t, w.Contains(w.To.Add(-1)))
	require.False(t, w.Contains(w.To))
	require.False(t, w.Contains(w.From.Add(-1)))
}

func FuzzWindow(f *testing.F) {
	for i := range seedtest.Histories(500) {
		f.Add(drawtest.Noise(i), int64(i)*7_777_777_777)
	}
	f.Fuzz(func(t *testing.T, data []byte, cut int64) {
		interval, from, to, now, _ := (&drawtest.Source{Data: data}).Window()
		w := longrun.Window{From: from, To: to}
		first, end := w.Slots(interval, now)
		require.LessOrEqual(t, first, end)
		if w.Validate() != nil {
			require.Equal(t, first, end)
			return
		}
		// Every slot near the window, one by one: does it count?
		a := w.Align(interval)
		counted := 0
		for s := longrun.SlotAt(w.From, interval) - 3; s < longrun.SlotAt(w.To, interval)+4; s++ {
			start, over := s.Start(interval), s.Start(interval).Add(interval)
			touched := start.Before(w.To) && over.After(w.From) && w.From.Before(w.To)
			require.Equal(t, touched, a.Contains(start) && !over.After(a.To), "slot %v", start)
			require.Equal(t, touched && !over.After(now), s >= first && s < end, "slot %v", start)
			if s >= first && s < end {
				counted++
			}
		}
		require.Equal(t, int(end-first), counted)
		require.Equal(t, a, a.Align(interval), "the grid is on the grid")
		require.Equal(t, time.UTC, a.From.Location())
		require.Equal(t, time.UTC, a.To.Location())

		earliest := w.From.Add(time.Duration(cut % int64(100*interval)))
		c := w.Clip(earliest)
		require.NoError(t, c.Validate())
		for _, at := range []time.Time{w.From, w.To, earliest, earliest.Add(-1), earliest.Add(1), w.To.Add(-1)} {
			require.Equal(t, w.Contains(at) && !at.Before(earliest), c.Contains(at))
		}
		require.Equal(t, w, w.Clip(time.Time{}))
	})
}

func TestWindowsOfEveryShapeCountTheirSlots(t *testing.T) {
	t.Parallel()
	at := func(min, sec int) time.Time { return time.Date(2025, 12, 29, 22, min, sec, 0, time.UTC) }
	late := at(59, 0)
	for name, c := range map[string]struct {
		from, to, now time.Time
		want          int
	}{
		"on the grid":               {at(10, 0), at(20, 0), late, 10},
		"both bounds move outwards": {at(10, 59), at(20, 1), late, 11},
		"less than a slot":          {at(10, 20), at(10, 21), late, 1},
		"across one boundary":       {at(10, 59), at(11, 1), late, 2},
		"an instant":                {at(10, 20), at(10, 20), late, 0},
		"now inside a slot":         {at(10, 0), at(20, 0), at(15, 59), 5},
		"now at a boundary":         {at(10, 0), at(20, 0), at(16, 0), 6},
		"now in the ceiled part":    {at(10, 0), at(19, 30), at(19, 45), 9},
		"now before the window":     {at(10, 0), at(20, 0), at(9, 0), 0},
		"the first slot is open":    {at(10, 0), at(20, 0), at(10, 59), 0},
	} {
		first, end := longrun.Window{From: c.from, To: c.to}.Slots(time.Minute, c.now)
		require.Equal(t, c.want, int(end-first), name)
	}
}

// A day has as many slots in every zone: the grid is UTC's, and a clock change
// moves nothing.
func TestClockChangesMoveNoSlot(t *testing.T) {
	t.Parallel()
	before, after := time.FixedZone("EEST", 3*3600), time.FixedZone("EET", 2*3600)
	w := longrun.Window{
		From: time.Date(2025, 10, 26, 0, 0, 0, 0, before),
		To:   time.Date(2025, 10, 27, 0, 0, 0, 0, after),
	}
	first, end := w.Slots(time.Hour, w.To)
	require.Equal(t, 25, int(end-first))
}

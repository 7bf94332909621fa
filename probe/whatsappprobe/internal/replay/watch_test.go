package replay_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/replay"
)

var start = time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

func TestTheFateOfWhatWasLeft(t *testing.T) {
	t.Parallel()
	const s, min = time.Second, time.Minute
	for name, c := range map[string]struct {
		do    func(w *replay.Watch)
		look  time.Duration
		fate  replay.Fate
		after time.Duration
	}{
		"away still":             {func(*replay.Watch) {}, 24 * time.Hour, replay.Open, 0},
		"it came":                {func(w *replay.Watch) { w.Back(at(0)); w.Came("m", at(s)); w.Ended(at(s)) }, time.Hour, replay.None, 0},
		"before Connected":       {func(w *replay.Watch) { w.Came("m", at(0)); w.Ended(at(0)); w.Back(at(0)) }, time.Hour, replay.None, 0},
		"at the last moment":     {func(w *replay.Watch) { w.Back(at(0)); w.Ended(at(s)); w.Came("m", at(s+min)) }, time.Hour, replay.None, 0},
		"time left":              {func(w *replay.Watch) { w.Back(at(0)); w.Ended(at(s)) }, s + min, replay.Open, 0},
		"lost":                   {func(w *replay.Watch) { w.Back(at(0)); w.Ended(at(s)) }, s + min + 1, replay.Lost, 0},
		"ended before Connected": {func(w *replay.Watch) { w.Ended(at(0)); w.Back(at(s)) }, s + min + 1, replay.Lost, 0},
		"another one came":       {func(w *replay.Watch) { w.Back(at(0)); w.Ended(at(s)); w.Came("n", at(s)) }, s + min + 1, replay.Lost, 0},
		"late":                   {func(w *replay.Watch) { w.Back(at(0)); w.Ended(at(s)); w.Came("m", at(s+2*min)) }, time.Hour, replay.Late, 2 * min},
		"no end, time left":      {func(w *replay.Watch) { w.Back(at(0)) }, 6 * min, replay.Open, 0},
		"no end":                 {func(w *replay.Watch) { w.Back(at(0)) }, 6*min + 1, replay.Lost, 0},
		"the end of another":     {func(w *replay.Watch) { w.Ended(at(-time.Hour)); w.Back(at(0)) }, 6 * min, replay.Open, 0},
		"cut short":              {func(w *replay.Watch) { w.Back(at(0)); w.Ended(at(s)); w.Away(at(min)) }, time.Hour, replay.Open, 0},
		"cut short, then came":   {func(w *replay.Watch) { w.Back(at(0)); w.Away(at(min)); w.Back(at(2 * min)); w.Came("m", at(3*min)) }, time.Hour, replay.None, 0},
		"lost, then away":        {func(w *replay.Watch) { w.Back(at(0)); w.Ended(at(s)); w.Away(at(2 * min)) }, time.Hour, replay.Lost, 0},
		"lost, then the next brings it": {func(w *replay.Watch) {
			w.Back(at(0))
			w.Ended(at(s))
			w.Away(at(2 * min))
			w.Back(at(3 * min))
			w.Came("m", at(s+3*min))
		}, time.Hour, replay.Late, 3 * min},
		"unreadable":           {func(w *replay.Watch) { w.Back(at(0)); w.Ended(at(s)); w.Garbled("id") }, time.Hour, replay.Unreadable, 0},
		"another's unreadable": {func(w *replay.Watch) { w.Back(at(0)); w.Ended(at(s)); w.Garbled("di"); w.Garbled("") }, time.Hour, replay.Lost, 0},
		"readable at last":     {func(w *replay.Watch) { w.Back(at(0)); w.Garbled("id"); w.Came("m", at(s)) }, time.Hour, replay.None, 0},
		"given up":             {func(w *replay.Watch) { w.Forget(); w.Back(at(0)); w.Ended(at(s)) }, time.Hour, replay.None, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w replay.Watch
			w.Away(at(-time.Hour))
			w.Leave("m", "id")
			c.do(&w)
			fate, after := w.Look(at(c.look))
			require.Equal(t, c.fate, fate)
			require.Equal(t, c.after, after)
		})
	}
}

// A verdict is given to whoever asks, and once more to whoever confirms it.
func TestAFateIsToldTwiceAtTheMost(t *testing.T) {
	t.Parallel()
	lost := func() *replay.Watch {
		w := new(replay.Watch)
		w.Leave("m", "id")
		w.Back(at(0))
		w.Ended(at(0))
		return w
	}
	look := func(w *replay.Watch, d time.Duration) replay.Fate { fate, _ := w.Look(at(d)); return fate }
	w := lost()
	require.Equal(t, replay.Lost, look(w, time.Hour))
	w.Leave("n", "id2") // not while the first is told of
	require.Equal(t, replay.Lost, look(w, time.Hour+10*time.Second))
	require.Equal(t, replay.None, look(w, time.Hour+20*time.Second))
	w = lost()
	require.Equal(t, replay.Lost, look(w, time.Hour))
	require.Equal(t, replay.None, look(w, 7*time.Hour), "that is a probe of its own")
	w.Away(at(8 * time.Hour))
	w.Leave("n", "id2")
	require.Equal(t, replay.Open, look(w, 9*time.Hour), "the next one")
}

// Histories of an account that comes and goes, against one that is looked up
// whole: the first replay which ended, and was given its minute, decides.
func TestEveryHistoryIsJudgedByTheFirstWholeReplay(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 11))
	seen := map[replay.Fate]int{}
	for range 50_000 {
		var w replay.Watch
		w.Away(at(0))
		w.Leave("m", "id")
		now := time.Duration(0)
		step := func() { now += time.Duration(1+rng.IntN(200)) * time.Second / 2 }
		came := time.Duration(-1)
		var due []time.Duration // of each connection that lasted, when its minute was over
		var over []time.Duration
		for range 1 + rng.IntN(4) {
			step()
			back := now
			w.Back(at(now))
			end := back + replay.Endless
			if rng.IntN(3) > 0 {
				step()
				end = now
				w.Ended(at(now))
			}
			if came < 0 && rng.IntN(3) == 0 {
				step()
				came = now
				w.Came("m", at(now))
			}
			if rng.IntN(4) > 0 {
				step()
			} else {
				now += 7 * time.Minute
			}
			if now > end+replay.Patience {
				due, over = append(due, end+replay.Patience), append(over, end)
			}
			if rng.IntN(2) == 0 {
				break
			}
			w.Away(at(now))
		}
		want, after := replay.Open, time.Duration(0)
		switch {
		case len(due) > 0 && (came < 0 || came > due[0]):
			want = replay.Lost
			if came >= 0 {
				want, after = replay.Late, came-over[0]
			}
		case came >= 0:
			want = replay.None
		}
		fate, late := w.Look(at(now))
		require.Equal(t, want, fate)
		require.Equal(t, after, late)
		seen[fate]++
	}
	require.Len(t, seen, 4, "%v", seen)
}

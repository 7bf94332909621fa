package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

func FuzzInsufficientData(f *testing.F) {
	for i := range seedtest.Histories(250) {
		f.Add(drawtest.Noise(i))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		recall(data, func(s *drawtest.Source, m *told) bool {
			state, perMille := someState(s, rules.InsufficientData, m), []int{800, 0, 1000, 500, 950, 900, 333}[s.Of(7)]
			got := rules.CheckInsufficientData(state, m.recent, m.now, float64(perMille)/1000)
			require.Equal(t, got.Condition == rules.Bad, got.Summary != "")
			got.Summary = ""
			require.Equal(t, m.slowInsufficient(state, m.now, perMille), got, "%+v at %v", state, m.now)
			return true
		})
	})
}

func TestInsufficientData(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		slots, every int // every so manieth slot is empty
		threshold    float64
		verdict      rules.Condition
		summary      string
	}{
		"an hour must exist":       {slots: 59, every: 1, threshold: 0.8, verdict: rules.Unseen},
		"then it counts":           {slots: 60, every: 1, threshold: 0.8, verdict: rules.Bad, summary: "coverage of the last 1 h is 0 % (0 of 60 heartbeats), less than 80 % is too little"},
		"equal is enough":          {slots: 1440, every: 5, threshold: 0.8, verdict: rules.Good},
		"one more missing is not":  {slots: 1441, every: 5, threshold: 0.8, verdict: rules.Good}, // the window moved on
		"of what exists":           {slots: 70, every: 4, threshold: 0.8, verdict: rules.Bad, summary: "coverage of the last 70 min is 75.7 % (53 of 70 heartbeats), less than 80 % is too little"},
		"never like the threshold": {slots: 1440, every: 1440, threshold: 1, verdict: rules.Bad, summary: "coverage of the last 24 h is 99.9 % (1439 of 1440 heartbeats), less than 100 % is too little"},
		"nothing is asked":         {slots: 1440, every: 1, threshold: 0, verdict: rules.Good},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := from.Add(time.Duration(c.slots) * time.Minute)
			r := rules.NewRecent(time.Minute)
			r.Restore(from, time.Time{}, now)
			for i := range c.slots {
				if (i+1)%c.every != 0 {
					r.Fill(longrun.SlotAt(from, time.Minute) + longrun.Slot(i))
				}
			}
			f := rules.CheckInsufficientData(rules.State{}, r, now, c.threshold)
			require.Equal(t, c.verdict, f.Condition)
			require.Equal(t, c.summary, f.Summary)
		})
	}
}

// Whatever the threshold of three decimals: a coverage that equals it is enough,
// and one slot less is not.
func TestACoverageThatEqualsTheThresholdIsEnough(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	for _, expected := range []int{60, 125, 250, 1000, 1440} {
		now := from.Add(time.Duration(expected) * time.Minute)
		r := rules.NewRecent(time.Minute)
		r.Restore(from, time.Time{}, now)
		for written := range expected {
			for _, perMille := range []int{written * 1000 / expected, written*1000/expected + 1} {
				f := rules.CheckInsufficientData(rules.State{Phase: rules.Firing, Since: &from}, r, now, float64(perMille)/1000)
				require.Equal(t, written*1000 < perMille*expected, f.Condition == rules.Bad, "%d of %d against %d", written, expected, perMille)
			}
			r.Fill(longrun.SlotAt(from, time.Minute) + longrun.Slot(written))
		}
	}
}

// The incident began when the coverage fell for the last time, long before the
// leader that sees it.
func TestCoverageFellWhenItLastDid(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 12, 28, 0, 0, 0, 0, time.UTC)
	r := rules.NewRecent(time.Minute)
	r.Restore(from, time.Time{}, from.Add(36*time.Hour))
	base := longrun.SlotAt(from, time.Minute)
	for i := range longrun.Slot(24 * 60) { // a day without a gap
		r.Fill(base + i)
	}
	now := from.Add(24*time.Hour + 6*time.Hour)
	f := rules.CheckInsufficientData(rules.State{}, r, now, 0.8)
	require.Equal(t, rules.Bad, f.Condition)
	// 288 of 1,440 may be missing: it fell with the end of the 289th empty slot.
	require.Equal(t, from.Add(24*time.Hour+289*time.Minute), f.Since)
	f = rules.CheckInsufficientData(rules.State{Phase: rules.Firing, Since: &from}, r, now, 0.8)
	require.Equal(t, from, f.Since, "while it fires it began when it began")
}

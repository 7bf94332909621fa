package rules_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// patient is a target that is looked at once a minute, and those who are told of it.
type patient struct {
	t        *testing.T
	state    rules.State
	throttle time.Duration
	now      time.Time
	sent     []word

	// What is so, since when, and since when it can be told.
	fires       bool
	since, free time.Time
}

// word is a message: what it says, and what people then believe.
type word struct {
	at    time.Time
	kind  longrun.NoticeKind
	fires bool
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	return &patient{t: t, throttle: time.Hour, now: evening, since: evening, free: evening}
}

// look is the next minute.
func (p *patient) look(fires, muted bool) longrun.NoticeKind {
	p.t.Helper()
	p.now = p.now.Add(time.Minute)
	f := rules.Finding{Rule: rules.LoggedOut, Target: "ops", Condition: rules.Good}
	if fires {
		f.Condition = rules.Bad
	}
	if fires != p.fires {
		p.fires, p.since = fires, p.now
	}
	if muted {
		p.free = p.now.Add(time.Minute)
	}
	next, did := p.state.Next(f, rules.Policy{}, p.now)
	var kind longrun.NoticeKind
	p.state, kind = next.Tell(did, muted, p.throttle, p.now)
	if kind != longrun.NoNotice {
		p.sent = append(p.sent, word{p.now, kind, p.state.Phase == rules.Firing})
	}
	p.check(kind != longrun.NoNotice)
	return kind
}

// check asks what is promised after each look; told says that this one brought a
// message.
func (p *patient) check(told bool) {
	p.t.Helper()
	said, flaps := false, false
	if n := len(p.sent); n > 0 {
		said, flaps = p.sent[n-1].fires, p.sent[n-1].kind == longrun.NoticeFlapping
	}
	unit := min(p.throttle, time.Hour)
	held, open := p.now.Sub(p.since), max(p.now.Sub(p.free), 0)
	switch {
	case p.fires && !said && p.now.Before(p.free): // it is muted
	case p.fires && !said && !flaps:
		require.Fail(p.t, "a change for the worse is told at once", "at %v", p.now)
	case p.fires && !said && held >= 10*time.Minute:
		require.Fail(p.t, "where it flaps, it is told when it stays so", "at %v", p.now)
	case !p.fires && said && !flaps:
		require.Fail(p.t, "an end is told at once", "at %v", p.now)
	case !p.fires && said && min(held, open) >= 2*unit:
		require.Fail(p.t, "where it flaps, it is told before long", "at %v", p.now)
	case flaps && min(held, open) > 5*unit:
		require.Fail(p.t, "what is stable no longer flaps", "at %v", p.now)
	}
	for i := 0; told && i < len(p.sent); i++ {
		require.LessOrEqual(p.t, len(p.sent)-i, 6+int(p.now.Sub(p.sent[i].at)/unit))
	}
}

// run looks on for so many minutes.
func (p *patient) run(fires bool, minutes int) *patient {
	p.t.Helper()
	for range minutes {
		p.look(fires, false)
	}
	return p
}

func (p *patient) muted(fires bool, minutes int) *patient {
	p.t.Helper()
	for range minutes {
		p.look(fires, true)
	}
	return p
}

// kinds are the messages, each with its minute.
func (p *patient) kinds() (out []string) {
	for _, w := range p.sent {
		out = append(out, fmt.Sprintf("%s %.0f", w.kind, w.at.Sub(evening).Minutes()))
	}
	return out
}

// Trouble that comes again within the throttle of its first word is told: else
// nobody hears of the longer one, and the last word says that all is well.
func TestTroubleThatComesAgainWithinTheThrottleIsTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run  func(p *patient)
		told []string
	}{
		"gone 6 min, back 15, gone 40": {
			func(p *patient) { p.run(true, 6).run(false, 15).run(true, 40) },
			[]string{"firing 1", "resolved 7", "firing 22"},
		},
		"out 5 min, in 5, out 45": {
			func(p *patient) { p.run(true, 5).run(false, 5).run(true, 45) },
			[]string{"firing 1", "resolved 6", "firing 11"},
		},
		"it comes again while it is muted, and stays": {
			func(p *patient) { p.run(true, 5).run(false, 5).muted(true, 20).run(true, 10) },
			[]string{"firing 1", "resolved 6", "firing 31"},
		},
		"it ends while it is muted, and comes again": {
			func(p *patient) { p.run(true, 5).muted(true, 5).muted(false, 5).run(true, 10) },
			[]string{"firing 1", "resolved 11", "firing 16"},
		},
		"it comes and goes while it is muted": {
			func(p *patient) { p.muted(true, 5).muted(false, 5).muted(true, 5).run(false, 5).run(true, 5) },
			[]string{"firing 21"},
		},
		"another instance took over, whose states are documents": {
			func(p *patient) {
				p.run(true, 5).run(false, 5)
				text, err := json.Marshal(p.state)
				require.NoError(p.t, err)
				p.state = rules.State{}
				require.NoError(p.t, json.Unmarshal(text, &p.state))
				p.run(true, 5)
			},
			[]string{"firing 1", "resolved 6", "firing 11"},
		},
		"an earlier version stood in its throttle": {
			func(p *patient) {
				sent, end := evening.Add(-10*time.Minute), evening.Add(-2*time.Minute)
				p.state = rules.State{Rule: rules.LoggedOut, Target: "ops", Phase: rules.Inactive, LastSent: &sent, LastEnd: &end, Seq: 8}
				p.run(true, 5)
			},
			[]string{"firing 1"},
		},
		"an earlier version kept what fires to itself": {
			func(p *patient) {
				sent, since := evening.Add(-10*time.Minute), evening.Add(-2*time.Minute)
				p.state = rules.State{Rule: rules.LoggedOut, Target: "ops", Phase: rules.Firing, Since: &since, LastSent: &sent, IncidentID: "x", Seq: 8}
				p.fires, p.since = true, since
				p.run(true, 5)
			},
			[]string{"firing 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t)
			c.run(p)
			require.Equal(t, c.told, p.kinds())
		})
	}
}

// A flapping target from its first change to the word that it is stable.
func TestWhatFlapsIsSummedUpAndHasALastWord(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	for range 40 {
		p.run(true, 3).run(false, 2)
	}
	require.Equal(t, []string{"firing 1", "resolved 4", "firing 6", "resolved 9", "flapping 11", "flapping 71", "flapping 131", "flapping 191"}, p.kinds())
	require.Equal(t, "changed 80 times since 22:01 UTC (2025-12-29), and is well now, since 01:19 UTC (2025-12-30)", p.state.Flaps())
	p.run(false, 240)
	require.Equal(t, []string{"flapping 251", "resolved 361"}, p.kinds()[8:])
	require.Nil(t, p.state.FlapSince)
	// The next one is told by itself again.
	p.run(true, 1)
	require.Equal(t, []string{"firing 441"}, p.kinds()[10:])
	require.EqualValues(t, 81, p.state.Changes, "within hours it counts with those before")
	p.run(false, 1).run(false, 7*60).run(true, 1)
	require.EqualValues(t, 1, p.state.Changes)
}

func TestWhatFlapsAndThenStaysBadIsToldInMinutes(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	for range 3 {
		p.run(true, 1).run(false, 1)
	}
	p.run(true, 60*5)
	require.Equal(t, []string{"firing 1", "resolved 2", "firing 3", "resolved 4", "flapping 5", "flapping 65", "reminder 181", "reminder 301"}, p.kinds())

	p = newPatient(t)
	p.look(true, true) // the first one is kept, so that flapping begins with a change for the better
	for range 3 {
		p.run(true, 1).run(false, 1)
	}
	require.Equal(t, []string{"firing 2", "resolved 3", "firing 4", "resolved 5", "flapping 6"}, p.kinds())
	p.state.Notified = false
	p.sent[4].fires = false
	p.run(true, 30)
	require.Equal(t, []string{"flapping 18"}, p.kinds()[5:], "ten minutes after it began")
}

// Whatever a target does for days, and whenever it is muted: see patient.check.
// After a quiet time the last word is true and plain.
func TestTheLastWordIsTrueWhateverATargetDoes(t *testing.T) {
	t.Parallel()
	seen := map[longrun.NoticeKind]int{}
	for seed := range seedtest.Histories(300) {
		rng := rand.New(rand.NewPCG(uint64(seed), 9))
		p := newPatient(t)
		p.throttle = []time.Duration{time.Hour, time.Hour, 10 * time.Minute, 3 * time.Hour}[rng.IntN(4)]
		longest := []int{2, 5, 20, 70, 200}[rng.IntN(5)]
		quiet := rng.IntN(3) == 0
		for p.now.Before(evening.Add(48 * time.Hour)) {
			fires := rng.IntN(2) == 0
			length := 1 + rng.IntN(longest)
			if rng.IntN(40) == 0 {
				length += rng.IntN(600)
			}
			if quiet && rng.IntN(4) == 0 {
				p.muted(fires, length)
			} else {
				p.run(fires, length)
			}
		}
		last := rng.IntN(2) == 0
		p.run(last, int(5*min(p.throttle, time.Hour)/time.Minute)+1)
		if n := len(p.sent); n > 0 {
			require.Equal(t, last, p.sent[n-1].fires)
			require.NotEqual(t, longrun.NoticeFlapping, p.sent[n-1].kind)
		}
		for _, w := range p.sent {
			seen[w.kind]++
		}
	}
	require.Len(t, seen, 4, "%v", seen)
}

// An account that comes and goes for a day, in any rhythm.
func TestADayInAnyRhythmIsAtMostThirtyMessages(t *testing.T) {
	t.Parallel()
	lengths := []int{1, 2, 3, 5, 8, 13, 21, 34, 55, 59, 60, 61, 62, 65, 90, 119, 121, 180, 300}
	for _, bad := range lengths {
		for _, good := range lengths {
			p := newPatient(t)
			for p.now.Before(evening.Add(24 * time.Hour)) {
				p.run(true, bad).run(false, good)
			}
			day := 0
			for _, w := range p.sent {
				if !w.at.After(evening.Add(24 * time.Hour)) {
					day++
				}
			}
			require.LessOrEqual(t, day, 30, "%d min bad, %d min good", bad, good)
			p.run(false, 4*60)
			require.Equal(t, longrun.NoticeResolved, p.sent[len(p.sent)-1].kind, "%d min bad, %d min good", bad, good)
		}
	}
}

package rules_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// look is one look at a rule, and what came of it.
type look struct {
	now     time.Time
	finding rules.Finding
	muted   bool
	before  rules.State
	after   rules.State
	did     rules.Change
	told    longrun.NoticeKind
}

// slowState says where a rule stands by the verdicts alone, all of them from the
// beginning: it fires from a row of Bad on until a row of Good.
func slowState(looks []look, p rules.Policy) rules.Phase {
	var verdicts strings.Builder
	for _, l := range looks {
		verdicts.WriteString([]string{"", "g", "b"}[l.finding.Condition])
	}
	bad, good := strings.Repeat("b", int(p.Bad)), strings.Repeat("g", int(p.OK))
	for rest := verdicts.String(); ; {
		_, after, fires := strings.Cut(rest, bad)
		if !fires {
			if strings.HasSuffix(rest, "b") {
				return rules.Pending
			}
			return rules.Inactive
		}
		_, after, over := strings.Cut(after, good)
		if !over {
			return rules.Firing
		}
		rest = after
	}
}

// steps makes looks out of arbitrary bytes: mostly one a minute, with times in
// which nobody looked, clocks that jump, and times that are muted.
func steps(data []byte, p rules.Policy, throttle time.Duration) (looks []look) {
	s := &drawtest.Source{Data: data}
	now := evening
	var state rules.State
	for len(s.Data) > 0 {
		l := look{before: state}
		switch s.Of(12) {
		case 0:
			now = now.Add(time.Duration(s.Next()) * 7 * time.Minute)
		case 1:
			now = now.Add(-time.Duration(s.Next()) * 20 * time.Second)
		default:
			now = now.Add(time.Minute)
		}
		l.now = now
		l.finding = rules.Finding{Rule: rules.ProbeFails, Target: "outbound", Condition: rules.Condition(s.Of(3))}
		switch at := now.Add(-time.Duration(s.Next()-20) * time.Minute / 3); s.Of(3) {
		case 0:
			l.finding.Since = at
		case 1:
			l.finding.Until = at
		}
		l.muted = s.Of(5) == 0
		state, l.did = state.Next(l.finding, p, now)
		state, l.told = state.Tell(l.did, l.muted, throttle, now)
		l.after = state
		looks = append(looks, l)
	}
	return looks
}

func FuzzAlertState(f *testing.F) {
	for i := range seedtest.Histories(300) {
		f.Add(drawtest.Noise(i), byte(i), byte(i/3))
	}
	f.Fuzz(func(t *testing.T, data []byte, bad, ok byte) {
		p := rules.Policy{Bad: int64(1 + bad%3), OK: int64(1 + ok%3)}
		const throttle = time.Hour
		looks := steps(data, p, throttle)
		checkStates(t, looks, p)
		checkIncidents(t, looks)
		checkMessages(t, looks, throttle)
	})
}

func checkStates(t *testing.T, looks []look, p rules.Policy) {
	t.Helper()
	for i, l := range looks {
		stands := l.after.Phase
		if stands == "" {
			stands = rules.Inactive
		}
		require.Equal(t, slowState(looks[:i+1], p), stands, "look %d", i)
		require.Equal(t, stands == rules.Firing || stands == rules.Pending, l.after.Since != nil)
		require.Equal(t, stands == rules.Firing, l.after.IncidentID != "")
		require.Equal(t, stands == rules.Firing && l.after.OKStreak > 0, l.after.OKSince != nil)

		// Nobody looked: nothing changes.
		if next, did := l.before.Next(rules.Finding{Rule: rules.ProbeFails, Since: l.now}, p, l.now); true {
			require.Equal(t, l.before, next)
			require.Equal(t, rules.Unchanged, did)
		}
		// At rest: the same look again, and again nothing changes.
		rests := stands == rules.Inactive && l.finding.Condition == rules.Good || stands == rules.Firing && l.finding.Condition == rules.Bad
		if later := l.now.Add(20 * time.Second); rests {
			next, did := l.after.Next(l.finding, p, later)
			require.Equal(t, l.after, next)
			require.Equal(t, rules.Unchanged, did)
			if next.FlapSince == nil {
				next, told := next.Tell(did, true, time.Hour, later)
				require.Equal(t, l.after, next)
				require.Equal(t, longrun.NoNotice, told)
			}
		}
		if !sameState(l.before, l.after) {
			require.Equal(t, l.now, l.after.TS, "what changed says when")
		}
	}
}

// sameState compares what the pointers point to.
func sameState(a, b rules.State) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// checkIncidents: an incident begins and ends, in this order, at times that are
// not in the future; and while the clock goes forward no two are at one time.
func checkIncidents(t *testing.T, looks []look) {
	t.Helper()
	var start, lastEnd time.Time
	open, backwards := false, false
	ids, last := map[string]bool{}, ""
	for i, l := range looks {
		if i > 0 && l.now.Before(looks[i-1].now) {
			backwards = true
		}
		switch l.did {
		case rules.Opened:
			require.False(t, open)
			require.Equal(t, rules.Bad, l.finding.Condition)
			start, open = *l.after.Since, true
			require.False(t, start.After(l.now))
			named := rules.IncidentID(rules.ProbeFails, "outbound", start)
			if start.Before(lastEnd) || named == last { // the clock was set back, or that one lasted no second: the ID is taken
				named = rules.IncidentID(rules.ProbeFails, "outbound", l.now)
			}
			last = named
			require.Equal(t, named, l.after.IncidentID)
			if !backwards {
				require.False(t, start.Before(lastEnd))
				require.False(t, ids[l.after.IncidentID] && start.After(lastEnd), "another incident, another ID")
			}
			ids[l.after.IncidentID] = true
		case rules.Resolved:
			require.True(t, open)
			require.Equal(t, rules.Good, l.finding.Condition)
			lastEnd, open = *l.after.LastEnd, false
			require.False(t, lastEnd.Before(start))
			if !backwards {
				require.False(t, lastEnd.After(l.now))
			}
			if until := l.finding.Until; !until.IsZero() && !until.Before(start) && !until.After(l.now) {
				require.Equal(t, until, lastEnd)
			}
		case rules.Unchanged:
		}
	}
}

// checkMessages keeps by hand what people believe and what they were sent, and
// finds each message justified and none that is owed missing.
func checkMessages(t *testing.T, looks []look, throttle time.Duration) {
	t.Helper()
	clock := time.Duration(0) // how far the clock went forward
	var sent []time.Duration  // all messages, by it
	var fired *time.Duration  // the last one that said firing
	firing, flaps := false, false
	seq := int64(0)
	backwards := false
	for i, l := range looks {
		if i > 0 {
			step := l.now.Sub(looks[i-1].now)
			backwards = backwards || step < 0
			clock += max(0, step)
		}
		stands := l.after.Phase == rules.Firing
		switch l.told {
		case longrun.NoNotice:
			if !flaps {
				require.False(t, l.did == rules.Resolved && firing, "whoever was told that it fires is told that it ended")
				require.False(t, stands && !firing && !l.muted, "what fires is told at once, whatever was told before")
			}
		case longrun.NoticeFiring:
			require.True(t, stands && !firing && !l.muted)
		case longrun.NoticeReminder:
			require.True(t, stands && firing && !l.muted)
			require.True(t, flaps || fired != nil && (backwards || clock-*fired >= throttle), "a repetition")
		case longrun.NoticeResolved:
			require.True(t, !stands && (firing || flaps))
			require.True(t, flaps || l.did == rules.Resolved)
		case longrun.NoticeFlapping:
			require.True(t, flaps || l.did != rules.Unchanged || stands && !firing, "it takes a change")
			require.True(t, !stands || !l.muted)
		}
		if l.told != longrun.NoNotice {
			firing, flaps = stands, l.told == longrun.NoticeFlapping
			sent = append(sent, clock)
			seq++
			at := clock
			if l.told == longrun.NoticeFiring || l.told == longrun.NoticeReminder {
				fired = &at
			}
		}
		require.Equal(t, seq, l.after.Seq, "one more with each message")
		require.Equal(t, flaps, l.after.FlapSince != nil)
		require.Equal(t, firing, l.after.Notified, "what people were told last")
	}
	if !backwards {
		checkRate(t, sent, throttle)
	}
}

// checkRate: six at once, and then one in each throttle.
func checkRate(t *testing.T, sent []time.Duration, throttle time.Duration) {
	t.Helper()
	for i := range sent {
		for j := i; j < len(sent); j++ {
			require.LessOrEqual(t, j-i+1, 6+int((sent[j]-sent[i])/min(throttle, time.Hour)))
		}
	}
}

// A rule through one incident and what comes after it, look by look.
func TestAnIncidentFromBeginToEnd(t *testing.T) {
	t.Parallel()
	at := func(min int) time.Time { return evening.Add(time.Duration(min) * time.Minute) }
	var s rules.State
	step := func(min int, f rules.Finding, muted bool) (rules.Change, longrun.NoticeKind) {
		f.Rule = rules.QueueDepth
		var did rules.Change
		var told longrun.NoticeKind
		s, did = s.Next(f, rules.PolicyOf(rules.QueueDepth), at(min))
		s, told = s.Tell(did, muted, time.Hour, at(min))
		return did, told
	}
	expect := func(did rules.Change, told longrun.NoticeKind) func(rules.Change, longrun.NoticeKind) {
		return func(d rules.Change, n longrun.NoticeKind) {
			t.Helper()
			require.Equal(t, did, d)
			require.Equal(t, told, n)
		}
	}
	bad, good := rules.Finding{Condition: rules.Bad, Since: at(-5)}, rules.Finding{Condition: rules.Good}

	expect(rules.Unchanged, longrun.NoNotice)(step(0, good, false))
	require.Zero(t, s, "what was never bad is not worth a document")
	expect(rules.Opened, longrun.NoNotice)(step(1, bad, true))
	require.Equal(t, "queue_depth_20251229T215500", s.IncidentID, "since it began, not since it was seen")
	expect(rules.Unchanged, longrun.NoticeFiring)(step(2, bad, false))
	require.Equal(t, "#queue_depth-1", s.Key())
	expect(rules.Unchanged, longrun.NoNotice)(step(61, bad, false))
	expect(rules.Unchanged, longrun.NoticeReminder)(step(62, bad, false))
	expect(rules.Unchanged, longrun.NoNotice)(step(63, good, false))
	expect(rules.Unchanged, longrun.NoNotice)(step(64, good, false))
	expect(rules.Unchanged, longrun.NoNotice)(step(65, bad, false))
	expect(rules.Unchanged, longrun.NoNotice)(step(70, good, false))
	expect(rules.Unchanged, longrun.NoNotice)(step(71, good, false))
	expect(rules.Resolved, longrun.NoticeResolved)(step(72, good, true))
	require.Equal(t, at(70), *s.LastEnd, "since the first of the row")
	require.Equal(t, "#queue_depth-3", s.Key())

	// It comes again within the hour: whoever believes that it is over hears of it.
	expect(rules.Opened, longrun.NoticeFiring)(step(73, bad, false))
	require.Equal(t, at(70), *s.Since, "not before the last one ended")
	step(74, good, false)
	step(75, good, false)
	expect(rules.Resolved, longrun.NoticeResolved)(step(76, good, false))
	expect(rules.Opened, longrun.NoticeFiring)(step(131, rules.Finding{Condition: rules.Bad}, false))
	require.Equal(t, at(131), *s.Since, "a rule that does not know since when")
	expect(rules.Unchanged, longrun.NoNotice)(step(180, bad, false))
}

// After the clock was set back the throttle counts from then; a trouble that
// comes later does not wait for it.
func TestAClockSetBackDoesNotKeepTheNextIncidentFromBeingTold(t *testing.T) {
	t.Parallel()
	future := evening.AddDate(3, 0, 0)
	s := rules.State{Rule: rules.LoggedOut, Phase: rules.Inactive, LastSent: &future, LastEnd: &future, Seq: 2}
	s, told := s.Tell(rules.Unchanged, false, time.Hour, evening)
	require.Equal(t, longrun.NoNotice, told)
	require.Equal(t, evening, *s.LastSent)
	same, _ := s.Tell(rules.Unchanged, false, time.Hour, evening.Add(time.Minute))
	require.Equal(t, s, same, "noted once")
	now := evening.Add(2 * time.Hour)
	s, did := s.Next(rules.Finding{Rule: rules.LoggedOut, Condition: rules.Bad, Since: now.Add(-time.Minute)}, rules.Policy{}, now)
	require.Equal(t, rules.Opened, did)
	require.Equal(t, now.Add(-time.Minute), *s.Since)
	_, told = s.Tell(did, false, time.Hour, now)
	require.Equal(t, longrun.NoticeFiring, told)
}

// What a rule says of an end before the begin is about something else: the
// threshold was raised, and the row of failures is none any more.
func TestAnEndBeforeTheBeginIsNotBelieved(t *testing.T) {
	t.Parallel()
	start := evening.Add(-time.Hour)
	s := rules.State{Rule: rules.ProbeFails, Phase: rules.Firing, Since: &start}
	s, did := s.Next(rules.Finding{Condition: rules.Good, Until: start.Add(-time.Hour)}, rules.Policy{}, evening)
	require.Equal(t, rules.Resolved, did)
	require.Equal(t, evening, *s.LastEnd)
}

// Documents that people wrote, or later versions, do no harm.
func TestAStateThatMakesNoSenseIsMended(t *testing.T) {
	t.Parallel()
	for _, s := range []rules.State{
		{Phase: rules.Firing},
		{Phase: rules.Pending},
		{Phase: "resolving"},
		{Phase: rules.Firing, OKStreak: 7},
		{Phase: rules.Firing, OKSince: &evening},
		{Phase: rules.Inactive, BadStreak: 9, Notified: true},
	} {
		for _, v := range []rules.Condition{rules.Unseen, rules.Good, rules.Bad, 17} {
			next, _ := s.Next(rules.Finding{Rule: rules.QueueDepth, Condition: v}, rules.Policy{}, evening)
			if v == rules.Bad {
				require.Equal(t, rules.Firing, next.Phase)
				require.NotNil(t, next.Since)
				require.False(t, next.Notified, "of this incident nobody was told")
			}
			if v == rules.Good {
				require.NotEqual(t, rules.Firing, next.Phase)
			}
			next.Tell(rules.Unchanged, false, time.Hour, evening)
			for _, f := range []rules.Finding{
				rules.CheckMissedHeartbeats(s, rules.NewRecent(time.Minute), evening, 3),
				rules.CheckReconnectLoop(s, longrun.AccountStatus{}, evening, 3),
			} {
				require.NotEqual(t, rules.Bad, f.Condition)
			}
		}
	}
}

// IDs are document IDs: without a slash, not too long, and different for
// different targets.
func FuzzTargetsInIDs(f *testing.F) {
	f.Add("a/b", "a-b")
	f.Add("a/b", "a%2Fb")
	f.Add("a\x00", "a\x80")
	f.Add(strings.Repeat("ă", 150), strings.Repeat("ă", 151))
	f.Add("é", "\xc3")
	f.Fuzz(func(t *testing.T, a, b string) {
		id := func(target string) string {
			id := rules.State{Rule: rules.LoggedOut, Target: target}.ID()
			require.NotContains(t, id, "/")
			require.LessOrEqual(t, len(longrun.NoticeID(rules.IncidentID(rules.MissedHeartbeats, target, evening), 1<<62)), 500)
			require.True(t, strings.HasPrefix(id, "logged_out"))
			require.Equal(t, id, strings.ToValidUTF8(id, "?"))
			return id
		}
		require.Equal(t, a == b, id(a) == id(b))
	})
}

// Two incidents that begin in one second are two documents: the second does not rewrite
// what was told, and logged, of the first.
func TestIncidentsOfOneSecondDoNotShareADocument(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 28, 2, 9, 0, 5e6, time.UTC)
	now := began.Add(time.Minute)
	var s rules.State
	s, change := s.Next(rules.Finding{Rule: rules.InstanceDied, Condition: rules.Bad, Since: began}, rules.Policy{}, now)
	require.Equal(t, rules.Opened, change)
	first := s.IncidentID
	s, change = s.Next(rules.Finding{Rule: rules.InstanceDied, Condition: rules.Good, Until: began}, rules.Policy{}, now.Add(time.Minute))
	require.Equal(t, rules.Resolved, change)
	s, change = s.Next(rules.Finding{Rule: rules.InstanceDied, Condition: rules.Bad, Since: began.Add(8 * time.Millisecond)}, rules.Policy{}, now.Add(10*time.Hour))
	require.Equal(t, rules.Opened, change)
	require.NotEqual(t, first, s.IncidentID)
}

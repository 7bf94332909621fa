package probing_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/probing"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// of is a probe of account "ops" that is due once a month.
func of(t longrun.ProbeType, p probe.Prober) probing.Probe {
	out := every(p)
	out.Type, out.Name, out.Account, out.Confirm, out.Every = t, "ops", "ops", 30*time.Second, 30*24*time.Hour
	return out
}

// say has the host say that "ops" is so.
func (n *node) say(a longrun.AccountStatus) {
	a.ID = "ops"
	n.Heard([]longrun.AccountStatus{{ID: "other"}, a})
	synctest.Wait()
}

// A suspicion is one probe, soon, of the type that it is about, with its reason; the
// same again is none, and another is one more.
func TestASuspicionIsOneProbeEarly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		in, out, queue := probetest.NewScript(), probetest.NewScript(), probetest.NewScript()
		n := newNode(t, st, nil, nil, of(longrun.Queue, queue), of(longrun.Outbound, out), of(longrun.Inbound, in))
		n.begin()
		time.Sleep(time.Hour)
		require.Equal(t, 1, in.Calls())
		silence := longrun.Suspect{Since: time.Now(), Reason: "silence"}
		for range 30 {
			n.say(longrun.AccountStatus{Suspect: silence})
			time.Sleep(time.Minute)
		}
		require.Equal(t, 2, in.Calls())
		got := results(t, st)
		last := got[len(got)-1]
		require.Equal(t, longrun.Suspicion, last.Trigger)
		require.Equal(t, "silence", last.Reason)
		require.Less(t, last.TS.Sub(silence.Since), 3*time.Second)
		require.Regexp(t, `^IN_20000101T01\d\d\d\d_ops$`, last.ProbeKey)
		require.Contains(t, n.lines.String(), "trigger=suspicion reason=silence")
		seen, _ := n.Seen(nil)
		require.Equal(t, last.ProbeKey, seen[2].Recent[1].ProbeKey, "the rules see it")
		due := n.Status()[2].Due
		require.Greater(t, time.Until(due), 28*24*time.Hour, "the schedule goes on from it")

		n.say(longrun.AccountStatus{Suspect: longrun.Suspect{Since: time.Now(), Reason: "no_ack"}})
		time.Sleep(time.Minute)
		require.Equal(t, 2, out.Calls(), "about what is sent")
		require.Equal(t, 2, in.Calls())
		n.say(longrun.AccountStatus{})
		time.Sleep(time.Hour)
		require.Equal(t, 1, queue.Calls())
		require.NoError(t, n.end())

		// A new lead knows that this one was seen to.
		m := newNode(t, st, nil, nil, of(longrun.Inbound, in))
		m.begin()
		time.Sleep(5 * time.Minute)
		m.say(longrun.AccountStatus{Suspect: silence})
		time.Sleep(5 * time.Minute)
		require.Equal(t, 2, in.Calls())
		require.NoError(t, m.end())
	})
}

// Whatever is suspected how often: four at once, one more an hour, and no day with
// more than twenty-four messages of the schedule and of suspicions. Only what people
// ask for is not counted.
func TestEarlyProbesAreBounded(t *testing.T) {
	t.Parallel()
	for _, period := range []time.Duration{30 * 24 * time.Hour, 6 * time.Hour} {
		t.Run(period.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				st := memstore.New(nil)
				p := of(longrun.Inbound, probetest.NewScript())
				p.Every = period
				n := newNode(t, st, nil, nil, p)
				n.begin()
				// The end is far from the hour, when one more may be made.
				for i := range 3*24*60 + 30 {
					n.say(longrun.AccountStatus{Suspect: longrun.Suspect{Since: time.Now(), Reason: fmt.Sprint("r", i)}})
					time.Sleep(time.Minute)
					if i == 30*60 { // a restart gives no new ones
						require.NoError(t, n.end())
						n = newNode(t, st, nil, nil, p)
						n.begin()
					}
				}
				_, err := n.RunProbe(t.Context(), longrun.NamedProbe{Type: longrun.Inbound, Name: "ops"})
				require.NoError(t, err)
				status := n.Status()[0]
				require.NotZero(t, status.Suspect.Since)
				require.True(t, status.Early.After(time.Now()), "it says when the next may be")
				require.NoError(t, n.end())
				var times []time.Time
				for _, p := range results(t, st) {
					if p.Trigger != longrun.ByHand {
						times = append(times, p.TS)
					}
				}
				require.Greater(t, len(times), 60)
				for i, at := range times {
					in := func(d time.Duration) (k int) {
						for _, other := range times[i:] {
							if other.Sub(at) < d {
								k++
							}
						}
						return k
					}
					require.LessOrEqual(t, in(24*time.Hour), 24)
					require.LessOrEqual(t, in(time.Hour-time.Second), 5+1, "four, one that came back, and one of the schedule")
				}
			})
		})
	}
}

// A FAIL of an early probe is confirmed within three minutes: by a second attempt, and
// by a second probe, whose FAIL is enough. One by chance is a FAIL and no more.
func TestAnEarlyProbeThatFailsIsConfirmedSoon(t *testing.T) {
	t.Parallel()
	fail := probetest.Fail("acked_not_delivered")
	for name, c := range map[string]struct {
		script  []probetest.Step
		enough  int64
		results []string
		fires   bool
	}{
		"for good":            {[]probetest.Step{probetest.Pass(1), fail, fail, fail, fail}, 2, []string{"FAIL 2", "FAIL 1"}, true},
		"for good, of three":  {[]probetest.Step{probetest.Pass(1), fail, fail, fail, fail, fail}, 3, []string{"FAIL 2", "FAIL 1", "FAIL 1"}, true},
		"three is the most":   {[]probetest.Step{probetest.Pass(1), fail, fail, fail, fail, fail, fail}, 5, []string{"FAIL 2", "FAIL 1", "FAIL 1"}, false},
		"once":                {[]probetest.Step{probetest.Pass(1), fail, probetest.Pass(1)}, 2, []string{"PASS 2"}, false},
		"once and once more":  {[]probetest.Step{probetest.Pass(1), fail, fail, probetest.Pass(1)}, 2, []string{"FAIL 2", "PASS 1"}, false},
		"not to be told":      {[]probetest.Step{probetest.Pass(1), probetest.Error(probe.ErrNotConfigured), probetest.Pass(1)}, 2, []string{"INCONCLUSIVE 1"}, false},
		"not to be told, yet": {[]probetest.Step{probetest.Pass(1), probetest.Error(context.DeadlineExceeded), probetest.Pass(1)}, 2, []string{"INCONCLUSIVE 1", "PASS 1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				st := memstore.New(nil)
				n := newNode(t, st, nil, withThreshold(c.enough), of(longrun.Inbound, probe.Func(slowly(probetest.NewScript(c.script...)))))
				n.begin()
				time.Sleep(time.Hour)
				began := time.Now()
				suspect := longrun.AccountStatus{Suspect: longrun.Suspect{Since: began, Reason: "silence"}}
				for range 20 {
					n.say(suspect)
					time.Sleep(time.Minute)
				}
				var got []string
				var end time.Time
				for _, p := range results(t, st)[1:] {
					got = append(got, fmt.Sprint(p.Result, " ", len(p.Attempts)))
					end = p.Attempts[len(p.Attempts)-1].TS.Add(30 * time.Second)
				}
				require.Equal(t, c.results, got)
				seen, _ := n.Seen(nil)
				f := rules.CheckProbeFails(seen[0].Named(), seen[0].Recent, c.enough)
				require.Equal(t, c.fires, f.Condition == rules.Bad)
				if c.fires && c.enough == 2 {
					require.LessOrEqual(t, end.Sub(began), 170*time.Second)
				}
				require.NoError(t, n.end())
			})
		})
	}
}

// A FAIL of the schedule is confirmed as soon, where the host tells of the account, and
// else when the schedule has it.
func TestAScheduledProbeThatFailsIsConfirmedSoonToo(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{true, false} {
		t.Run(fmt.Sprint(told), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				st := memstore.New(nil)
				p := of(longrun.Inbound, probetest.NewScript(probetest.Fail("a"), probetest.Fail("a"), probetest.Fail("a"), probetest.Pass(1)))
				n := newNode(t, st, nil, nil, p)
				n.begin()
				for range 30 {
					if told {
						n.say(longrun.AccountStatus{})
					} else {
						n.Heard(nil)
					}
					time.Sleep(time.Minute)
				}
				got := results(t, st)
				require.Len(t, got, map[bool]int{true: 2, false: 1}[told])
				if told {
					require.Equal(t, longrun.Suspicion, got[1].Trigger)
					require.Equal(t, "failed", got[1].Reason)
					require.Less(t, got[1].TS.Sub(got[0].TS), 70*time.Second)
					require.Len(t, got[1].Attempts, 1)
				}
				require.NoError(t, n.end())
			})
		})
	}
}

// An account that must not write is not probed, neither early nor by the schedule, and
// status says so; a person may. When it may write again, what is due is made.
func TestNoProbeWhileItsAccountMustNotWrite(t *testing.T) {
	t.Parallel()
	for name, say := range map[string]func(until time.Time) longrun.AccountStatus{
		"restricted": func(until time.Time) longrun.AccountStatus {
			return longrun.AccountStatus{Restricted: longrun.Restriction{From: until.Add(-20 * time.Hour), Until: until}}
		},
		"banned": func(until time.Time) longrun.AccountStatus {
			return longrun.AccountStatus{Banned: longrun.Restriction{From: until.Add(-20 * time.Hour), Until: until}}
		},
		"banned, nobody knows until when": func(until time.Time) longrun.AccountStatus {
			if time.Now().After(until) {
				return longrun.AccountStatus{}
			}
			return longrun.AccountStatus{Banned: longrun.Restriction{From: until.Add(-20 * time.Hour)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				script := probetest.NewScript()
				p := of(longrun.Inbound, script)
				p.Every = 6 * time.Hour
				n := newNode(t, memstore.New(nil), nil, nil, p)
				until := time.Now().Add(20 * time.Hour)
				n.begin()
				n.say(say(until)) // as at the first beat
				for range 19 * 60 {
					a := say(until)
					a.Suspect = longrun.Suspect{Since: until.Add(-20 * time.Hour), Reason: "silence"}
					n.say(a)
					time.Sleep(time.Minute)
				}
				require.Zero(t, script.Calls())
				require.Contains(t, n.Status()[0].Off, "the account is ")
				seen, _ := n.Seen(nil)
				require.True(t, seen[0].Off)
				_, err := n.RunProbe(t.Context(), longrun.NamedProbe{Type: longrun.Inbound, Name: "ops"})
				require.NoError(t, err)
				for range 2 * 60 {
					n.say(say(until))
					time.Sleep(time.Minute)
				}
				require.Equal(t, 2, script.Calls())
				require.Empty(t, n.Status()[0].Off)
				seen, _ = n.Seen(nil)
				require.False(t, seen[0].Off)
				require.WithinDuration(t, until, seen[0].Back, time.Minute, "it is not overdue for that")
				require.NoError(t, n.end())
			})
		})
	}
}

// A host that says nonsense of an account, such as the year 1970 for none, has its probes
// made: it is not restricted by the rules either. Of two by one name the restricted one
// counts.
func TestNonsenseTurnsNoProbeOff(t *testing.T) {
	t.Parallel()
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // in a bubble
	for name, c := range map[string]struct {
		said []longrun.AccountStatus
		off  bool
	}{
		"1970":          {[]longrun.AccountStatus{{Restricted: longrun.Restriction{From: time.Unix(0, 0)}, Banned: longrun.Restriction{From: time.Unix(0, 0)}}}, false},
		"ahead":         {[]longrun.AccountStatus{{Restricted: longrun.Restriction{From: now.AddDate(50, 0, 0)}}}, false},
		"over":          {[]longrun.AccountStatus{{Banned: longrun.Restriction{From: now.Add(-time.Hour), Until: now.Add(-time.Minute)}}}, false},
		"banned":        {[]longrun.AccountStatus{{Banned: longrun.Restriction{From: now.Add(-time.Hour)}}}, true},
		"the first two": {[]longrun.AccountStatus{{Banned: longrun.Restriction{From: now.Add(-time.Hour)}}, {}}, true},
		"the last two":  {[]longrun.AccountStatus{{}, {Restricted: longrun.Restriction{From: now.Add(-time.Hour)}}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				in := probetest.NewScript()
				p := of(longrun.Inbound, in)
				p.Every = time.Hour
				n := newNode(t, memstore.New(nil), nil, nil, p)
				for i := range c.said {
					c.said[i].ID = "ops"
				}
				n.begin()
				for range 3 * 60 {
					n.Heard(c.said)
					time.Sleep(time.Minute)
				}
				require.Equal(t, c.off, in.Calls() == 0)
				seen, _ := n.Seen(nil)
				require.Equal(t, c.off, seen[0].Off)
				require.NoError(t, n.end())
			})
		})
	}
}

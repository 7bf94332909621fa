package verify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// results are probes of one type, the newest last, as letters: P, F and I, and m
// for a PASS by hand; one each period, the newest at age before now.
func results(kind longrun.ProbeType, every, age time.Duration, letters string, now time.Time) (probes []longrun.Probe) {
	for i, letter := range letters {
		at := now.Add(-age - time.Duration(len(letters)-1-i)*every)
		p := longrun.Probe{Type: kind, TS: at, Trigger: longrun.Scheduled, EverySec: every.Seconds(), Result: longrun.Pass}
		switch letter {
		case 'F':
			p.Result = longrun.Fail
		case 'I':
			p.Result, p.ErrorClass = longrun.Inconclusive, "not_configured"
		case 'm':
			p.Trigger = longrun.ByHand
		case '?':
			p.Result = "MAYBE"
		}
		p.ProbeKey = longrun.ProbeID(kind, at, longrun.ByHand, longrun.ProbeSchedule{})
		probes = append(probes, p)
	}
	return probes
}

func TestProbesThatAreNotThereNotFreshOrNotGoodFail(t *testing.T) {
	t.Parallel()
	now := day0.Add(40 * 24 * time.Hour)
	const h6, h24 = 6 * time.Hour, 24 * time.Hour
	type set map[longrun.ProbeType]struct {
		every, age time.Duration
		letters    string
	}
	type one = struct {
		every, age time.Duration
		letters    string
	}
	good := func(change longrun.ProbeType, to one) set {
		s := set{longrun.Outbound: {h6, time.Hour, "PPPPPPPPPPPPPPPPPPPPP"}, longrun.Inbound: {h6, time.Hour, "PPPP"}, longrun.Queue: {h24, time.Hour, "PP"}}
		if change != "" {
			s[change] = to
		}
		return s
	}
	for name, c := range map[string]struct {
		set  set
		o    verify.ProbesOptions
		want verify.Verdict
		says string
	}{
		"all well":                        {set: good("", one{}), want: verify.Pass},
		"one fail of twenty":              {set: good(longrun.Outbound, one{h6, time.Hour, "PPPPPPPPPPPPPPPPPPPF"}), want: verify.Pass},
		"one fail of nineteen":            {set: good(longrun.Outbound, one{h6, time.Hour, "PPPPPPPPPPPPPPPPPPF"}), want: verify.Fail, says: "passed 18 of 19 times, 94.7 %"},
		"a queue at 95 %":                 {set: good(longrun.Queue, one{h24, time.Hour, "PPPPPPPPPPPPPPPPPPPF"}), want: verify.Fail, says: "95.0 %, and 98 % are asked for"},
		"nearly the rate":                 {set: good(longrun.Outbound, one{time.Hour, time.Hour, strings.Repeat("P", 113) + "FFFFFF"}), want: verify.Fail, says: "passed 113 of 119 times, 94.9 %, and 95 % are asked for"},
		"a rate for no type there is":     {set: good("", one{}), o: verify.ProbesOptions{MinPassRate: map[longrun.ProbeType]float64{"outbnd": 0.1}}, want: verify.Fail, says: "no result of outbnd"},
		"a period for no type there is":   {set: good("", one{}), o: verify.ProbesOptions{Every: map[longrun.ProbeType]time.Duration{"inbond": time.Hour}}, want: verify.Fail, says: "no result of inbond"},
		"none of a type":                  {set: good(longrun.Inbound, one{}), want: verify.Fail, says: "no result of inbound"},
		"never told":                      {set: good(longrun.Inbound, one{h6, time.Hour, "IIII"}), want: verify.Fail, says: "all 4 were INCONCLUSIVE"},
		"inconclusive between":            {set: good(longrun.Inbound, one{h6, time.Hour, "PIPIP"}), want: verify.Pass},
		"inconclusive for too long":       {set: good(longrun.Inbound, one{h6, time.Hour, "PPII"}), want: verify.Fail, says: "is due every 6h0m0s"},
		"just fresh":                      {set: good(longrun.Inbound, one{h6, 9 * time.Hour, "PPP"}), want: verify.Pass},
		"stale":                           {set: good(longrun.Inbound, one{h6, 9*time.Hour + time.Second, "PPP"}), want: verify.Fail, says: "9h0m1s old"},
		"fresh by hand alone":             {set: good(longrun.Inbound, one{h6, time.Hour, "Pmmm"}), want: verify.Fail, says: "is the newest PASS or FAIL"},
		"mended by hand (D8)":             {set: good(longrun.Outbound, one{time.Hour, time.Hour, strings.Repeat("PPPPF", 20) + strings.Repeat("m", 400) + "P"}), want: verify.Fail, says: "passed 81 of 101 times"},
		"only by hand":                    {set: good(longrun.Inbound, one{h6, time.Hour, "mm"}), want: verify.Fail, says: "by the schedule"},
		"older than the window":           {set: good(longrun.Inbound, one{h6, 31 * 24 * time.Hour, "PP"}), want: verify.Fail, says: "no result of inbound"},
		"in the future":                   {set: good(longrun.Inbound, one{h6, -time.Hour, "PP"}), want: verify.Fail, says: "lies in the future"},
		"no result there is":              {set: good(longrun.Inbound, one{h6, time.Hour, "P?P"}), want: verify.Fail, says: "which is none"},
		"nothing at all":                  {set: set{}, want: verify.Fail, says: "no result of"},
		"a type that nobody asks for":     {set: good(longrun.Inbound, one{}), o: verify.ProbesOptions{Types: []longrun.ProbeType{longrun.Outbound, longrun.Queue}}, want: verify.Pass},
		"a type of one's own, that's bad": {set: good("smtp", one{h6, time.Hour, "PF"}), want: verify.Fail, says: "smtp passed 1 of 2"},
		"another period":                  {set: good(longrun.Inbound, one{h6, 5 * time.Hour, "PP"}), o: verify.ProbesOptions{Every: map[longrun.ProbeType]time.Duration{longrun.Inbound: time.Hour}}, want: verify.Fail, says: "is due every 1h0m0s"},
		"another rate":                    {set: good(longrun.Inbound, one{h6, time.Hour, "PF"}), o: verify.ProbesOptions{MinPassRate: map[longrun.ProbeType]float64{longrun.Inbound: 0.5}}, want: verify.Pass},
		"another window":                  {set: good("", one{}), o: verify.ProbesOptions{Window: 2 * time.Hour}, want: verify.Pass},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := memstore.New(nil)
			l, err := ledger.New(st, "")
			require.NoError(t, err)
			for kind, s := range c.set {
				for _, p := range results(kind, s.every, s.age, s.letters, now) {
					commit(t, st, l.CreateProbe(p))
				}
			}
			c.o.Now = now
			o, err := verify.Probes(t.Context(), l, c.o)
			require.NoError(t, err)
			require.Equal(t, c.want, o.Verdict, "%v", o.Problems)
			if c.says != "" {
				require.Contains(t, o.Problems[0].Text, c.says)
				require.NotEmpty(t, o.Problems[0].Path)
			}
		})
	}
}

func TestTheLiveSettingsSayHowOftenAProbeIsDue(t *testing.T) {
	t.Parallel()
	now := day0.Add(48 * time.Hour)
	st := memstore.New(nil)
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	for _, kind := range []longrun.ProbeType{longrun.Outbound, longrun.Inbound, longrun.Queue} {
		for _, p := range results(kind, 6*time.Hour, 3*time.Hour, "PP", now) {
			commit(t, st, l.CreateProbe(p))
		}
	}
	check := func() verify.Outcome {
		o, err := verify.Probes(t.Context(), l, verify.ProbesOptions{Now: now})
		require.NoError(t, err)
		return o
	}
	require.Equal(t, verify.Pass, check().Verdict)
	s := longrun.DefaultSettings(time.Minute)
	s.TS, s.ProbeEverySec = now, map[string]float64{"inbound": 3600, "smtp": 3600}
	_, err = l.PutSettings(t.Context(), s, "")
	require.NoError(t, err)
	o := check()
	require.Equal(t, verify.Fail, o.Verdict)
	require.Len(t, o.Problems, 2, "%v", o.Problems)
	require.Contains(t, o.Problems[0].Text, "is due every 1h0m0s")
	require.Contains(t, o.Problems[1].Text, "no result of smtp", "the settings name it")

	commit(t, st, store.Set(l.SettingsKey(), map[string]any{"driftSec": "ten"}))
	require.Equal(t, l.SettingsKey().String(), check().Problems[0].Path)
	commit(t, st, store.Set(l.Key(ledger.Probes, "bad"), map[string]any{"ts": now, "type": 7}))
	require.Contains(t, paths(check()), l.Path(ledger.Probes)+"/bad")

	_, err = verify.Probes(t.Context(), l, verify.ProbesOptions{})
	require.ErrorContains(t, err, "Now")
	_, err = verify.Probes(t.Context(), l, verify.ProbesOptions{
		Now: now, Window: -1, Types: []longrun.ProbeType{"A"}, Every: map[longrun.ProbeType]time.Duration{"x": 0}, MinPassRate: map[longrun.ProbeType]float64{"x": 2},
	})
	for _, field := range []string{"Window", "Types", "Every", "MinPassRate"} {
		require.ErrorContains(t, err, field)
	}
	_, err = verify.Probes(t.Context(), l, verify.ProbesOptions{
		Now: now, Types: []longrun.ProbeType{longrun.Queue}, Every: map[longrun.ProbeType]time.Duration{"queu": 1}, MinPassRate: map[longrun.ProbeType]float64{"quue": 1},
	})
	require.ErrorContains(t, err, `Every: "queu" is none of Types`)
	require.ErrorContains(t, err, `MinPassRate: "quue" is none of Types`)
}

// Each of several probes of one type is judged by itself.
func TestEachNameOfATypeIsJudged(t *testing.T) {
	t.Parallel()
	now := day0.Add(40 * 24 * time.Hour)
	st := memstore.New(nil)
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	add := func(name string, age time.Duration, letters string) {
		for _, p := range results(longrun.Outbound, 6*time.Hour, age, letters, now) {
			p.Name = name
			p.ProbeKey = p.Named().ID(p.TS, longrun.ByHand, longrun.ProbeSchedule{})
			commit(t, st, l.CreateProbe(p))
		}
	}
	check := func(names ...string) verify.Outcome {
		o, err := verify.Probes(t.Context(), l, verify.ProbesOptions{Now: now, Types: []longrun.ProbeType{longrun.Outbound}, Names: names})
		require.NoError(t, err)
		return o
	}
	add("ops-1", time.Hour, "PPPP")
	add("ops-2", time.Hour, "PPPP")
	require.Equal(t, verify.Pass, check().Verdict)
	require.Equal(t, int64(8), check().Counts["outboundPass"], "of the type")
	require.Equal(t, verify.Pass, check("ops-1", "ops-2").Verdict)
	o := check("ops-1", "ops-3")
	require.Equal(t, verify.Fail, o.Verdict, "one that is configured and has nothing")
	require.Contains(t, o.Problems[0].Text, "no result of outbound ops-3")

	add("gone", 10*time.Hour, "PP")
	o = check()
	require.Equal(t, verify.Fail, o.Verdict)
	require.Len(t, o.Problems, 1)
	require.Contains(t, o.Problems[0].Text, "is the newest PASS or FAIL of outbound gone, and 10h0m0s old")
	require.Equal(t, verify.Pass, check("ops-1", "ops-2").Verdict, "it was taken away")
	_, err = verify.Probes(t.Context(), l, verify.ProbesOptions{Now: now, Names: []string{"A B"}})
	require.ErrorContains(t, err, "Names")
}

// With To it is said what would have been said then: as of a store that has nothing of
// later.
func TestProbesAreJudgedAsTheyWereThen(t *testing.T) {
	t.Parallel()
	now := day0.Add(40 * 24 * time.Hour)
	all := results(longrun.Outbound, 6*time.Hour, time.Hour, "PPPPFPIPPPPPPPFPPPmPPPPFFPP", now)
	whole := memstore.New(nil)
	l, err := ledger.New(whole, "")
	require.NoError(t, err)
	for _, p := range all {
		commit(t, whole, l.CreateProbe(p))
	}
	types := []longrun.ProbeType{longrun.Outbound}
	verdicts := map[verify.Verdict]bool{}
	for hours := range 170 {
		to := now.Add(-time.Duration(hours) * time.Hour)
		st := memstore.New(nil)
		then, err := ledger.New(st, "")
		require.NoError(t, err)
		for _, p := range all {
			if p.TS.Before(to) {
				commit(t, st, then.CreateProbe(p))
			}
		}
		want, err := verify.Probes(t.Context(), then, verify.ProbesOptions{Now: to, Types: types, Window: 100 * time.Hour})
		require.NoError(t, err)
		got, err := verify.Probes(t.Context(), l, verify.ProbesOptions{Now: now, To: to, Types: types, Window: 100 * time.Hour})
		require.NoError(t, err)
		for i := range got.Problems { // which says when
			got.Problems[i].Text = strings.Replace(got.Problems[i].Text, "in the 100 h before "+to.Format(time.RFC3339), "in the last 100 h", 1)
		}
		require.Equal(t, want, got, "%s", to)
		verdicts[got.Verdict] = true
	}
	require.Len(t, verdicts, 2)
	_, err = verify.Probes(t.Context(), l, verify.ProbesOptions{Now: now, To: now.Add(time.Second)})
	require.ErrorContains(t, err, "To")
}

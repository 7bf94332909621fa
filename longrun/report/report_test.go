package report_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func TestAWindowIsReadAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	now := utc("2026-03-29T12:00:30Z")
	for text, want := range map[string]longrun.Window{
		"24h":                   {From: utc("2026-03-28T12:00:30Z"), To: now},
		"7d":                    {From: utc("2026-03-22T12:00:30Z"), To: now},
		"365d":                  {From: utc("2025-03-29T12:00:30Z"), To: now},
		"1h":                    {From: utc("2026-03-29T11:00:30Z"), To: now},
		"36h":                   {From: utc("2026-03-28T00:00:30Z"), To: now},
		"90m":                   {From: utc("2026-03-29T10:30:30Z"), To: now},
		"1d12h":                 {From: utc("2026-03-28T00:00:30Z"), To: now},
		"1.5h":                  {From: utc("2026-03-29T10:30:30Z"), To: now},
		"1w":                    {From: utc("2026-03-22T12:00:30Z"), To: now},
		"2025-12-29/2025-12-30": {From: utc("2025-12-29T00:00:00Z"), To: utc("2025-12-30T00:00:00Z")},
		"2025-12-29/":           {From: utc("2025-12-29T00:00:00Z"), To: now},
		// The night that summer time begins in: all is UTC, and no hour is lost.
		"2026-03-29T00:00:00 02:00/2026-03-29T05:00:00 03:00": {From: utc("2026-03-28T22:00:00Z"), To: utc("2026-03-29T02:00:00Z")}, // as a query has a plus sign
		"2026-03-29T00:00:00+02:00/2026-03-29T05:00:00+03:00": {From: utc("2026-03-28T22:00:00Z"), To: utc("2026-03-29T02:00:00Z")},
		"2026-03-29/2027-01-01":                               {From: utc("2026-03-29T00:00:00Z"), To: utc("2027-01-01T00:00:00Z")},
	} {
		w, err := report.ParseWindow(text, now)
		require.NoError(t, err, text)
		require.Equal(t, want, w, text)
	}
	for text, want := range map[string]string{
		"":                      "neither a length such as 1h, 36h, 7d",
		"7":                     "neither a length",
		"7x":                    "neither a length",
		"-7d":                   "neither a length",
		"24H":                   "neither a length",
		"d":                     "neither a length",
		"1..5h":                 "neither a length",
		"0s":                    "neither a length",
		"1ns":                   "neither a length",
		"3661d":                 "neither a length",
		"9999999999999w":        "neither a length",
		"/2025-12-30":           "from \"\" is neither",
		"yesterday/2025-12-30":  "from \"yesterday\" is neither",
		"2025-12-29/soon":       "to \"soon\" is neither",
		"2025-13-29/2025-12-30": "from \"2025-13-29\" is neither",
		"2025-12-30/2025-12-29": "to 2025-12-29T00:00:00.000Z is before from",
		"2025-12-30/2025-12-30": "is empty",
		"2027-01-01/2027-01-02": "lies in the future",
		"1990-01-01/2026-01-01": "longer than ten years",
		"0001-01-01/2026-01-01": "neither a day",
		"2026-03-29T12:00/":     "neither a day",
	} {
		_, err := report.ParseWindow(text, now)
		require.ErrorContains(t, err, want, text)
		require.ErrorContains(t, err, "report: window", text)
	}
}

func TestAWindowIsHeldToTheTargetOfItsLength(t *testing.T) {
	t.Parallel()
	for days, want := range map[float64]float64{1: 0.8, 6.99: 0.8, 7: 0.99, 29: 0.99, 30: 0.995, 31: 0.995, 90: 0.997, 180: 0.998, 365: 0.998} {
		got, basis := report.Target(time.Duration(days*24*float64(time.Hour)), 0.8)
		require.InDelta(t, want, got, 0, "%v days", days)
		require.NotEmpty(t, basis)
	}
}

// of is a survey of one window in which every slot has a beat but the last
// missed ones.
func of(t *testing.T, days, missed int) ledger.Survey {
	t.Helper()
	w := longrun.Window{From: utc("2025-01-01T00:00:00Z")}
	w.To = w.From.AddDate(0, 0, days)
	d := coverage.NewMerge(w, time.Minute, w.To.Add(time.Hour))
	for at := w.From; at.Before(w.To.Add(-time.Duration(missed) * time.Minute)); at = at.Add(time.Minute) {
		h := longrun.Beat(at, time.Minute)
		h.Healthy = true
		d.Add(h)
	}
	s := ledger.Survey{Root: "a/b", Asked: w, Window: w, Earliest: &w.From, Interval: time.Minute, Now: w.To.Add(time.Hour), Summary: d.Summary()}
	s.Filled, s.Healthy, s.Unknown = d.Bitmaps()
	return s
}

func TestATitleSaysWhichDaysItIsOf(t *testing.T) {
	t.Parallel()
	s := of(t, 7, 0)
	r := report.New(s, nil)
	require.Contains(t, r.Markdown(), "# Longrun report: 2025-01-01 00:00 to 2025-01-08 00:00\n")
	require.Equal(t, "7d", r.Window.Name)
	s.Now = s.Asked.To
	require.Contains(t, report.New(s, nil).Markdown(), "# Longrun report: 7d\n")
}

func TestTheVerdictTurnsAtTheSlotThatDecides(t *testing.T) {
	t.Parallel()
	for _, of7 := range []struct {
		missed int
		want   report.Outcome
		shown  string
	}{{0, report.Pass, "100 %"}, {100, report.Pass, "99.007 %"}, {101, report.Fail, "98.9 %"}, {10_080, report.Fail, "0.0 %"}} {
		r := report.New(of(t, 7, of7.missed), nil)
		require.Equal(t, of7.want, r.Judgement.Outcome, of7.missed)
		require.Equal(t, 100, r.Judgement.MayMiss)
		require.Contains(t, r.Judgement.Text, "coverage "+of7.shown+" ", "cut, and never rounded to what it misses")
	}
	r := report.New(of(t, 1, 720), &report.Options{Threshold: 0.5})
	require.Equal(t, report.Pass, r.Judgement.Outcome, "the live setting")
	r = report.New(of(t, 1, 1439), &report.Options{Threshold: -1})
	require.Equal(t, report.Pass, r.Judgement.Outcome, "nothing is asked for")
	require.Zero(t, r.Judgement.Target)
	r = report.New(of(t, 1, 721), &report.Options{Threshold: 0.5})
	require.Equal(t, report.Fail, r.Judgement.Outcome)
}

func TestNothingIsNoDataAndSaysWhy(t *testing.T) {
	t.Parallel()
	st := memstore.New(nil)
	book := open(t, st)
	now := utc("2025-12-29T23:08:20Z")
	w := longrun.Window{From: now.Add(-24 * time.Hour), To: now}
	check := func(w longrun.Window, why string) {
		t.Helper()
		s, err := book.Survey(t.Context(), w, time.Minute, now, nil)
		require.NoError(t, err)
		r := report.New(s, nil)
		require.False(t, r.HasData())
		require.Equal(t, report.NoData, r.Judgement.Outcome)
		require.Nil(t, r.Coverage.Coverage)
		require.Contains(t, r.Markdown(), "**NO DATA** not a single slot of the window counts.")
		require.Contains(t, r.Markdown(), why)
		page, err := r.HTML()
		require.NoError(t, err)
		require.Contains(t, string(page), "NO DATA")
		text, err := r.JSON()
		require.NoError(t, err)
		require.NotContains(t, string(text), "NaN")
	}
	check(w, "Nothing was ever stored")
	night(t, st)
	check(longrun.Window{From: utc("2025-12-01T00:00:00Z"), To: utc("2025-12-02T00:00:00Z")}, "ends before anything is known: the first moment is 2025-12-29 22:14:29")
	check(longrun.Window{From: now, To: now.Add(time.Hour)}, "No slot of the window is over yet")

	s, err := book.Survey(t.Context(), longrun.Window{From: utc("2025-12-29T00:00:00Z"), To: now.Add(time.Hour)}, time.Minute, now, nil)
	require.NoError(t, err)
	r := report.New(s, nil)
	require.Equal(t, 54, r.Coverage.Expected, "nobody is blamed for the time before, nor for the time to come")
	require.Contains(t, r.Markdown(), "Nothing is known before 2025-12-29 22:14:29: 22 h 14 min at the beginning")
	require.Contains(t, r.Markdown(), "ends in the future")
	require.Contains(t, r.Markdown(), "began at 2025-12-29 23:08 is not over")
}

func TestWhatDocumentsSayIsText(t *testing.T) {
	t.Parallel()
	const hostile = "a|b\n# <script>alert(1)</script> [x](https://evil.example) `c` **d** </td><img src=x onerror=y> www.evil.example WWW.evil.example \u202e\x00&amp; \"'"
	st := memstore.New(nil)
	book := open(t, st)
	start := utc("2025-12-29T22:00:00Z")
	ops := make([]store.Op, 0, 20)
	for i := range 10 {
		h := longrun.Beat(start.Add(time.Duration(2*i)*time.Minute), time.Minute)
		h.InstanceID, h.CommitHash = hostile, hostile
		ops = append(ops, book.CreateHeartbeat(h))
	}
	incident := longrun.Incident{IncidentID: "hostile", Rule: hostile, Target: hostile, Severity: hostile, TS: start, TSStart: start, Summary: hostile}
	probe := longrun.Probe{ProbeKey: "hostile", Type: "outbound", TS: start, Result: longrun.Fail, ErrorClass: hostile}
	ops = append(ops, book.SetIncident(incident), book.CreateProbe(probe), store.Set(book.Key(ledger.Probes, "b<a>d|"), map[string]any{"ts": start, "type": 7}))
	commit(t, st, ops...)
	s, err := book.Survey(t.Context(), longrun.Window{From: start, To: start.Add(time.Hour)}, time.Minute, start.Add(time.Hour), nil)
	require.NoError(t, err)
	require.Len(t, s.Mangled, 1)
	r := report.New(s, &report.Options{InstanceID: hostile, CommitHash: hostile})

	md := r.Markdown()
	cells := 0
	for line := range strings.Lines(md) {
		require.False(t, strings.HasPrefix(line, "# ") && strings.Contains(line, "script"))
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if cells == 0 {
			cells = n
		}
		require.Equal(t, cells, n, "as many columns as the head: %s", line)
	}
	require.NotContains(t, md, "<script")
	require.NotContains(t, md, "</td")
	require.NotContains(t, md, "[x]")
	require.NotContains(t, md, "https://")
	require.NotContains(t, strings.ToLower(md), "www.")
	require.Contains(t, md, `www\.evil.example`)
	require.NotContains(t, md, "\u202e")
	require.Contains(t, md, "does not decode")

	page, err := r.HTML()
	require.NoError(t, err)
	require.NotContains(t, string(page), "<script")
	require.NotContains(t, string(page), "<img")
	require.NotContains(t, string(page), "\x00")
	wellFormed(t, page)
	text, err := r.JSON()
	require.NoError(t, err)
	var back report.Report
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, strings.ReplaceAll(hostile, "\x00", "\x00"), back.Instances.Listed[0].InstanceID, "as it is")
}

// wellFormed parses the page as XML, whose rules are harder than HTML's, and
// looks for anything that would be fetched.
func wellFormed(t *testing.T, page []byte) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(page)))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta"}, xml.HTMLEntity
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		if e, ok := token.(xml.StartElement); ok {
			require.NotContains(t, []string{"script", "link", "img", "iframe", "object", "image", "use", "a", "base", "form"}, e.Name.Local)
			for _, a := range e.Attr {
				require.NotContains(t, []string{"src", "href", "style"}, a.Name.Local)
				require.False(t, strings.HasPrefix(a.Name.Local, "on"), a.Name.Local)
			}
		}
	}
}

func TestListsAreBoundedAndTheirSumsComeOut(t *testing.T) {
	t.Parallel()
	s := of(t, 1, 0)
	d := coverage.NewMerge(s.Window, time.Minute, s.Now)
	for i := range 1440 {
		if i%3 > 0 && i != 700 {
			h := longrun.Beat(s.Window.From.Add(time.Duration(i)*time.Minute), time.Minute)
			h.InstanceID = fmt.Sprint("i", i)
			d.Add(h)
		}
	}
	for i := range 300 {
		start := s.Window.From.Add(time.Duration(i) * time.Minute)
		d.AddIncident(longrun.Incident{IncidentID: fmt.Sprint(i), TS: start, TSStart: start})
	}
	s.Summary = d.Summary()
	r := report.New(s, nil)
	require.Len(t, r.Gaps.Listed, 100)
	sum := r.Gaps.MoreMissed
	for _, g := range r.Gaps.Listed {
		sum += g.Missed
	}
	require.Equal(t, r.Coverage.Missed, sum)
	require.Equal(t, r.Gaps.Count, len(r.Gaps.Listed)+r.Gaps.MoreGaps)
	longest := 0
	for _, g := range r.Gaps.Listed {
		longest = max(longest, g.Missed)
	}
	require.Equal(t, 2, longest, "the longest are among those that are listed")
	beats := r.Instances.MoreBeats
	for _, p := range r.Instances.Listed {
		beats += p.Beats
	}
	require.EqualValues(t, r.Coverage.Written, beats)
	require.Len(t, r.Incidents.Listed, 100)
	require.Equal(t, 200, r.Incidents.More)
	require.Equal(t, "299", r.Incidents.Listed[99].IncidentID)
	page, err := r.HTML()
	require.NoError(t, err)
	require.NotContains(t, string(page), "more rules and targets", "all of them are of one")
	d = coverage.NewMerge(s.Window, time.Minute, s.Now)
	for i := range 60 {
		d.AddIncident(longrun.Incident{IncidentID: fmt.Sprint(i), Rule: rules.MissedHeartbeats, Target: fmt.Sprint("account-", i), TS: s.Window.From, TSStart: s.Window.From})
	}
	s.Summary = d.Summary()
	page, err = report.New(s, nil).HTML()
	require.NoError(t, err)
	require.Contains(t, string(page), ">missed_heartbeats account-17</text>", "the target tells the rows apart")
	require.Contains(t, string(page), "And 20 more rules and targets, which are in the table.")
	require.Contains(t, r.Markdown(), "And 380 more, none of them longer, with 380 missed slots.")
}

func TestSlotsOfAnotherLengthAreToldWithWhatTheyDo(t *testing.T) {
	t.Parallel()
	s := of(t, 1, 0)
	s.OtherIntervals = []time.Duration{time.Second, 5 * time.Minute}
	r := report.New(s, nil)
	require.Len(t, r.LeftOut, 1, "longer ones lose nothing")
	require.Contains(t, r.LeftOut[0], "had slots of 1 s, and all is counted in slots of 1 min, which")
	require.Contains(t, r.LeftOut[0], "Ask with an interval of 1 s to see them.")
}

func TestAnIncidentFromBeforeTheWindowIsCountedInItsLine(t *testing.T) {
	t.Parallel()
	s := of(t, 1, 0)
	d := coverage.NewMerge(s.Window, time.Minute, s.Now)
	for id, end := range map[string]time.Duration{"open": 0, "over": time.Hour} {
		i := longrun.Incident{IncidentID: id, TS: s.Window.From.Add(-time.Hour), TSStart: s.Window.From.Add(-time.Hour)}
		if end > 0 {
			at := s.Window.From.Add(end)
			i.TSEnd = &at
		}
		d.AddIncident(i)
	}
	s.Summary = d.Summary()
	md := report.New(s, nil).Markdown()
	require.Contains(t, md, "2 incidents; began in the window: 0, over: 0, open: 0. Began before it, and lasted into it: 2, over: 1, open: 1.")
	require.NotContains(t, md, "MTTR (n")
}

func TestAPercentileThatCouldOnlyBeTheGreatestIsNotSaid(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{1: 0, 2: 1, 9: 1, 10: 2, 19: 2, 20: 3} {
		s := of(t, 1, 0)
		d := coverage.NewMerge(s.Window, time.Minute, s.Now)
		for i := range n {
			d.AddProbe(longrun.Probe{Type: longrun.Outbound, TS: s.Window.From.Add(time.Duration(i) * time.Minute), Result: longrun.Pass, LatencyMs: float64(i + 1)})
		}
		d.AddProbe(longrun.Probe{Type: longrun.Outbound, TS: s.Window.From, Result: longrun.Fail, LatencyMs: 30_000, ErrorClass: "timeout"})
		d.AddProbe(longrun.Probe{Type: longrun.Outbound, TS: s.Window.From, Result: longrun.Inconclusive, ErrorClass: "store"})
		d.AddProbe(longrun.Probe{Type: longrun.Outbound, TS: s.Window.From, Result: longrun.Pass, Trigger: longrun.ByHand})
		s.Summary = d.Summary()
		p := report.New(s, nil).Probes[0]
		said := 0
		for _, v := range []*float64{p.P50Ms, p.P90Ms, p.P95Ms} {
			if v != nil {
				said++
				require.LessOrEqual(t, *v, float64(n), "of what passed only")
			}
		}
		require.Equal(t, want, said, "%d values", n)
		require.InDelta(t, float64(n)/float64(n+1), *p.Rate, 1e-12)
		require.EqualValues(t, n+2, p.N)
		require.EqualValues(t, 1, p.ByHand, "in no rate")
		require.InDelta(t, float64(n+1)/2, *p.AvgMs, 1e-9)
	}
}

func TestManyProbesAreThinnedForTheChartOnly(t *testing.T) {
	t.Parallel()
	s := of(t, 30, 0)
	d := coverage.NewMerge(s.Window, time.Minute, s.Now)
	for i := range 43_200 {
		p := longrun.Probe{Type: longrun.Queue, TS: s.Window.From.Add(time.Duration(i) * time.Minute), Result: longrun.Pass, LatencyMs: float64(i % 977)}
		if i == 20_000 {
			p.Result = longrun.Fail
		}
		d.AddProbe(p)
	}
	s.Summary = d.Summary()
	p := report.New(s, nil).Probes[0]
	require.LessOrEqual(t, len(p.Points), report.MaxPoints)
	require.Equal(t, 43_199, p.Latencies)
	fails := 0
	for _, point := range p.Points {
		if point.Result == longrun.Fail {
			fails++
		}
	}
	require.Equal(t, 1, fails, "what did not pass is never thinned away")
}

func TestEveryListInTheJSONIsAList(t *testing.T) {
	t.Parallel()
	text, err := report.New(of(t, 1, 0), nil).JSON()
	require.NoError(t, err)
	require.NotContains(t, string(text), ": null,\n    \"more", "a list that is empty is []")
	var fields map[string]any
	require.NoError(t, json.Unmarshal(text, &fields))
	require.Equal(t, report.Schema, fields["schema"])
	for _, name := range []string{"probes", "days", "leftOut", "derivations"} {
		require.IsType(t, []any{}, fields[name], name)
	}
}

func TestPrunedDaysThatTheWindowCutsAreSaidToCountWhole(t *testing.T) {
	t.Parallel()
	s := of(t, 3, 0)
	s.Asked = longrun.Window{From: s.Window.From.Add(90 * time.Minute), To: s.Window.To.Add(-time.Minute)}
	for i := range 3 {
		s.Days = append(s.Days, ledger.SurveyDay{Date: longrun.RollupID(s.Window.From.AddDate(0, 0, i)), Source: ledger.FromRollup, Whole: true, Pruned: i < 2})
	}
	require.Equal(t, []string{
		"The window begins inside a day that is pruned, which counts whole: from 2025-01-01 00:00.",
		"The window ends inside a day that is pruned, which counts whole: to 2025-01-04 00:00.",
		"Old documents of 2 days, 2025-01-01 to 2025-01-02, were pruned: what they said is in a/b/rollups, and nowhere else.",
	}, report.New(s, nil).LeftOut)
	s.Asked.From = s.Window.From.Add(30 * time.Second)
	require.Contains(t, report.New(s, nil).LeftOut[0], "inside a slot")
}

package coverage_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
)

// story is a gap of five minutes, 22:10 to 22:15, with a beat at each side, and
// what the runs say of it.
type story struct {
	before, after *longrun.Heartbeat
	runs          []longrun.Run
	now           time.Time
}

func clockAt(min, sec int) time.Time { return time.Date(2025, 12, 29, 22, min, sec, 0, time.UTC) }

// beatOf is a beat of a process that began at started.
func beatOf(instance, commit string, at, started time.Time) *longrun.Heartbeat {
	h := longrun.Beat(at, time.Minute)
	h.InstanceID, h.CommitHash, h.UptimeSec = instance, commit, int64(at.Sub(started)/time.Second)
	return &h
}

func runOf(instance, commit string, started time.Time, how string, end time.Time, lapses ...longrun.Lapse) longrun.Run {
	r := longrun.Run{InstanceID: instance, CommitHash: commit, TS: started.Add(time.Second), ProcessStart: started, Ended: how, Lapses: lapses}
	if !end.IsZero() {
		r.End = &end
	}
	return r
}

func TestCausesOfAGap(t *testing.T) {
	t.Parallel()
	boot, later, never := clockAt(0, 0), clockAt(14, 50), time.Time{}
	a, b := beatOf("a", "3d4adc99", clockAt(9, 0), boot), beatOf("b", "b05469d7", clockAt(15, 0), later)
	sameBuild := beatOf("b", "3d4adc99", clockAt(15, 0), later)
	again := beatOf("a", "3d4adc99", clockAt(15, 0), boot)
	reborn := beatOf("a", "3d4adc99", clockAt(15, 0), later)
	late, lateA := *again, *a
	late.Late, lateA.Late = true, true
	down := func(fromMin, fromSec, toMin, toSec int) longrun.Lapse {
		return longrun.Lapse{From: clockAt(fromMin, fromSec), To: clockAt(toMin, toSec), Cause: longrun.StoreDown}
	}
	refused := func(fromMin, fromSec, toMin, toSec int) longrun.Lapse {
		l := down(fromMin, fromSec, toMin, toSec)
		l.ReadOnly = true
		return l
	}
	frozen := longrun.Lapse{From: clockAt(9, 30), To: clockAt(12, 0), Cause: longrun.Stall}
	stopped := runOf("a", "3d4adc99", boot, longrun.Stopped, clockAt(9, 40))
	open := runOf("a", "3d4adc99", boot, "", never)
	in := func(h *longrun.Heartbeat, epoch int64) *longrun.Heartbeat { led := *h; led.Epoch = epoch; return &led }
	with := func(r longrun.Run, lapses ...longrun.Lapse) longrun.Run { r.Lapses = lapses; return r }

	for name, c := range map[string]struct {
		story
		want longrun.Cause
	}{
		"nothing is known":                      {story{}, longrun.Unknown},
		"nothing before it":                     {story{after: b}, longrun.Unknown},
		"the original's beats name no instance": {story{before: beatOf("", "", clockAt(9, 0), boot), after: beatOf("", "", clockAt(15, 0), boot)}, longrun.Unknown},
		"no run of the writer":                  {story{before: a, after: b}, longrun.Unknown},
		"another's run does not count":          {story{before: a, after: b, runs: []longrun.Run{runOf("c", "", boot, longrun.Stopped, clockAt(9, 40))}}, longrun.Unknown},

		"the same process wrote on":                     {story{before: a, after: again}, longrun.Stall},
		"the same run wrote on, its clock was set":      {story{before: a, after: beatOf("a", "3d4adc99", clockAt(15, 0), boot.Add(-9*time.Second)), runs: []longrun.Run{open}}, longrun.Stall},
		"without runs the clock may be off by 2 s":      {story{before: a, after: beatOf("a", "3d4adc99", clockAt(15, 0), boot.Add(-2*time.Second))}, longrun.Stall},
		"and the lock was granted twice between":        {story{before: in(a, 7), after: in(again, 9)}, longrun.Unknown},
		"and it was granted the lock again":             {story{before: in(a, 7), after: in(again, 8)}, longrun.Stall},
		"and the lock began anew":                       {story{before: in(a, 7), after: in(again, 1)}, longrun.Stall},
		"another led, and it says that it was frozen":   {story{before: in(a, 7), after: in(again, 9), runs: []longrun.Run{with(open, frozen)}}, longrun.Stall},
		"another led, and one of the beats had to wait": {story{before: in(a, 7), after: in(&late, 9)}, longrun.StoreDown},
		"and not by 3":                                    {story{before: a, after: beatOf("a", "3d4adc99", clockAt(15, 0), boot.Add(-3*time.Second))}, longrun.Unknown},
		"frozen until another took over":                  {story{before: a, after: b, runs: []longrun.Run{with(open, frozen)}}, longrun.Stall},
		"frozen, then marked lost by the next leader":     {story{before: a, after: b, runs: []longrun.Run{with(runOf("a", "", boot, longrun.Lost, clockAt(10, 0)), frozen)}}, longrun.Stall},
		"frozen only after the first slot: the crash was": {story{before: a, after: b, runs: []longrun.Run{with(open, longrun.Lapse{From: clockAt(11, 0), To: clockAt(12, 0), Cause: longrun.Stall})}}, longrun.Crash},

		"stopped, same build":                      {story{before: a, after: sameBuild, runs: []longrun.Run{stopped}}, longrun.Restart},
		"stopped, same build, same instance ID":    {story{before: a, after: reborn, runs: []longrun.Run{stopped}}, longrun.Restart},
		"stopped inside the gap":                   {story{before: a, after: sameBuild, runs: []longrun.Run{runOf("a", "", boot, longrun.Stopped, clockAt(12, 0))}}, longrun.Restart},
		"stopped, another build":                   {story{before: a, after: b, runs: []longrun.Run{stopped}}, longrun.Deploy},
		"a build that nobody named is no other":    {story{before: a, after: beatOf("b", "", clockAt(15, 0), later), runs: []longrun.Run{stopped}}, longrun.Restart},
		"nor is one that follows it":               {story{before: beatOf("a", "", clockAt(9, 0), boot), after: b, runs: []longrun.Run{runOf("a", "", boot, longrun.Stopped, clockAt(9, 40))}}, longrun.Restart},
		"nor one that calls itself unknown":        {story{before: a, after: beatOf("b", "unknown", clockAt(15, 0), later), runs: []longrun.Run{stopped}}, longrun.Restart},
		"nor one that follows such a one":          {story{before: beatOf("a", "unknown", clockAt(9, 0), boot), after: b, runs: []longrun.Run{runOf("a", "unknown", boot, longrun.Stopped, clockAt(9, 40))}}, longrun.Restart},
		"the run knows where the beat does not":    {story{before: beatOf("a", "unknown", clockAt(9, 0), boot), after: b, runs: []longrun.Run{stopped}}, longrun.Deploy},
		"a run without an instance is nobody's":    {story{before: a, after: beatOf("", "", clockAt(15, 0), later), runs: []longrun.Run{stopped, runOf("", "b05469d7", later, "", never)}}, longrun.Restart},
		"the run names it where the beat does not": {story{before: a, after: beatOf("b", "", clockAt(15, 0), later), runs: []longrun.Run{stopped, runOf("b", "b05469d7", later, "", never)}}, longrun.Deploy},
		"the monitor was started twice in a process": {story{before: a, after: again, runs: []longrun.Run{
			stopped, {InstanceID: "a", TS: clockAt(14, 0), ProcessStart: boot},
		}}, longrun.Restart},

		"it never said a word":                     {story{before: a, after: b, runs: []longrun.Run{open}}, longrun.Crash},
		"found lost":                               {story{before: a, after: b, runs: []longrun.Run{runOf("a", "", boot, longrun.Lost, clockAt(13, 0))}}, longrun.Crash},
		"it gave up with an error":                 {story{before: a, after: b, runs: []longrun.Run{runOf("a", "", boot, longrun.Failed, clockAt(9, 40))}}, longrun.Crash},
		"a constant ID, and a new process":         {story{before: a, after: reborn, runs: []longrun.Run{open, runOf("a", "", later, "", never)}}, longrun.Crash},
		"a new process that left no run":           {story{before: a, after: reborn, runs: []longrun.Run{open}}, longrun.Crash},
		"it lived on and stopped later":            {story{before: a, after: b, runs: []longrun.Run{runOf("a", "", boot, longrun.Stopped, clockAt(30, 0))}}, longrun.Unknown},
		"it lived on and was lost later":           {story{before: a, after: b, runs: []longrun.Run{runOf("a", "", boot, longrun.Lost, clockAt(30, 0))}}, longrun.Unknown},
		"it was given up, and lived":               {story{before: a, after: b, runs: []longrun.Run{with(open, longrun.Lapse{From: clockAt(9, 0), To: clockAt(16, 0), Cause: longrun.Unknown})}}, longrun.Unknown},
		"it was given up as it began, and lived":   {story{before: a, after: b, runs: []longrun.Run{with(open, longrun.Lapse{From: clockAt(9, 0), To: clockAt(10, 1), Cause: longrun.Unknown})}}, longrun.Unknown},
		"it was, and led again, and was lost then": {story{before: a, after: b, runs: []longrun.Run{with(runOf("a", "", boot, longrun.Lost, clockAt(13, 0)), longrun.Lapse{From: clockAt(9, 0), To: clockAt(10, 1), Cause: longrun.Unknown})}}, longrun.Crash},
		"and again, before it died":                {story{before: a, after: b, runs: []longrun.Run{with(open, longrun.Lapse{From: clockAt(5, 0), To: clockAt(8, 0), Cause: longrun.Unknown})}}, longrun.Crash},
		"an older life of the instance":            {story{before: a, after: b, runs: []longrun.Run{runOf("a", "", boot.Add(-time.Hour), longrun.Stopped, clockAt(5, 0))}}, longrun.Unknown},
		"of two lives the process decides":         {story{before: a, after: sameBuild, runs: []longrun.Run{stopped, runOf("a", "", clockAt(5, 0), "", never)}}, longrun.Restart},
		"of two lives of no use the later one":     {story{before: a, after: sameBuild, runs: []longrun.Run{runOf("a", "", clockAt(1, 0), longrun.Stopped, clockAt(9, 40)), runOf("a", "", clockAt(5, 0), "", never)}}, longrun.Crash},

		"the store was away, and then it froze":            {story{before: a, after: b, runs: []longrun.Run{with(open, down(9, 5, 12, 0), longrun.Lapse{From: clockAt(12, 0), To: clockAt(15, 0), Cause: longrun.Stall})}}, longrun.StoreDown},
		"it froze, and then the store was away":            {story{before: a, after: b, runs: []longrun.Run{with(open, longrun.Lapse{From: clockAt(10, 0), To: clockAt(12, 0), Cause: longrun.Stall}, down(12, 0, 15, 0))}}, longrun.Stall},
		"the store was away, it froze, and no more":        {story{before: a, after: b, runs: []longrun.Run{with(open, down(9, 5, 11, 0), longrun.Lapse{From: clockAt(11, 0), To: clockAt(12, 0), Cause: longrun.Stall})}}, longrun.Crash},
		"the store was away":                               {story{before: a, after: again, runs: []longrun.Run{with(open, down(9, 5, 15, 0))}}, longrun.StoreDown},
		"the store was away, another took over":            {story{before: a, after: b, runs: []longrun.Run{with(open, down(9, 5, 14, 30))}}, longrun.StoreDown},
		"the take-over may cost the last slot":             {story{before: a, after: b, runs: []longrun.Run{with(open, down(9, 5, 14, 0))}}, longrun.StoreDown},
		"and not two":                                      {story{before: a, after: b, runs: []longrun.Run{with(open, down(9, 5, 13, 0))}}, longrun.Crash},
		"the first slot must be explained":                 {story{before: a, after: b, runs: []longrun.Run{with(open, down(11, 0, 15, 0))}}, longrun.Unknown},
		"it may have begun late in the first slot":         {story{before: a, after: b, runs: []longrun.Run{with(open, down(10, 59, 15, 0))}}, longrun.StoreDown},
		"two outages, each slot touched":                   {story{before: a, after: b, runs: []longrun.Run{with(open, down(9, 5, 11, 10), down(12, 50, 15, 0))}}, longrun.StoreDown},
		"two outages of two runs of one instance":          {story{before: a, after: b, runs: []longrun.Run{with(open, down(9, 5, 11, 10)), runOf("a", "", clockAt(12, 50), "", never, down(12, 50, 15, 0))}}, longrun.StoreDown},
		"one that stood by was cut off (D17)":              {story{before: a, after: b, runs: []longrun.Run{open, runOf("b", "", boot, "", never, down(9, 5, 15, 0))}}, longrun.Crash},
		"and one that was cut off before the writer wrote": {story{before: a, after: b, runs: []longrun.Run{open, runOf("b", "", boot, "", never, refused(7, 58, 15, 0))}}, longrun.Crash},
		"but what came late was written later":             {story{before: &lateA, after: b, runs: []longrun.Run{open, runOf("b", "", boot, "", never, refused(7, 58, 15, 0))}}, longrun.StoreDown},
		"one that stood by saw it take no writes":          {story{before: a, after: b, runs: []longrun.Run{open, runOf("b", "", boot, "", never, refused(9, 5, 15, 0))}}, longrun.StoreDown},
		"a journal that the next one found":                {story{before: a, after: b, runs: []longrun.Run{open, runOf("b", "", clockAt(15, 0), "", never, down(9, 5, 15, 0))}}, longrun.StoreDown},
		"two outages, one slot between":                    {story{before: a, after: b, runs: []longrun.Run{with(open, down(9, 5, 11, 0), down(12, 0, 15, 0))}}, longrun.Unknown},
		"an outage that ends before it begins":             {story{before: a, after: b, runs: []longrun.Run{with(open, down(15, 0, 9, 5))}}, longrun.Crash},
		"a store outage explains a clean stop":             {story{before: a, after: b, runs: []longrun.Run{with(stopped, down(9, 5, 15, 0))}}, longrun.StoreDown},
		"kept beats beside dropped ones":                   {story{before: a, after: &late}, longrun.StoreDown},

		"nobody came after it":              {story{before: a, runs: []longrun.Run{open}}, longrun.Unknown},
		"nobody came after a clean stop":    {story{before: a, runs: []longrun.Run{stopped}}, longrun.Unknown},
		"nobody came after a known failure": {story{before: a, runs: []longrun.Run{runOf("a", "", boot, longrun.Failed, clockAt(9, 40))}}, longrun.Crash},

		"it lasts":                                     {story{before: a, runs: []longrun.Run{stopped}, now: clockAt(15, 59)}, longrun.Ongoing},
		"it lasts, and nothing was before":             {story{now: clockAt(15, 0)}, longrun.Ongoing},
		"it lasts, and it is the store":                {story{before: a, runs: []longrun.Run{with(open, down(9, 5, 15, 0))}, now: clockAt(15, 30)}, longrun.Ongoing},
		"the open slot has a beat already: it is over": {story{before: a, after: again, now: clockAt(15, 1)}, longrun.Stall},
	} {
		var beats []longrun.Heartbeat
		for _, h := range []*longrun.Heartbeat{c.before, c.after} {
			if h != nil {
				beats = append(beats, *h)
			}
		}
		now := c.now
		if now.IsZero() {
			now = clockAt(40, 0)
		}
		got := coverage.Of(beats, longrun.Window{From: clockAt(10, 0), To: clockAt(15, 0)}, time.Minute, now, c.runs...)
		want := longrun.Gap{From: clockAt(10, 0), To: clockAt(15, 0), Missed: 5, Cause: c.want}
		if c.before != nil {
			want.Before = c.before.InstanceID
		}
		if c.after != nil {
			want.After = c.after.InstanceID
		}
		require.Equal(t, []longrun.Gap{want}, got.Gaps, name)
		oracle := slowCover(beats, longrun.Window{From: clockAt(10, 0), To: clockAt(15, 0)}, time.Minute, now, c.runs)
		require.Equal(t, oracle.Gaps, got.Gaps, name)
	}
}

func TestATakeOverMayCostSeveralShortSlots(t *testing.T) {
	t.Parallel()
	a, b := beatOf("a", "", clockAt(9, 59), clockAt(0, 0)), beatOf("b", "", clockAt(11, 0), clockAt(0, 0))
	a.ExpectedIntervalSec, b.ExpectedIntervalSec = 1, 1
	w := longrun.Window{From: clockAt(9, 0), To: clockAt(12, 0)}
	for until, want := range map[int]longrun.Cause{50: longrun.StoreDown, 49: longrun.Crash} {
		run := runOf("a", "", clockAt(0, 0), "", time.Time{}, longrun.Lapse{From: clockAt(9, 59), To: clockAt(10, until), Cause: longrun.StoreDown})
		c := coverage.Of([]longrun.Heartbeat{*a, *b}, w, time.Second, clockAt(40, 0), run)
		require.Len(t, c.Gaps, 3)
		require.Equal(t, want, c.Gaps[1].Cause, "%d", until)
	}
}

package rules

import (
	"math"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// CheckProbeFails is Bad when the newest results of type t are at least threshold
// FAILs in a row, since the first of them. An INCONCLUSIVE result neither counts
// nor breaks the row. Results are the newest ones known, oldest first, however
// they were asked for; of another type they are ignored.
//
// It is Good when a PASS ended the row before, also if a FAIL too few came after
// it: the condition ended at the first PASS after the last FAIL of that row.
// Without a PASS and with too few FAILs nothing is known, and it is Unseen.
func CheckProbeFails(t longrun.ProbeType, results []longrun.Probe, threshold int64) Finding {
	f := Finding{Rule: ProbeFails, Target: string(t), Threshold: float64(max(threshold, 1))}
	var fails int64
	first, last := -1, -1 // of the row of FAILs
	i := len(results) - 1
	for ; i >= 0; i-- {
		p := &results[i]
		if p.Type != t {
			continue
		}
		if p.Result == longrun.Pass {
			break
		}
		if p.Result == longrun.Fail {
			fails++
			first = i
			if last < 0 {
				last = i
			}
		}
	}
	f.Observed = float64(fails)
	if fails >= max(threshold, 1) {
		f.Condition, f.Since = Bad, results[first].TS
		f.Probes = failKeys(t, results[first:], fails)
		f.Summary = failText(&results[last], fails, results[first].TS, max(threshold, 1))
		return f
	}
	for ; i >= 0; i-- { // the row of PASSes before
		p := &results[i]
		if p.Type == t && p.Result == longrun.Fail {
			break
		}
		if p.Type == t && p.Result == longrun.Pass {
			f.Condition, f.Until = Good, p.TS
		}
	}
	return f
}

func failKeys(t longrun.ProbeType, results []longrun.Probe, n int64) []string {
	keys := make([]string, 0, min(n, longrun.MaxEvidence))
	for i := range results {
		if p := &results[i]; p.Type == t && p.Result == longrun.Fail && len(keys) < longrun.MaxEvidence {
			keys = append(keys, p.ProbeKey)
		}
	}
	return keys
}

func failText(last *longrun.Probe, fails int64, since time.Time, threshold int64) string {
	text := counted(fails, string(last.Type)+" probe") + " failed in a row since " + moment(since)
	if last.ErrorClass != "" {
		text += ", the last one with " + last.ErrorClass
	}
	if last.Target != "" {
		text += " (" + last.Target + ")"
	}
	return text + ", " + strconv.FormatInt(threshold, 10) + " in a row are too many"
}

// overdueGrace is how long a new leader has for its probes before they can be
// overdue: it makes first what is due. It is minutes and not periods, or restarts
// at short intervals would hide a probe for ever.
const overdueGrace = 5 * time.Minute

// CheckProbeOverdue is Bad when the newest PASS or FAIL of type t is more than
// periods times schedule.Every old. It was due when one period had passed, and
// the condition began then. Results are as for CheckProbeFails.
//
// Since is from when on somebody watched who could have made one: the start of
// the lead, and what the host then needs to settle. Nothing is overdue in the
// first five minutes after it. Where there never was a PASS or a FAIL, the time
// counts from the oldest result known, or else from since.
//
// It is Unseen while the newest result says that the probe is not configured. A
// result in the future, by a clock that was set back, counts as of now.
func CheckProbeOverdue(t longrun.ProbeType, results []longrun.Probe, schedule longrun.ProbeSchedule, since, now time.Time, periods float64) Finding {
	f := Finding{Rule: ProbeOverdue, Target: string(t), Threshold: periods}
	base, conclusive, newest := since, false, true
	for i := len(results) - 1; i >= 0 && !conclusive; i-- {
		p := &results[i]
		if p.Type != t {
			continue
		}
		if newest && p.ErrorClass == "not_configured" {
			return f
		}
		newest = false
		conclusive = p.Result == longrun.Pass || p.Result == longrun.Fail
		if conclusive || p.TS.Before(base) {
			base = p.TS
		}
	}
	if base.After(now) {
		base = now
	}
	if schedule.Every <= 0 {
		return f
	}
	f.Observed = float64(now.Sub(base)) / float64(schedule.Every)
	watched := now.Sub(since)
	switch {
	case !(f.Observed > periods):
		if conclusive {
			f.Condition, f.Until = Good, base
		}
	case watched < 0 || watched >= overdueGrace:
		f.Condition, f.Since = Bad, base.Add(schedule.Every)
		f.Summary = overdueText(t, base, conclusive, schedule.Every, periods)
	}
	return f
}

func overdueText(t longrun.ProbeType, base time.Time, conclusive bool, every time.Duration, periods float64) string {
	what := "no " + string(t) + " probe has told anything since "
	if conclusive {
		what = "the last " + string(t) + " probe that passed or failed was at "
	}
	return what + moment(base) + ", due every " + span(every) + ", more than " +
		strconv.FormatFloat(math.Round(periods*100)/100, 'f', -1, 64) + " periods are too long"
}

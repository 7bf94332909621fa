package rules

import (
	"math"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// ProbeOverdue names the rule; what it sees is said at CheckProbeOverdue.
const ProbeOverdue longrun.RuleID = "probe_overdue"

func probeOverdue() Rule {
	return Rule{
		ID: ProbeOverdue, Severity: longrun.Warning, Each: EachProbe, Known: ProbesKnown,
		Works:  "the probe has a result again",
		LookAt: "the probe's newest results, and the account at its other end; where there are none, the leader's log",
		Fleet:  Fleet{Share: usualShare, Many: "have probes that are overdue"},
		Check: func(_ State, in *Inputs, t Target) Finding {
			if t.Probe.Off {
				return Finding{}
			}
			since := in.Started.Add(t.Probe.Settle)
			if since.Before(in.LeadBegan) {
				since = in.LeadBegan
			}
			if back := t.Probe.Back.Add(t.Probe.Settle); !t.Probe.Back.IsZero() && back.After(since) {
				since = back
			}
			if since.After(in.Now) && !in.Started.After(in.Now) && !in.LeadBegan.After(in.Now) {
				since = in.Now // the host settles, and nobody watches yet; no clock was set back
			}
			return checkProbeOverdue(t.Probe.Named(), t.Name, t.Probe.whose(), t.Probe.Recent, t.Probe.Schedule, since, in.Now, in.Settings.AlertThresholds.ProbeOverduePeriods)
		},
	}
}

// overdueGrace is how long a new leader has for its probes before they can be
// overdue: it makes first what is due. It is minutes and not periods, or restarts
// at short intervals would hide a probe for ever.
const overdueGrace = 5 * time.Minute

// CheckProbeOverdue is Bad when the newest PASS or FAIL of probe n is more than
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
func CheckProbeOverdue(n longrun.NamedProbe, results []longrun.Probe, schedule longrun.ProbeSchedule, since, now time.Time, periods float64) Finding {
	return checkProbeOverdue(n, n.String(), n.Name, results, schedule, since, now, periods)
}

func checkProbeOverdue(n longrun.NamedProbe, target, whose string, results []longrun.Probe, schedule longrun.ProbeSchedule, since, now time.Time, periods float64) Finding {
	f := Finding{Rule: ProbeOverdue, Target: target, Threshold: periods}
	base, conclusive, newest, untold := since, false, true, ""
	for i := len(results) - 1; i >= 0 && !conclusive; i-- {
		p := &results[i]
		if p.Named() != n {
			continue
		}
		if newest && p.ErrorClass == "not_configured" {
			return f
		}
		if newest && p.Result == longrun.Inconclusive {
			untold = p.ErrorClass
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
		f.Summary = overdueText(n.Type, whose, base, conclusive, schedule.Every, periods)
		if untold != "" {
			f.Summary += "; the newest could not tell: " + untold
		}
	}
	return f
}

func overdueText(kind longrun.ProbeType, whose string, base time.Time, conclusive bool, every time.Duration, periods float64) string {
	probe := string(kind) + " probe"
	if whose != "" {
		probe += " of " + whose
	}
	what := "no " + probe + " has told anything since "
	if conclusive {
		what = "the last " + probe + " that passed or failed was at "
	}
	return what + words.Moment(base) + ", due every " + words.Span(every) + ", more than " +
		strconv.FormatFloat(math.Round(periods*100)/100, 'f', -1, 64) + " periods are too long"
}

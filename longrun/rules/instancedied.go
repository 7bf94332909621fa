package rules

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// InstanceDied names the rule; what it sees is said at CheckInstanceDied.
const InstanceDied longrun.RuleID = "instance_died"

// instanceDied is about all instances together: one that dies again and again under
// a name that is new each time is one trouble, and one that flaps.
func instanceDied() Rule {
	return Rule{
		ID: InstanceDied, Severity: longrun.Warning, Each: TheHost,
		Works:  "heartbeats come in a row again",
		LookAt: "the dead instance: its last lines in the log, its exit code, what its platform says (out of memory, evicted), and whether it is back",
		Check: func(s State, in *Inputs, _ Target) Finding {
			return CheckInstanceDied(s, in.Deaths, in.Recent, in.Now)
		},
	}
}

// Death is the run of an instance that led, fell silent, and had not said that it
// would stop.
type Death struct {
	RunID, InstanceID, CommitHash string
	// Last is its last sign of life. Found is when the next leader began, which
	// is By.
	Last, Found time.Time
	By          string
}

// CheckInstanceDied is Bad when an instance was found dead whose last sign of life
// is later than the end of the last incident, since then, however short the gap is
// that it left. It is Good again when the last three slots are filled: since the
// first of them, and not before the death was found. So each death is told once, and
// none twice, whoever leads.
//
// A clean stop is no death. Neither is that of an instance which did not lead: it
// writes no heartbeats, and nobody can tell. Deaths are the newest ones, oldest
// first.
func CheckInstanceDied(s State, deaths []Death, r *Recent, now time.Time) Finding {
	f := Finding{Rule: InstanceDied}
	if s.LastEnd != nil && s.LastEnd.Sub(now) <= RecentSpan {
		for len(deaths) > 0 && !deaths[0].Last.After(*s.LastEnd) {
			deaths = deaths[1:]
		}
	}
	f.Observed = float64(len(deaths))
	newest, filled := r.inARow(longrun.SlotAt(now, r.interval))
	switch {
	case s.Phase == Firing && filled:
		f.Condition, f.Until = Good, r.recovered(s.Since, newest)
		for i := range deaths {
			if deaths[i].Found.After(f.Until) {
				f.Until = deaths[i].Found
			}
		}
	case s.Phase == Firing:
		f.Condition = Bad
		if s.Since != nil {
			f.Since = *s.Since
		}
	case len(deaths) == 0:
		f.Condition = Good
		return f
	default:
		f.Condition, f.Since, f.Summary = Bad, deaths[0].Last, diedText(deaths)
	}
	for i := range deaths {
		if len(f.Instances) < longrun.MaxEvidence {
			f.Instances = append(f.Instances, deaths[i].InstanceID)
		}
	}
	return f
}

// diedText says what happened to the newest one.
func diedText(deaths []Death) string {
	last := deaths[len(deaths)-1]
	text := "instance " + last.InstanceID + " fell silent after " + words.Moment(last.Last) + " and had not said that it would stop"
	if last.By != "" {
		text += "; " + last.By + " leads since " + words.Moment(last.Found)
	}
	if n := int64(len(deaths)) - 1; n > 0 {
		text += "; before it " + words.Counted(n, "other")
	}
	return text
}

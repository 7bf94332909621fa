package coverage

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// RepairStats say of a window how often there was trouble, and how long it took
// to end. Numbers that would rest on nothing are nil. Times are in seconds.
type RepairStats struct {
	// From and To are the window; To is at most the time of the question.
	From time.Time `json:"from" firestore:"from"`
	To   time.Time `json:"to" firestore:"to"`
	// Incidents counts those whose condition began in the window. Of them, Open
	// are not over, and Resolved are; always Incidents = Open + Resolved.
	Incidents int64 `json:"incidents" firestore:"incidents"`
	Open      int64 `json:"open" firestore:"open"`
	Resolved  int64 `json:"resolved" firestore:"resolved"`
	// MTTR is the time to repair, Incident.Repair, over the Resolved: percentiles
	// by nearest rank, see Percentile, and the sum divided by Resolved. Also a
	// repair that ended after the window counts whole.
	MTTRP50Sec  *float64 `json:"mttrP50" firestore:"mttrP50"`
	MTTRP90Sec  *float64 `json:"mttrP90" firestore:"mttrP90"`
	MTTRP95Sec  *float64 `json:"mttrP95" firestore:"mttrP95"`
	MTTRMeanSec *float64 `json:"mttrMean" firestore:"mttrMean"`
	// TroubleSec is how much of the window lay in at least one incident, whenever
	// that began: two at the same time count once.
	TroubleSec float64 `json:"troubleSec" firestore:"troubleSec"`
	// MTBFSec is the time between failures: what is left of the window without
	// trouble, divided by Incidents.
	MTBFSec *float64 `json:"mtbfSec" firestore:"mtbfSec"`
}

// Repairs measures the incidents against the window as it stands at now: what
// lies behind now in it does not count. Incidents come in any order; those that
// began before the window and reached into it are worth giving, for their trouble
// is in it. A window that Validate refuses has no numbers.
func Repairs(incidents []longrun.Incident, w longrun.Window, now time.Time) RepairStats {
	if w.Validate() != nil {
		return RepairStats{From: w.From.UTC(), To: w.To.UTC()}
	}
	if w.To.After(now) {
		w.To = now
	}
	if w.To.Before(w.From) {
		w.To = w.From
	}
	r := RepairStats{From: w.From.UTC(), To: w.To.UTC()}
	var repairs []time.Duration
	var troubles []longrun.Window
	for i := range incidents {
		in := &incidents[i]
		if t := within(in, w, now); t.From.Before(t.To) {
			troubles = append(troubles, t)
		}
		if !w.Contains(in.TSStart) {
			continue
		}
		r.Incidents++
		if in.Open() {
			r.Open++
		} else {
			r.Resolved++
			repairs = append(repairs, in.Repair(now))
		}
	}
	r.mttr(repairs)
	trouble := union(troubles)
	r.TroubleSec = trouble.Seconds()
	if r.Incidents > 0 {
		between := (w.To.Sub(w.From) - trouble).Seconds() / float64(r.Incidents)
		r.MTBFSec = &between
	}
	return r
}

// RepairsByRule is Repairs of each rule's incidents by themselves, for the rules
// that have any.
func RepairsByRule(incidents []longrun.Incident, w longrun.Window, now time.Time) map[longrun.RuleID]RepairStats {
	byRule := map[longrun.RuleID][]longrun.Incident{}
	for i := range incidents {
		byRule[incidents[i].Rule] = append(byRule[incidents[i].Rule], incidents[i])
	}
	out := make(map[longrun.RuleID]RepairStats, len(byRule))
	for rule, of := range byRule {
		out[rule] = Repairs(of, w, now)
	}
	return out
}

// within returns the part of the incident that lies in the window.
func within(i *longrun.Incident, w longrun.Window, now time.Time) longrun.Window {
	end := now
	if i.TSEnd != nil {
		end = *i.TSEnd
	}
	t := longrun.Window{From: i.TSStart, To: end}
	if t.From.Before(w.From) {
		t.From = w.From
	}
	if t.To.After(w.To) {
		t.To = w.To
	}
	return t
}

func (r *RepairStats) mttr(repairs []time.Duration) {
	if len(repairs) == 0 {
		return
	}
	slices.Sort(repairs)
	at := func(p float64) *float64 {
		d, _ := Percentile(repairs, p)
		sec := d.Seconds()
		return &sec
	}
	r.MTTRP50Sec, r.MTTRP90Sec, r.MTTRP95Sec = at(50), at(90), at(95)
	mean := 0.0
	for _, d := range repairs {
		mean += d.Seconds() / float64(len(repairs))
	}
	r.MTTRMeanSec = &mean
}

// union returns how much time lies in at least one of the windows.
func union(windows []longrun.Window) (sum time.Duration) {
	slices.SortFunc(windows, func(a, b longrun.Window) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	var upTo time.Time // from here on nothing is counted yet
	for _, w := range windows {
		if w.From.Before(upTo) {
			w.From = upTo
		}
		if w.To.After(w.From) {
			sum += w.To.Sub(w.From)
			upTo = w.To
		}
	}
	return sum
}

func compareIncidents(a, b longrun.IncidentSummary) int {
	return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.IncidentID, b.IncidentID))
}

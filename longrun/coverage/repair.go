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
	// MTTR is the time to repair, Incident.Repair, over the Resolved, which are its n:
	// percentiles by nearest rank, see Percentile, of which P50 is the median, and the
	// sum divided by Resolved. Also a repair that ended after the window counts whole.
	MTTRP50Sec  *float64 `json:"mttrP50" firestore:"mttrP50"`
	MTTRP90Sec  *float64 `json:"mttrP90" firestore:"mttrP90"`
	MTTRP95Sec  *float64 `json:"mttrP95" firestore:"mttrP95"`
	MTTRMeanSec *float64 `json:"mttrMean" firestore:"mttrMean"`
	// TroubleSec is how much of the window lay in at least one incident, whenever
	// that began: two at the same time count once.
	TroubleSec float64 `json:"troubleSec" firestore:"troubleSec"`
	// MTBFSec is the mean time between failures: what is left of the window without
	// trouble, divided by Incidents, which are its n. MTBFMedianSec is the median, by
	// nearest rank, of how long there was no trouble in the window before each of them:
	// 0 before one that began while another was open.
	MTBFSec       *float64 `json:"mtbfSec" firestore:"mtbfSec"`
	MTBFMedianSec *float64 `json:"mtbfMedian" firestore:"mtbfMedian"`
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
	var troubles, began []longrun.Window
	for i := range incidents {
		in := &incidents[i]
		if t := within(in, w, now); t.From.Before(t.To) {
			troubles = append(troubles, t)
		}
		if !w.Contains(in.TSStart) {
			continue
		}
		r.Incidents++
		began = append(began, within(in, w, now))
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
		r.MTBFMedianSec = medianBefore(began, troubles, w.From)
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

// medianBefore returns the median of how long there was no trouble before each that
// began, in seconds, since from.
func medianBefore(began, troubles []longrun.Window, from time.Time) *float64 {
	order := func(a, b longrun.Window) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) }
	slices.SortFunc(began, order)
	slices.SortFunc(troubles, order)
	calm := make([]time.Duration, 0, len(began))
	for _, b := range began {
		for len(troubles) > 0 && troubles[0].From.Before(b.From) {
			if troubles[0].To.After(from) {
				from = troubles[0].To
			}
			troubles = troubles[1:]
		}
		calm = append(calm, max(0, b.From.Sub(from)))
		if b.To.After(from) {
			from = b.To
		}
	}
	slices.Sort(calm)
	median, _ := Percentile(calm, 50)
	sec := median.Seconds()
	return &sec
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

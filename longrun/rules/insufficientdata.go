package rules

import (
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// InsufficientData names the rule; what it sees is said at CheckInsufficientData.
const InsufficientData longrun.RuleID = "insufficient_data"

func insufficientData() Rule {
	return Rule{
		ID: InsufficientData, Severity: longrun.Warning, Policy: Policy{OK: 3}, Each: TheHost,
		Works:  "enough of the last day was observed again",
		LookAt: "the gaps of the last day and their causes, in a report",
		Check: func(s State, in *Inputs, _ Target) Finding {
			return CheckInsufficientData(s, in.Recent, in.Now, in.Settings.InsufficientDataThreshold)
		},
	}
}

const (
	coverageWindow = 24 * time.Hour
	// minCoverage is how much must exist before a coverage says anything.
	minCoverage = time.Hour
)

// CheckInsufficientData is Bad when the coverage of the last 24 hours, or of what
// has existed of them, is under threshold, 0 to 1. Only slots that are over
// count. It is Unseen until there is an hour of them.
//
// The condition began at the end of the slot with which the coverage fell under
// the threshold for the last time, as far as r reaches back.
func CheckInsufficientData(s State, r *Recent, now time.Time, threshold float64) Finding {
	f := Finding{Rule: InsufficientData, Threshold: threshold}
	end := longrun.SlotAt(now, r.interval)
	if !r.knows(r.first, end) {
		return f
	}
	c := r.coverageAt(end)
	if !c.known() {
		return f
	}
	f.Observed = c.ratio()
	if !(f.Observed < threshold) {
		f.Condition = Good
		return f
	}
	f.Condition = Bad
	if s.Phase == Firing && s.Since != nil {
		f.Since = *s.Since
	} else {
		f.Since = c.fell(threshold).Start(r.interval)
	}
	f.Summary = "coverage of the last " + words.Span(time.Duration(c.end-c.from)*r.interval) + " is " + words.Percent(f.Observed) +
		" (" + strconv.FormatInt(c.written, 10) + " of " + words.Counted(int64(c.end-c.from), "heartbeat") + "), less than " + words.Percent(threshold) + " is too little"
	return f
}

// trailing is the coverage of the 24 hours before a slot.
type trailing struct {
	r         *Recent
	from, end longrun.Slot // [from, end)
	written   int64
}

func (r *Recent) coverageAt(end longrun.Slot) trailing {
	from := max(end-longrun.Slot(coverageWindow/r.interval), r.earliest, r.first)
	return trailing{r: r, from: from, end: end, written: r.count(from, end)}
}

func (t trailing) known() bool {
	return t.from < t.end && time.Duration(t.end-t.from)*t.r.interval >= minCoverage
}

// ratio is a division and never a multiplication of the threshold: 4 of 5 are
// exactly the float64 that is written 0.8, and 0.8·5 may be a hair more than 4.
func (t trailing) ratio() float64 { return float64(t.written) / float64(t.end-t.from) }

// fell slides back to the first slot before which the coverage was under the
// threshold, and has been since.
func (t trailing) fell(threshold float64) longrun.Slot {
	length := longrun.Slot(coverageWindow / t.r.interval)
	least := max(t.r.earliest, t.r.first)
	for {
		before := t
		before.end--
		if t.r.Filled(before.end) {
			before.written--
		}
		if from := before.end - length; from >= least {
			before.from = from
			if t.r.Filled(from) {
				before.written++
			}
		} else if t.r.first > t.r.earliest {
			return t.end // it may have been so for longer than is remembered
		}
		if !before.known() || !(before.ratio() < threshold) {
			return t.end
		}
		t = before
	}
}

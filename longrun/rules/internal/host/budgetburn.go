package host

import (
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/budget"
	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
	"github.com/seed-13dc028d/longwatch/longrun/rules/internal/words"
)

// BudgetBurn names the rule that the error budget goes too fast.
const BudgetBurn longrun.RuleID = "budget_burn"

// BudgetRule is the row of BudgetBurn: Bad when the budget of the target went more times
// as fast as the target lets than the threshold bears, over an hour and still in the last
// five minutes, over six hours and still in the last 30 minutes, or over three days and
// still in the last six hours; and when so many slots of the hours or days were missed
// since an incident last told of missed ones, its own or that of missed heartbeats. So it
// is for what adds up and nobody was told of, and one missed slot never is.
//
// Slots that begin in planned maintenance do not count. What was before anything existed
// was not missed, so that in the first hour no burn is called fast.
//
// It began with the first slot that counts, as far as they are remembered, ended with the
// last, and Took the missed ones: the time for which there was no beat. It is Unseen
// where nothing is known, or where it goes by three days of which a part is not.
func BudgetRule() Rule {
	return Rule{
		ID: BudgetBurn, Severity: longrun.Warning, OK: 3, Check: checkBudget,
		Works:  "heartbeats are missed no faster than the target lets",
		LookAt: "the gaps of the last hours and their causes, in a report: what they have in common, and what was changed before the first",
	}
}

// burnPace is a time over which it may go too fast, and the one in which it still does.
type burnPace struct {
	long, still time.Duration
	times       float64
}

func burnPaces(t *longrun.AlertThresholds) [3]burnPace {
	return [...]burnPace{
		{time.Hour, 5 * time.Minute, t.BudgetFastBurn},
		{6 * time.Hour, 30 * time.Minute, t.BudgetSlowBurn},
		{72 * time.Hour, 6 * time.Hour, t.BudgetLongBurn},
	}
}

// burner counts what is missed and was not planned.
type burner struct {
	Slots
	target   longrun.Target
	interval time.Duration
	end      longrun.Slot // the slots before it are over
	planned  []longrun.Window
}

func checkBudget(l *Look) finding.Finding {
	var f finding.Finding
	if _, known := l.Slots.Missed(0, 0); !known {
		return f
	}
	b := burner{Slots: l.Slots, target: l.Settings.AlertTarget(), interval: l.Slots.Interval()}
	b.end = longrun.SlotAt(l.Now, b.interval)
	if len(l.Settings.Maintenance) > 0 {
		b.planned = l.Settings.Planned(longrun.Window{From: l.Now.Add(-73 * time.Hour), To: l.Now})
	}
	told := l.ToldUntil
	if before := l.Before.LastEnd; before.After(told) && !before.After(l.Now) {
		told = before
	}
	unknown := false
	for _, p := range burnPaces(&l.Settings.AlertThresholds) {
		lately, known := b.over(p.long)
		if !known {
			unknown = true
			continue
		}
		if !lately.Over(b.target, p.times) {
			continue
		}
		if still, known := b.over(p.still); !known || !still.Over(b.target, p.times) {
			continue
		}
		from := max(b.end-b.slots(p.long), longrun.SlotCeil(told, b.interval))
		if !l.Before.Firing {
			if news, known := b.missed(from, b.end); !known || news < l.Settings.AlertThresholds.BudgetMinMissed {
				continue
			}
		}
		b.say(&f, p, lately, from)
		if l.Before.Firing {
			f.Since = l.Before.Since
		}
		return f
	}
	if l.Before.Firing && unknown {
		return f
	}
	f.Condition = finding.Good
	if l.Before.Firing {
		b.sayEnd(&f, l.Before.Since)
	}
	return f
}

// slots is how many slots a time has, at least one.
func (b *burner) slots(d time.Duration) longrun.Slot { return max(longrun.Slot(d/b.interval), 1) }

// over counts the slots of the time up to the end.
func (b *burner) over(d time.Duration) (budget.Count, bool) {
	n := b.slots(d)
	missed, known := b.missed(b.end-n, b.end)
	return budget.Count{Slots: int64(n), Missed: missed}, known
}

// missed counts the slots of [from, to) that were missed and were not planned.
func (b *burner) missed(from, to longrun.Slot) (missed int64, known bool) {
	if from >= to {
		return 0, true
	}
	missed, known = b.Missed(from, to)
	if !known || missed == 0 {
		return 0, known
	}
	for _, w := range b.planned {
		first, end := max(longrun.SlotCeil(w.From, b.interval), from), min(longrun.SlotCeil(w.To, b.interval), to)
		if first < end {
			spared, _ := b.Missed(first, end)
			missed -= spared
		}
	}
	return missed, true
}

// plan returns the planned time that the slot begins in.
func (b *burner) plan(s longrun.Slot) (longrun.Window, bool) {
	at := s.Start(b.interval)
	for _, w := range b.planned {
		if w.Contains(at) {
			return w, true
		}
	}
	return longrun.Window{}, false
}

// say is what is found where it is Bad.
func (b *burner) say(f *finding.Finding, p burnPace, lately budget.Count, from longrun.Slot) {
	f.Condition, f.Observed, f.Threshold = finding.Bad, lately.Rate(b.target), p.times
	f.Summary = words.Number(lately.Missed) + " of the " + words.Counted(lately.Slots, b.unit()) + " of the last " + words.Span(p.long) +
		" were missed, " + times(f.Observed) + " times as fast as " + strconv.FormatFloat(b.target.Percent, 'f', -1, 64) + " % of " + b.target.Name() + " lets; more than " +
		times(p.times) + " is too fast"
	first := max(b.end-b.slots(b.target.Length()), b.Earliest())
	if missed, known := b.Missed(first, b.end); known { // planned ones too, as reports say it first
		f.Summary += ". " + words.Number(missed) + " were in " + b.target.Name() + ", of " + words.Number(b.target.MayMiss(int64(b.end-first))) + " that may be"
		if b.slots(b.target.Length()) > b.end-first {
			f.Summary += " so far"
		}
	}
	for at := from; ; {
		s, ok := b.NextMissed(at, b.end)
		if !ok {
			break
		}
		if w, planned := b.plan(s); planned {
			at = longrun.SlotCeil(w.To, b.interval)
			continue
		}
		if f.Since.IsZero() {
			f.Since = s.Start(b.interval)
		}
		if len(f.Slots) < longrun.MaxEvidence {
			f.Slots = append(f.Slots, s.ID(b.interval))
		}
		if at = s + 1; !b.extend(f, s) && len(f.Slots) == longrun.MaxEvidence {
			break
		}
	}
	if f.Since.IsZero() { // all of it is older than what is remembered one by one
		f.Since = b.end.Start(b.interval)
	}
}

// extend adds a slot to the gaps, and reports whether there was room.
func (b *burner) extend(f *finding.Finding, s longrun.Slot) bool {
	start := s.Start(b.interval)
	if last := len(f.Gaps) - 1; last >= 0 && f.Gaps[last].To.Equal(start) {
		f.Gaps[last].To = start.Add(b.interval)
		f.Gaps[last].Missed++
		return true
	}
	if len(f.Gaps) == longrun.MaxGaps {
		return false
	}
	f.Gaps = append(f.Gaps, longrun.Gap{From: start, To: start.Add(b.interval), Missed: 1, Cause: longrun.Unknown})
	return true
}

// sayEnd is when it ended: with the last slot that was missed and not planned.
func (b *burner) sayEnd(f *finding.Finding, since time.Time) {
	first := longrun.SlotAt(since, b.interval)
	for to := b.end; ; {
		s, ok := b.LastMissed(first, to)
		if !ok {
			return
		}
		if w, planned := b.plan(s); planned {
			to = longrun.SlotCeil(w.From, b.interval)
			continue
		}
		f.Until = (s + 1).Start(b.interval)
		if missed, known := b.missed(first, s+1); known {
			f.Took = new(time.Duration(missed) * b.interval)
		}
		return
	}
}

// unit is what slots are called.
func (b *burner) unit() string {
	if b.interval == time.Minute {
		return "minute"
	}
	return "slot"
}

// times is a factor with at most two decimals, cut.
func times(v float64) string { return strconv.FormatFloat(float64(int64(v*100+1e-6))/100, 'f', -1, 64) }

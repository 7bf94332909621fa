package account

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/rules/finding"
)

// Burst is what is seen of something that happens now and then, and is too much at
// a time: Bad when it is, and happened last within quiet and after the incident
// before; Good once quiet has passed without. In between it is Unseen. What the last
// incident ended with makes no second one.
//
// Where the host does not say when it happened last, the number alone counts.
func (l *Look) Burst(tooMuch bool, last time.Time, quiet time.Duration) finding.Condition {
	if !tooMuch && !l.Before.Firing {
		return finding.Good // nothing begins, and nothing is to end
	}
	known := !last.IsZero() && l.Plausible(last)
	switch {
	case !known && !tooMuch, known && l.Now.Sub(last) >= quiet:
		return finding.Good
	case tooMuch && (!known || last.After(l.Before.LastEnd)):
		return finding.Bad
	}
	return finding.Unseen
}

// SayBurst fills in when and how often: since the first of those that are later than
// the incident before, until the last.
func (l *Look) SayBurst(f *finding.Finding, n, threshold int64, first, last time.Time) {
	f.Observed, f.Threshold = float64(n), float64(threshold)
	if last.IsZero() || !l.Plausible(last) {
		last = l.Now
		if f.Condition == finding.Good {
			return
		}
	}
	switch f.Condition {
	case finding.Good:
		f.Until = last
	case finding.Bad:
		f.Since = first
		if first.IsZero() || !l.Plausible(first) || !first.After(l.Before.LastEnd) || first.After(last) {
			f.Since = last
		}
	case finding.Unseen:
	}
}

package runs

import "github.com/seed-13dc028d/longwatch/longrun"

// addLapse appends l, joined to the one before where they touch. A process that
// did not run cannot tell of the store, so a stall is cut from outages, whichever
// of them is known first.
func addLapse(lapses []longrun.Lapse, l longrun.Lapse) []longrun.Lapse {
	l.From, l.To = l.From.UTC(), l.To.UTC()
	parts := []longrun.Lapse{l}
	kept := lapses[:0:0]
	for _, known := range lapses {
		kept = append(kept, without(known, l)...)
		var rest []longrun.Lapse
		for _, part := range parts {
			rest = append(rest, without(part, known)...)
		}
		parts = rest
	}
	lapses = kept
	for _, part := range parts {
		lapses = joinLapse(lapses, part)
	}
	return lapses[max(0, len(lapses)-longrun.MaxLapses):]
}

// without returns an outage without the time of a stall; any other lapse stays
// as it is.
func without(outage, stall longrun.Lapse) []longrun.Lapse {
	if outage.Cause != longrun.StoreDown || stall.Cause != longrun.Stall || !stall.From.Before(outage.To) || !stall.To.After(outage.From) {
		return []longrun.Lapse{outage}
	}
	var out []longrun.Lapse
	before, after := outage, outage
	if before.To = stall.From; before.To.After(before.From) {
		out = append(out, before)
	}
	if after.From = stall.To; after.To.After(after.From) {
		out = append(out, after)
	}
	return out
}

func joinLapse(lapses []longrun.Lapse, l longrun.Lapse) []longrun.Lapse {
	if n := len(lapses); n > 0 && lapses[n-1].Cause == l.Cause && lapses[n-1].ReadOnly == l.ReadOnly && !l.From.After(lapses[n-1].To) && !l.From.Before(lapses[n-1].From) {
		if l.To.After(lapses[n-1].To) {
			lapses[n-1].To = l.To
		}
		return lapses
	}
	return append(lapses, l)
}

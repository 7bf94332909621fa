package coverage

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// history is what the runs tell of the gaps: who stopped when and how, and when
// the store was out of reach.
type history struct {
	interval time.Duration
	runs     map[string][]*longrun.Run  // by instance, by start
	down     map[string][]longrun.Lapse // by instance, disjoint, in order
	downAll  []longrun.Lapse            // what holds for everybody, the same
	refused  []longrun.Lapse            // in which the store took nobody's writes, as far as somebody saw, by start
}

func newHistory(runs []longrun.Run, interval time.Duration) history {
	h := history{interval: interval, runs: map[string][]*longrun.Run{}, down: map[string][]longrun.Lapse{}}
	runs = slices.Clone(runs) // the caller may reuse its slice before Coverage
	for i := range runs {
		r := &runs[i]
		if r.InstanceID != "" {
			h.runs[r.InstanceID] = append(h.runs[r.InstanceID], r)
		}
		for _, l := range r.Lapses {
			if l.Cause != longrun.StoreDown || !l.To.After(l.From) {
				continue
			}
			h.down[r.InstanceID] = append(h.down[r.InstanceID], l)
			switch {
			case l.From.Before(r.TS): // it was found in a journal of who led
				h.downAll = append(h.downAll, l)
			case l.ReadOnly:
				h.refused = append(h.refused, l)
			}
		}
	}
	for _, own := range h.runs {
		slices.SortStableFunc(own, func(a, b *longrun.Run) int { return cmp.Or(a.TS.Compare(b.TS), cmp.Compare(a.RunID, b.RunID)) })
	}
	for instance, lapses := range h.down {
		h.down[instance] = joined(append(lapses, h.downAll...))
	}
	h.downAll = joined(h.downAll)
	slices.SortStableFunc(h.refused, func(a, b longrun.Lapse) int { return a.From.Compare(b.From) })
	return h
}

// joined sorts the lapses and makes one of those that touch.
func joined(lapses []longrun.Lapse) []longrun.Lapse {
	slices.SortFunc(lapses, func(a, b longrun.Lapse) int { return a.From.Compare(b.From) })
	out := lapses[:0]
	for _, l := range lapses {
		if n := len(out); n > 0 && !l.From.After(out[n-1].To) {
			if l.To.After(out[n-1].To) {
				out[n-1].To = l.To
			}
			continue
		}
		out = append(out, l)
	}
	return out
}

// cause explains a gap by the beats beside it, nil where there is none, and by
// the runs. See Cause for the rules and their order.
func (h *history) cause(g longrun.Gap, before, after *witness, ongoing bool) longrun.Cause {
	if ongoing {
		return longrun.Ongoing
	}
	if before == nil || before.instance == "" {
		return longrun.Unknown
	}
	away := h.away(g, before)
	if h.storeDown(g, away) {
		return longrun.StoreDown
	}
	run := h.runOf(before)
	if h.frozen(g, run) {
		return longrun.Stall
	}
	if h.storeDown(g, withStalls(away, run)) {
		return longrun.StoreDown // that is what it began with; the rest it slept through
	}
	if after != nil && before.sameProcess(after, run, h.runOf(after)) {
		// A beat that was kept while the store was away, right beside slots of
		// the same process without one: more were kept than there was room for.
		if before.late || after.late {
			return longrun.StoreDown
		}
		if before.epoch > 0 && after.epoch > before.epoch+1 {
			return longrun.Unknown // the lock was granted between, to another or unknown to itself
		}
		return longrun.Stall
	}
	switch {
	case run == nil:
		return longrun.Unknown
	case after == nil && run.End == nil:
		return longrun.Unknown // it may be alive: its next beat was not given
	case livedOn(run, g):
		return longrun.Unknown // it let the slots pass, whatever became of it
	case run.End == nil || run.Ended != longrun.Stopped:
		return longrun.Crash
	case after == nil:
		return longrun.Unknown // nobody came after it whose commit could be compared
	case h.commit(before) != "" && h.commit(after) != "" && h.commit(before) != h.commit(after):
		return longrun.Deploy
	}
	return longrun.Restart
}

// away are the lapses that may explain a gap behind a beat: those of its instance, and
// those that hold for everybody. Where somebody saw that the store took no writes,
// and the beat was written a slot later or more, it took some: whoever saw that was cut
// off since.
func (h *history) away(g longrun.Gap, before *witness) []longrun.Lapse {
	down, own := h.down[before.instance]
	if !own {
		down = h.downAll
	}
	var more []longrun.Lapse
	for _, l := range h.refused {
		if !l.From.Before(g.To) {
			break
		}
		if l.To.After(g.From) && (before.late || !l.From.Before(before.ts.Add(-h.interval))) {
			more = append(more, l)
		}
	}
	if more == nil {
		return down
	}
	return joined(append(slices.Clone(down), more...))
}

// settle is how long after the store is back another instance may take to lead.
const settle = 10 * time.Second

// storeDown reports whether the lapses of the instance that wrote before the gap
// explain it: each of its empty slots touches one. Those of others tell nothing, since
// one that only stood by may be cut off by itself, unless the store itself said that it
// takes no writes. The end may be the take-over and not the outage itself, so that one
// slot there, and shorter slots for the length of settle, need none.
func (h *history) storeDown(g longrun.Gap, down []longrun.Lapse) bool {
	i, _ := slices.BinarySearchFunc(down, g.From, func(l longrun.Lapse, t time.Time) int {
		if l.To.After(t) {
			return 1
		}
		return -1
	})
	explained := g.From // up to here every slot touches a lapse
	for ; i < len(down) && explained.Before(g.To) && down[i].From.Before(explained.Add(h.interval)); i++ {
		explained = longrun.SlotCeil(down[i].To, h.interval).Start(h.interval)
	}
	return explained.After(g.From) && g.To.Sub(explained) <= max(h.interval, settle)
}

// frozen reports whether the writer before the gap says that it did not run when
// the first empty slot was due.
func (h *history) frozen(g longrun.Gap, run *longrun.Run) bool {
	if run == nil {
		return false
	}
	return slices.ContainsFunc(run.Lapses, func(l longrun.Lapse) bool {
		return l.Cause == longrun.Stall && l.From.Before(l.To) && l.From.Before(g.From.Add(h.interval)) && l.To.After(g.From)
	})
}

// livedOn reports whether a run went on behind a gap: it ended later, or it says itself
// that it was there then. One that was given up in the gap and said that it goes on did not
// lead any more: had it died in that gap all the same, nobody would have noted it.
func livedOn(run *longrun.Run, g longrun.Gap) bool {
	return run.End != nil && run.End.After(g.To) ||
		slices.ContainsFunc(run.Lapses, func(l longrun.Lapse) bool {
			goesOn := run.End == nil && l.Cause == longrun.Unknown && l.To.After(g.From)
			return l.From.Before(l.To) && (!l.To.Before(g.To) || goesOn)
		})
}

// withStalls are the lapses with those in which the writer itself did not run.
func withStalls(lapses []longrun.Lapse, run *longrun.Run) []longrun.Lapse {
	if run == nil {
		return lapses
	}
	all := slices.Clone(lapses)
	for _, l := range run.Lapses {
		if l.Cause == longrun.Stall && l.To.After(l.From) {
			all = append(all, l)
		}
	}
	return joined(all)
}

// startTolerance is how far the start of a process may differ between a run and
// a beat: the beat knows it to the second, and clocks are set.
const startTolerance = 2 * time.Second

// runOf returns the run that the beat belongs to, nil if none is known: of its
// instance's runs the one that started last before the beat. Where an instance
// ID serves several processes, those of the beat's own process come first; a run
// that ended of itself before the beat did not make it.
func (h *history) runOf(w *witness) *longrun.Run {
	var found *longrun.Run
	for _, r := range slices.Backward(h.runs[w.instance]) {
		switch {
		case r.TS.After(w.ts):
		case r.End != nil && r.End.Before(w.ts) && r.Ended != longrun.Lost:
		case near(r.ProcessStart, w.started):
			return r
		case found == nil:
			found = r
		}
	}
	return found
}

// noCommit is what a process says of its build that does not know it.
const noCommit = "unknown"

// commit returns the build that wrote the beat, from its run where the beat does
// not say, and nothing where nobody does.
func (h *history) commit(w *witness) string {
	commit := w.commit
	if commit == "" || commit == noCommit {
		if run := h.runOf(w); run != nil {
			commit = run.CommitHash
		}
	}
	if commit == noCommit {
		return ""
	}
	return commit
}

func near(a, b time.Time) bool { return a.Sub(b).Abs() <= startTolerance }

// witness is what a beat tells about the gap beside it.
type witness struct {
	ts, started      time.Time
	uptime, seq      int64
	epoch            int64
	instance, commit string
	late             bool
}

func newWitness(h *longrun.Heartbeat) witness {
	return witness{
		ts: h.TS, started: h.Started(), uptime: h.UptimeSec, seq: h.ChainSeq, epoch: h.Epoch,
		instance: h.InstanceID, commit: h.CommitHash, late: h.Late,
	}
}

// sameProcess reports whether one process wrote both beats, w the earlier: the
// same run, or without runs the same start. A run whose process grew younger
// was another's that left none.
func (w *witness) sameProcess(later *witness, run, laterRun *longrun.Run) bool {
	switch {
	case w.instance != later.instance || later.uptime < w.uptime:
		return false
	case run != nil && laterRun != nil:
		return run == laterRun
	}
	return near(w.started, later.started)
}

// compare orders witnesses by time; the rest only makes one answer of beats of
// the same moment in any order.
func (w *witness) compare(o *witness) int {
	late := func(w *witness) int {
		if w.late {
			return 1
		}
		return 0
	}
	return cmp.Or(w.ts.Compare(o.ts), cmp.Compare(w.seq, o.seq), cmp.Compare(w.instance, o.instance),
		cmp.Compare(w.commit, o.commit), cmp.Compare(w.uptime, o.uptime), cmp.Compare(late(w), late(o)), cmp.Compare(w.epoch, o.epoch))
}

// replaced returns the witness of h in the place of w, if w is nil or h comes
// after it (sign 1) or before it (sign -1). It writes over w.
func (w *witness) replaced(h *longrun.Heartbeat, sign int) *witness {
	n := newWitness(h)
	switch {
	case w == nil:
		w = new(witness)
	case n.compare(w) != sign:
		return w
	}
	*w = n
	return w
}

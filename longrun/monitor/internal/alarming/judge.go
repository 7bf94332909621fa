package alarming

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// judge has every rule look at the newest beat, once per slot.
func (w *watch) judge(ctx context.Context) {
	l, fresh, all := w.b.take(w.told[:0])
	w.told = all
	now := w.Clock.Now()
	w.recent.Advance(now)
	w.learn(all)
	if !fresh || l.beat.Slot(w.Self.Interval) == w.judged {
		return
	}
	w.b.deaths.Confirm(ctx)
	w.judged, w.leftOut = l.beat.Slot(w.Self.Interval), 0
	in := w.see(l, now)
	if w.by == nil || !judgeAlike(w.by, &in.Settings) {
		w.by = new(in.Settings)
	}
	rules.Judge(in, (*standing)(w), func(f rules.Finding) { w.find(ctx, f, now) })
	w.recordOutages(ctx, now)
	w.sayLeftOut(ctx)
}

// learn takes note of what became of slots. While the store is away beats that wait give
// way one after the other: those that did are missed once it is back, in one incident.
func (w *watch) learn(all []told) {
	for _, t := range all {
		if t.gone {
			w.gaveUp = append(w.gaveUp, t.slot)
			continue
		}
		w.recent.Fill(t.slot)
		w.gaveUp = slices.DeleteFunc(w.gaveUp, func(s longrun.Slot) bool { return s == t.slot })
	}
	if !w.b.Health().Since.IsZero() {
		w.gaveUp = w.gaveUp[max(0, len(w.gaveUp)-w.b.maxTold()):]
		return
	}
	for _, s := range w.gaveUp {
		w.recent.Empty(s)
	}
	w.gaveUp = w.gaveUp[:0]
}

// judgeAlike reports whether rules that are not switched off see the same by either
// settings.
func judgeAlike(a, b *longrun.Settings) bool {
	return a.AlertThresholds == b.AlertThresholds && a.ExpectedAccounts == b.ExpectedAccounts &&
		a.InsufficientDataThreshold == b.InsufficientDataThreshold && maps.Equal(a.ProbeEverySec, b.ProbeEverySec) &&
		slices.Equal(a.Targets, b.Targets)
}

// see is what the rules may look at.
func (w *watch) see(l look, now time.Time) *rules.Inputs {
	in := &w.in
	in.Now, in.Settings, in.Beat, in.Recent = now, w.Settings(), l.beat, w.recent
	in.Beat.Epoch = w.lead.Epoch() // as it is written; who made it did not know
	in.Older = w.b.Older
	in.ClientBuilt = l.host.ClientBuilt
	in.Accounts = append(in.Accounts[:0], l.host.Accounts...)
	for i := range in.Accounts {
		in.Accounts[i].ID = w.b.names.of(in.Accounts[i].ID)
	}
	in.Probes, in.ProbesKnown = w.b.Probes(in.Probes[:0])
	for i := range in.Probes {
		in.Probes[i].Account = w.b.names.of(in.Probes[i].Account)
	}
	in.Deaths = w.b.deaths.Sure(in.Deaths[:0])
	in.LeadBegan, in.Started = w.began, w.b.Started()
	w.memory.Note(l.beat.TS, l.beat.MemoryRSS)
	in.Memory, in.MemoryLimit = w.memory, w.b.MemoryLimit()
	return in
}

// standing is the board as the rules see it.
type standing watch

// State returns the state of a rule for a target.
func (s *standing) State(r longrun.RuleID, target string) rules.State {
	if al := s.board[alarmKey{r, target}]; al != nil {
		return al.state
	}
	return rules.State{}
}

// Any reports whether there is a state of the rule.
func (s *standing) Any(r longrun.RuleID) bool { return s.counts[r] > 0 }

// Open appends the states that are not at rest.
func (s *standing) Open(room []rules.State) []rules.State {
	for _, al := range s.board {
		if al.state.Phase == rules.Firing || al.state.Phase == rules.Pending || al.state.FlapSince != nil {
			room = append(room, al.state)
		}
	}
	return room
}

// sayLeftOut says, once, that there are more targets in trouble than are watched.
func (w *watch) sayLeftOut(ctx context.Context) {
	if w.leftOut == 0 {
		w.Log.Over("targets")
		return
	}
	w.Log.Once(ctx, slog.LevelError, "targets", "many", "more targets are in trouble than are watched, and the rest is not told", "left_out", w.leftOut, "most", MaxTargets)
}

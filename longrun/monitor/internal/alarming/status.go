package alarming

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/outbox"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// Status is what an instance knows of its rules and of the way to people.
type Status struct {
	// Judged is the slot in which the rules were last judged; zero on an instance
	// that does not lead, which judges store_unreachable alone.
	Judged time.Time
	// Alarms are the rules and targets that fired within the last month, as they
	// stand; in the order of rules.Rules. What is not among them is inactive.
	Alarms []AlarmStatus
	// LeftOut counts the targets in trouble, of all rules, that are not watched
	// since there are too many.
	LeftOut int
	// Waiting counts the messages in the outbox that are to be sent. Undelivered counts
	// those that the channel refused for good, or did not take for days, and
	// UndeliveredSince is since when the first of them is so: they are kept, and told
	// when the channel works again. All three as the leader knows them.
	Waiting, Undelivered int
	UndeliveredSince     time.Time
	Channel              outbox.ChannelStatus
}

// AlarmStatus is where a rule stands for one target.
type AlarmStatus struct {
	rules.State
	// Muted says why it is not told though it fires; empty when it is.
	Muted string
	// Summary says what was seen, while it fires.
	Summary string
}

// shown is what a watch hands over for Status.
type shown struct {
	alarms               []AlarmStatus
	leftOut              int
	waiting, undelivered int
	undeliveredSince     time.Time
	judged               time.Time
}

// Status is what is known. It asks no store.
func (b *Board) Status() Status {
	b.mu.Lock()
	s := Status{
		Judged: b.shown.judged, Alarms: slices.Clone(b.shown.alarms), LeftOut: b.shown.leftOut,
		Waiting: b.shown.waiting, Undelivered: b.shown.undelivered, UndeliveredSince: b.shown.undeliveredSince,
	}
	b.mu.Unlock()
	if al, ok := b.outage.status(); ok {
		s.Alarms = append(s.Alarms, al)
	}
	order := rules.Rules()
	slices.SortFunc(s.Alarms, func(x, y AlarmStatus) int {
		return cmp.Or(cmp.Compare(slices.Index(order, x.Rule), slices.Index(order, y.Rule)), cmp.Compare(x.Target, y.Target))
	})
	s.Channel = b.Channel.Status()
	return s
}

// Firing is for how many targets a rule fires.
type Firing struct {
	Rule    longrun.RuleID
	Targets int64
}

// Firing counts what fires, for every rule, in the order of rules.Rules; and the
// messages as Status does.
func (b *Board) Firing() (firing []Firing, waiting, undelivered int) {
	ids := rules.Rules()
	firing = make([]Firing, len(ids))
	for i, r := range ids {
		firing[i].Rule = r
	}
	count := func(al *AlarmStatus) {
		if i := slices.Index(ids, al.Rule); i >= 0 && al.Phase == rules.Firing {
			firing[i].Targets++
		}
	}
	b.mu.Lock()
	for i := range b.shown.alarms {
		count(&b.shown.alarms[i])
	}
	waiting, undelivered = b.shown.waiting, b.shown.undelivered
	b.mu.Unlock()
	if al, ok := b.outage.status(); ok {
		count(&al)
	}
	return firing, waiting, undelivered
}

// publish shows what stands on the board, where that has changed.
func (w *watch) publish() {
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	to := &w.b.shown
	if w.changed {
		w.changed = false
		to.alarms = make([]AlarmStatus, 0, len(w.board))
		for _, al := range w.board {
			to.alarms = append(to.alarms, AlarmStatus{State: al.state, Muted: al.muted, Summary: al.incident.Summary})
		}
	}
	to.leftOut, to.waiting = w.leftOut, w.outbox.Waiting()
	to.undelivered, to.undeliveredSince = w.outbox.Undelivered()
	if w.judged >= 0 {
		to.judged = w.judged.Start(w.Self.Interval)
	}
}

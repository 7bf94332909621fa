package monitor

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// watch is the alarms of one lead. What stands in its memory is the truth while
// the lead lasts: whatever changes is written down whole, the state with its
// incident and its message in one fenced commit, again and again until it has
// landed; and nothing is sent before that. A commit whose outcome is unknown is
// therefore simply made again.
type watch struct {
	a      *alarms
	m      *Monitor
	lease  leading.Lead
	began  time.Time
	recent *rules.Recent
	board  map[alarmKey]*alarm
	outbox map[string]*longrun.Notice // those that wait

	judged   longrun.Slot
	changed  bool // since it was published
	dirty    map[alarmKey]map[store.Key]store.Op
	refused  int          // writes in a row that failed …
	unheld   int          // … and claims
	outages  []pastOutage // whose incidents are noted and not written
	counted  []time.Time  // when incidents began that opened or ended, and are not written
	outcomes chan outcome // of the one sending under way
	sending  []string     // the messages of it
	probes   []probed     // room …
	in       rules.Inputs // … in judge
}

// alarmKey names one rule for one target.
type alarmKey struct {
	rule   longrun.RuleID
	target string
}

// alarm is where one rule stands for one target.
type alarm struct {
	state    rules.State
	incident longrun.Incident // the open one
	muted    string           // why it is not told; empty when it is
}

func newWatch(a *alarms, lease leading.Lead) *watch {
	return &watch{
		a: a, m: a.m, lease: lease, began: a.m.cfg.Clock.Now(), recent: rules.NewRecent(a.m.cfg.Interval),
		board: make(map[alarmKey]*alarm), outbox: make(map[string]*longrun.Notice), judged: -1, changed: true,
		dirty: make(map[alarmKey]map[store.Key]store.Op), outcomes: make(chan outcome, 1),
	}
}

// turn judges what there is to judge, writes down what changed, sends what is
// due, and returns how long nothing is to do unless something happens.
func (w *watch) turn(ctx context.Context) time.Duration {
	w.judge(ctx)
	w.tidy()
	var wait time.Duration
	if w.write(ctx) {
		w.refused = 0
		wait = w.send(ctx)
	} else {
		wait = pauseAfter(&w.refused)
	}
	if w.changed {
		w.changed = false
		w.publish()
	}
	return wait
}

// maxRefused bounds the pause after writes that failed.
const maxRefused = 30 * time.Second

// pauseAfter counts a failure more, and returns how long to wait before the next
// try: a store that answers and refuses is not asked all the time.
func pauseAfter(failures *int) time.Duration {
	pause := min(time.Second<<min(*failures, 5), maxRefused)
	*failures++
	return pause
}

// idle is how long a watch waits that has nothing to do: each beat wakes it.
const idle = 24 * time.Hour

// note has the write of a document made with the next commit, with whatever else
// belongs to the same alarm.
func (w *watch) note(key alarmKey, op store.Op) {
	if w.dirty[key] == nil {
		w.dirty[key] = make(map[store.Key]store.Op)
	}
	w.dirty[key][op.Key] = op
	w.changed = true
}

func (w *watch) noteState(key alarmKey, s rules.State) {
	w.note(key, w.m.deps.Ledger.SetAlertState(s))
}

func (w *watch) noteIncident(i longrun.Incident) {
	w.note(alarmKey{i.Rule, i.Target}, w.m.deps.Ledger.SetIncident(i))
}

// noteCounted is noteIncident where what a rollup tells of it changed: it opened,
// or it ended.
func (w *watch) noteCounted(i longrun.Incident) {
	w.noteIncident(i)
	w.counted = append(w.counted, i.TS)
}

func (w *watch) noteNotice(n *longrun.Notice) {
	w.note(alarmKey{n.Rule, n.Target}, w.m.deps.Ledger.SetNotice(*n))
}

// maxAlarmOps bounds one commit of alarms: what belongs to one alarm stays
// together, and the lock row fits too.
const maxAlarmOps = 300

// write commits what is noted, and reports whether nothing is left.
func (w *watch) write(ctx context.Context) bool {
	for len(w.dirty) > 0 {
		var keys []alarmKey
		var ops []store.Op
		for key, docs := range w.dirty {
			if len(ops) > 0 && len(ops)+len(docs) > maxAlarmOps {
				break
			}
			keys = append(keys, key)
			ops = slices.AppendSeq(ops, maps.Values(docs))
		}
		err := w.commit(ctx, ops)
		if errors.Is(err, store.ErrInvalid) && len(keys) > 1 {
			// One of them spoils it: alone, each shows what it is worth.
			for _, key := range keys {
				err = w.commit(ctx, slices.Collect(maps.Values(w.dirty[key])))
				if !w.settle(ctx, err, key) {
					return false
				}
			}
			continue
		}
		if !w.settle(ctx, err, keys...) {
			return false
		}
	}
	w.outages = nil
	w.m.closing.changed(w.counted...)
	w.counted = nil
	return true
}

func (w *watch) commit(ctx context.Context, ops []store.Op) error {
	ctx, cancel := deadline.With(ctx, w.m.cfg.Clock, w.m.deps.Self.AsideTimeout())
	defer cancel()
	return w.lease.Commit(ctx, ops...)
}

// settle forgets what is written, or never can be, and reports whether it is.
func (w *watch) settle(ctx context.Context, err error, keys ...alarmKey) bool {
	switch {
	case err == nil:
	case errors.Is(err, store.ErrInvalid):
		w.m.deps.Log.ErrorContext(ctx, "an alert cannot be stored", "rule", string(keys[0].rule), "target", keys[0].target, "error", err)
	default:
		if ctx.Err() == nil && w.lease.Err() == nil && !errors.Is(err, lock.ErrUnknown) {
			w.m.deps.Log.Once(ctx, slog.LevelWarn, "alarms", "write", "alerts wait: they cannot be stored", "error", err)
		}
		return false
	}
	for _, key := range keys {
		delete(w.dirty, key)
	}
	if err == nil {
		w.m.deps.Log.Over("alarms")
	}
	return true
}

// publish shows what stands on the board.
func (w *watch) publish() {
	shown := make([]AlarmStatus, 0, len(w.board))
	for _, al := range w.board {
		shown = append(shown, AlarmStatus{State: al.state, Muted: al.muted, Summary: al.incident.Summary})
	}
	w.a.publish(shown, len(w.outbox), w.judgedAt())
}

func (w *watch) judgedAt() time.Time {
	if w.judged < 0 {
		return time.Time{}
	}
	return w.judged.Start(w.m.cfg.Interval)
}

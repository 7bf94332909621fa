package alarming

import (
	"context"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/outbox"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// watch is the alarms of one lead. What stands in its memory is the truth while
// the lead lasts.
type watch struct {
	room.Deps
	b      *Board
	lead   leading.Lead
	began  time.Time
	recent *rules.Recent
	memory *rules.Memory       // of this process
	board  map[alarmKey]*alarm // at most MaxTargets of each rule
	counts map[longrun.RuleID]int
	draft  *outbox.Draft
	outbox *outbox.Outbox

	judged  longrun.Slot
	changed bool        // since it was published
	refused int         // writes in a row that failed
	outages []pastOne   // whose incidents are noted and not written
	counted []time.Time // when incidents began that opened or ended, and are not written
	leftOut int         // targets in trouble that are not watched, at the last look
	full    map[longrun.RuleID]longrun.Slot
	pruning pruning
	by      *longrun.Settings // in force at the last look; nobody changes them
	opened  said
	closed  said
	gone    said

	gaveUp []longrun.Slot // whose beats will never be stored, while the store is away

	in   rules.Inputs // room …
	told []told       // … in judge
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
	// by are the settings by which it was Bad when it last was; nil of another lead's.
	// spared says that it is over since others hold, and by those would go on.
	by     *longrun.Settings
	spared bool
}

func newWatch(b *Board, lead leading.Lead) *watch {
	w := &watch{
		Deps: b.Deps, b: b, lead: lead, began: b.Clock.Now(), recent: rules.NewRecent(b.Self.Interval), memory: rules.NewMemory(b.Self.Interval),
		board: make(map[alarmKey]*alarm), counts: make(map[longrun.RuleID]int), full: make(map[longrun.RuleID]longrun.Slot),
		judged: -1, changed: true, draft: outbox.NewDraft(b.Deps, lead),
	}
	w.outbox = outbox.New(b.Deps, outbox.Options{Channel: b.Channel, Lead: lead, Draft: w.draft, Trusted: b.Trusted, Standing: w.standing})
	return w
}

// standing is the incident of a rule and target that is open, and since when it is.
func (w *watch) standing(r longrun.RuleID, target string) (incidentID string, since time.Time) {
	if al := w.board[alarmKey{r, target}]; al != nil && al.state.Phase == rules.Firing && al.state.Since != nil {
		return al.state.IncidentID, *al.state.Since
	}
	return "", time.Time{}
}

// turn judges what there is to judge, writes down what changed, sends what is
// due, and returns how long nothing is to do unless something happens.
func (w *watch) turn(ctx context.Context) time.Duration {
	w.judge(ctx)
	w.outbox.Tidy(ctx)
	w.prune(ctx)
	var wait time.Duration
	if w.write(ctx) {
		w.refused = 0
		wait = w.outbox.Send(ctx)
	} else {
		wait = outbox.PauseAfter(w.Clock, &w.refused)
	}
	w.publish()
	return wait
}

// write has what is noted written, and reports whether nothing is left.
func (w *watch) write(ctx context.Context) bool {
	if !w.draft.Write(ctx) {
		return false
	}
	w.outages = nil
	if len(w.counted) > 0 {
		w.b.Changed(w.counted...)
		w.counted = nil
	}
	return true
}

// leave ends the watch.
func (w *watch) leave(ctx context.Context) {
	w.outbox.Leave(ctx)
	if w.draft.Len() == 0 {
		w.write(ctx) // what is written is known to be
	}
	w.b.outage.again(w.outages...)
}

// note has the write of a document made with the next commit, with whatever else
// belongs to the same alarm.
func (w *watch) note(key alarmKey, op store.Op) {
	w.draft.Note(outbox.Key{Rule: key.rule, Target: key.target}, op)
	w.changed = true
}

func (w *watch) noteState(key alarmKey, s rules.State) {
	w.note(key, w.Ledger.SetAlertState(s))
	w.pruning.any = true
}

func (w *watch) noteIncident(i longrun.Incident) {
	w.note(alarmKey{i.Rule, i.Target}, w.Ledger.SetIncident(i))
}

// noteCounted is noteIncident where what a rollup tells of it changed: it opened,
// or it ended.
func (w *watch) noteCounted(i longrun.Incident) {
	w.noteIncident(i)
	w.counted = append(w.counted, i.TS)
}

// put takes an alarm onto the board, and remove off it.
func (w *watch) put(key alarmKey, al *alarm) {
	if w.board[key] == nil {
		w.counts[key.rule]++
	}
	w.board[key] = al
	w.changed = true
}

func (w *watch) remove(key alarmKey) {
	if w.board[key] != nil {
		w.counts[key.rule]--
	}
	delete(w.board, key)
	w.changed = true
}

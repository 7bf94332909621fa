package alarming

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	// MaxTargets bounds the targets of one rule that are watched.
	MaxTargets = 1000
	// restAfter is how long a target must have been well until it makes room for
	// another: what a rule remembers of it is of no use then.
	restAfter = 2 * time.Hour

	// keepFor is how long the state of a target is kept that is well.
	keepFor = 30 * 24 * time.Hour
	// maxPruned bounds the states that one pass reads; passes that find as many
	// come a minute apart, others a day.
	maxPruned  = 200
	pruneSoon  = time.Minute
	pruneEvery = 24 * time.Hour
	// pruneFirst is how long a lead goes on before its first pass.
	pruneFirst = 10 * time.Minute
)

// hasRoom reports whether the rule may watch one target more. Where there are too
// many, those give way that have been well for long enough, once in a slot.
func (w *watch) hasRoom(r longrun.RuleID, now time.Time) bool {
	if w.counts[r] < MaxTargets {
		return true
	}
	if slot, looked := w.full[r]; looked && slot == w.judged {
		return false
	}
	w.full[r] = w.judged
	if _, err := w.b.Trusted(); err != nil {
		return false // their documents go too, on no one clock's word
	}
	throttle := w.Settings().AlertThresholds.Throttle()
	for key, al := range w.board {
		if key.rule == r && rested(al.state, now, throttle) {
			w.forget(key, al.state)
		}
	}
	return w.counts[r] < MaxTargets
}

// rested reports whether nothing is lost with a state.
func rested(s rules.State, now time.Time, throttle time.Duration) bool {
	if s.Phase != rules.Inactive || s.FlapSince != nil {
		return false
	}
	ended := s.LastEnd == nil || now.Sub(*s.LastEnd) >= restAfter
	return ended && (s.LastSent == nil || now.Sub(*s.LastSent) >= throttle)
}

// forget takes a target off the board and has its document deleted.
func (w *watch) forget(key alarmKey, s rules.State) {
	w.remove(key)
	w.note(key, store.Delete(w.Ledger.Key(ledger.Rules, s.ID())))
}

// pruning is where the pruning of states stands.
type pruning struct {
	next  time.Time
	after store.Cursor
	any   bool // there may be states in the store
}

// prune deletes states of targets that have been well for a month, some at a
// time, on no one clock's word.
func (w *watch) prune(ctx context.Context) {
	now := w.Clock.Now()
	p := &w.pruning
	if p.next.IsZero() {
		p.next = now.Add(pruneFirst)
	}
	if !p.any || now.Before(p.next) && p.next.Sub(now) <= pruneEvery {
		return
	}
	now, err := w.b.Trusted()
	if err != nil {
		return
	}
	read := 0
	reading, cancel := deadline.With(ctx, w.Clock, room.StoreTimeout)
	defer cancel()
	for e, err := range w.Ledger.AlertStates(reading, ledger.Page{To: now.Add(-keepFor), Limit: maxPruned, After: p.after}) {
		mangled, isMangled := errors.AsType[*ledger.DocumentError](err)
		if err != nil && !isMangled {
			if ctx.Err() == nil {
				w.Log.Once(ctx, slog.LevelWarn, "old states", "unread", "old states of rules cannot be read, and are later", "error", hostcall.Text(err))
			}
			p.next = now.Add(pruneSoon)
			return
		}
		read++
		p.after = e.Cursor()
		if isMangled {
			w.Mangled(ctx, mangled, e.Version)
			continue
		}
		w.pruneOne(e, now)
	}
	w.Log.Over("old states")
	p.next = now.Add(pruneSoon)
	if read < maxPruned {
		p.any = len(w.board) > 0 || !p.after.IsZero()
		p.next, p.after = now.Add(pruneEvery), store.Cursor{}
	}
}

// pruneOne deletes one state, unless the rule fires, or its document says what
// this version does not know.
func (w *watch) pruneOne(e ledger.Entry[rules.State], now time.Time) {
	s := e.Value
	if !rules.Known(s.Rule) || s.Phase == rules.Firing || s.FlapSince != nil {
		return
	}
	key := alarmKey{s.Rule, s.Target}
	if al := w.board[key]; al != nil && s.ID() == e.Key.ID {
		if al.state.Phase == rules.Firing || now.Sub(al.state.TS) < keepFor {
			return // what stands on the board is not written yet
		}
		w.remove(key)
	}
	w.note(key, store.Delete(e.Key))
}

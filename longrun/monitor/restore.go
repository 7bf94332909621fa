package monitor

import (
	"context"
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

// restoreTimeout bounds what a new lead reads before it judges: the beats of two
// days are the most of it.
const restoreTimeout = time.Minute

// restore reads where the last leader stopped, and the thresholds: nobody is to
// be called by default ones, because a new process has not read its own yet.
func (w *watch) restore(ctx context.Context) error {
	ctx, cancel := deadline.With(ctx, w.m.cfg.Clock, restoreTimeout)
	defer cancel()
	for _, read := range []func(context.Context) error{w.restoreSettings, w.restoreBoard, w.restoreOutbox, w.restoreSlots} {
		if err := read(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (w *watch) restoreSettings(ctx context.Context) error {
	if !w.m.live.Load(ctx) {
		return errors.New("monitor: the settings cannot be read")
	}
	return nil
}

func (w *watch) restoreBoard(ctx context.Context) error {
	clear(w.board)
	for e, err := range w.m.deps.Ledger.AlertStates(ctx, ledger.Page{}) {
		if mangled, ok := errors.AsType[*ledger.DocumentError](err); ok {
			w.m.deps.Mangled(ctx, mangled, e.Version)
			continue
		}
		if err != nil {
			return err
		}
		s := e.Value
		if !rules.Known(s.Rule) || s.Phase == rules.Firing && s.Since == nil {
			continue // of a later version, or edited by hand
		}
		al := &alarm{state: s}
		if s.Phase == rules.Firing {
			if w.m.deps.Ledger.Key(ledger.Incidents, s.IncidentID).Validate() != nil {
				s.IncidentID = rules.IncidentID(s.Rule, s.Target, *s.Since)
				al.state = s
			}
			if al.incident, err = w.openIncident(ctx, s); err != nil {
				return err
			}
		}
		w.board[alarmKey{s.Rule, s.Target}] = al
	}
	return nil
}

// openIncident reads the incident of a state that fires. One that is gone or
// does not decode is made anew from the state.
func (w *watch) openIncident(ctx context.Context, s rules.State) (longrun.Incident, error) {
	e, err := w.m.deps.Ledger.Incident(ctx, s.IncidentID)
	var mangled *ledger.DocumentError
	switch {
	case err == nil:
		i := e.Value
		i.IncidentID, i.Rule, i.Target = s.IncidentID, s.Rule, s.Target // where it lies, whatever it says
		return i, nil
	case errors.Is(err, store.ErrNotFound) || errors.As(err, &mangled):
		i := w.open(s, rules.Finding{Summary: "the incident's document was lost or mangled"}, s.TS)
		w.noteIncident(i)
		return i, nil
	}
	return longrun.Incident{}, err
}

func (w *watch) restoreOutbox(ctx context.Context) error {
	clear(w.outbox)
	now := w.m.cfg.Clock.Now()
	// A claim, and what the channel asked for, are of another machine's clock.
	latestClaim, latestDue := now.Add(w.claimTime()), now.Add(maxQuiet+time.Minute)
	for e, err := range w.m.deps.Ledger.Notices(ctx, ledger.Page{From: now.Add(-maxNoticeAge - maxQuiet)}) {
		if mangled, ok := errors.AsType[*ledger.DocumentError](err); ok {
			w.m.deps.Mangled(ctx, mangled, e.Version)
			continue
		}
		if err != nil {
			return err
		}
		n := e.Value
		if n.State != longrun.Waiting {
			continue
		}
		n.NoticeID = e.Key.ID // where it lies, whatever it says
		if n.ClaimedUntil != nil && n.ClaimedUntil.After(latestClaim) {
			n.ClaimedUntil = &latestClaim
		}
		if n.TS.After(latestDue) {
			n.TS = now
		}
		if n.NotBefore != nil && n.NotBefore.Before(latestDue) {
			w.a.channel.hush(*n.NotBefore)
		}
		w.outbox[n.NoticeID] = &n
	}
	return nil
}

// restoreSlots reads which slots of the last two days have a beat. Those that
// wait to be written are not missed either.
func (w *watch) restoreSlots(ctx context.Context) error {
	now, interval := w.m.cfg.Clock.Now(), w.m.cfg.Interval
	earliest, _, err := w.m.deps.Ledger.Earliest(ctx)
	if err != nil {
		return err
	}
	from := now.Add(-rules.RecentSpan - interval)
	var before time.Time
	last, known, err := ledger.First[longrun.Heartbeat](ctx, w.m.deps.Ledger, ledger.Heartbeats, ledger.Page{To: from, Desc: true, Limit: 5})
	if err != nil {
		return err
	}
	if known {
		before = last.At
	}
	w.recent.Restore(earliest, before, now)
	// First those that wait: one that is written while the store is read may be
	// missing from what that brings.
	waiting := w.m.beats.Waiting()
	filled := map[longrun.Slot]bool{}
	for e, err := range w.m.deps.Ledger.Heartbeats(ctx, ledger.Page{From: from, To: now.Add(interval)}) {
		if _, mangled := errors.AsType[*ledger.DocumentError](err); mangled {
			continue
		}
		if err != nil {
			return err
		}
		filled[e.Value.Slot(interval)] = true
		w.recent.Fill(e.Value.Slot(interval))
		// One that was made for longer slots left none empty; but what is to come
		// is for this instance to fill.
		for first, end := e.Value.Covers(interval); first < min(end, longrun.SlotAt(now, interval)); first++ {
			w.recent.Fill(first)
		}
	}
	w.m.closing.known(ctx, filled)
	for _, h := range waiting {
		w.recent.Fill(h.Slot(interval))
	}
	return nil
}

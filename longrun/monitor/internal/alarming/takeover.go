package alarming

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/outbox"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	// maxStates bounds the states that a new lead reads, the newest ones.
	maxStates = 20 * MaxTargets
	// fewIncidents is how many open incidents are read one by one, and
	// incidentsFor and incidentsMore how many documents a Scan for more of them
	// reads at most: so many for each, and so many besides.
	fewIncidents  = 3
	incidentsFor  = 4
	incidentsMore = 1000
)

// maxFailures bounds the pause after reads that failed: nobody is told anything
// meanwhile.
const maxFailures = 2

// takeover is how far a new lead has come with what it reads before it judges.
type takeover struct {
	w       *watch
	states  ledger.Page
	idle    map[longrun.RuleID][]alarmKey // on the board, and not firing
	skipped int                           // states that fire, and for which there was no room

	missing   map[string]*alarm // that fire, by the ID of their incident, which is not read
	incidents ledger.Page

	slotsKnown bool
	earliest   time.Time // anything is known of
	slots      ledger.Page
	filled     map[longrun.Slot]bool
}

// takeOver reads where the last leader stopped, and the settings: nobody is to
// be called by default thresholds, because a new process has not read its own yet.
// Each read has its own time, and what was read counts. It reports whether all is,
// before ctx ended.
func (w *watch) takeOver(ctx context.Context) bool {
	t := &takeover{
		w: w, idle: make(map[longrun.RuleID][]alarmKey), missing: make(map[string]*alarm), filled: make(map[longrun.Slot]bool),
		states: ledger.Page{Desc: true, Limit: maxStates},
	}
	steps := []func(context.Context) error{t.readSettings, t.readStates, t.readIncidents, t.readEachIncident, w.outbox.Restore, t.readSlots, t.readDeaths}
	failures := 0
	for len(steps) > 0 && ctx.Err() == nil {
		err := steps[0](ctx)
		if err == nil {
			steps, failures = steps[1:], 0
			continue
		}
		if ctx.Err() == nil {
			w.Log.Once(ctx, slog.LevelWarn, "alarms", "restore", "alerts wait: what stands in the store cannot be read", "error", hostcall.Text(err))
		}
		pause := outbox.PauseAfter(w.Clock, &failures)
		failures = min(failures, maxFailures)
		if !deadline.Sleep(ctx, w.Clock, min(pause, w.Self.Interval)) {
			return false
		}
	}
	w.Log.Over("alarms")
	return ctx.Err() == nil
}

func (t *takeover) readSettings(ctx context.Context) error {
	ctx, cancel := deadline.With(ctx, t.w.Clock, room.StoreTimeout)
	defer cancel()
	if !t.w.b.Reload(ctx) {
		return errors.New("monitor: the settings cannot be read")
	}
	return nil
}

// scan reads a page on, and has take called with each document that decodes; what
// does not is passed over, and said where it is to be. page moves behind what was
// read.
func scan[T any](ctx context.Context, w *watch, c ledger.Collection, page *ledger.Page, say bool, take func(ledger.Entry[T])) error {
	ctx, cancel := deadline.With(ctx, w.Clock, room.StoreTimeout)
	defer cancel()
	bounded := page.Limit > 0
	if page.Limit < 0 {
		return nil // it was read to its end
	}
	for e, err := range ledger.List[T](ctx, w.Ledger, c, *page) {
		mangled, isMangled := errors.AsType[*ledger.DocumentError](err)
		if err != nil && !isMangled {
			return err
		}
		page.After = e.Cursor()
		page.Limit--
		switch {
		case !isMangled:
			take(e)
		case say:
			w.Mangled(ctx, mangled, e.Version)
		}
		if bounded && page.Limit == 0 {
			break // a page without a limit is all of it
		}
	}
	page.Limit = -1
	return nil
}

func (t *takeover) readStates(ctx context.Context) error {
	w := t.w
	err := scan(ctx, w, ledger.Rules, &t.states, true, func(e ledger.Entry[rules.State]) { t.takeState(ctx, e) })
	if err != nil {
		return err
	}
	if t.skipped > 0 {
		w.Log.Once(ctx, slog.LevelError, "targets", "many", "more targets are in trouble than are watched, and the rest is not told", "left_out", t.skipped, "most", MaxTargets)
	}
	t.incidents = t.pageOfIncidents()
	return nil
}

// takeState takes one state onto the board. One that fires takes the place of one
// that does not.
func (t *takeover) takeState(ctx context.Context, e ledger.Entry[rules.State]) {
	w := t.w
	w.pruning.any = true
	s, err := w.fitState(e)
	if err != nil {
		if !errors.Is(err, errLater) {
			path := e.Path()
			if errors.Is(err, errNoName) { // it may be somebody's number
				path = hostcall.Line(path, hostcall.MaxText)
			}
			w.Mangled(ctx, &ledger.DocumentError{Path: path, Err: err}, e.Version)
		}
		return
	}
	key := alarmKey{s.Rule, s.Target}
	if w.counts[s.Rule] >= MaxTargets {
		idle := t.idle[s.Rule]
		if s.Phase != rules.Firing || len(idle) == 0 {
			if s.Phase == rules.Firing {
				t.skipped++
			}
			return
		}
		w.remove(idle[len(idle)-1])
		t.idle[s.Rule] = idle[:len(idle)-1]
	}
	al := &alarm{state: s}
	w.put(key, al)
	if s.Phase == rules.Firing {
		t.missing[s.IncidentID] = al
	} else {
		t.idle[s.Rule] = append(t.idle[s.Rule], key)
	}
}

// pageOfIncidents is where the open incidents lie, from the one that began first.
func (t *takeover) pageOfIncidents() ledger.Page {
	if len(t.missing) <= fewIncidents {
		return ledger.Page{Limit: -1}
	}
	var since []time.Time
	for _, al := range t.missing {
		since = append(since, *al.state.Since)
	}
	first, last := slices.MinFunc(since, time.Time.Compare), slices.MaxFunc(since, time.Time.Compare)
	return ledger.Page{From: first, To: last.Add(time.Microsecond), Desc: true, Limit: incidentsFor*len(since) + incidentsMore}
}

func (t *takeover) readIncidents(ctx context.Context) error {
	return scan(ctx, t.w, ledger.Incidents, &t.incidents, false, func(e ledger.Entry[longrun.Incident]) {
		if al := t.missing[e.Key.ID]; al != nil {
			al.incident = fitIncident(e.Value, al.state)
			delete(t.missing, e.Key.ID)
		}
	})
}

// readEachIncident reads those that no Scan has brought. One that is gone or does
// not decode is made anew from the state.
func (t *takeover) readEachIncident(ctx context.Context) error {
	w := t.w
	for _, id := range slices.Sorted(maps.Keys(t.missing)) {
		al := t.missing[id]
		reading, cancel := deadline.With(ctx, w.Clock, room.StoreTimeout)
		e, err := w.Ledger.Incident(reading, id)
		cancel()
		var mangled *ledger.DocumentError
		switch {
		case err == nil:
			al.incident = fitIncident(e.Value, al.state)
		case errors.Is(err, store.ErrNotFound) || errors.As(err, &mangled):
			al.incident = w.open(al.state, rules.Finding{Summary: "the incident's document was lost or mangled"}, al.state.TS)
			w.noteIncident(al.incident)
		default:
			return err
		}
		delete(t.missing, id)
	}
	w.changed = true
	return nil
}

func (t *takeover) readDeaths(ctx context.Context) error { return t.w.b.deaths.Restore(ctx, t.w.began) }

// readSlots reads which slots of the last two days have a beat. Those that wait
// to be written are not missed either.
func (t *takeover) readSlots(ctx context.Context) error {
	w, interval := t.w, t.w.Self.Interval
	if !t.slotsKnown {
		if err := t.readBefore(ctx); err != nil {
			return err
		}
		t.slotsKnown = true
	}
	now, started := w.Clock.Now(), w.b.Started()
	// First those that wait: one that is written while the store is read may be
	// missing from what that brings.
	waiting := w.b.Waiting()
	err := scan(ctx, w, ledger.Heartbeats, &t.slots, false, func(e ledger.Entry[longrun.Heartbeat]) {
		t.filled[e.Value.Slot(interval)] = true
		w.recent.Fill(e.Value.Slot(interval))
		if h := &e.Value; h.InstanceID == w.Self.InstanceID && !h.TS.Before(started) { // it led before
			w.memory.Note(h.TS, h.MemoryRSS)
		}
		// One that was made for longer slots left none empty; but what is to come
		// is for this instance to fill.
		for first, end := (coverage.Grid{Interval: interval}).Covers(e.Value); first < min(end, longrun.SlotAt(now, interval)); first++ {
			t.filled[first] = true
			w.recent.Fill(first)
		}
	})
	if err != nil {
		return err
	}
	w.b.KnownSlots(ctx, longrun.Window{From: t.slots.From, To: now}, t.earliest, t.filled)
	for _, h := range waiting {
		w.recent.Fill(h.Slot(interval))
	}
	return nil
}

// readBefore reads when anything began, and the newest beat before the last two
// days.
func (t *takeover) readBefore(ctx context.Context) error {
	w := t.w
	ctx, cancel := deadline.With(ctx, w.Clock, room.StoreTimeout)
	defer cancel()
	now, interval := w.Clock.Now(), w.Self.Interval
	earliest, _, err := w.Ledger.Earliest(ctx)
	if err != nil {
		return err
	}
	from := now.Add(-rules.RecentSpan - interval)
	last, known, err := ledger.First[longrun.Heartbeat](ctx, w.Ledger, ledger.Heartbeats, ledger.Page{To: from, Desc: true, Limit: 5})
	if err != nil {
		return err
	}
	var before time.Time
	if known {
		before = last.At
	}
	w.recent.Restore(earliest, before, now)
	t.earliest = earliest
	t.slots = ledger.Page{From: from, To: now.Add(interval)} // later ones are made here
	return nil
}

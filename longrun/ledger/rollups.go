package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/store"
)

// Rollups streams the rollups of a page; see List.
func (l *Ledger) Rollups(ctx context.Context, p Page) iter.Seq2[Entry[longrun.Rollup], error] {
	return List[longrun.Rollup](ctx, l, Rollups, p)
}

// Rollup reads the rollup of the UTC day that day lies in. A missing one is
// store.ErrNotFound.
func (l *Ledger) Rollup(ctx context.Context, day time.Time) (Entry[longrun.Rollup], error) {
	return Read[longrun.Rollup](ctx, l, Rollups, longrun.RollupID(day))
}

// SetRollup is the write of a rollup, the leader's.
func (l *Ledger) SetRollup(r longrun.Rollup) store.Op {
	return store.Set(l.Key(Rollups, r.Date), r)
}

// PutRollup writes a rollup on the condition that its document is still at
// version (empty: that there is none), and returns the new version.
func (l *Ledger) PutRollup(ctx context.Context, r longrun.Rollup, version string) (string, error) {
	return put(ctx, l, l.Key(Rollups, r.Date), r, version)
}

// RollDay computes the rollup of the UTC day that day lies in, from the documents
// and on top of the one that is stored, if any: where nothing changed it
// comes back as it is, so that whoever finds the Revision unmoved need not write it.
// Nothing is written here, and nothing logged: the leader goes by CloseDay and
// logbook.Log.Append.
//
// A day that is not over is an error. longrun.ErrShrunk comes beside the stored
// rollup when documents that it counted are gone: they were pruned, and it stands. A
// rollup of the original system has no slots: it moves into Rollup.Replaced.
//
// A beat that comes late concerns its day, and the days beside it as far as its
// gap reaches: their last or first gap may have got another end.
func (l *Ledger) RollDay(ctx context.Context, day, now time.Time, interval time.Duration) (longrun.Rollup, error) {
	fresh, err := l.compute(ctx, day, now, interval, nil)
	if err != nil {
		return longrun.Rollup{}, err
	}
	old, err := l.stored(ctx, day)
	if err != nil {
		return longrun.Rollup{}, err
	}
	return old.revise(fresh)
}

// compute makes the rollup of a day from its documents alone. A day keeps to the
// slots that its beats were made for, whatever they are today; where they are of
// several lengths, to those in which each beat fills what it covers.
func (l *Ledger) compute(ctx context.Context, day, now time.Time, interval time.Duration, lines *lines) (longrun.Rollup, error) {
	earliest, known, err := l.Earliest(ctx)
	if err != nil {
		return longrun.Rollup{}, err
	}
	if !known {
		return longrun.Rollup{}, fmt.Errorf("ledger: roll up %s: nothing is stored yet", longrun.RollupID(day))
	}
	var own time.Duration // 0 where no beat says
	see := func(h longrun.Heartbeat) { own = coverage.Finest(own, coverage.Grid{}.Own(h)) }
	d, err := l.readDay(ctx, day, interval, earliest, now, lines, see)
	if err == nil && own != 0 && own != interval {
		d, err = l.readDay(ctx, day, own, earliest, now, nil, nil)
	}
	if err != nil {
		return longrun.Rollup{}, err
	}
	return d.Rollup(), nil
}

// storedRollup is what lies in the place of a day's rollup.
type storedRollup struct {
	Entry[longrun.Rollup]
	// known says that it is a rollup: one that does not decode has a version alone.
	known bool
	// replaced is the whole document where it is none of ours: of the original system, or
	// one that does not decode. Nobody's numbers are lost because there are others now.
	replaced map[string]any
}

// stored reads the rollup of a day.
func (l *Ledger) stored(ctx context.Context, day time.Time) (s storedRollup, err error) {
	rec, err := l.Record(ctx, l.Key(Rollups, longrun.RollupID(day)))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s, nil
	case err != nil:
		return s, err
	}
	s.Entry, err = Decode[longrun.Rollup](rec)
	if s.known = err == nil; !s.known || s.Value.Original() {
		s.replaced = replaced(rec)
	}
	return s, nil
}

// maxReplaced bounds what is kept of a document in the place of a rollup, in bytes
// of JSON.
const maxReplaced = 100_000

func replaced(rec store.Record) map[string]any {
	var doc map[string]any
	if err := rec.Decode(&doc); err != nil {
		return nil
	}
	if text, err := json.Marshal(doc); err != nil || len(text) > maxReplaced {
		return nil
	}
	return doc
}

// kept is what a rollup in its place has as Replaced.
func (s storedRollup) kept() map[string]any {
	if len(s.replaced) > 0 {
		return s.replaced
	}
	return s.Value.Replaced
}

// revise is coverage.Revise, where there is something to revise.
func (s storedRollup) revise(fresh longrun.Rollup) (longrun.Rollup, error) {
	s.Value.Replaced = s.kept()
	if !s.known {
		fresh.Replaced = s.kept()
		return fresh, nil
	}
	r, err := coverage.Revise(s.Value, fresh)
	if err != nil {
		return r, fmt.Errorf("ledger: roll up %s: %w", fresh.Date, err)
	}
	return r, nil
}

// readDay reads everything of the UTC day that day lies in, once: its beats with the
// nearest ones on both sides, its probes, its incidents, and the runs; and of what is
// evidence the lines. What earliest and now mean is said at coverage.NewDay. see is told
// of each beat of the day; nil tells nobody.
func (l *Ledger) readDay(ctx context.Context, day time.Time, interval time.Duration, earliest, now time.Time, lines *lines, see func(longrun.Heartbeat)) (*coverage.Day, error) {
	empty, err := coverage.NewDay(day, interval, earliest, now) // checks, before anything is read
	if err != nil {
		return nil, fmt.Errorf("ledger: roll up %s: %w", longrun.RollupID(day), err)
	}
	w := empty.Window()
	before, after, err := l.Neighbours(ctx, w)
	if err != nil {
		return nil, err
	}
	runs, _, err := l.RunsOf(ctx, runsWindow(w, after))
	if err != nil {
		return nil, err
	}
	d, err := coverage.NewDay(day, interval, earliest, now, runs...)
	if err != nil {
		return nil, fmt.Errorf("ledger: roll up %s: %w", longrun.RollupID(day), err)
	}
	for _, h := range []*longrun.Heartbeat{before, after} {
		if h != nil {
			d.Add(*h)
		}
	}
	if before := (longrun.Window{From: longrun.DayOf(day).From, To: w.From}); lines != nil && before.From.Before(before.To) {
		// What lies before the first moment that counts is evidence all the same.
		if err := l.read(ctx, before, nobody{}, nil, lines); err != nil {
			return nil, err
		}
	}
	if see == nil {
		return d, l.read(ctx, w, d, nil, lines)
	}
	return d, l.read(ctx, w, shown{d, see}, nil, lines)
}

// shown is a day whose beats somebody else sees, too.
type shown struct {
	*coverage.Day
	see func(longrun.Heartbeat)
}

func (s shown) Add(h longrun.Heartbeat) {
	s.Day.Add(h)
	s.see(h)
}

// nobody takes documents and counts none.
type nobody struct{}

func (nobody) Add(longrun.Heartbeat)        {}
func (nobody) AddProbe(longrun.Probe)       {}
func (nobody) AddIncident(longrun.Incident) {}
func (nobody) AddUndecodable(int)           {}

// MissingRollups returns the days since earliest that are over at now and have no
// rollup, oldest first; and those whose rollup contradicts itself, was made when
// the end of the day's last gap was not known, and now a beat is, or lacks an
// incident that began on the day and was noticed, or ended, after it was made; or
// was made at a time that is to come, by a clock that was ahead: then the day may
// not have been over.
func (l *Ledger) MissingRollups(ctx context.Context, earliest, now time.Time) ([]time.Time, error) {
	return l.MissingWithin(ctx, longrun.Window{From: earliest, To: now}, now, nil)
}

// MissingWithin is MissingRollups of the days from the one that the window begins
// in up to the one that it ends in, without that. seen is told of each rollup that was
// read and is sound; nil tells nobody.
func (l *Ledger) MissingWithin(ctx context.Context, w longrun.Window, now time.Time, seen func(longrun.Rollup)) ([]time.Time, error) {
	from, to := longrun.DayOf(w.From).From, longrun.DayOf(w.To).From
	if !from.Before(to) {
		return nil, nil // as a page it would have no end
	}
	have := map[string]bool{}
	unsettled := map[string]bool{}
	known := map[string]KnownIncidents{}
	for e, err := range l.Rollups(ctx, Page{From: from, To: to}) {
		switch {
		case isDocument(err):
		case err != nil:
			return nil, err
		case e.Key.ID == e.Value.Date && coverage.Check(e.Value) == nil && !e.Value.ComputedAt.After(now):
			have[e.Key.ID] = true
			if seen != nil {
				seen(e.Value)
			}
			if len(e.Value.PrunedAt) > 0 {
				continue // it cannot be made again
			}
			known[e.Key.ID] = NewKnownIncidents(e.Value)
			if !e.Value.Settled {
				unsettled[e.Key.ID] = true
			}
		}
	}
	if err := each(l.Incidents(ctx, Page{From: from, To: to}), func(i Entry[longrun.Incident]) {
		day := longrun.RollupID(i.Value.TS)
		if k, ok := known[day]; ok && k.Lack(i.Value) {
			delete(have, day)
		}
	}, func(error) {}); err != nil {
		return nil, err
	}
	var newest time.Time
	if len(unsettled) > 0 {
		h, err := l.nearest(ctx, Page{Desc: true})
		if err != nil {
			return nil, err
		}
		if h != nil {
			newest = h.TS
		}
	}
	var missing []time.Time
	for day := from; day.Before(to); day = day.AddDate(0, 0, 1) {
		id := longrun.RollupID(day)
		if !have[id] || unsettled[id] && !newest.Before(longrun.DayOf(day).To) {
			missing = append(missing, day)
		}
	}
	return missing, nil
}

// KnownIncidents is what a rollup tells of the incidents of its day.
type KnownIncidents struct {
	from  time.Time
	more  bool            // than it had room for
	ended map[string]bool // by the incident's ID
}

// NewKnownIncidents reads them in a rollup.
func NewKnownIncidents(r longrun.Rollup) KnownIncidents {
	k := KnownIncidents{from: r.From, more: r.Truncated.Incidents > 0, ended: make(map[string]bool, len(r.Incidents))}
	for _, o := range r.Incidents {
		k.ended[o.IncidentID] = o.End != nil
	}
	return k
}

// Lack reports whether the rollup does not tell what is known of an incident.
func (k KnownIncidents) Lack(i longrun.Incident) bool {
	ended, listed := k.ended[i.IncidentID]
	if !listed {
		return !k.more && !i.TS.Before(k.from)
	}
	return !ended && !i.Open()
}

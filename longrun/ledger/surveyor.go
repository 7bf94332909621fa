package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/store"
)

// surveyor is a Survey in the making.
type surveyor struct {
	Survey
	ledger  *Ledger
	options SurveyOptions
	now     time.Time
	counted longrun.Window // the closed slots of the window
	digest  *coverage.Merge
	runs    []longrun.Run             // that may explain gaps
	rollups map[string]longrun.Rollup // of the days that are not read from them
	reasons map[string]string         // why a day has none that can be read
}

func (s *surveyor) run(ctx context.Context) error {
	l := s.ledger
	if s.counted.From.Equal(s.counted.To) {
		s.digest = coverage.NewMerge(s.Window, s.Interval, s.now)
		return nil
	}
	if err := s.readRollups(ctx); err != nil {
		return err
	}
	s.widen()
	before, after, err := l.Neighbours(ctx, s.Window)
	if err != nil {
		return err
	}
	runs, mangled, err := l.RunsOf(ctx, runsWindow(s.Window, after))
	if err != nil {
		return err
	}
	s.runs = runs
	s.digest = coverage.NewMerge(s.Window, s.Interval, s.now, runs...)
	s.digest.AddUndecodable(mangled)
	for _, h := range []*longrun.Heartbeat{before, after} {
		if h != nil {
			s.digest.Add(*h)
		}
	}
	s.takeRollups()
	if err := s.takeBeats(ctx); err != nil {
		return err
	}
	return s.takeIncidents(ctx)
}

// readRollups reads the rollups of the window.
func (s *surveyor) readRollups(ctx context.Context) error {
	s.rollups, s.reasons = map[string]longrun.Rollup{}, map[string]string{}
	for e, err := range s.ledger.Rollups(ctx, Page{From: longrun.DayOf(s.counted.From).From, To: s.counted.To}) {
		switch {
		case isDocument(err):
			s.reasons[e.Key.ID] = "its rollup does not decode"
		case err != nil:
			return err
		case e.Key.ID != e.Value.Date:
			s.reasons[e.Key.ID] = "its rollup is of another day, " + e.Value.Date
		default:
			s.rollups[e.Key.ID] = e.Value
		}
	}
	return nil
}

// widen makes the window begin and end with whole days where it cuts one that is
// pruned: of a part of it nothing can be said any more.
func (s *surveyor) widen() {
	w := s.Window
	for _, t := range []time.Time{s.counted.From, s.counted.To.Add(-time.Nanosecond)} {
		day := longrun.DayOf(t)
		r := s.rollups[longrun.RollupID(t)]
		if len(r.PrunedAt) == 0 || coverage.Check(r) != nil {
			continue
		}
		if known := s.known(day); known.From.Before(w.From) {
			w.From = known.From
		}
		if w.To.Before(day.To) {
			w.To = day.To
		}
	}
	s.count(w)
}

// known is what counts of a day.
func (s *surveyor) known(day longrun.Window) longrun.Window {
	return day.Clip(*s.Earliest).Align(s.Interval)
}

// knownTo is what counts of a rollup's day, in slots of its length.
func (s *surveyor) knownTo(r longrun.Rollup) longrun.Window {
	own := time.Duration(min(r.IntervalSec, 86_401)) * time.Second
	if longrun.ValidateInterval(own) != nil {
		return s.known(longrun.DayOf(r.TS)) // it is no sound rollup
	}
	return longrun.DayOf(r.TS).Clip(*s.Earliest).Align(own)
}

// takeRollups decides for each day where it is to be read.
func (s *surveyor) takeRollups() {
	for day := longrun.DayOf(s.counted.From); day.From.Before(s.counted.To); day = longrun.DayOf(day.To) {
		d := SurveyDay{Date: longrun.RollupID(day.From), Source: FromBeats}
		known := s.known(day)
		d.Whole = !known.From.Before(s.counted.From) && !known.To.After(s.counted.To)
		r, ok := s.rollups[d.Date]
		d.Pruned = len(r.PrunedAt) > 0
		switch {
		case d.Whole && ok:
			d.Reason = s.takeRollup(r)
		case d.Whole && s.reasons[d.Date] != "":
			d.Reason = s.reasons[d.Date]
		case d.Whole:
			d.Reason = "it has no rollup"
		case d.Pruned:
			d.Reason = "its rollup is not trusted, and it is pruned"
		}
		if d.Whole && d.Reason == "" {
			d.Source = FromRollup
		}
		s.Days = append(s.Days, d)
	}
	s.progress(0)
}

// takeRollup takes a day from its rollup, or returns why not.
func (s *surveyor) takeRollup(r longrun.Rollup) string {
	switch {
	case s.options.FromBeats && len(r.PrunedAt) == 0:
		return "the beats were asked for"
	case !r.From.Equal(s.knownTo(r).From) && coverage.Check(r) == nil: // the look that costs comes last: AddRollup takes it again
		return "its rollup begins at " + longrun.ISO(r.From) + ", and the day does at " + longrun.ISO(s.knownTo(r).From)
	}
	if err := s.digest.AddRollup(r); err != nil {
		return "its rollup is not trusted: " + err.Error()
	}
	delete(s.rollups, r.Date)
	return ""
}

// takeBeats reads the other days, those that lie together at once.
func (s *surveyor) takeBeats(ctx context.Context) error {
	for i := 0; i < len(s.Days); {
		if s.Days[i].Source == FromRollup {
			i++
			continue
		}
		from := i
		for i < len(s.Days) && s.Days[i].Source == FromBeats && i-from < maxStretch {
			i++
		}
		w := longrun.Window{From: s.dayStart(from), To: s.dayStart(i)}
		if w.From.Before(s.Window.From) {
			w.From = s.Window.From
		}
		if i == len(s.Days) {
			w.To = s.Window.To
		}
		if err := s.ledger.read(ctx, w, s.digest, s.mangled, nil); err != nil {
			return err
		}
		s.progress(i)
	}
	defer s.progress(len(s.Days))
	// The slot that now lies in may have a beat, and may be the next day's.
	if n := len(s.Days); s.Days[n-1].Source == FromRollup {
		w := longrun.Window{From: s.dayStart(n), To: s.Window.To}
		if !w.From.Before(w.To) {
			return nil
		}
		if err := s.ledger.read(ctx, w, s.digest, s.mangled, nil); err != nil {
			return err
		}
	}
	return nil
}

// maxStretch is how many days are read between two reports of progress.
const maxStretch = 7

func (s *surveyor) dayStart(i int) time.Time {
	return longrun.DayOf(s.counted.From).From.AddDate(0, 0, i)
}

func (s *surveyor) progress(done int) {
	if s.options.Progress != nil {
		s.options.Progress(done, len(s.Days))
	}
}

func (s *surveyor) mangled(err *DocumentError) {
	if len(s.Mangled) < MaxMangled {
		s.Mangled = append(s.Mangled, err.Path)
	}
}

// How far back incidents are looked for that began before the window and lasted
// into it: until so many in a row did not.
const (
	maxEarlier     = 50
	maxEarlierDays = 400
)

// takeIncidents looks again at what was open when its day was rolled up, and at
// what began before the window.
func (s *surveyor) takeIncidents(ctx context.Context) error {
	for _, o := range s.digest.Summary().Incidents {
		if o.End != nil {
			continue
		}
		e, err := s.ledger.Incident(ctx, o.IncidentID)
		switch {
		// What a rollup says of an incident may name none that a store could have.
		case errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalid) || isDocument(err):
			s.Unread = append(s.Unread, o.IncidentID)
		case err != nil:
			return err
		default:
			s.digest.AddIncident(e.Value)
		}
	}
	p := Page{From: s.Window.From.AddDate(0, 0, -maxEarlierDays), To: s.Window.From, Desc: true, Limit: maxEarlier}
	for over := 0; over < maxEarlier; {
		read := 0
		for e, err := range s.ledger.Incidents(ctx, p) {
			if err != nil && !isDocument(err) {
				return err
			}
			read, p.After = read+1, e.Cursor()
			if i := e.Value; err == nil && (i.TSEnd == nil || i.TSEnd.After(s.Window.From)) {
				s.digest.AddIncident(i)
				over = 0
			} else {
				over++
			}
		}
		if read < maxEarlier {
			break
		}
	}
	return nil
}

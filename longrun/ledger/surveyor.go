package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store"
)

// surveyor is a Survey in the making.
type surveyor struct {
	Survey
	ledger  *Ledger
	options SurveyOptions
	now     time.Time
	counted longrun.Window // the closed slots of the window
	digest  *longrun.Digest
	rollups map[string]longrun.Rollup // of whole days that were not read from them
}

func (s *surveyor) run(ctx context.Context) error {
	l := s.ledger
	if s.counted.From.Equal(s.counted.To) {
		s.digest = longrun.NewDigest(s.Window, s.Interval, s.now)
		return nil
	}
	before, after, err := l.Neighbours(ctx, s.Window)
	if err != nil {
		return err
	}
	runs, mangled, err := l.RunsOf(ctx, runsWindow(s.Window, after))
	if err != nil {
		return err
	}
	s.OtherIntervals = s.otherIntervals(runs)
	s.digest = longrun.NewDigest(s.Window, s.Interval, s.now, runs...)
	s.digest.AddMangled(mangled)
	for _, h := range []*longrun.Heartbeat{before, after} {
		if h != nil {
			s.digest.Add(*h)
		}
	}
	if err := s.takeRollups(ctx); err != nil {
		return err
	}
	if err := s.takeBeats(ctx); err != nil {
		return err
	}
	return s.takeIncidents(ctx)
}

// takeRollups reads the rollups of the window, and decides for each day where
// it is to be read.
func (s *surveyor) takeRollups(ctx context.Context) error {
	first := longrun.DayOf(s.counted.From)
	stored := map[string]longrun.Rollup{}
	reasons := map[string]string{}
	for e, err := range s.ledger.Rollups(ctx, Page{From: first.From, To: s.counted.To}) {
		switch {
		case isDocument(err):
			reasons[e.Key.ID] = "its rollup does not decode"
		case err != nil:
			return err
		case e.Key.ID != e.Value.Date:
			reasons[e.Key.ID] = "its rollup is of another day, " + e.Value.Date
		default:
			stored[e.Key.ID] = e.Value
		}
	}
	s.rollups = map[string]longrun.Rollup{}
	for day := first; day.From.Before(s.counted.To); day = longrun.DayOf(day.To) {
		d := SurveyDay{Date: longrun.RollupID(day.From), Source: FromBeats}
		known := day.Clip(*s.Earliest).Align(s.Interval)
		d.Whole = !known.From.Before(s.counted.From) && !known.To.After(s.counted.To)
		if r, ok := stored[d.Date]; !d.Whole {
		} else if !ok {
			d.Reason = "it has no rollup"
			if reasons[d.Date] != "" {
				d.Reason = reasons[d.Date]
			}
		} else if d.Reason = s.takeRollup(r, known); d.Reason == "" {
			d.Source = FromRollup
		}
		s.Days = append(s.Days, d)
	}
	s.progress(0)
	return nil
}

// takeRollup takes a day from its rollup, or returns why not.
func (s *surveyor) takeRollup(r longrun.Rollup, known longrun.Window) string {
	s.rollups[r.Date] = r
	switch {
	case s.options.FromBeats:
		return "the beats were asked for"
	case r.Check() == nil && !r.From.Equal(known.From):
		return "its rollup begins at " + longrun.ISO(r.From) + ", and the day does at " + longrun.ISO(known.From)
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
		if err := s.ledger.read(ctx, w, s.digest, s.mangled); err != nil {
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
		if err := s.ledger.read(ctx, w, s.digest, s.mangled); err != nil {
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
// into it.
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
		case errors.Is(err, store.ErrNotFound) || isDocument(err):
			s.Unread = append(s.Unread, o.IncidentID)
		case err != nil:
			return err
		default:
			s.digest.AddIncident(e.Value)
		}
	}
	from := s.Window.From.AddDate(0, 0, -maxEarlierDays)
	p := Page{From: from, To: s.Window.From, Desc: true, Limit: maxEarlier}
	return each(s.ledger.Incidents(ctx, p), func(i longrun.Incident) {
		if i.TSEnd == nil || i.TSEnd.After(s.Window.From) {
			s.digest.AddIncident(i)
		}
	}, func(error) {})
}

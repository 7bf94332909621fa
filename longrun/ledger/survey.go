package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store"
)

// Survey is what the documents tell of a window, and where each day of it was
// read.
type Survey struct {
	// Root is the document under which the collections lie.
	Root string
	// Asked is the window as it was asked for. Window is what counts of it: on
	// the grid, and not before Earliest, the first moment that anything is known
	// of; nil where nothing is.
	Asked, Window longrun.Window
	Earliest      *time.Time
	Interval      time.Duration
	// Now is the moment that the survey is of: slots that are not over at it do
	// not count.
	Now time.Time
	// Summary has the numbers, Filled and Healthy the slots, Window.From's as
	// bit 0.
	Summary         longrun.Summary
	Filled, Healthy *longrun.Bitmap
	// Days are the days of the window, and where each was read.
	Days []SurveyDay
	// Mangled are the documents that did not decode, the first MaxMangled of
	// those that were read; Summary.Mangled counts those of the rollups too.
	Mangled []string
	// Unread are incidents that were open when their day was rolled up, and
	// whose documents are gone: how they ended is not known.
	Unread []string
}

// MaxMangled bounds Survey.Mangled.
const MaxMangled = 20

// Source is where a day was read.
type Source string

// The sources.
const (
	// FromRollup: from the day's rollup alone.
	FromRollup Source = "rollup"
	// FromBeats: from its beats, probes and incidents.
	FromBeats Source = "beats"
)

// SurveyDay says of one day of a Survey where it was read.
type SurveyDay struct {
	Date   string
	Source Source
	// Whole says that all that is known of the day lies in the window. Only such
	// a day can be read from its rollup.
	Whole bool
	// Reason is why a whole day was read from its beats: its rollup is missing
	// or was not trusted.
	Reason string
	// Differs says how the day's rollup differs from its beats, where both were
	// looked at.
	Differs string
}

// SurveyOptions are what a Survey may be told; nil means the defaults.
type SurveyOptions struct {
	// FromBeats reads every day from its beats, and compares whole days with
	// their rollups. Default: whole days are read from their rollups.
	FromBeats bool
	// Progress is told how many of the window's days have been read. Default:
	// nobody is.
	Progress func(done, days int)
}

// Survey reads a window: whole days from their rollups, and the two days that
// the window cuts, as well as those whose rollup is missing or contradicts
// itself, from their beats. Either way the numbers are the same. A window that
// lies in the future, or before anything is known, has no data: Summary.Coverage
// says so.
func (l *Ledger) Survey(ctx context.Context, w longrun.Window, interval time.Duration, now time.Time, o *SurveyOptions) (Survey, error) {
	if err := errors.Join(w.Validate(), longrun.ValidateInterval(interval)); err != nil {
		return Survey{}, fmt.Errorf("ledger: survey: %w", err)
	}
	earliest, known, err := l.Earliest(ctx)
	if err != nil {
		return Survey{}, err
	}
	s := &surveyor{ledger: l, now: now.UTC(), Survey: Survey{Root: l.Root(), Asked: w, Interval: interval, Now: now.UTC()}}
	if o != nil {
		s.options = *o
	}
	if known {
		s.Earliest = &earliest
	} else {
		earliest = now // nothing was ever written: no slot can be missed
	}
	s.Window = w.Clip(earliest).Align(interval)
	first, end := s.Window.Slots(interval, now)
	s.counted = longrun.Window{From: first.Start(interval), To: end.Start(interval)}
	if err := s.run(ctx); err != nil {
		return Survey{}, err
	}
	s.Summary = s.digest.Summary()
	s.Filled, s.Healthy = s.digest.Bitmaps()
	s.compare()
	return s.Survey, nil
}

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

// compare says how the rollups of days that were read from their beats differ
// from those.
func (s *surveyor) compare() {
	for i := range s.Days {
		d := &s.Days[i]
		r, ok := s.rollups[d.Date]
		if !ok {
			continue
		}
		day := longrun.DayOf(s.dayStart(i))
		at := func(t time.Time) int { return int(t.Sub(s.Window.From) / s.Interval) }
		written := 0
		for slot := max(0, at(day.From)); slot < min(at(day.To), s.Filled.Len()); slot++ {
			if s.Filled.Has(slot) {
				written++
			}
		}
		says, err := longrun.ParseBitmap(r.Slots)
		switch {
		case r.WrittenHb != int64(written):
			d.Differs = fmt.Sprintf("its rollup says %d of %d, and its beats give %d", r.WrittenHb, r.ExpectedHb, written)
		case err != nil || r.Check() != nil || r.IntervalSec != int64(s.Interval/time.Second):
		default:
			differ := 0
			for slot := range says.Len() {
				if says.Has(slot) != s.Filled.Has(at(r.From)+slot) {
					differ++
				}
			}
			if differ > 0 {
				d.Differs = fmt.Sprintf("its rollup has another beat or none in %d slots", differ)
			}
		}
	}
}

package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// Survey is what the documents tell of a window, and where each day of it was
// read.
type Survey struct {
	// Root is the document under which the collections lie.
	Root string
	// Asked is the window as it was asked for. Window is what counts of it: on
	// the grid, and not before Earliest, the first moment that anything is known
	// of; nil where nothing is. A day that the window cuts and whose documents are
	// pruned counts whole, since only its rollup is left.
	Asked, Window longrun.Window
	Earliest      *time.Time
	Interval      time.Duration
	// OtherIntervals are those of runs that wrote in the window and had slots of
	// another length, the shortest first: beats of theirs fill the slots that they
	// cover, see coverage.Grid. What was missed of shorter ones does not all show.
	OtherIntervals []time.Duration
	// Now is the moment that the survey is of: slots that are not over at it do
	// not count.
	Now time.Time
	// Summary has the numbers, Filled and Healthy the slots, Window.From's as
	// bit 0, and Unknown those of which nobody knows whether they were healthy: nil
	// where that is of none.
	Summary                  coverage.Summary
	Filled, Healthy, Unknown *coverage.Bitmap
	// Days are the days of the window, and where each was read.
	Days []SurveyDay
	// Mangled are the documents that did not decode, the first MaxMangled of
	// those that were read; Summary.Mangled counts those of the rollups too.
	Mangled []string
	// Restores are the restores from a backup that were declared, by which something of
	// the window is lost.
	Restores []evidence.Restore
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
	// Pruned says that retention deleted beats, probes or incidents of the day:
	// its numbers are found again in its rollup, and nowhere else.
	Pruned bool
}

// SurveyOptions are what a Survey may be told; nil means the defaults.
type SurveyOptions struct {
	// FromBeats reads every day from its beats, unless they are pruned, and
	// compares whole days with their rollups. Default: whole days are read from
	// their rollups.
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
	s.count(w.Clip(earliest))
	if s.Restores, err = l.restoresOf(ctx, s.Window); err != nil {
		return Survey{}, err
	}
	if err := s.run(ctx); err != nil {
		return Survey{}, err
	}
	s.Summary = s.digest.Summary()
	s.OtherIntervals = s.otherIntervals()
	s.Filled, s.Healthy, s.Unknown = s.digest.Bitmaps()
	s.compare()
	return s.Survey, nil
}

// otherIntervals finds the lengths of the slots of runs that are not the
// survey's. A run that wrote nothing in its time, such as that of a standby which
// died and was never closed, has spoilt no number.
func (s *surveyor) otherIntervals() (others []time.Duration) {
	for _, r := range s.runs {
		interval := time.Duration(r.IntervalSec) * time.Second
		if interval == s.Interval || longrun.ValidateInterval(interval) != nil {
			continue
		}
		if slices.ContainsFunc(s.Summary.Instances, func(p longrun.InstanceStats) bool {
			return p.InstanceID == r.InstanceID && !p.Last.Before(r.TS) && (r.End == nil || p.First.Before(*r.End))
		}) {
			others = append(others, interval)
		}
	}
	slices.Sort(others)
	return slices.Compact(others)
}

// count makes a window the one that counts.
func (s *surveyor) count(w longrun.Window) {
	s.Window = w.Align(s.Interval)
	first, end := s.Window.Slots(s.Interval, s.now)
	s.counted = longrun.Window{From: first.Start(s.Interval), To: end.Start(s.Interval)}
}

// compare says how the rollups of days that were read from their beats differ
// from those: of whole days in all, of those that the window cuts in its slots.
func (s *surveyor) compare() {
	for i := range s.Days {
		d := &s.Days[i]
		r, ok := s.rollups[d.Date]
		if !ok {
			continue
		}
		day := longrun.DayOf(s.dayStart(i))
		at := func(t time.Time) int { return int(t.Sub(s.Window.From) / s.Interval) }
		first, end := max(0, at(day.From)), min(at(day.To), s.Filled.Len())
		written := 0
		for slot := first; slot < end; slot++ {
			if s.Filled.Has(slot) {
				written++
			}
		}
		says, err := coverage.Grid{Interval: s.Interval}.Filled(r)
		same := r.IntervalSec == int64(s.Interval/time.Second)
		switch {
		case d.Whole && r.WrittenHb != int64(written) && (same || err != nil):
			d.Differs = fmt.Sprintf("its rollup says %d of %d, and its beats give %d", r.WrittenHb, r.ExpectedHb, written)
		case err != nil || coverage.Check(r) != nil:
		default:
			differ, base := 0, int(longrun.SlotAt(r.From, s.Interval)-longrun.SlotAt(s.Window.From, s.Interval))
			for slot := first; slot < end; slot++ {
				if says.Has(slot-base) != s.Filled.Has(slot) {
					differ++
				}
			}
			if differ > 0 {
				d.Differs = fmt.Sprintf("its rollup has another beat or none in %d slots", differ)
			}
		}
	}
}

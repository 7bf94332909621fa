package logbook

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// lateDays is how many days are looked at again for what came late: verification
// gives a leader as many.
const lateDays = 7

// Late returns the days before the one that now lies in that were closed and have a
// probe of the last seven days, or an incident that was over in them, without a line: it
// was stored when its day was closed already, by a leader that died before it closed it
// again. An incident that lasted longer than evidence.LongIncident is not looked for. That costs
// the reading of those documents, a rollup for each of their days, and its batches.
func (g *Log) Late(ctx context.Context, now time.Time) (days []time.Time, err error) {
	to := longrun.DayOf(now).From
	page := ledger.Page{From: to.AddDate(0, 0, -lateDays), To: to}
	long := ledger.Page{From: page.From.Add(-evidence.LongIncident), To: to}
	of := map[time.Time][]ledger.LoggedID{}
	if err := gather(g.ledger.Probes(ctx, page), evidence.Probe, of, func(longrun.Probe) bool { return true }); err != nil {
		return nil, err
	}
	if err := gather(g.ledger.Incidents(ctx, long), evidence.Incident, of, func(i longrun.Incident) bool { return !i.Open() && !i.TSEnd.Before(page.From) }); err != nil {
		return nil, err
	}
	for day := long.From; day.Before(to); day = day.AddDate(0, 0, 1) {
		if len(of[day]) == 0 {
			continue
		}
		e, err := g.ledger.Rollup(ctx, day)
		if errors.Is(err, store.ErrNotFound) || isDocument(err) {
			continue // it is closed anyway
		}
		if err != nil {
			return nil, err
		}
		if e.Value.Batch == 0 {
			continue // by an older version, which logged nothing
		}
		has := map[ledger.LoggedID]bool{}
		for _, n := range named(e.Value) {
			b, err := readBatch(ctx, g.ledger, n)
			if err != nil {
				return nil, err
			}
			besideBeats(b.Lines, has)
		}
		if slices.ContainsFunc(of[day], func(id ledger.LoggedID) bool { return !has[id] }) {
			days = append(days, day)
		}
	}
	return days, nil
}

// besideBeats adds what a batch has a line of, but for beats, which are most of them and
// are not read.
func besideBeats(lines string, has map[ledger.LoggedID]bool) {
	for line := range strings.Lines(lines) {
		if evidence.Kind(line[0]) == evidence.Beat {
			continue
		}
		l, err := evidence.ParseLines(line)
		if err != nil {
			continue
		}
		has[ledger.LoggedID{Kind: l[0].Kind, ID: l[0].ID}] = true
	}
}

func gather[T any](list iter.Seq2[ledger.Entry[T], error], kind evidence.Kind, of map[time.Time][]ledger.LoggedID, logged func(T) bool) error {
	for e, err := range list {
		switch {
		case isDocument(err):
		case err != nil:
			return err
		case logged(e.Value):
			day := longrun.DayOf(e.At).From
			of[day] = append(of[day], ledger.LoggedID{Kind: kind, ID: e.Key.ID})
		}
	}
	return nil
}

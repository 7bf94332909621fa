package alarming

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// pastOne is an outage of the store that this instance saw the end of.
type pastOne struct {
	longrun.Window
	why string
	led bool // this instance led when it began, or knew of no leader
}

const (
	// maxEnded bounds the outages that wait to be recorded, and maxRecorded how
	// many are in one slot: each costs a look for who has done it before.
	maxEnded    = 100
	maxRecorded = 10
)

// remember is called under the lock.
func (s *StoreOutage) remember(past ...pastOne) {
	s.ended = append(s.ended, past...)
	s.ended = s.ended[max(0, len(s.ended)-maxEnded):]
}

// over returns outages that are not recorded yet, and again takes some back.
func (s *StoreOutage) over() []pastOne {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.ended), maxRecorded)
	past := s.ended[:n:n]
	s.ended = s.ended[n:]
	return past
}

func (s *StoreOutage) again(past ...pastOne) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(past...)
}

// recordOutages writes down, as incidents, outages of the store that this
// instance lived through: while they lasted nothing could be written.
func (w *watch) recordOutages(ctx context.Context, now time.Time) {
	past := w.b.outage.over()
	for n, o := range past {
		i, err := w.incidentOf(ctx, o, now)
		switch {
		case err != nil:
			w.b.outage.again(past[n:]...)
			w.Log.Once(ctx, slog.LevelWarn, "outage", "unrecorded", "an outage of the store is not recorded yet", "error", hostcall.Text(err))
			return
		case i != nil:
			w.noteCounted(*i)
			w.outages = append(w.outages, o)
			w.Log.InfoContext(ctx, "an outage of the store is recorded", "incident", i.IncidentID, "after", o.To.Sub(o.From))
		}
	}
	if len(past) > 0 {
		w.Log.Over("outage")
	}
}

// incidentOf returns the incident of an outage; nothing where another leader has
// written one down, or wrote beats meanwhile: then it was out of this instance's
// reach alone.
func (w *watch) incidentOf(ctx context.Context, o pastOne, now time.Time) (*longrun.Incident, error) {
	if !o.led && (now.Sub(o.From) > rules.RecentSpan || w.anyFilled(o.Window)) {
		return nil, nil
	}
	ctx, cancel := deadline.With(ctx, w.Clock, room.StoreTimeout)
	defer cancel()
	known, err := w.Ledger.HasIncident(ctx, rules.StoreUnreachable, o.Window)
	if known || err != nil {
		return nil, err
	}
	length := o.To.Sub(o.From).Seconds()
	to, closed := o.To.UTC().Truncate(time.Microsecond), now.UTC().Truncate(time.Microsecond)
	s := rules.State{Rule: rules.StoreUnreachable, Since: &o.From, IncidentID: rules.IncidentID(rules.StoreUnreachable, "", o.From)}
	limit := w.Settings().AlertThresholds.StoreUnreachableSec
	i := w.open(s, rules.Finding{Summary: fmt.Sprintf("the store was out of reach for %.0f s, %.0f s are borne", length, limit), Observed: length, Threshold: limit}, now)
	i.Cause = o.why
	i.TSEnd, i.MTTRSec, i.Closed, i.ClosedBy = &to, &length, &closed, w.Self.InstanceID
	return &i, nil
}

// anyFilled reports whether a slot that lies in the window has a beat.
func (w *watch) anyFilled(in longrun.Window) bool {
	interval := w.Self.Interval
	for s := longrun.SlotAt(in.From, interval) + 1; !(s + 1).Start(interval).After(in.To); s++ {
		if w.recent.Filled(s) {
			return true
		}
	}
	return false
}

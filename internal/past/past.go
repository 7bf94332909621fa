// Package past makes a history up, for tests, benchmarks and demonstrations: months in
// which little went wrong. It proves nothing about a real service: the chain's hashes
// are missing, as in stores of before the chain, so that a verification says so.
//
// It writes what a leader leaves behind whose retention is a day: a rollup of each day
// that is over, the beats and probes of yesterday and today, a run, and an incident a
// week.
package past

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// Options say what is made up.
type Options struct {
	// Days is how many days there are, today among them. Default: 90.
	Days int
	// Now is when the history ends. There is no default: Write refuses a zero one.
	Now time.Time
	// Instance is who led. Default: "wa-1".
	Instance string
	// Accounts is how many accounts are connected. Default: 200.
	Accounts int64
}

// Interval is the length of a slot of what is made up.
const Interval = time.Minute

const (
	commit     = "4f2a91c"
	probeEvery = 15 * time.Minute
)

// Beat is the heartbeat that the history has in the slot at a time, and whether there
// is one: each eleventh day of the year a minute is missed, on the 8th of each month an
// hour, and each ninth day 41 minutes are unhealthy.
func (o Options) Beat(at time.Time) (longrun.Heartbeat, bool) {
	o = o.filled()
	minute := at.Hour()*60 + at.Minute()
	h := longrun.Beat(at.Add(4*time.Millisecond), Interval)
	h.InstanceID, h.CommitHash, h.ConnectedCount = o.Instance, commit, o.Accounts
	h.Healthy = at.YearDay()%9 != 0 || minute < 600 || minute > 640
	missed := at.YearDay()%11 == 0 && minute == 130 || at.Day() == 8 && minute >= 965 && minute < 1025
	return h, !missed
}

func (o Options) filled() Options {
	if o.Days <= 0 {
		o.Days = 90
	}
	if o.Instance == "" {
		o.Instance = "wa-1"
	}
	if o.Accounts <= 0 {
		o.Accounts = 200
	}
	return o
}

// Write writes the history into an empty store, under a root; an empty root is the
// usual one. It returns what the store refuses, and what was written until then stays.
func Write(ctx context.Context, st store.Store, root string, o Options) error {
	if o.Now.IsZero() {
		return errors.New("past: Now is missing")
	}
	o = o.filled()
	book, err := ledger.New(st, root)
	if err != nil {
		return err
	}
	w := &writer{ctx: ctx, store: st, book: book, Options: o, first: longrun.DayOf(o.Now).From.AddDate(0, 0, 1-o.Days)}
	w.run = longrun.Run{RunID: ledger.RunID(o.Instance, w.first), TS: w.first, InstanceID: o.Instance, CommitHash: commit, IntervalSec: int64(Interval / time.Second)}
	if _, err := book.PutRun(ctx, w.run, ""); err != nil {
		return err
	}
	today := longrun.DayOf(o.Now).From
	for day := w.first; day.Before(today); day = day.AddDate(0, 0, 1) {
		if err := w.day(day); err != nil {
			return err
		}
	}
	for day := today.AddDate(0, 0, -1); !day.After(today); day = day.AddDate(0, 0, 1) {
		if err := w.documents(day); err != nil {
			return err
		}
	}
	return nil
}

// writer puts documents into the store, many at a time.
type writer struct {
	ctx   context.Context //nolint:containedctx // it lives for one call
	store store.Store
	book  *ledger.Ledger
	Options
	first time.Time
	run   longrun.Run
	ops   []store.Op
}

// flush commits what there is, where that is more than least.
func (w *writer) flush(least int) error {
	if len(w.ops) <= least {
		return nil
	}
	if _, err := w.store.Commit(w.ctx, w.ops...); err != nil {
		return fmt.Errorf("writing a made-up history: %w", err)
	}
	w.ops = w.ops[:0]
	return nil
}

// day writes the rollup of a day that is over, and its incident.
func (w *writer) day(day time.Time) error {
	d, err := coverage.NewDay(day, Interval, w.first, w.Now, w.run)
	if err != nil {
		return err
	}
	for i := -1; i <= 24*60; i++ {
		if h, is := w.Beat(day.Add(time.Duration(i) * Interval)); is && !h.TS.Before(w.first) {
			d.Add(h)
		}
	}
	for p := range w.probes(day) {
		d.AddProbe(p)
	}
	if day.Weekday() == time.Monday {
		from := day.Add(8 * time.Hour)
		i := longrun.Incident{
			IncidentID: "queue_depth_" + day.Format("20060102T150405"), Rule: "queue_depth", Severity: longrun.Warning,
			TS: from, TSStart: from, TSEnd: new(from.Add(time.Hour)), Noticed: from, Summary: "184 wait, 100 are borne",
		}
		d.AddIncident(i)
		w.ops = append(w.ops, w.book.SetIncident(i))
	}
	r := d.Rollup()
	if day.Before(longrun.DayOf(w.Now).From.AddDate(0, 0, -1)) { // its documents are gone, as after retention
		r.PrunedAt = map[string]time.Time{string(ledger.Heartbeats): w.Now, string(ledger.Probes): w.Now}
	}
	w.ops = append(w.ops, w.book.SetRollup(r))
	return w.flush(50)
}

// probes are those of a day.
func (w *writer) probes(day time.Time) iter.Seq[longrun.Probe] {
	return func(yield func(longrun.Probe) bool) {
		for i := range 24 * time.Hour / probeEvery {
			p := longrun.Probe{Type: longrun.Outbound, TS: day.Add(i * probeEvery), Result: longrun.Pass, LatencyMs: float64(500 + i*7%300), Trigger: longrun.Scheduled}
			p.ProbeKey = longrun.ProbeID(p.Type, p.TS, p.Trigger, longrun.ProbeSchedule{Every: probeEvery, Retry: probeEvery})
			if !yield(p) {
				return
			}
		}
	}
}

// documents writes the beats and probes of a day, up to now.
func (w *writer) documents(day time.Time) error {
	end := day.AddDate(0, 0, 1)
	if end.After(w.Now) {
		end = w.Now
	}
	for at := day; at.Before(end); at = at.Add(Interval) {
		if h, is := w.Beat(at); is && !at.Before(w.first) {
			w.ops = append(w.ops, w.book.CreateHeartbeat(h))
		}
		if err := w.flush(200); err != nil {
			return err
		}
	}
	for p := range w.probes(day) {
		if p.TS.Before(end) && !p.TS.Before(w.first) {
			w.ops = append(w.ops, w.book.CreateProbe(p))
		}
	}
	return w.flush(0)
}

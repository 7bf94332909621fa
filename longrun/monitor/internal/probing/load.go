package probing

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	// maxRecent is how many results of each probe the rules look at, and
	// maxLookBack how old the oldest may be.
	maxRecent   = 50
	maxLookBack = 32 * 24 * time.Hour
	// The pauses between two tries to read them.
	minLoadPause = 5 * time.Second
	maxLoadPause = time.Minute
	// unsaid is for how long they may be out of reach before it is said: a store
	// that is away is told of elsewhere, and sooner ends the lead.
	unsaid = 2 * time.Minute
	// maxAhead is how far two clocks may differ that are both well.
	maxAhead = 5 * time.Minute
)

// load reads what is known of each probe, so that a take-over neither repeats
// nor forgets one, and the settings ahead of that. It returns when that is known, or ctx has ended; people's
// probes are made meanwhile.
func (s *Schedule) load(ctx context.Context) {
	p := &past{Schedule: s, found: make(map[longrun.NamedProbe]*found)}
	for _, j := range s.jobs {
		p.found[j.named] = &found{}
	}
	again := room.Backoff{Shortest: min(minLoadPause, s.Self.Interval), Longest: maxLoadPause, Clock: s.Clock}
	for began := s.Clock.Now(); ctx.Err() == nil; {
		err := p.read(ctx)
		if err == nil {
			s.Log.Over("probes")
			s.adopt(p)
			return
		}
		now := s.Clock.Now()
		if ctx.Err() == nil && now.Sub(began) >= unsaid {
			s.Log.Once(ctx, slog.LevelWarn, "probes", hostcall.ClassOf(err), "earlier probes cannot be read; none is made by the schedule until then", "error", spawn.Text(err))
		}
		again.Failed(now)
		deadline.Sleep(ctx, s.Clock, again.Wait(now))
	}
}

// forget leaves what this lead finds and makes to be the recent results, and what
// its host says of the accounts.
func (s *Schedule) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		j.last, j.recent = nil, nil
	}
	for _, a := range s.accounts {
		a.say(longrun.AccountStatus{})
		a.again = time.Time{}
	}
}

// lookBack is how long a probe may be without a result before it is overdue, and at
// least as long as messages of an account count.
func (s *Schedule) lookBack() time.Duration {
	longest := time.Duration(0)
	for _, j := range s.jobs {
		longest = max(longest, s.scheduleOf(j).Every)
	}
	periods := s.Settings().AlertThresholds.ProbeOverduePeriods
	back := time.Duration(min(float64(longest)*periods, float64(maxLookBack))) + time.Hour
	if len(s.accounts) > 0 {
		back = max(back, day)
	}
	return back
}

// past reads the results before this lead, newest first. Each try goes on where
// the one before was broken off: a history that takes longer to read than one call
// may is read all the same.
type past struct {
	*Schedule
	since time.Time // zero before the settings were read
	after store.Cursor
	found map[longrun.NamedProbe]*found // of the configured ones alone
}

// found are the results of one probe: the newest maxRecent and, where none of
// them is, the newest that the schedule asked for.
type found struct {
	newest    []result
	scheduled bool
}

// result is a stored result, and when it was made as far as that is known.
type result struct {
	probe longrun.Probe
	at    time.Time
}

// errNoSettings is why nothing is known yet.
var errNoSettings = errors.New("monitor: the settings cannot be read")

// read reads on, for as long as one call may take.
func (p *past) read(ctx context.Context) error {
	if p.since.IsZero() {
		if !p.Ready(ctx) {
			return errNoSettings
		}
		p.since = p.Clock.Now().Add(-p.lookBack())
	}
	ctx, cancel := deadline.With(ctx, p.Clock, room.StoreTimeout)
	defer cancel()
	for rec, err := range p.Ledger.Records(ctx, ledger.Probes, ledger.Page{From: p.since, Desc: true, After: p.after}) {
		if err != nil {
			return err
		}
		p.after = rec.Cursor()
		e, err := ledger.Decode[longrun.Probe](rec)
		if f := p.found[e.Value.Named()]; err == nil && f != nil {
			f.add(e.Value, rec)
			if p.complete() {
				return nil
			}
		}
	}
	return nil
}

func (f *found) add(p longrun.Probe, rec store.Record) {
	asked := p.Trigger != longrun.ByHand
	if len(f.newest) >= maxRecent && (!asked || f.scheduled) {
		return
	}
	at := p.TS
	if written := rec.UpdateTime; !written.IsZero() && at.Sub(written) > maxAhead {
		at = written // by a clock that was ahead
	}
	f.newest, f.scheduled = append(f.newest, result{p, at}), f.scheduled || asked
}

// complete reports whether older results add nothing.
func (p *past) complete() bool {
	for _, f := range p.found {
		if len(f.newest) < maxRecent || !f.scheduled {
			return false
		}
	}
	return true
}

// adopt makes what was read what is known, with the results that wait and those
// that were made meanwhile: a commit of one may have landed unheard, and another
// instance may have made newer ones.
func (s *Schedule) adopt(p *past) {
	now := s.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	of := make(map[*account][]result)
	for _, j := range s.jobs {
		results := p.found[j.named].newest
		for _, w := range slices.Concat(s.pending, j.recent) {
			same := func(r result) bool { return r.probe.ProbeKey == w.ProbeKey }
			if w.Named() == j.named && !slices.ContainsFunc(results, same) {
				results = append(results, result{w, w.TS})
			}
		}
		j.learn(results, now)
		if j.about != nil {
			of[j.about] = append(of[j.about], results...)
		}
	}
	for a, results := range of {
		a.remember(results, now)
	}
	s.loaded, s.base = true, now
}

// learn takes results. Of those that still lie in the future nobody knows when
// they were made: the rules see them only where there is nothing else.
func (j *job) learn(results []result, now time.Time) {
	future := func(r result) bool { return r.at.Sub(now) > maxAhead }
	slices.SortStableFunc(results, func(a, b result) int {
		if fa, fb := future(a), future(b); fa != fb {
			return map[bool]int{true: -1, false: 1}[fa]
		}
		return a.at.Compare(b.at)
	})
	j.last, j.recent = nil, nil
	for i, r := range results {
		seen := r.probe
		seen.TS = r.at
		if future(r) {
			seen.TS = now
		}
		if r.probe.Trigger != longrun.ByHand {
			j.last = &seen
		}
		if !future(r) || i == len(results)-1 {
			j.recent = append(j.recent, brief(seen))
		}
	}
	j.recent = j.recent[max(0, len(j.recent)-maxRecent-1):]
	if len(results) > 0 {
		j.shown = &results[len(results)-1].probe
	}
}

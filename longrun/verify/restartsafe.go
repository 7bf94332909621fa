package verify

import (
	"context"
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/chain"
)

// RestartSafeOptions say what RestartSafe looks at.
type RestartSafeOptions struct {
	// From and To bound it to [From, To). The zero times mean all.
	From, To time.Time
	// Now is the time: slots that are not over do not count. Required.
	Now time.Time
	// Interval is the length of a slot. Default: as the newest run says, else the
	// newest beat.
	Interval time.Duration
	// Progress is told how it goes on. Default: none.
	Progress Progress
}

// RestartSafe checks that restarts, take-overs and retries left what they must:
// each beat of ours in the document of its slot, and one in each slot; one
// instance, and one process of it, for each epoch; in the order of the chain no
// beat of an older epoch after the first of a newer one; as many slots missed as
// the gaps have and the rollups say; a lock whose row agrees with the beats; and
// runs that are closed, or for which it is known why they are not.
//
// That one process wrote an epoch is told by its uptime, which never falls. Who
// wrote the documents of the original system is not known, and not asked.
func RestartSafe(ctx context.Context, l *ledger.Ledger, o RestartSafeOptions) (Outcome, error) {
	if o.Now.IsZero() {
		return Outcome{}, errors.New("verify: Now is required")
	}
	if err := checkBounds(o.From, o.To); err != nil {
		return Outcome{}, err
	}
	if o.Interval == 0 {
		var err error
		if o.Interval, err = l.Interval(ctx); err != nil {
			return Outcome{}, err
		}
	}
	if err := longrun.ValidateInterval(o.Interval); err != nil {
		return Outcome{}, errors.New("verify: Interval: " + err.Error())
	}
	return steady(ctx, l, func() (Outcome, error) { return restartSafe(ctx, l, o) })
}

// restartSafe reads and judges once.
func restartSafe(ctx context.Context, l *ledger.Ledger, o RestartSafeOptions) (Outcome, error) {
	q := newInquiry("restart-safe", o.From, o.To)
	// What happens meanwhile must accuse nobody. So a day's rollup is read before
	// its beats, which are all that it counts and more, and runs and the lock after
	// the beats, whose writers they know.
	rollups, err := readRollups(ctx, l, q)
	if err != nil {
		return Outcome{}, err
	}
	s := &slots{q: q, ledger: l, interval: o.Interval, now: o.Now, days: map[time.Time]*dayCount{}, thread: chain.NewThread(evidence.Head{})}
	if err := s.read(ctx, ledger.Page{From: o.From, To: o.To}, o.Progress); err != nil {
		return Outcome{}, err
	}
	runs, err := readRuns(ctx, l, q)
	if err != nil {
		return Outcome{}, err
	}
	k, err := readLock(ctx, l)
	if err != nil {
		return Outcome{}, err
	}
	if s.ours == 0 {
		q.Doubt("", "there is no beat of ours: nothing is proved")
	}
	s.rollups(rollups)
	s.sum(longrun.Window{From: o.From, To: o.To}, runs)
	newest := s.epochs()
	lockSane(q, k, newest, s.ours > 0 && o.To.IsZero())
	judgeRuns(q, runs, k, s)
	return q.outcome(), nil
}

// epochs judges who wrote when, in the order of the chain, and returns the
// newest term.
func (s *slots) epochs() *chain.Term {
	var newest *chain.Term
	var n int64
	for _, c := range s.thread.Living() {
		seen := map[int64]*chain.Term{}
		var highest *chain.Term
		for i := range c.Terms {
			w := &c.Terms[i]
			n++
			if newest == nil || w.Last.TS.After(newest.Last.TS) {
				newest = w
			}
			if w.Fell != nil {
				s.q.Fault(s.path(*w.Fell), "was written by another process of %s than the beats before it, and in one epoch, %d: its process is younger", w.Instance, w.Epoch)
			}
			other := seen[w.Epoch]
			switch {
			case highest != nil && w.Epoch < highest.Epoch:
				s.q.Fault(s.path(w.First), "was written in epoch %d, after %s was in epoch %d: an older leader wrote after a newer one", w.Epoch, s.path(highest.First), highest.Epoch)
			case other != nil && other.Instance != w.Instance:
				s.q.Fault(s.path(w.First), "was written by %q in epoch %d, in which %q wrote before: an epoch has one writer", w.Instance, w.Epoch, other.Instance)
			}
			if highest == nil || w.Epoch > highest.Epoch {
				highest = w
			}
			seen[w.Epoch] = w
		}
	}
	s.q.counts["terms"] = n
	return newest
}

// lockSane judges the lock's document beside the newest beats.
func lockSane(q *inquiry, k locked, newest *chain.Term, beats bool) {
	switch {
	case !k.found && beats:
		q.Doubt(k.path, "is missing, though there are beats that were written under it")
		return
	case !k.found:
		return
	case k.bad != nil:
		q.Fault(k.path, "is no document of a lock: %v", k.bad)
		return
	case k.row.Foreign():
		q.Doubt(k.path, "is the original system's, which knows of no epochs")
		return
	case k.note != nil:
		q.Fault(k.path, "its note is no head of a chain: %.80q", k.row.Note)
	}
	q.counts["epoch"] = k.row.Epoch
	if newest == nil {
		return
	}
	switch {
	case newest.Epoch > k.row.Epoch:
		q.Fault(k.path, "is at epoch %d, and %s was written in epoch %d: epochs never fall", k.row.Epoch, newest.Last.ID, newest.Epoch)
	case newest.Epoch == k.row.Epoch && newest.Instance != k.row.HolderInstanceID:
		q.Fault(k.path, "says that %q holds epoch %d, and %s says that %q does", k.row.HolderInstanceID, k.row.Epoch, newest.Last.ID, newest.Instance)
	}
}

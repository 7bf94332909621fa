package ledger

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/store"
)

// Batches streams the batches of evidence of a page; see List. Their order is that
// of their times, by the leaders' clocks, and need not be that of their numbers.
func (l *Ledger) Batches(ctx context.Context, p Page) iter.Seq2[Entry[evidence.Batch], error] {
	return List[evidence.Batch](ctx, l, Evidence, p)
}

// Batch reads the batch of evidence of a number. A missing one is
// store.ErrNotFound.
func (l *Ledger) Batch(ctx context.Context, number int64) (Entry[evidence.Batch], error) {
	return Read[evidence.Batch](ctx, l, Evidence, evidence.BatchID(number))
}

// CreateBatch is the write of a batch, refused where there is one of its number. It
// is the leader's.
func (l *Ledger) CreateBatch(b evidence.Batch) store.Op {
	return store.Create(l.Key(Evidence, b.ID()), b)
}

// Restores streams the declared restores of a page; see List.
func (l *Ledger) Restores(ctx context.Context, p Page) iter.Seq2[Entry[evidence.Restore], error] {
	return List[evidence.Restore](ctx, l, Restores, p)
}

// CreateRestore is the write of a declared restore, refused where there is one of its ID.
// It belongs into the commit of the batch that logs it; see logbook.Log.Declare.
func (l *Ledger) CreateRestore(r evidence.Restore) store.Op {
	return store.Create(l.Key(Restores, r.RestoreID), r)
}

// restoresOf are the declared restores by which something of a window is lost. What does
// not decode is passed over: verification names it.
func (l *Ledger) restoresOf(ctx context.Context, w longrun.Window) (all []evidence.Restore, err error) {
	for e, err := range l.Restores(ctx, Page{From: w.From}) {
		switch {
		case isDocument(err):
		case err != nil:
			return nil, err
		case e.Value.LastBeat.Before(w.To):
			all = append(all, e.Value)
		}
	}
	return all, nil
}

// newestBatches is how many are asked for when the one with the highest number is
// looked for: a clock that was wrong may have put others behind it.
const newestBatches = 16

// NewestBatch returns the highest number among the newest batches, 0 where there is
// none.
func (l *Ledger) NewestBatch(ctx context.Context) (newest Entry[evidence.Batch], err error) {
	for e, err := range l.Batches(ctx, Page{Desc: true, Limit: newestBatches}) {
		switch {
		case isDocument(err):
		case err != nil:
			return newest, err
		case e.Value.Number > newest.Value.Number:
			newest = e
		}
	}
	return newest, nil
}

// Closing is a day as CloseDay found it.
type Closing struct {
	// Rollup is what the day's document has to hold, apart from the numbers of its
	// batches, which are known when it is logged.
	Rollup longrun.Rollup
	// Changed is false where it holds that already.
	Changed bool
	// Version is that of the stored document; empty where there is none.
	Version string
	// Lines are those of the day's documents that are not logged yet, and Broken
	// counts the links of the chain among them that do not fit.
	Lines  []evidence.Line
	Broken int64
	// Shrunk says that documents which the stored rollup counted are gone. It stands.
	Shrunk bool
	// Forged says that the stored rollup is not the one that was logged. It was made
	// anew from the documents; or, where those are pruned, it is left as it is for
	// verification to name, and nothing is to be logged of the day.
	Forged bool
}

// Logged is what the log has of a day.
type Logged struct {
	// Trusted says that the stored rollup is the one that was logged, or that nothing
	// was logged yet.
	Trusted bool
	// Has are the day's documents that have a line.
	Has map[LoggedID]bool
}

// LoggedID names a document in the log.
type LoggedID struct {
	Kind evidence.Kind
	ID   string
}

// CloseDay rolls up the UTC day that day lies in, from one reading of it, and says
// which of its documents are to be logged. by is the instance that computes it, and
// logged tells what the log has of it.
//
// It writes nothing. Only who may write to the log commits what it returns.
func (l *Ledger) CloseDay(ctx context.Context, day, now time.Time, interval time.Duration, by string, logged func(context.Context, Entry[longrun.Rollup]) (Logged, error)) (Closing, error) {
	w := longrun.DayOf(day)
	old, err := l.stored(ctx, w.From)
	if err != nil {
		return Closing{}, err
	}
	has := Logged{Trusted: true}
	if old.known {
		if has, err = logged(ctx, old.Entry); err != nil {
			return Closing{}, err
		}
	}
	c := Closing{Version: old.Version, Forged: old.known && !has.Trusted}
	if c.Forged && len(old.Value.PrunedAt) > 0 {
		c.Rollup, c.Shrunk = old.Value, true
		return c, nil
	}
	var found lines
	fresh, err := l.compute(ctx, w.From, now, interval, &found)
	if err != nil {
		return Closing{}, err
	}
	if c.Forged { // what it says counts for nothing, but that it is not the first
		fresh.Revision, fresh.Seal, fresh.Replaced = max(old.Value.Revision, 0)+1, old.Value.Seal, old.kept()
		c.Rollup, c.Changed = fresh, true
	} else {
		c.Rollup, err = old.revise(fresh)
		if c.Shrunk = errors.Is(err, coverage.ErrShrunk); err != nil && !c.Shrunk {
			return Closing{}, err
		}
		c.Changed = !old.known || c.Rollup.Revision != old.Value.Revision
	}
	c.Lines = slices.DeleteFunc(found.all, func(n evidence.Line) bool { return has.Has[LoggedID{n.Kind, n.ID}] })
	if len(c.Lines) > 0 {
		c.Broken = found.broken()
		if !c.Changed {
			c.Changed = true
			c.Rollup.Revision++ // it names another batch
		}
	}
	if c.Changed {
		c.Rollup.ComputedBy = by
		if c.Rollup.WrittenHb == 0 { // no beat says whose day it was
			c.Rollup.InstanceID = by
		}
	}
	return c, nil
}

// lines are those of the documents of a day that are evidence, from one reading. A
// nil one takes none.
type lines struct {
	all   []evidence.Line
	links []link
}

// link is what a beat says of the chain, and its own hash.
type link struct {
	seq        int64
	hash, prev string
}

func (n *lines) beat(e Entry[longrun.Heartbeat]) {
	if n == nil {
		return
	}
	hash, leaf := evidence.HashAndLeaf(&e.Value)
	n.all = append(n.all, evidence.Line{Kind: evidence.Beat, ID: e.Key.ID, Number: e.Value.ChainSeq, Leaf: leaf})
	if e.Value.ChainSeq > 0 {
		n.links = append(n.links, link{e.Value.ChainSeq, hash, e.Value.PrevHash})
	}
}

func (n *lines) probe(e Entry[longrun.Probe]) {
	if n != nil {
		n.all = append(n.all, evidence.ProbeLine(e.Key.ID, e.Value))
	}
}

// incident takes one that is over: until then it grows.
func (n *lines) incident(e Entry[longrun.Incident]) {
	if n != nil && !e.Value.Open() {
		n.all = append(n.all, evidence.IncidentLine(e.Key.ID, e.Value))
	}
}

// broken counts the beats that do not follow on one that is there and has the
// number before theirs.
func (n *lines) broken() (count int64) {
	hashes, numbers := map[string]bool{}, map[int64]bool{}
	for _, l := range n.links {
		hashes[l.hash], numbers[l.seq] = true, true
	}
	for _, l := range n.links {
		if numbers[l.seq-1] && !hashes[l.prev] {
			count++
		}
	}
	return count
}

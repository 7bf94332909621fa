package verify

import (
	"context"
	"crypto/ed25519"
	"errors"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/chain"
	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/logged"
)

// EvidenceOptions say what Evidence looks at.
type EvidenceOptions struct {
	// From and To ask for the days that [From, To) touches. The zero times mean
	// all: every beat, from the first one to the head of the chain.
	From, To time.Time
	// Keys are those that the evidence may be signed with. Default: none, and
	// signatures are counted and not checked.
	Keys []ed25519.PublicKey
	// KeptFrom is since when retention keeps beats: sealed segments of days after
	// it must be there. Default: the zero time, and any may be missing at the
	// beginning of the chain whose rollups say, by PrunedAt, that they were pruned.
	KeptFrom time.Time
	// Anchors are texts with checkpoints of the log or heads of the chain that were
	// kept elsewhere: the export of a chat, the log of a web server, a file. Default:
	// none, and nothing proves that this is the only history.
	Anchors []string
	// Witnesses are those whose cosignatures count, and WitnessesNeeded how many of them
	// make a checkpoint cosigned. Default: none are known; and 0 needs all of them.
	Witnesses       []Witness
	WitnessesNeeded int
	// Now is the time by which the end of the history is judged: of an archive, when it
	// was made. Default: the zero time, and no age is judged.
	Now time.Time
	// Origin names the log where no batch does yet. Default: evidence.Origin of the root.
	Origin string
	// Progress is told how it goes on. Default: none.
	Progress Progress
}

// Evidence checks that the stored beats, probes, incidents and rollups are those that
// were written. It holds each against its line in the log, the batches of the log
// against each other, their checkpoints and the Keys, each beat against the hash that
// the next one has of it, and the ends of log and chain against the note in the row
// of the lock, and all of it against the Anchors. Rollups of versions before the log
// are held against their seals.
//
// A document that was edited, deleted, inserted, swapped or set to another time is
// named itself wherever its line or the chain can tell; where it is gone without a
// trace, the beat behind the hole is named, or the one before it at the end of the
// chain. Take-overs, late beats, long backlogs, clocks that were wrong, retries and
// what was pruned leave no finding. Beats of the original system from before the chain
// began are counted as unchained; after that, nothing without a number has a place
// there, unless it was logged.
//
// Up to the newest signed checkpoint the key's holder vouches for everything, and
// since then for beats only, by the signature in the note: a probe or an incident that
// was edited before its day was closed is not found. That this is the only history
// only an anchor can tell, or the cosignatures of Witnesses. Without a Key whoever can write the store can make all of
// it anew. What cannot be told is said: beats that are not sealed yet, an end that is
// long ago, a log that is not signed.
//
// A chain that began anew, after the store lost the lock's document or its note, is a
// Doubt and no Fault, and so is another tree of the log: nobody need have done wrong,
// and yet nothing proves where the first one ended.
//
// A restore from a backup that was declared (see evidence.Restore, and Lost) is a Doubt,
// too, with what is lost by it; of a window that it did not touch it is a Note. Anchors of
// what is lost are no Faults then. Without the declaration they are; and where Keys are
// given, with one that none of them signed.
//
// A window reads the log, the documents of its days, and the beats since the last day
// that was logged, up to the head. Where that does not stand alone, as with late beats
// that are not logged yet, everything is read; and so it is in a store without a log,
// where the seals of the days decide.
//
// Evidence streams. It keeps the lines of the log, some 40 MB for a year of minutes,
// some 400 bytes for each break of the chain, at most 50,000 of them, and the seals.
func Evidence(ctx context.Context, l *ledger.Ledger, o EvidenceOptions) (Outcome, error) {
	if err := errors.Join(checkBounds(o.From, o.To), o.checkWitnesses()); err != nil {
		return Outcome{}, err
	}
	return steady(ctx, l, func() (Outcome, error) {
		if !o.From.IsZero() || !o.To.IsZero() {
			outcome, stands, err := judgeEvidence(ctx, l, o, true)
			if err != nil || stands {
				return outcome, err
			}
		}
		outcome, _, err := judgeEvidence(ctx, l, o, false)
		return outcome, err
	})
}

// evidence reads and judges once. A window that does not stand alone is not
// judged.
func judgeEvidence(ctx context.Context, l *ledger.Ledger, o EvidenceOptions, windowed bool) (_ Outcome, stands bool, _ error) {
	q := newInquiry("evidence", o.From, o.To)
	before, err := readLock(ctx, l)
	if err != nil {
		return Outcome{}, false, err
	}
	log, err := logged.Read(ctx, l, q, o.Keys, func(n int64) { o.Progress.tell(ledger.Evidence, n) })
	if err != nil {
		return Outcome{}, false, err
	}
	book, err := readSeals(ctx, l, q, o.Progress)
	if err != nil {
		return Outcome{}, false, err
	}
	r := &reading{q: q, ledger: l, book: book, log: log, tell: o.Progress, windowed: windowed, anchors: newHeads(o.Anchors), now: o.Now}
	if r.now.IsZero() {
		r.now = before.row.RenewedAt
	}
	parts := []part{{}}
	switch {
	case windowed && log.Newest() != nil:
		parts = r.window(o.From, o.To)
	case windowed:
		parts = book.window(o.From, o.To)
	}
	thread := chain.NewThread(before.head)
	for i := range parts {
		if parts[i].thread = thread; log.Newest() == nil && i > 0 {
			parts[i].thread = chain.NewThread(before.head)
		}
		if err := r.read(ctx, &parts[i]); err != nil {
			return Outcome{}, false, err
		}
	}
	if err := r.others(ctx, o.From, o.To); err != nil {
		return Outcome{}, false, err
	}
	if err := log.Restores(ctx, len(o.Keys) > 0, o.From, o.To); err != nil {
		return Outcome{}, false, err
	}
	after, err := readLock(ctx, l)
	if err != nil {
		return Outcome{}, false, err
	}
	j := &judge{q: q, ledger: l, book: book, lock: before, now: after, keptFrom: o.KeptFrom, log: log, first: r.first, dir: l.Path(ledger.Heartbeats) + "/"}
	if log.Newest() != nil {
		if err := j.documents(ctx, r, o); err != nil {
			return Outcome{}, false, err
		}
	}
	if windowed && log.Newest() != nil {
		if err := j.chain(ctx, thread, r); err != nil {
			return Outcome{}, false, err
		}
		if q.faults > 0 || j.hangs(r) {
			return Outcome{}, false, nil
		}
	} else if windowed {
		if q.faults > 0 || !j.stands(parts) {
			return Outcome{}, false, nil
		}
	} else if err := j.chain(ctx, parts[0].thread, r); err != nil {
		return Outcome{}, false, err
	}
	book.signatures(q, o.Keys, log.Newest() != nil)
	book.check(q, j)
	if log.Newest() == nil {
		book.newestRemoved(q, j, l.Path(ledger.Rollups)+"/", r.newest, r.first)
	}
	cosigned, err := j.witnesses(ctx, r, o)
	if err != nil {
		return Outcome{}, false, err
	}
	j.end(r, o, cosigned)
	switch windowed := !o.From.IsZero() || !o.To.IsZero(); {
	case r.inWindow > 0 || !windowed:
	case log.Closed(o.From, o.To):
		q.Note("", "no beat of the chain lies in the window: its days were closed, and their rollups, which are those that were logged, say what became of them")
	default:
		q.Doubt("", "no beat of the chain lies in the window")
	}
	return q.outcome(), true, nil
}

// part is a time whose beats are read, and the heads that they must lead from
// and to: the zero Head asks nothing at the beginning, and stands for the head in
// the lock at the end.
type part struct {
	page   ledger.Page
	start  evidence.Head
	end    evidence.Head
	thread *chain.Thread
}

// window returns what has to be read for the days of [from, to): their segments,
// and the beats since the newest seal.
func (b *sealBook) window(from, to time.Time) []part {
	var p part
	if !from.IsZero() {
		p.page.From = longrun.DayOf(from).From
		for _, s := range b.seals {
			if s.day.From.Before(p.page.From) {
				p.start = evidence.EndOf(s.Seal)
			}
		}
	}
	newest := b.newest()
	if to.IsZero() || newest == nil {
		return []part{p}
	}
	last := longrun.DayOf(to.Add(-time.Nanosecond)).From
	var end *sealOf
	for _, s := range b.seals {
		if !s.day.From.After(last) && !s.day.From.Before(p.page.From) {
			end = s
		}
	}
	if end == nil || end == newest {
		return []part{p} // the window is not sealed, or nothing lies between it and what is not
	}
	p.page.To, p.end = end.day.To, evidence.EndOf(end.Seal)
	return []part{p, {page: ledger.Page{From: newest.day.To}, start: evidence.EndOf(newest.Seal)}}
}

// reading takes in the beats.
type reading struct {
	q      *inquiry
	ledger *ledger.Ledger
	book   *sealBook
	log    *logged.Book
	tell   Progress

	windowed bool
	anchors  *heads
	unlogged struct { // beats of the chain
		n     int64
		since time.Time
	}
	loose      []loose
	open       []int64   // the numbers of the unlogged beats of a window
	now        time.Time // what was made later was made by a clock that was ahead
	past       time.Time // the newest of the others
	firstSince time.Time // the first beat of the chain a day after what was logged last

	n        int64
	first    chain.Place   // of the chain, in the order of time
	newest   time.Time     // ts of the chain
	highest  int64         // number in the chain, or in one from before it
	roots    int           // beats with which a chain begins, and that are not logged
	strays   []chain.Place // under an ID that is not theirs
	inWindow int64
}

func (r *reading) read(ctx context.Context, p *part) error {
	begun, err := r.begun(ctx, p.page.From)
	if err != nil {
		return err
	}
	lastLogged := longrun.DayOf(r.log.LastDay()).To.AddDate(0, 0, 1)
	for e, err := range chain.Beats(ctx, r.ledger, p.page) {
		if err != nil {
			return err
		}
		if e.Bad != nil {
			r.q.Fault(e.Path(), "does not decode: %v", reason(e.Bad))
			r.log.Seen(evidence.Beat, e.Key.ID)
			continue
		}
		r.n++
		r.tell.tell(ledger.Heartbeats, r.n)
		if !e.Own.IsZero() { // the hash is of the one under which it is listed
			r.q.Fault(e.Path(), "was edited: its ts is %s, and it is listed under %s", e.Own.Format(time.RFC3339Nano), e.At.Format(time.RFC3339Nano))
		}
		h := &e.Value
		known := r.log.Check(evidence.Beat, e.Key, e.Leaf)
		if h.ChainSeq < 1 {
			r.unchained(e.Path(), h, begun && !known)
			continue
		}
		if !known && r.windowed {
			r.open = append(r.open, h.ChainSeq)
		}
		if !known {
			if r.unlogged.n == 0 || h.TS.Before(r.unlogged.since) {
				r.unlogged.since = h.TS
			}
			r.unlogged.n++
		}
		begun = true
		at := chain.Place{
			ID: e.Key.ID, TS: h.TS, Stored: e.Stored, Seq: h.ChainSeq, Hash: e.Hash, Prev: h.PrevHash,
			Interval: time.Duration(h.ExpectedIntervalSec) * time.Second, Late: h.Late, Logged: known,
		}
		r.q.counts["beats"]++
		r.highest = max(r.highest, at.Seq)
		if r.within(at.TS) {
			r.inWindow++
		}
		if at.ID != h.BucketID {
			r.q.Fault(e.Path(), "holds the beat of %.60q: it was copied, moved or swapped, or its bucketId was changed", h.BucketID)
			if len(r.strays) < maxFindings {
				r.strays = append(r.strays, at)
			}
			continue
		}
		if at.Seq == 1 && at.Prev == "" && !known {
			r.roots++
		}
		if r.first.Seq == 0 {
			r.first = at
		}
		if at.TS.After(r.newest) {
			r.newest = at.TS
		}
		if at.TS.After(r.past) && !at.TS.After(r.now) {
			r.past = at.TS
		}
		if !known && !at.TS.After(r.now) && !at.TS.Before(lastLogged) && (r.firstSince.IsZero() || at.TS.Before(r.firstSince)) {
			r.firstSince = at.TS
		}
		r.book.see(at)
		r.anchors.see(at)
		p.thread.Add(h, at)
	}
	return nil
}

// within reports whether a time lies in the window that was asked for.
func (r *reading) within(t time.Time) bool {
	return !t.Before(r.q.from) && (r.q.to.IsZero() || t.Before(r.q.to))
}

// unchained judges a beat without a number in the chain.
func (r *reading) unchained(path string, h *longrun.Heartbeat, begun bool) {
	switch {
	case h.ChainSeq < 0 || h.PrevHash != "" || h.Epoch != 0:
		r.q.Fault(path, "has lost its number in the chain")
	case begun:
		r.q.Fault(path, "is no part of the chain, though it had begun by then: it was inserted, or another system wrote it")
	default:
		r.q.counts["unchained"]++
	}
}

// begun reports whether the chain had begun before from: the newest beats before
// it tell.
func (r *reading) begun(ctx context.Context, from time.Time) (bool, error) {
	if from.IsZero() {
		return false, nil
	}
	for e, err := range r.ledger.Heartbeats(ctx, ledger.Page{To: from, Desc: true, Limit: 10}) {
		if _, mangled := errors.AsType[*ledger.DocumentError](err); mangled {
			continue
		}
		if err != nil {
			return false, err
		}
		if e.Value.ChainSeq > 0 {
			return true, nil
		}
	}
	return false, nil
}

// reason is why a document does not decode, without its path.
func reason(err error) error {
	if bad, ok := errors.AsType[*ledger.DocumentError](err); ok {
		return bad.Err
	}
	return err
}

// short is a hash as texts show it.
func short(hash string) string {
	if len(hash) > 12 {
		hash = hash[:12]
	}
	return strings.ToLower(hash)
}

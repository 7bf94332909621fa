package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/chain"
	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/logged"
	"github.com/seed-13dc028d/longwatch/store"
)

// judge says what the pieces of a thread mean.
type judge struct {
	q        *inquiry
	ledger   *ledger.Ledger
	book     *sealBook
	lock     locked // as it was before the beats were read
	now      locked // and after
	keptFrom time.Time
	dir      string // of the beats

	// gone are the numbers of beats that are not there, and of which that is known:
	// their lines say that they were, and the rest is said by those.
	gone chain.Numbers

	log   *logged.Book
	first chain.Place // of all beats of chains

	oldest chain.Place // of what there is of the oldest chain
	anew   int         // how often the chain began anew
	breaks [][2]int64  // the numbers around each break
}

func (j *judge) path(p chain.Place) string { return j.dir + p.ID }

// broken reports whether a break lies among the numbers.
func (j *judge) broken(from, to int64) bool {
	return slices.ContainsFunc(j.breaks, func(b [2]int64) bool { return b[0] <= to && from <= b[1] })
}

// stands reports whether each part of a window is one piece between its heads.
func (j *judge) stands(parts []part) bool {
	for _, p := range parts {
		pieces := p.thread.Living()
		toHead := p.end == evidence.Head{}
		if toHead && len(pieces) == 0 && p.start == j.lock.head && j.lock.found {
			continue // nothing since the newest seal
		}
		if len(pieces) != 1 || p.thread.Full {
			return false
		}
		c := pieces[0]
		if p.start != (evidence.Head{}) && c.Start() != p.start {
			return false
		}
		if toHead && (!c.Head || c.Last.Seq > j.now.head.ChainSeq) || !toHead && c.End() != p.end {
			return false
		}
	}
	return true
}

// chain judges all there is.
func (j *judge) chain(ctx context.Context, t *chain.Thread, r *reading) error {
	for _, p := range r.strays {
		if t.Fits(p) {
			t.Add(&longrun.Heartbeat{}, p) // moved, not copied: its place is empty
		}
	}
	if t.Full {
		j.q.Fault("", "the chain is broken in more than %d places; the rest is not looked at", chain.MaxPieces)
	}
	pieces := t.Living()
	j.q.counts["pieces"] = int64(len(pieces))
	j.lockRow(len(pieces) > 0)
	if len(pieces) == 0 {
		j.empty(r)
		return nil
	}
	tip := j.tip(pieces)
	line, rest := j.lineage(tip, pieces)
	for {
		if err := j.line(ctx, line); err != nil {
			return err
		}
		older := j.older(line[0], rest)
		if older == nil {
			break
		}
		j.anew++
		j.q.Doubt(j.path(older.Last), "the chain ends here, with number %d, and begins anew with %s: the lock's document or its note was lost, and nothing proves that no beats followed",
			older.Last.Seq, j.path(line[0].First))
		line, rest = j.lineage(older, rest)
	}
	j.q.counts["chains"], j.oldest = int64(j.anew+1), line[0].First
	for _, c := range rest {
		j.stray(c, r)
	}
	return nil
}

// empty judges a store, or what was read of it, without a beat of the chain. Of a window
// whose days were closed their rollups tell what became of the beats.
func (j *judge) empty(r *reading) {
	i, pruned := j.book.endingAt(j.lock.head)
	if pruned {
		j.pruned(j.book.seals[:i+1])
	}
	pruned = pruned || j.gone.Cover(1, j.lock.head.ChainSeq)
	if newest := j.book.newest(); !pruned && (j.lock.head.ChainSeq > 0 || newest != nil) {
		last := j.lock.head.ChainSeq
		if newest != nil {
			last = max(last, newest.LastSeq)
		}
		j.q.Fault(j.lock.path, "the chain has %d beats, by the lock and the seals, and not one of them is there", last)
		return
	}
	if !r.log.Closed(j.q.from, j.q.to) {
		j.q.Doubt("", "there is no beat of the chain: nothing is proved")
	}
}

// lockRow judges the lock's document, apart from where its head leads.
func (j *judge) lockRow(beats bool) {
	k := j.lock
	switch {
	case !k.found && beats:
		j.q.Doubt(k.path, "is missing, and with it the head of the chain: nothing proves where the chain ends")
	case !k.found:
	case k.bad != nil:
		j.q.Fault(k.path, "is no document of a lock: %v", k.bad)
	case k.note != nil:
		j.q.Fault(k.path, "its note is no head of a chain: %.80q", k.row.Note)
	case k.head == evidence.Head{} && beats: // as that of a row which was lost, until the first beat
		j.q.Doubt(k.path, "its note holds no head of the chain, though there are beats: that was lost, and nothing proves where the chain ends")
	case j.now.head.ChainSeq < k.head.ChainSeq || j.now.head.ChainSeq == k.head.ChainSeq && j.now.head != k.head:
		j.q.Doubt(k.path, "the head moved from number %d to number %d while the beats were read: check again", k.head.ChainSeq, j.now.head.ChainSeq)
	}
}

// tip returns the piece that the chain ends with, and says where the head in the
// lock does not agree.
func (j *judge) tip(pieces []*chain.Piece) *chain.Piece {
	head := j.lock.head
	for _, c := range pieces {
		if c.Head {
			j.beyond(c)
			return c
		}
	}
	if head.ChainSeq == 0 { // which is found already
		return slices.MaxFunc(pieces, func(a, b *chain.Piece) int {
			return cmp.Or(a.Last.Stored.Compare(b.Last.Stored), a.Latest.Compare(b.Latest), cmp.Compare(a.Beats, b.Beats))
		})
	}
	tip := slices.MinFunc(pieces, func(a, b *chain.Piece) int {
		return cmp.Or(cmp.Compare(distance(a.Last.Seq, head.ChainSeq), distance(b.Last.Seq, head.ChainSeq)), cmp.Compare(b.Beats, a.Beats))
	})
	j.breaks = append(j.breaks, [2]int64{min(tip.Last.Seq, head.ChainSeq), max(tip.Last.Seq, head.ChainSeq)})
	last := tip.Last
	numbers, verb := numbersOf(last.Seq+1, head.ChainSeq)
	switch {
	case last.Seq < head.ChainSeq && j.gone.Cover(last.Seq+1, head.ChainSeq):
	case last.Seq < head.ChainSeq:
		j.q.Fault(j.path(last), "is the last beat, number %d, and the head in %s says %d: %s behind it %s missing, or the head was changed",
			last.Seq, j.lock.path, head.ChainSeq, numbers, verb)
	case last.Seq == head.ChainSeq:
		j.q.Fault(j.path(last), "is the last beat, number %d, and was edited, or the head in %s was: hashes %s and %s", last.Seq, j.lock.path, short(last.Hash), short(head.Hash))
	default:
		j.q.Fault(j.lock.path, "its note was changed: it says that the chain ends with number %d and hash %s, which no beat has", head.ChainSeq, short(head.Hash))
	}
	return tip
}

// beyond looks for beats behind the head. Those that were written while the
// beats were read lie before the head as it is now.
func (j *judge) beyond(c *chain.Piece) {
	head := max(j.lock.head.ChainSeq, j.now.head.ChainSeq)
	switch n := c.Last.Seq - head; {
	case n <= 0:
	case n == 1:
		j.q.Fault(j.path(c.Last), "is number %d, behind the head of the chain, which is number %d: it was inserted, or the head in %s was set back", c.Last.Seq, head, j.lock.path)
	default:
		j.q.Fault(j.path(c.Last), "and %d more before it lie behind the head of the chain, number %d: they were inserted, or the head in %s was set back", n-1, head, j.lock.path)
	}
}

// stray judges a piece that no chain leads through.
func (j *judge) stray(c *chain.Piece, r *reading) {
	if c.First.Seq > j.lock.head.ChainSeq && c.Last.Seq <= j.now.head.ChainSeq {
		return // being written
	}
	j.breaks = append(j.breaks, [2]int64{c.First.Seq, c.Last.Seq})
	if c.Unlogged == 0 && (j.anew > 0 || j.log.Anew(r.roots)) {
		j.q.Doubt(j.path(c.First), "and what follows it, numbers %d to %d, were logged, and are of no chain that is whole: of one that was before the lock's document or its note was lost", c.First.Seq, c.Last.Seq)
		return
	}
	if c.Beats == 1 {
		if !j.q.named[j.path(c.First)] {
			j.q.Fault(j.path(c.First), "says that it is number %d of the chain, and is not: it was inserted, or edited", c.First.Seq)
		}
		return
	}
	for _, p := range []chain.Place{c.First, c.Last} {
		j.q.Fault(j.path(p), "says that it is number %d of the chain, and is not: it and %d others, up to number %d, were inserted or edited", p.Seq, c.Beats-1, c.Last.Seq)
	}
}

// line judges one chain.
func (j *judge) line(ctx context.Context, line []*chain.Piece) error {
	j.beginning(line)
	for i := range len(line) - 1 {
		if err := j.joint(ctx, line, i); err != nil {
			return err
		}
	}
	return nil
}

// joint judges what lies between two pieces of a chain.
func (j *judge) joint(ctx context.Context, line []*chain.Piece, i int) error {
	a, b := line[i], line[i+1]
	last, first := a.Last, b.First
	j.breaks = append(j.breaks, [2]int64{min(last.Seq, first.Seq), max(last.Seq, first.Seq)})
	switch n := first.Seq - last.Seq - 1; {
	case n > 0 && j.gone.Cover(last.Seq+1, first.Seq-1):
	case n > 0:
		return j.gap(ctx, last, first)
	case n == 0:
		j.seam(line, i)
	case n == -1: // two beats have one number
		j.q.Fault(j.path(last), "is a second number %d beside %s, from which the chain goes on: it was inserted", last.Seq, j.path(first))
		if last.Prev != first.Prev {
			j.q.Fault(j.path(first), "does not follow on number %d either: that one, or this, was edited", first.Seq-1)
		}
	default:
		j.q.Fault(j.path(last), "and %d more before it have the numbers of others, %d to %d: they were inserted", -n-1, first.Seq, last.Seq)
	}
	return nil
}

// seam judges two beats with adjacent numbers, of which the second has another
// hash of the first than the first has. What the third one says of the second
// tells which of them was edited.
func (j *judge) seam(line []*chain.Piece, i int) {
	last, first := line[i].Last, line[i+1].First
	vouched := line[i+1].Beats > 1 || i+2 == len(line) && line[i+1].Head
	if !vouched && i+2 < len(line) && line[i+2].First.Seq == first.Seq+1 {
		// Nor is the second what the third says: it is named at the next seam.
		if !j.q.named[j.path(first)] {
			j.q.Fault(j.path(first), "was edited: its hash is %s, and the next beat, %s, has %s of it; so %s before it cannot be judged",
				short(first.Hash), j.path(line[i+2].First), short(line[i+2].First.Prev), j.path(last))
		}
		return
	}
	if j.q.named[j.path(last)] || !vouched && j.q.named[j.path(first)] {
		return
	}
	if !vouched {
		j.q.Fault(j.path(last), "or the beat behind it, %s, was edited: the hashes are %s and %s", j.path(first), short(last.Hash), short(first.Prev))
		return
	}
	j.q.Fault(j.path(last), "was edited: its hash is %s, and the next beat, %s, has %s of it", short(last.Hash), j.path(first), short(first.Prev))
}

// gap judges numbers that no beat has.
func (j *judge) gap(ctx context.Context, last, first chain.Place) error {
	n := first.Seq - last.Seq - 1
	step := first.Interval
	if step > 0 && n <= maxFindings && longrun.SlotAt(first.TS, step)-longrun.SlotAt(last.TS, step)-1 == longrun.Slot(n) {
		// As many numbers as slots: each is that of its slot.
		for k := range n {
			id := (longrun.SlotAt(last.TS, step) + longrun.Slot(k) + 1).ID(step)
			if j.q.named[j.dir+id] || j.gone.Has(last.Seq+1+k) {
				continue
			}
			what := "is missing"
			_, err := j.ledger.Record(ctx, j.ledger.Key(ledger.Heartbeats, id))
			switch {
			case err == nil:
				what = "is in no list, since its ts is no time, or says another number: it was edited. It should be"
			case !errors.Is(err, store.ErrNotFound):
				return err
			}
			j.q.Fault(j.dir+id, "%s: number %d of the chain, between %s and %s", what, last.Seq+1+k, last.ID, first.ID)
		}
		return nil
	}
	j.missing(first, last.Seq+1, first.Seq-1, j.path(last))
	return nil
}

// missing says that numbers are missing before a beat.
func (j *judge) missing(first chain.Place, from, to int64, after string) {
	j.breaks = append(j.breaks, [2]int64{from, to})
	from, to, ok := j.gone.Rest(from, to)
	if !ok {
		return
	}
	numbers, verb := numbersOf(from, to)
	where := "before it"
	if after != "" {
		where = "between " + after + " and it"
	}
	sealed := ""
	if s := j.book.covering(to); s != nil {
		sealed = ", sealed in " + s.path
	}
	j.q.Fault(j.path(first), "%s of the chain %s missing %s%s", numbers, verb, where, sealed)
}

// numbersOf names the numbers [from, to] of the chain, with the verb for them.
func numbersOf(from, to int64) (numbers, verb string) {
	if to > from {
		return fmt.Sprintf("numbers %d to %d", from, to), "are"
	}
	return fmt.Sprintf("number %d", from), "is"
}

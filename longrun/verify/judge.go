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

	oldest place      // of what there is of the oldest chain
	anew   int        // how often the chain began anew
	breaks [][2]int64 // the numbers around each break
}

func (j *judge) path(p place) string { return j.dir + p.id }

// broken reports whether a break lies among the numbers.
func (j *judge) broken(from, to int64) bool {
	return slices.ContainsFunc(j.breaks, func(b [2]int64) bool { return b[0] <= to && from <= b[1] })
}

// stands reports whether each part of a window is one piece between its heads.
func (j *judge) stands(parts []part) bool {
	for _, p := range parts {
		pieces := p.thread.living()
		toHead := p.end == evidence.Head{}
		if toHead && len(pieces) == 0 && p.start == j.lock.head && j.lock.found {
			continue // nothing since the newest seal
		}
		if len(pieces) != 1 || p.thread.full {
			return false
		}
		c := pieces[0]
		if p.start != (evidence.Head{}) && c.start() != p.start {
			return false
		}
		if toHead && (!c.head || c.last.seq > j.now.head.ChainSeq) || !toHead && c.end() != p.end {
			return false
		}
	}
	return true
}

// chain judges all there is.
func (j *judge) chain(ctx context.Context, t *thread, r *reading) error {
	for _, p := range r.strays {
		if t.fits(p) {
			t.add(&longrun.Heartbeat{}, p) // moved, not copied: its place is empty
		}
	}
	if t.full {
		j.q.fault("", "the chain is broken in more than %d places; the rest is not looked at", maxPieces)
	}
	pieces := t.living()
	j.q.counts["pieces"] = int64(len(pieces))
	j.lockRow(len(pieces) > 0)
	if len(pieces) == 0 {
		j.empty()
		return nil
	}
	tip := j.tip(pieces)
	line, rest := lineage(tip, pieces)
	for {
		if err := j.line(ctx, line); err != nil {
			return err
		}
		older := j.older(line[0], rest)
		if older == nil {
			break
		}
		j.anew++
		j.q.doubt(j.path(older.last), "the chain ends here, with number %d, and begins anew with %s: the lock's document or its note was lost, and nothing proves that no beats followed",
			older.last.seq, j.path(line[0].first))
		line, rest = lineage(older, rest)
	}
	j.q.counts["chains"], j.oldest = int64(j.anew+1), line[0].first
	for _, c := range rest {
		j.stray(c)
	}
	return nil
}

// empty judges a store without a beat of the chain.
func (j *judge) empty() {
	i, pruned := j.book.endingAt(j.lock.head)
	if pruned {
		j.pruned(j.book.seals[:i+1])
	}
	if newest := j.book.newest(); !pruned && (j.lock.head.ChainSeq > 0 || newest != nil) {
		last := j.lock.head.ChainSeq
		if newest != nil {
			last = max(last, newest.LastSeq)
		}
		j.q.fault(j.lock.path, "the chain has %d beats, by the lock and the seals, and not one of them is there", last)
		return
	}
	j.q.doubt("", "there is no beat of the chain: nothing is proved")
}

// lockRow judges the lock's document, apart from where its head leads.
func (j *judge) lockRow(beats bool) {
	k := j.lock
	switch {
	case !k.found && beats:
		j.q.doubt(k.path, "is missing, and with it the head of the chain: nothing proves where the chain ends")
	case !k.found:
	case k.bad != nil:
		j.q.fault(k.path, "is no document of a lock: %v", k.bad)
	case k.note != nil:
		j.q.fault(k.path, "its note is no head of a chain: %.80q", k.row.Note)
	case k.head == evidence.Head{} && beats:
		j.q.fault(k.path, "its note holds no head, though there are beats")
	case j.now.head.ChainSeq < k.head.ChainSeq || j.now.head.ChainSeq == k.head.ChainSeq && j.now.head != k.head:
		j.q.doubt(k.path, "the head moved from number %d to number %d while the beats were read: check again", k.head.ChainSeq, j.now.head.ChainSeq)
	}
}

// tip returns the piece that the chain ends with, and says where the head in the
// lock does not agree.
func (j *judge) tip(pieces []*piece) *piece {
	head := j.lock.head
	for _, c := range pieces {
		if c.head {
			j.beyond(c)
			return c
		}
	}
	if head.ChainSeq == 0 { // which is found already
		return slices.MaxFunc(pieces, func(a, b *piece) int {
			return cmp.Or(a.latest.Compare(b.latest), cmp.Compare(a.beats, b.beats))
		})
	}
	tip := slices.MinFunc(pieces, func(a, b *piece) int {
		return cmp.Or(cmp.Compare(distance(a.last.seq, head.ChainSeq), distance(b.last.seq, head.ChainSeq)), cmp.Compare(b.beats, a.beats))
	})
	j.breaks = append(j.breaks, [2]int64{min(tip.last.seq, head.ChainSeq), max(tip.last.seq, head.ChainSeq)})
	last := tip.last
	numbers, verb := numbersOf(last.seq+1, head.ChainSeq)
	switch {
	case last.seq < head.ChainSeq:
		j.q.fault(j.path(last), "is the last beat, number %d, and the head in %s says %d: %s behind it %s missing, or the head was changed",
			last.seq, j.lock.path, head.ChainSeq, numbers, verb)
	case last.seq == head.ChainSeq:
		j.q.fault(j.path(last), "is the last beat, number %d, and was edited, or the head in %s was: hashes %s and %s", last.seq, j.lock.path, short(last.hash), short(head.Hash))
	default:
		j.q.fault(j.lock.path, "its note was changed: it says that the chain ends with number %d and hash %s, which no beat has", head.ChainSeq, short(head.Hash))
	}
	return tip
}

// beyond looks for beats behind the head. Those that were written while the
// beats were read lie before the head as it is now.
func (j *judge) beyond(c *piece) {
	head := max(j.lock.head.ChainSeq, j.now.head.ChainSeq)
	switch n := c.last.seq - head; {
	case n <= 0:
	case n == 1:
		j.q.fault(j.path(c.last), "is number %d, behind the head of the chain, which is number %d: it was inserted, or the head in %s was set back", c.last.seq, head, j.lock.path)
	default:
		j.q.fault(j.path(c.last), "and %d more before it lie behind the head of the chain, number %d: they were inserted, or the head in %s was set back", n-1, head, j.lock.path)
	}
}

// lineage follows the chain back from its last piece, over what is missing, and
// returns its pieces in order, and the others.
func lineage(tip *piece, pieces []*piece) (line, rest []*piece) {
	rest = slices.DeleteFunc(slices.Clone(pieces), func(c *piece) bool { return c == tip })
	line = []*piece{tip}
	for c := tip; !c.root(); {
		// The piece that ends nearest to where this one begins. One that reaches
		// beyond it has documents that were slipped in, or is another chain.
		best := -1
		for i, p := range rest {
			if p.first.seq < c.first.seq && (best < 0 || nearer(p, rest[best], c)) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		c = rest[best]
		line = append(line, c)
		rest = slices.Delete(rest, best, best+1)
	}
	slices.Reverse(line)
	return line, rest
}

// nearer reports whether a leads to c better than b does.
func nearer(a, b, c *piece) bool {
	want := c.first.seq - 1
	reaches := func(p *piece) int {
		if p.last.seq > want {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(distance(a.last.seq, want), distance(b.last.seq, want)),
		cmp.Compare(reaches(a), reaches(b)),
		cmp.Compare(b.beats, a.beats),
		b.last.ts.Compare(a.last.ts),
	) < 0
}

func distance(a, b int64) int64 { return max(a, b) - min(a, b) }

// older returns the last piece of a chain that ended before this one began.
func (j *judge) older(first *piece, rest []*piece) *piece {
	if !first.root() {
		return nil
	}
	var last *piece
	for _, c := range rest {
		if c.latest.Before(first.first.ts) && (last == nil || c.latest.After(last.latest)) {
			last = c
		}
	}
	if last == nil {
		return nil
	}
	// It must be a whole chain, or one whose beginning was pruned.
	line, _ := lineage(last, rest)
	_, sealed := j.book.endingAt(line[0].start())
	_, begun := j.book.begunAt(line[0].first.seq)
	if !line[0].root() && !sealed && !begun {
		return nil
	}
	return last
}

// stray judges a piece that no chain leads through.
func (j *judge) stray(c *piece) {
	if c.first.seq > j.lock.head.ChainSeq && c.last.seq <= j.now.head.ChainSeq {
		return // being written
	}
	j.breaks = append(j.breaks, [2]int64{c.first.seq, c.last.seq})
	if c.beats == 1 {
		if !j.q.named[j.path(c.first)] {
			j.q.fault(j.path(c.first), "says that it is number %d of the chain, and is not: it was inserted, or edited", c.first.seq)
		}
		return
	}
	for _, p := range []place{c.first, c.last} {
		j.q.fault(j.path(p), "says that it is number %d of the chain, and is not: it and %d others, up to number %d, were inserted or edited", p.seq, c.beats-1, c.last.seq)
	}
}

// line judges one chain.
func (j *judge) line(ctx context.Context, line []*piece) error {
	j.beginning(line)
	for i := range len(line) - 1 {
		if err := j.joint(ctx, line, i); err != nil {
			return err
		}
	}
	return nil
}

// joint judges what lies between two pieces of a chain.
func (j *judge) joint(ctx context.Context, line []*piece, i int) error {
	a, b := line[i], line[i+1]
	last, first := a.last, b.first
	j.breaks = append(j.breaks, [2]int64{min(last.seq, first.seq), max(last.seq, first.seq)})
	switch n := first.seq - last.seq - 1; {
	case n > 0:
		return j.gap(ctx, last, first)
	case n == 0:
		j.seam(line, i)
	case n == -1: // two beats have one number
		j.q.fault(j.path(last), "is a second number %d beside %s, from which the chain goes on: it was inserted", last.seq, j.path(first))
		if last.prev != first.prev {
			j.q.fault(j.path(first), "does not follow on number %d either: that one, or this, was edited", first.seq-1)
		}
	default:
		j.q.fault(j.path(last), "and %d more before it have the numbers of others, %d to %d: they were inserted", -n-1, first.seq, last.seq)
	}
	return nil
}

// seam judges two beats with adjacent numbers, of which the second has another
// hash of the first than the first has. What the third one says of the second
// tells which of them was edited.
func (j *judge) seam(line []*piece, i int) {
	last, first := line[i].last, line[i+1].first
	vouched := line[i+1].beats > 1 || i+2 == len(line) && line[i+1].head
	if !vouched && i+2 < len(line) && line[i+2].first.seq == first.seq+1 {
		// Nor is the second what the third says: it is named at the next seam.
		if !j.q.named[j.path(first)] {
			j.q.fault(j.path(first), "was edited: its hash is %s, and the next beat, %s, has %s of it; so %s before it cannot be judged",
				short(first.hash), j.path(line[i+2].first), short(line[i+2].first.prev), j.path(last))
		}
		return
	}
	if j.q.named[j.path(last)] || !vouched && j.q.named[j.path(first)] {
		return
	}
	if !vouched {
		j.q.fault(j.path(last), "or the beat behind it, %s, was edited: the hashes are %s and %s", j.path(first), short(last.hash), short(first.prev))
		return
	}
	j.q.fault(j.path(last), "was edited: its hash is %s, and the next beat, %s, has %s of it", short(last.hash), j.path(first), short(first.prev))
}

// gap judges numbers that no beat has.
func (j *judge) gap(ctx context.Context, last, first place) error {
	n := first.seq - last.seq - 1
	step := first.interval
	if step > 0 && n <= maxFindings && longrun.SlotAt(first.ts, step)-longrun.SlotAt(last.ts, step)-1 == longrun.Slot(n) {
		// As many numbers as slots: each is that of its slot.
		for k := range n {
			id := (longrun.SlotAt(last.ts, step) + longrun.Slot(k) + 1).ID(step)
			if j.q.named[j.dir+id] {
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
			j.q.fault(j.dir+id, "%s: number %d of the chain, between %s and %s", what, last.seq+1+k, last.id, first.id)
		}
		return nil
	}
	j.missing(first, last.seq+1, first.seq-1, j.path(last))
	return nil
}

// missing says that numbers are missing before a beat.
func (j *judge) missing(first place, from, to int64, after string) {
	j.breaks = append(j.breaks, [2]int64{from, to})
	numbers, verb := numbersOf(from, to)
	where := "before it"
	if after != "" {
		where = "between " + after + " and it"
	}
	sealed := ""
	if s := j.book.covering(to); s != nil {
		sealed = ", sealed in " + s.path
	}
	j.q.fault(j.path(first), "%s of the chain %s missing %s%s", numbers, verb, where, sealed)
}

// numbersOf names the numbers [from, to] of the chain, with the verb for them.
func numbersOf(from, to int64) (numbers, verb string) {
	if to > from {
		return fmt.Sprintf("numbers %d to %d", from, to), "are"
	}
	return fmt.Sprintf("number %d", from), "is"
}

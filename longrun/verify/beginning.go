package verify

import (
	"cmp"
	"slices"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/chain"
)

// beginning judges where a chain begins.
func (j *judge) beginning(line []*chain.Piece) {
	c := line[0]
	i, sealed := j.book.endingAt(c.Start())
	part, begun := j.book.begunAt(c.First.Seq)
	switch {
	case c.Root():
	case j.gone.Cover(1, c.First.Seq-1):
	case c.First.Seq == 1:
		j.breaks = append(j.breaks, [2]int64{1, 1})
		j.q.Fault(j.path(c.First), "is number 1 of the chain, and was edited: it says that another beat came before it")
	case sealed:
		j.begins(c, j.pruned(j.book.seals[:i+1]))
	case begun:
		n := c.First.Seq - j.book.seals[part].FirstSeq
		j.young(j.book.seals[part], n)
		j.q.counts["pruned"] += n
		j.begins(c, n+j.pruned(j.book.seals[:part]))
	case j.q.from.IsZero() || j.book.covering(c.First.Seq-1) != nil:
		j.missing(c.First, 1, c.First.Seq-1, "")
	default:
		// A window, in which nothing is sealed before it: where it begins is not
		// the question.
	}
}

// begunAt returns the seal whose segment a prune has removed up to a number: it
// is under way, or was broken off, and takes a segment in its order.
func (b *sealBook) begunAt(seq int64) (int, bool) {
	i := slices.IndexFunc(b.seals, func(s *sealOf) bool { return s.pruned && s.FirstSeq < seq && seq <= s.LastSeq })
	return i, i >= 0
}

// pruned judges sealed segments that are gone, all of them before what there is,
// and counts their beats.
func (j *judge) pruned(seals []*sealOf) int64 {
	var n int64
	for i, s := range slices.Backward(seals) {
		if i+1 < len(seals) && !evidence.Follows(seals[i+1].Seal, s.Seal) {
			break
		}
		n += s.Beats
		if !s.pruned {
			j.q.Fault(s.path, "the %d beats that it sealed are missing, and were not pruned: it has no prunedAt", s.Beats)
		} else {
			j.young(s, s.Beats)
		}
	}
	j.q.counts["pruned"] += n
	return n
}

// young looks for pruned beats that are too young to be.
func (j *judge) young(s *sealOf, n int64) {
	if !j.keptFrom.IsZero() && s.day.To.After(j.keptFrom) {
		j.q.Fault(s.path, "%d of the %d beats that it sealed are missing, though they are younger than what is pruned", n, s.Beats)
	}
}

// begins looks for what came before a chain's first piece and the n pruned beats
// before that.
func (j *judge) begins(c *chain.Piece, n int64) {
	if before := c.First.Seq - n; before > 1 && j.q.from.IsZero() {
		j.q.Doubt(j.path(c.First), "of what came before number %d of the chain not even the seals are left", before)
	}
}

// lineage follows the chain back from its last piece, over what is missing, and
// returns its pieces in order, and the others.
func (j *judge) lineage(tip *chain.Piece, pieces []*chain.Piece) (line, rest []*chain.Piece) {
	rest = slices.DeleteFunc(slices.Clone(pieces), func(c *chain.Piece) bool { return c == tip })
	line = []*chain.Piece{tip}
	for c := tip; !c.Root(); {
		// The piece that ends nearest to where this one begins. One that reaches
		// beyond it has documents that were slipped in, or is another chain.
		best := -1
		for i, p := range rest {
			if p.First.Seq < c.First.Seq && (best < 0 || nearer(p, rest[best], c)) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		if rest[best].Last.Seq >= c.First.Seq && j.gone.Cover(1, c.First.Seq-1) {
			break // all before this one is accounted for: the other is another chain
		}
		c = rest[best]
		line = append(line, c)
		rest = slices.Delete(rest, best, best+1)
	}
	slices.Reverse(line)
	return line, rest
}

// nearer reports whether a leads to c better than b does.
func nearer(a, b, c *chain.Piece) bool {
	want := c.First.Seq - 1
	reaches := func(p *chain.Piece) int {
		if p.Last.Seq > want {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(distance(a.Last.Seq, want), distance(b.Last.Seq, want)),
		cmp.Compare(reaches(a), reaches(b)),
		cmp.Compare(b.Beats, a.Beats),
		b.Last.TS.Compare(a.Last.TS),
	) < 0
}

func distance(a, b int64) int64 { return max(a, b) - min(a, b) }

// older returns the last piece of a chain that ended before this one began.
func (j *judge) older(first *chain.Piece, rest []*chain.Piece) *chain.Piece {
	if !first.Root() {
		return nil
	}
	var last *chain.Piece
	for _, c := range rest {
		if j.isOlder(c, first) && (last == nil || cmp.Or(c.Last.Stored.Compare(last.Last.Stored), c.Latest.Compare(last.Latest)) > 0) {
			last = c
		}
	}
	if last == nil {
		return nil
	}
	// It must be a whole chain, or one whose beginning was pruned.
	line, _ := j.lineage(last, rest)
	_, sealed := j.book.endingAt(line[0].Start())
	_, begun := j.book.begunAt(line[0].First.Seq)
	if !line[0].Root() && !sealed && !begun && !j.gone.Cover(1, line[0].First.Seq-1) {
		return nil
	}
	return last
}

// isOlder reports whether a piece is of a chain from before the one that first begins. It
// ended before that, by its beats' times or by the store's; or a clock that was ahead dated
// some of it later, and it begins with a beat that was logged, or with the first of all.
func (j *judge) isOlder(c, first *chain.Piece) bool {
	return c.Latest.Before(first.First.TS) || c.Last.Stored.Before(first.First.Stored) || c.First.ID == j.first.ID || j.log.Has(evidence.Beat, c.First.ID)
}

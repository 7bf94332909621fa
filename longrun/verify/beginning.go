package verify

import (
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

package chain

import (
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// Thread joins beats that come in any order. It keeps the two ends of each piece
// and none of what lies between: beats that come in the order of time join the
// piece before them, and late ones make a piece of their own until the beat that
// they followed comes. So its size follows from the breaks in the chain, and not
// from its length.
type Thread struct {
	Full bool // there are more pieces than are kept

	current *Piece
	ends    map[string]*Piece // by the hash of the last beat; the current piece is not in it
	starts  map[string]*Piece // by the prevHash of the first beat
	pieces  []*Piece
	dead    int

	headSeq  int64
	headHash string
}

// MaxPieces bounds a Thread. A chain that is broken more often than that is not
// worth naming every break of it.
const MaxPieces = 50000

// NewThread returns a Thread without a beat. head is that of the lock: the piece it
// lies in is marked.
func NewThread(head evidence.Head) *Thread {
	return &Thread{ends: map[string]*Piece{}, starts: map[string]*Piece{}, headSeq: head.ChainSeq, headHash: head.Hash}
}

// Add takes a beat and its place.
func (t *Thread) Add(h *longrun.Heartbeat, p Place) {
	c := t.current
	if c == nil || p.Prev != c.Last.Hash || p.Seq != c.Last.Seq+1 {
		c = t.turn(p)
	}
	if c == nil {
		return
	}
	c.extend(h, p)
	if p.Seq == t.headSeq && p.Hash == t.headHash {
		c.Head = true
	}
	if len(t.starts) > 0 {
		t.join(c)
	}
}

// turn makes the piece current that the beat follows, or a new one.
func (t *Thread) turn(p Place) *Piece {
	if c := t.current; c != nil {
		t.ends[c.Last.Hash] = c
	}
	c := t.ends[p.Prev]
	if c != nil && c.Last.Seq+1 == p.Seq {
		delete(t.ends, p.Prev)
		t.current = c
		return c
	}
	t.current = nil
	if len(t.pieces)-t.dead >= MaxPieces {
		t.Full = true
		return nil
	}
	c = &Piece{First: p}
	t.pieces = append(t.pieces, c)
	if _, taken := t.starts[p.Prev]; !taken && p.Prev != "" {
		t.starts[p.Prev] = c
	}
	t.current = c
	return c
}

// join appends the piece that follows c, if there is one.
func (t *Thread) join(c *Piece) {
	next := t.starts[c.Last.Hash]
	if next == nil || next.First.Seq != c.Last.Seq+1 {
		return
	}
	delete(t.starts, c.Last.Hash)
	if t.ends[next.Last.Hash] == next {
		delete(t.ends, next.Last.Hash)
	}
	c.Terms = joinTerms(c.Terms, next.Terms)
	c.Last, c.Beats, c.Unlogged, c.Head = next.Last, c.Beats+next.Beats, c.Unlogged+next.Unlogged, c.Head || next.Head
	if next.Latest.After(c.Latest) {
		c.Latest = next.Latest
	}
	next.dead = true
	if t.dead++; t.dead > 1000 && t.dead > len(t.pieces)/2 {
		t.pieces, t.dead = t.Living(), 0
	}
}

// Living returns the pieces that there are.
func (t *Thread) Living() []*Piece {
	var living []*Piece
	for _, p := range t.pieces {
		if !p.dead {
			living = append(living, p)
		}
	}
	return living
}

// Fits reports whether a beat has its place at an open end of some piece.
func (t *Thread) Fits(p Place) bool {
	if c := t.current; c != nil && c.Last.Hash == p.Prev && c.Last.Seq+1 == p.Seq {
		return true
	}
	if c := t.ends[p.Prev]; c != nil && c.Last.Seq+1 == p.Seq {
		return true
	}
	c := t.starts[p.Hash]
	return c != nil && c.First.Seq == p.Seq+1
}

package verify

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// place is what the chain knows of a beat.
type place struct {
	id         string // of the document
	ts         time.Time
	seq        int64
	hash, prev string
	interval   time.Duration
	late       bool
}

// piece is a stretch of the chain in which every beat follows the one before it.
type piece struct {
	first, last place
	beats       int64
	latest      time.Time // the newest ts in it
	head        bool      // the head of the chain lies in it
	terms       []term    // who wrote it
	dead        bool      // it was joined to another
}

// term is a stretch of a piece that one writer wrote in one epoch.
type term struct {
	epoch       int64
	instance    string
	first, last place
	beats       int64
	uptime      int64 // at its last punctual beat; -1 without one
	fell        *place
	began       int64 // the uptime at its first punctual beat; -1 without one
}

// thread joins beats that come in any order. It keeps the two ends of each piece
// and none of what lies between: beats that come in the order of time join the
// piece before them, and late ones make a piece of their own until the beat that
// they followed comes. So its size follows from the breaks in the chain, and not
// from its length.
type thread struct {
	current *piece
	ends    map[string]*piece // by the hash of the last beat; the current piece is not in it
	starts  map[string]*piece // by the prevHash of the first beat
	pieces  []*piece
	dead    int
	full    bool // there are more pieces than are kept

	headSeq  int64
	headHash string
}

// maxPieces bounds a thread. A chain that is broken more often than that is not
// worth naming every break of it.
const maxPieces = 50000

func newThread(head evidence.Head) *thread {
	return &thread{ends: map[string]*piece{}, starts: map[string]*piece{}, headSeq: head.ChainSeq, headHash: head.Hash}
}

func (t *thread) add(h *longrun.Heartbeat, p place) {
	c := t.current
	if c == nil || p.prev != c.last.hash || p.seq != c.last.seq+1 {
		c = t.turn(p)
	}
	if c == nil {
		return
	}
	c.extend(h, p)
	if p.seq == t.headSeq && p.hash == t.headHash {
		c.head = true
	}
	if len(t.starts) > 0 {
		t.join(c)
	}
}

// turn makes the piece current that the beat follows, or a new one.
func (t *thread) turn(p place) *piece {
	if c := t.current; c != nil {
		t.ends[c.last.hash] = c
	}
	c := t.ends[p.prev]
	if c != nil && c.last.seq+1 == p.seq {
		delete(t.ends, p.prev)
		t.current = c
		return c
	}
	t.current = nil
	if len(t.pieces)-t.dead >= maxPieces {
		t.full = true
		return nil
	}
	c = &piece{first: p}
	t.pieces = append(t.pieces, c)
	if _, taken := t.starts[p.prev]; !taken && p.prev != "" {
		t.starts[p.prev] = c
	}
	t.current = c
	return c
}

// join appends the piece that follows c, if there is one.
func (t *thread) join(c *piece) {
	next := t.starts[c.last.hash]
	if next == nil || next.first.seq != c.last.seq+1 {
		return
	}
	delete(t.starts, c.last.hash)
	if t.ends[next.last.hash] == next {
		delete(t.ends, next.last.hash)
	}
	c.terms = joinTerms(c.terms, next.terms)
	c.last, c.beats, c.head = next.last, c.beats+next.beats, c.head || next.head
	if next.latest.After(c.latest) {
		c.latest = next.latest
	}
	next.dead = true
	if t.dead++; t.dead > 1000 && t.dead > len(t.pieces)/2 {
		t.pieces, t.dead = t.living(), 0
	}
}

// living returns the pieces that there are.
func (t *thread) living() []*piece {
	var living []*piece
	for _, p := range t.pieces {
		if !p.dead {
			living = append(living, p)
		}
	}
	return living
}

// fits reports whether a beat has its place at an open end of some piece.
func (t *thread) fits(p place) bool {
	if c := t.current; c != nil && c.last.hash == p.prev && c.last.seq+1 == p.seq {
		return true
	}
	if c := t.ends[p.prev]; c != nil && c.last.seq+1 == p.seq {
		return true
	}
	c := t.starts[p.hash]
	return c != nil && c.first.seq == p.seq+1
}

func (p *piece) extend(h *longrun.Heartbeat, at place) {
	p.last = at
	p.beats++
	if at.ts.After(p.latest) {
		p.latest = at.ts
	}
	n := len(p.terms)
	if n == 0 || p.terms[n-1].epoch != h.Epoch || p.terms[n-1].instance != h.InstanceID {
		p.terms = append(p.terms, term{epoch: h.Epoch, instance: h.InstanceID, first: at, uptime: -1, began: -1})
		n++
	}
	w := &p.terms[n-1]
	w.last = at
	w.beats++
	if h.Late {
		return
	}
	if h.UptimeSec < w.uptime && w.fell == nil {
		w.fell = &place{}
		*w.fell = at
	}
	if w.began < 0 {
		w.began = h.UptimeSec
	}
	w.uptime = h.UptimeSec
}

// joinTerms puts the terms of two pieces one behind the other; the last and the
// first may be one.
func joinTerms(a, b []term) []term {
	if len(a) == 0 || len(b) == 0 || a[len(a)-1].epoch != b[0].epoch || a[len(a)-1].instance != b[0].instance {
		return append(a, b...)
	}
	w, next := &a[len(a)-1], b[0]
	if w.fell == nil && next.began >= 0 && next.began < w.uptime {
		w.fell = &place{}
		*w.fell = next.first
	}
	if w.fell == nil {
		w.fell = next.fell
	}
	if w.began < 0 {
		w.began = next.began
	}
	if next.uptime >= 0 {
		w.uptime = next.uptime
	}
	w.last, w.beats = next.last, w.beats+next.beats
	return append(a, b[1:]...)
}

// root reports whether a chain begins with the piece.
func (p *piece) root() bool { return p.first.seq == 1 && p.first.prev == "" }

// start is the head before the piece.
func (p *piece) start() evidence.Head {
	return evidence.Head{ChainSeq: p.first.seq - 1, Hash: p.first.prev}
}

func (p *piece) end() evidence.Head { return evidence.Head{ChainSeq: p.last.seq, Hash: p.last.hash} }

package chain

import (
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// Place is what the chain knows of a beat.
type Place struct {
	ID         string // of the document
	TS         time.Time
	Stored     time.Time // by the store's clock; a copy is of when it was copied
	Seq        int64
	Hash, Prev string
	Interval   time.Duration
	Late       bool
	Logged     bool // it has a line in the log
}

// Piece is a stretch of the chain in which every beat follows the one before it.
type Piece struct {
	First, Last Place
	Beats       int64
	Unlogged    int64     // of them
	Latest      time.Time // the newest ts in it
	Head        bool      // the head of the chain lies in it
	Terms       []Term    // who wrote it
	dead        bool      // it was joined to another
}

// Term is a stretch of a piece that one writer wrote in one epoch.
type Term struct {
	Epoch       int64
	Instance    string
	First, Last Place
	Fell        *Place // the first beat whose uptime fell

	beats  int64
	uptime int64 // at its last punctual beat; -1 without one
	began  int64 // the uptime at its first punctual beat; -1 without one
}

func (p *Piece) extend(h *longrun.Heartbeat, at Place) {
	p.Last = at
	p.Beats++
	if !at.Logged {
		p.Unlogged++
	}
	if at.TS.After(p.Latest) {
		p.Latest = at.TS
	}
	n := len(p.Terms)
	if n == 0 || p.Terms[n-1].Epoch != h.Epoch || p.Terms[n-1].Instance != h.InstanceID {
		p.Terms = append(p.Terms, Term{Epoch: h.Epoch, Instance: h.InstanceID, First: at, uptime: -1, began: -1})
		n++
	}
	w := &p.Terms[n-1]
	w.Last = at
	w.beats++
	if h.Late {
		return
	}
	if h.UptimeSec < w.uptime && w.Fell == nil {
		w.Fell = &Place{}
		*w.Fell = at
	}
	if w.began < 0 {
		w.began = h.UptimeSec
	}
	w.uptime = h.UptimeSec
}

// joinTerms puts the terms of two pieces one behind the other; the last and the
// first may be one.
func joinTerms(a, b []Term) []Term {
	if len(a) == 0 || len(b) == 0 || a[len(a)-1].Epoch != b[0].Epoch || a[len(a)-1].Instance != b[0].Instance {
		return append(a, b...)
	}
	w, next := &a[len(a)-1], b[0]
	if w.Fell == nil && next.began >= 0 && next.began < w.uptime {
		w.Fell = &Place{}
		*w.Fell = next.First
	}
	if w.Fell == nil {
		w.Fell = next.Fell
	}
	if w.began < 0 {
		w.began = next.began
	}
	if next.uptime >= 0 {
		w.uptime = next.uptime
	}
	w.Last, w.beats = next.Last, w.beats+next.beats
	return append(a, b[1:]...)
}

// Root reports whether a chain begins with the piece.
func (p *Piece) Root() bool { return p.First.Seq == 1 && p.First.Prev == "" }

// Start is the head before the piece.
func (p *Piece) Start() evidence.Head {
	return evidence.Head{ChainSeq: p.First.Seq - 1, Hash: p.First.Prev}
}

// End is the head behind the piece.
func (p *Piece) End() evidence.Head { return evidence.Head{ChainSeq: p.Last.Seq, Hash: p.Last.Hash} }

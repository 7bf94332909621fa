package verify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/chain"
	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/logged"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	// endGrace is how long ago the newest beat may be before it is said that nothing
	// proves the end.
	endGrace = 24 * time.Hour
	// closeGrace is how long beats may go on behind a day that should be closed.
	closeGrace = 6 * time.Hour
)

// window returns what has to be read for the days of [from, to) where there is a log:
// their beats, and those since the last day that was logged, up to the head.
func (r *reading) window(from, to time.Time) []part {
	p := part{page: ledger.Page{To: to}}
	if !from.IsZero() {
		p.page.From = longrun.DayOf(from).From
	}
	if to.IsZero() {
		return []part{p}
	}
	p.page.To = longrun.DayOf(to.Add(-time.Nanosecond)).To
	last := r.log.LastDay()
	if last = longrun.DayOf(last).To; last.Before(p.page.To) {
		last = p.page.To
	}
	return []part{p, {page: ledger.Page{From: last}}}
}

// hangs reports whether a beat of a window that is not logged has the number of one that
// is and was not read, so that somebody may have copied that, or is followed by such a
// one, which alone tells whether it was edited.
func (j *judge) hangs(r *reading) bool {
	return slices.ContainsFunc(r.open, func(seq int64) bool { return j.gone.Has(seq) || j.gone.Has(seq+1) })
}

// loose is a probe or an incident that is over and has no line.
type loose struct {
	key  store.Key
	at   time.Time // its day is that of
	over time.Time // since when it could be logged
}

// others reads the probes and incidents of the days of [from, to), where there is a
// log that may have them.
func (r *reading) others(ctx context.Context, from, to time.Time) error {
	if r.log.Newest() == nil {
		return nil
	}
	p := ledger.Page{}
	if !from.IsZero() {
		p.From = longrun.DayOf(from).From
	}
	if !to.IsZero() {
		p.To = longrun.DayOf(to.Add(-time.Nanosecond)).To
	}
	var n int64
	for e, err := range r.ledger.Probes(ctx, p) {
		n++
		r.tell.tell(ledger.Probes, n)
		if err := r.other(evidence.Probe, loose{e.Key, e.At, e.At}, err, func() tlog.Hash { return evidence.ProbeLine(e.Key.ID, e.Value).Leaf }); err != nil {
			return err
		}
	}
	for e, err := range r.ledger.Incidents(ctx, p) {
		leaf := func() tlog.Hash { return evidence.IncidentLine(e.Key.ID, e.Value).Leaf }
		d := loose{key: e.Key, at: e.At}
		if end := e.Value.TSEnd; end != nil {
			d.over = *end
		}
		if err := r.other(evidence.Incident, d, err, leaf); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) other(kind evidence.Kind, d loose, err error, leaf func() tlog.Hash) error {
	if _, mangled := errors.AsType[*ledger.DocumentError](err); mangled {
		if r.log.Has(kind, d.key.ID) {
			r.q.Fault(d.key.String(), "was edited: it does not decode, and was logged: %v", reason(err))
		}
		r.log.Seen(kind, d.key.ID)
		return nil
	}
	if err != nil {
		return err
	}
	if !r.log.Check(kind, d.key, leaf()) && !d.over.IsZero() {
		r.loose = append(r.loose, d)
	}
	return nil
}

// documents judges what the log says of the documents.
func (j *judge) documents(ctx context.Context, r *reading, o EvidenceOptions) error {
	if err := r.log.Rollups(ctx, j.now.text.Number); err != nil {
		return err
	}
	for _, d := range r.loose {
		r.log.Unlogged(d.key.String(), d.at, d.over, o.Now)
	}
	from, to := o.From, o.To
	if !from.IsZero() {
		from = longrun.DayOf(from).From
	}
	if !to.IsZero() {
		to = longrun.DayOf(to.Add(-time.Nanosecond)).To
	}
	gone := r.log.Absent(from, to, o.KeptFrom)
	for _, s := range j.book.seals { // what was pruned before there was a log
		for seq := s.FirstSeq; s.pruned && seq <= s.LastSeq; seq++ {
			gone = append(gone, seq)
		}
	}
	j.gone = chain.NumbersOf(gone)
	for name, n := range r.log.Counts {
		j.q.counts[name] += n
	}
	return nil
}

// end judges where the history ends: the note of the lock, the anchors, and how long
// ago that was.
func (j *judge) end(r *reading, o EvidenceOptions, cosigned bool) {
	newest := r.log.Newest()
	signed := j.note(r, o)
	vouched := j.anchors(r, o, newest)
	if newest == nil {
		return
	}
	if day := r.log.NewestDay(); !day.IsZero() && o.From.IsZero() && o.To.IsZero() {
		late := longrun.DayOf(day).To.Add(24 * time.Hour)
		if since := r.firstSince; r.past.Sub(late) > closeGrace && !since.IsZero() && r.past.Sub(since) > closeGrace {
			j.q.Doubt("", "nothing was logged since %s, and beats went on for %s after the next day", longrun.RollupID(day), r.past.Sub(late).Round(time.Minute))
		}
	}
	if n := r.unlogged.n; n > 0 {
		by := "by the chain alone, and whoever can write the store can make that anew"
		if signed {
			by = "by the chain, and the signature of the lock's note"
		}
		what := "beats since %s are not logged yet: they are held %s"
		if n == 1 {
			what = "beat since %s is not logged yet: it is held %s"
		}
		j.q.Note("", "%d "+what, n, r.unlogged.since.UTC().Format(time.RFC3339), by)
	}
	if len(o.Anchors) == 0 && !cosigned {
		j.q.Note("", "no anchor was given: only a checkpoint that was kept elsewhere can tell that this is the only history, and not a part of it")
	}
	if !o.Now.IsZero() && !r.newest.IsZero() && o.To.IsZero() && o.Now.Sub(r.newest) > endGrace && !vouched {
		j.q.Doubt("", "the newest beat is of %s: nothing here proves that the history did not go on", r.newest.UTC().Format(time.RFC3339))
	}
}

// note judges the lock's note against the log, and reports whether a key given signed
// it.
func (j *judge) note(r *reading, o EvidenceOptions) (signed bool) {
	newest, k := r.log.Newest(), j.lock
	if !k.found || k.bad != nil || k.note != nil {
		return false
	}
	n := k.text
	switch {
	case newest == nil && n.Number > 0:
		j.q.Fault(j.ledger.Key(ledger.Evidence, evidence.BatchID(n.Number)).String(), "is missing: %s names it", k.path)
	case newest == nil:
	case n.Number > newest.Number:
		if j.now.text.Number == n.Number {
			j.q.Fault(j.ledger.Key(ledger.Evidence, evidence.BatchID(n.Number)).String(), "is missing: %s names it", k.path)
		}
	case n.Number == newest.Number && n.Root != newest.Root:
		path := k.path
		if !newest.Signed && len(o.Keys) > 0 && n.Verify(j.origin(r, o), o.Keys...) == nil {
			path = newest.Path
		}
		j.q.Fault(path, "was changed: the note of the lock has another hash of the log than batch %d", newest.Number)
	case n.Number < newest.Number && j.now.text.Number < newest.Number && n.Number > 0:
		j.q.Fault(k.path, "was set back: its note names batch %d, and there is batch %d", n.Number, newest.Number)
	case n.Number == 0 && j.now.text.Number == 0:
		j.q.Doubt(k.path, "names no batch of the log, of which %d is the newest: the note was lost, or set back", newest.Number)
	}
	if len(o.Keys) == 0 {
		return false
	}
	switch err := n.Verify(j.origin(r, o), o.Keys...); {
	case err == nil:
		return true
	case !errors.Is(err, evidence.ErrUnsigned):
		j.q.Fault(k.path, "the signature of its note is wrong: the end of the chain was changed, or signed with another key")
	case newest != nil && r.log.Counts["batchesSigned"] > 0:
		j.q.Doubt(k.path, "its note is not signed, though the log is: an instance without the key leads, or the end of the chain was made anew")
	}
	return false
}

// origin is the name that the note is signed for.
func (j *judge) origin(r *reading, o EvidenceOptions) string {
	if o.Origin != "" && r.log.Newest() == nil {
		return o.Origin
	}
	return r.log.Origin()
}

// anchors holds the history against what was kept elsewhere, and reports whether that
// vouches for its end.
func (j *judge) anchors(r *reading, o EvidenceOptions, newest *logged.Batch) bool {
	all := logged.Anchors(strings.Join(o.Anchors, "\n"))
	if len(all) == 0 {
		if len(o.Anchors) > 0 {
			j.q.Doubt("", "the anchors given hold no checkpoint and no head of a chain")
		}
		return false
	}
	held := r.log.Hold(all)
	j.q.counts["anchors"] += r.log.Counts["anchors"]
	vouched := newest != nil && held == newest.Size && newest.Head == j.lock.head
	whole := o.From.IsZero() && o.To.IsZero()
	end := max(j.lock.head.ChainSeq, j.now.head.ChainSeq)
	if end == 0 { // the note was lost, and since then there was no beat
		end = max(r.highest, r.log.Highest())
	}
	for seq, hashes := range r.anchors.want {
		place, read := r.anchors.found[seq]
		switch {
		case r.anchors.held[seq]:
			j.q.counts["anchors"]++
			vouched = vouched || seq == j.lock.head.ChainSeq
		case r.log.LostBeat(seq, hashes):
			j.q.counts["anchorsLost"]++
		case (j.anew > 0 || r.log.Anew(r.roots)) && (read || whole && seq <= max(r.highest, r.log.Highest())):
			j.q.Doubt("", "an anchor says that number %d of the chain has hash %s, and no beat that was read has: it is of a chain from before this one began anew, or contradicts it", seq, short(hashes[0]))
		case read && !j.q.named[j.path(place)]:
			j.q.Fault(j.path(place), "contradicts an anchor: it is number %d of the chain, with hash %s, and the anchor says %s", seq, short(place.Hash), short(hashes[0]))
		case !read && whole && seq > end:
			j.q.Fault(j.lock.path, "says that the chain ends with number %d, and an anchor that it had number %d: what came behind it was removed", j.lock.head.ChainSeq, seq)
		}
	}
	if n := j.q.counts["anchorsLost"]; n > 0 {
		j.q.Note("", "%d of what the anchors tell is of a time that a declared restore lost", n)
	}
	return vouched
}

// witnesses judges what they say, and reports whether that vouches for the history.
func (j *judge) witnesses(ctx context.Context, r *reading, o EvidenceOptions) (bool, error) {
	need := o.WitnessesNeeded
	if need == 0 {
		need = len(o.Witnesses)
	}
	keys := make([]witness.Key, 0, len(o.Witnesses))
	for _, w := range o.Witnesses {
		keys = append(keys, w.Key)
	}
	vouched := !r.log.Cosigned(keys, need, o.Now).IsZero()
	for _, w := range o.Witnesses {
		if w.Adder == nil {
			continue
		}
		if err := r.log.Look(ctx, w.Key, w.Adder); err != nil {
			return false, err
		}
	}
	for _, count := range []string{"cosignatures", "batchesCosigned", "witnessesAgree"} {
		if n := r.log.Counts[count]; n > 0 {
			j.q.counts[count] = n
		}
	}
	return vouched, nil
}

// heads are the heads that anchors tell of, by their numbers.
type heads struct {
	want  map[int64][]string
	held  map[int64]bool
	found map[int64]chain.Place
}

func newHeads(texts []string) *heads {
	h := &heads{want: map[int64][]string{}, held: map[int64]bool{}, found: map[int64]chain.Place{}}
	for _, a := range logged.Anchors(strings.Join(texts, "\n")) {
		if a.Head.ChainSeq > 0 {
			h.want[a.Head.ChainSeq] = append(h.want[a.Head.ChainSeq], a.Head.Hash)
		}
	}
	return h
}

// see holds a beat against them. A chain that began anew has two beats of a number.
func (h *heads) see(p chain.Place) {
	hashes, ok := h.want[p.Seq]
	if !ok {
		return
	}
	h.found[p.Seq] = p
	for _, hash := range hashes {
		h.held[p.Seq] = h.held[p.Seq] || hash == p.Hash
	}
}

var _ logged.Findings = (*inquiry)(nil)

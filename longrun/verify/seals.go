package verify

import (
	"context"
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/chain"
)

// sealingGrace is how long after a day a leader has to seal it. Longer than any
// catching up takes, so that nobody is accused for being slow.
const sealingGrace = 6 * time.Hour

// sealOf is a seal and the rollup that it is stored in.
type sealOf struct {
	longrun.Seal
	path   string
	day    longrun.Window
	pruned bool // the rollup says that its beats are, or are being

	// What the beats say, as far as they are there.
	first, last, next chain.Place
}

// sealBook is every seal, the oldest first.
type sealBook struct {
	seals []*sealOf
	days  map[string]bool     // the rollups that there are
	at    map[int64][]*sealOf // by the numbers at which a seal is held against the beats
}

// readSeals reads what the rollups say of seals and of pruning, and nothing else
// of them.
func readSeals(ctx context.Context, l *ledger.Ledger, q *inquiry, tell Progress) (*sealBook, error) {
	type rollup struct {
		Seal     *longrun.Seal        `json:"seal" firestore:"seal"`
		PrunedAt map[string]time.Time `json:"prunedAt" firestore:"prunedAt"`
	}
	b := &sealBook{days: map[string]bool{}, at: map[int64][]*sealOf{}}
	var n int64
	for e, err := range ledger.List[rollup](ctx, l, ledger.Rollups, ledger.Page{}) {
		if bad, ok := errors.AsType[*ledger.DocumentError](err); ok {
			q.Fault(bad.Path, "is no rollup, so that its seal cannot be read: %v", bad.Err)
			b.days[e.Key.ID] = true
			continue
		}
		if err != nil {
			return nil, err
		}
		n++
		tell.tell(ledger.Rollups, n)
		start, err := longrun.ParseRollupID(e.Key.ID)
		if err != nil {
			q.Fault(e.Path(), "is named after no day")
			continue
		}
		if !start.Equal(e.At) {
			q.Fault(e.Path(), "has the time %s, which is not the start of the day that it is named after", e.At.Format(time.RFC3339Nano))
		}
		b.days[e.Key.ID] = true
		if e.Value.Seal == nil {
			continue
		}
		_, pruned := e.Value.PrunedAt[string(ledger.Heartbeats)]
		s := &sealOf{Seal: *e.Value.Seal, path: e.Path(), day: longrun.DayOf(start), pruned: pruned}
		if err := evidence.ValidateSeal(s.Seal); err != nil {
			q.Fault(s.path, "its seal was changed: it is %s", oneLine(err))
			continue
		}
		b.seals = append(b.seals, s)
		for _, seq := range []int64{s.FirstSeq, s.LastSeq, s.LastSeq + 1} {
			b.at[seq] = append(b.at[seq], s)
		}
	}
	slices.SortFunc(b.seals, func(x, y *sealOf) int { return x.day.From.Compare(y.day.From) })
	q.counts["seals"] = int64(len(b.seals))
	return b, nil
}

// see holds a beat against the seals that begin or end there. Of several beats
// with one number, one that fits is kept.
func (b *sealBook) see(p chain.Place) {
	for _, s := range b.at[p.Seq] {
		if p.Seq == s.FirstSeq && (s.first.Seq == 0 || p.Prev == s.PrevHash) {
			s.first = p
		}
		if p.Seq == s.LastSeq && (s.last.Seq == 0 || p.Hash == s.LastHash) {
			s.last = p
		}
		if p.Seq == s.LastSeq+1 && (s.next.Seq == 0 || p.Prev == s.LastHash) {
			s.next = p
		}
	}
}

func (b *sealBook) newest() *sealOf {
	if len(b.seals) == 0 {
		return nil
	}
	return b.seals[len(b.seals)-1]
}

// endingAt returns the seal that ends at d.
func (b *sealBook) endingAt(d evidence.Head) (int, bool) {
	i := slices.IndexFunc(b.seals, func(s *sealOf) bool { return evidence.EndOf(s.Seal) == d })
	return i, i >= 0
}

// covering returns a seal in whose segment the number lies.
func (b *sealBook) covering(seq int64) *sealOf {
	for _, s := range b.seals {
		if s.FirstSeq <= seq && seq <= s.LastSeq {
			return s
		}
	}
	return nil
}

// signatures checks them all. Once a seal is signed, those after it are: a
// signature that is missing was taken away.
func (b *sealBook) signatures(q *inquiry, keys []ed25519.PublicKey, log bool) {
	var signed, valid int64
	for _, s := range b.seals {
		err := evidence.Verify(s.Seal, keys...)
		switch {
		case err == nil:
			signed, valid = signed+1, valid+1
		case errors.Is(err, evidence.ErrUnsigned):
			if signed > 0 {
				q.Fault(s.path, "its seal is not signed, though an earlier one is")
			}
		case len(keys) == 0:
			signed++
		default:
			signed++
			q.Fault(s.path, "%s", oneLine(err))
		}
	}
	q.counts["sealsSigned"] = signed
	q.counts["signaturesValid"] += valid
	switch {
	case log && len(b.seals) == 0: // what they would say the log says
	case len(keys) > 0 && signed == 0:
		q.Doubt("", "a key was given, and nothing is signed: no day was logged yet with the key, or the log is gone")
	case len(keys) == 0 && signed > 0:
		q.Note("", "%d seals are signed, and no public key was given to check them with", signed)
	}
}

// check holds the seals against each other and against the beats. What was found
// with a beat is not said of its seal again.
func (b *sealBook) check(q *inquiry, j *judge) {
	for i, s := range b.seals {
		b.againstBeats(q, j, s)
		if i > 0 {
			b.againstSeal(q, j, b.seals[i-1], s)
		}
	}
	// What comes before the first seal is pruned together, or sealed together.
	if o := j.oldest; len(b.seals) > 0 && o.Seq > 0 && o.Seq < b.seals[0].FirstSeq && !j.broken(o.Seq, b.seals[0].FirstSeq-1) {
		path := j.ledger.Path(ledger.Rollups) + "/" + longrun.RollupID(o.TS)
		if !q.named[path] {
			q.Fault(path, "holds no seal of numbers %d to %d, which are there, and %s begins with number %d", o.Seq, b.seals[0].FirstSeq-1, b.seals[0].path, b.seals[0].FirstSeq)
		}
	}
}

func (b *sealBook) againstBeats(q *inquiry, j *judge, s *sealOf) {
	switch {
	case s.last.Seq > 0 && s.last.Hash != s.LastHash && !q.named[j.path(s.last)]:
		q.Fault(s.path, "its seal was changed: lastHash is not the hash of %s, number %d", j.path(s.last), s.LastSeq)
	case s.first.Seq > 0 && s.first.Prev != s.PrevHash && !q.named[j.path(s.first)]:
		q.Fault(s.path, "its seal was changed: prevHash is not what %s, number %d, says", j.path(s.first), s.FirstSeq)
	case s.next.Seq > 0 && s.next.Prev == s.LastHash && s.next.TS.Before(s.day.To) && !s.next.Late && !j.broken(s.FirstSeq, s.LastSeq+1):
		q.Fault(s.path, "its seal was changed: it ends with number %d, and the one after it, %s, was made on that day too", s.LastSeq, j.path(s.next))
	}
}

func (b *sealBook) againstSeal(q *inquiry, j *judge, prev, s *sealOf) {
	if evidence.Follows(s.Seal, prev.Seal) || q.named[prev.path] || q.named[s.path] || j.broken(prev.LastSeq, s.FirstSeq) {
		return
	}
	if j.anew > 0 && s.FirstSeq <= prev.LastSeq {
		return // another chain; that it began is found already
	}
	var missing []string
	for day := prev.day.To; day.Before(s.day.From); day = day.AddDate(0, 0, 1) {
		missing = append(missing, longrun.RollupID(day))
	}
	if s.FirstSeq <= prev.LastSeq+1 || len(missing) == 0 {
		q.Fault(s.path, "its seal does not follow the one of %s, numbers %d to %d: it is of numbers %d to %d, and one of the two was changed",
			prev.path, prev.FirstSeq, prev.LastSeq, s.FirstSeq, s.LastSeq)
		return
	}
	dir := s.path[:strings.LastIndexByte(s.path, '/')+1]
	for _, day := range missing {
		what := "is missing"
		if b.days[day] {
			what = "has no seal"
		}
		q.Fault(dir+day, "%s, and numbers %d to %d of the chain are in no other's seal", what, prev.LastSeq+1, s.FirstSeq-1)
	}
}

// newestRemoved looks for a day that is over, has beats, and has no seal, while
// the chain went on for long enough.
func (b *sealBook) newestRemoved(q *inquiry, j *judge, root string, newest time.Time, first chain.Place) {
	severity := Doubt // nobody sealed anything yet: a leader that could not is no forger
	if s := b.newest(); s != nil {
		severity, first = Fault, s.next
		if j.broken(s.LastSeq, s.LastSeq+1) {
			return
		}
	}
	if first.Seq == 0 {
		return
	}
	day := longrun.DayOf(first.TS)
	path := root + longrun.RollupID(first.TS)
	if newest.Before(day.To.Add(sealingGrace)) || q.named[path] {
		return
	}
	q.find(severity, path, "holds no seal, and the day has been over since %s: the seal was removed, or nothing sealed it", day.To.Format(time.RFC3339))
}

func oneLine(err error) string {
	return strings.ReplaceAll(strings.TrimPrefix(err.Error(), "longrun: "), "\nlongrun: ", "; ")
}

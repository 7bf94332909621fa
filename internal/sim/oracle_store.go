package sim

import (
	"context"
	"crypto/ed25519"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
)

// evidence: what the engine wrote passes the checks of package verify, with the anchors
// that were kept outside.
func (v *view) evidence(ctx context.Context) {
	public, _ := v.w.key.Public().(ed25519.PublicKey)
	now := v.end.Add(time.Minute)
	o, err := verify.Evidence(ctx, v.w.ledger, verify.EvidenceOptions{Keys: []ed25519.PublicKey{public}, Anchors: v.anchors, Now: now})
	v.passed(o, err)
	o, err = verify.RestartSafe(ctx, v.w.ledger, verify.RestartSafeOptions{Now: now, Interval: v.interval})
	v.passed(o, err)
}

func (v *view) passed(o verify.Outcome, err error) {
	if err != nil {
		v.blame("evidence", "%v", err)
		return
	}
	if o.Verdict == verify.Pass || o.Verdict == verify.CannotTell && v.days() == 0 {
		return // nothing is signed before the first day is over
	}
	for _, p := range o.Problems {
		if p.Weight != verify.Note && !(p.Weight == verify.Doubt && v.w.plan.Has(plan.Erased)) {
			v.blame("evidence", "%s: %s %s: %s", o.Check, p.Weight, p.Path, p.Text)
		}
	}
}

// bounded: what the store holds is no more than what the settings keep.
func (v *view) bounded(ctx context.Context) {
	counts := map[ledger.Collection]int{}
	for _, c := range ledger.Collections() {
		for _, err := range v.w.ledger.Records(ctx, c, ledger.Page{}) {
			if err != nil {
				v.blame("store", "%s: %v", c, err)
				return
			}
			counts[c]++
		}
	}
	days := v.days() + 1
	most := map[ledger.Collection]int{
		ledger.Config: 1, ledger.Locks: 1, ledger.Runs: len(v.processes), ledger.Rollups: days,
		// a batch a day, and one for each late word of a day that was closed
		ledger.Evidence: 20 * days,
		// a state for each rule and target, and there are few of these
		ledger.Rules: 60,
	}
	if d := v.keptFor(); d > 0 {
		most[ledger.Heartbeats] = (d + 2) * int(24*time.Hour/v.shortest())
	}
	for c, n := range most {
		if counts[c] > n {
			v.blame("bounded", "%d documents are in %s, at most %d are expected", counts[c], c, n)
		}
	}
	for _, in := range v.incidents {
		if len(in.Slots) > longrun.MaxEvidence || len(in.Gaps) > longrun.MaxGaps {
			v.blame("bounded", "%s has %d slots and %d gaps", in.IncidentID, len(in.Slots), len(in.Gaps))
		}
	}
}

// keptFor is for how many days beats are kept at most, as the settings had it in the last
// days; 0 where it is for ever.
func (v *view) keptFor() int {
	most := v.w.plan.RetentionDays
	for _, e := range v.w.plan.Events {
		if e.Kind != plan.Retention || e.At >= v.w.plan.Length {
			continue
		}
		if e.At < v.w.plan.Length-plan.Span(48*time.Hour) {
			most = e.By // it has long been done
		} else if most > 0 {
			most = max(most, e.By)
		}
	}
	return int(most)
}

// shortest is the shortest slot that the plan has.
func (v *view) shortest() time.Duration {
	shortest := v.interval
	for _, e := range v.w.plan.Events {
		if e.Kind == plan.Length {
			shortest = min(shortest, time.Duration(e.By)*time.Second)
		}
	}
	return shortest
}

// forged: what a hand changes that can write the store is found, and what nobody changed
// is proven. It looks last, and puts everything back.
func (v *view) forged(ctx context.Context) {
	public, _ := v.w.key.Public().(ed25519.PublicKey)
	var beats []ledger.Entry[longrun.Heartbeat]
	for e, err := range v.w.ledger.Heartbeats(ctx, ledger.Page{}) {
		if err != nil {
			v.blame("store", "heartbeats: %v", err)
			return
		}
		beats = append(beats, e)
	}
	rng := rand.New(rand.NewPCG(v.w.plan.Seed, 4))
	if n := min(len(beats)-1, 60); n > 0 { // of the last ones, that are in no batch: only the chain can tell
		e := beats[len(beats)-1-n+rng.IntN(n)]
		h := e.Value
		h.Healthy = !h.Healthy
		back := store.Set(e.Key, v.w.ledger.CreateHeartbeat(e.Value).Value)
		v.forge(ctx, public, "says another health", store.Set(e.Key, h), back)
		v.forge(ctx, public, "is gone", store.Delete(e.Key), back)
	}
	newest, err := v.w.ledger.NewestBatch(ctx)
	if err != nil || newest.Value.Number == 0 {
		return // there may be none yet
	}
	v.proven(public, newest.Value, beats)
}

// forge changes a document, and looks whether that is found.
func (v *view) forge(ctx context.Context, public ed25519.PublicKey, what string, change, back store.Op) {
	if _, err := v.w.store.Commit(ctx, change); err != nil {
		v.blame("store", "a forgery: %v", err)
		return
	}
	o, err := verify.Evidence(ctx, v.w.ledger, verify.EvidenceOptions{Keys: []ed25519.PublicKey{public}, Anchors: v.anchors})
	doubted := o.Verdict == verify.CannotTell && !v.w.plan.Has(plan.Erased) // where the chain began anew, nobody misses its end
	if err != nil || o.Verdict == verify.Pass || doubted {
		v.blame("forgery", "%s %s, and the evidence is called %q: %v", change.Key, what, o.Verdict, err)
	}
	if _, err := v.w.store.Commit(ctx, back); err != nil {
		v.blame("store", "a forgery: %v", err)
	}
}

// proven: a batch proves the beats that it has, and no others; and under another
// checkpoint it is none.
func (v *view) proven(public ed25519.PublicKey, b evidence.Batch, beats []ledger.Entry[longrun.Heartbeat]) {
	for _, e := range beats {
		if !strings.Contains(b.Lines, e.Key.ID) {
			continue // of another batch
		}
		p, _, err := b.Prove(evidence.Beat, e.Key.ID)
		if err != nil {
			v.blame("forgery", "%s has no proof in batch %d: %v", e.Key, b.Number, err)
			break
		}
		if _, err := p.Check(evidence.BeatEntry(e.Value), public); err != nil {
			v.blame("forgery", "%s is not proven: %v", e.Key, err)
		}
		other := e.Value
		other.UptimeSec++
		if _, err := p.Check(evidence.BeatEntry(other), public); err == nil {
			v.blame("forgery", "%s is proven though it was changed", e.Key)
		}
		break
	}
	c, err := evidence.ParseCheckpoint(b.Checkpoint)
	if err != nil {
		v.blame("forgery", "batch %d: %v", b.Number, err)
		return
	}
	c.Root[0] ^= 1
	b.Checkpoint = c.String()
	if _, err := b.Open(); err == nil {
		v.blame("forgery", "batch %d passes under the checkpoint of another tree", b.Number)
	}
}

package sim

import (
	"context"
	"crypto/ed25519"
	"math/rand/v2"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
)

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
		v.forge(ctx, public, "says another health", store.Set(e.Key, h), store.Set(e.Key, e.Value))
		v.forge(ctx, public, "is gone", store.Delete(e.Key), store.Set(e.Key, e.Value))
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
	if err != nil || o.Verdict == verify.Pass || o.Verdict == verify.CannotTell {
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
		p, _, err := b.Prove(evidence.Beat, e.Key.ID)
		if err != nil {
			continue // of another batch
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

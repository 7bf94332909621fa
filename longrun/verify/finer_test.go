package verify_test

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// finer are attacks on any field of any document, and on the log itself.
var finer = []attack{
	{"change any field of a beat", "", false, func(a *attacker) bool {
		return changeField(a, evidence.Beat, ledger.Heartbeats, func(id string, h longrun.Heartbeat) any { return evidence.BeatLine(id, h) })
	}},
	{"change any field of a probe", "", false, func(a *attacker) bool {
		return changeField(a, evidence.Probe, ledger.Probes, func(id string, p longrun.Probe) any { return evidence.ProbeLine(id, p) })
	}},
	{"change any field of an incident", "", false, func(a *attacker) bool {
		return changeField(a, evidence.Incident, ledger.Incidents, func(id string, i longrun.Incident) any { return evidence.IncidentLine(id, i) })
	}},
	{"change any field of a rollup", "", false, func(a *attacker) bool {
		return changeField(a, evidence.Rollup, ledger.Rollups, func(id string, r longrun.Rollup) any { return evidence.RollupLine(id, r) })
	}},
	{"change any field of a batch", "", false, func(a *attacker) bool {
		return changeField(a, 0, ledger.Evidence, func(_ string, b evidence.Batch) any {
			b.Cosigned = nil // which witnesses sign, and come later
			return b
		})
	}},
	{"swap two probes", "", false, func(a *attacker) bool { return swapAny[longrun.Probe](a, evidence.Probe, ledger.Probes) }},
	{"swap two incidents", "", false, func(a *attacker) bool {
		return swapAny[longrun.Incident](a, evidence.Incident, ledger.Incidents)
	}},
	{"swap two rollups", "", false, func(a *attacker) bool { return swapAny[longrun.Rollup](a, evidence.Rollup, ledger.Rollups) }},
	{"swap two batches", "", false, func(a *attacker) bool { return swapAny[evidence.Batch](a, 0, ledger.Evidence) }},
	{"copy a beat into a free slot", "", false, func(a *attacker) bool { return a.copyBeat(false) }},
	{"move a beat into a free slot", "", false, func(a *attacker) bool { return a.copyBeat(true) }},
	{"insert an incident into an old day", "", false, func(a *attacker) bool {
		if a.now.Sub(day0) < 11*24*time.Hour {
			return false
		}
		at, end := day0.Add(17*time.Hour+1), day0.Add(18*time.Hour)
		a.day = at
		a.set(a.l.Key(ledger.Incidents, "queue_depth_20251229T170000"), longrun.Incident{IncidentID: "queue_depth_20251229T170000", Rule: "queue_depth", TS: at, TSStart: at, TSEnd: &end})
		return true
	}},
	{"revise a rollup", "", false, func(a *attacker) bool {
		e, ok := rollupAt(a)
		if ok {
			e.Value.Revision++
			e.Value.IncidentsCount = 0
			e.Value.ComputedAt = a.now
			a.day = e.At
			a.set(e.Key, e.Value)
		}
		return ok
	}},
	{"delete the beats that are not sealed", "", false, func(a *attacker) bool {
		ids := a.isLogged(evidence.Beat)
		open := all(a, ledger.Heartbeats, func(e ledger.Entry[longrun.Heartbeat]) bool { return ids[e.Key.ID] == 0 })
		for _, e := range open {
			a.commit(store.Delete(e.Key))
		}
		return len(open) > 0
	}},
	{"set the lock's note back", "", false, func(a *attacker) bool {
		old, ok := pick(a, a.notes)
		now, err := evidence.ParseNote(a.lease.Note())
		require.NoError(a.tb, err)
		then, err := evidence.ParseNote(old)
		require.NoError(a.tb, err)
		if !ok || then.Head == now.Head || then.Head.ChainSeq == 0 {
			return false
		}
		a.grant(old)
		if then.Number == now.Number {
			a.path = "" // the beats behind it are
		}
		return true
	}},
	{"edit a beat that is not sealed, and chain anew what follows", "key", false, func(a *attacker) bool {
		ids := a.isLogged(evidence.Beat)
		chain := all(a, ledger.Heartbeats, func(e ledger.Entry[longrun.Heartbeat]) bool { return ids[e.Key.ID] == 0 })
		slices.SortFunc(chain, func(x, y ledger.Entry[longrun.Heartbeat]) int { return int(x.Value.ChainSeq - y.Value.ChainSeq) })
		if len(chain) == 0 || chain[len(chain)-1].Value.ChainSeq-chain[0].Value.ChainSeq != int64(len(chain)-1) {
			return false
		}
		head := evidence.Head{ChainSeq: chain[0].Value.ChainSeq - 1, Hash: chain[0].Value.PrevHash}
		for i, e := range chain {
			if i == 0 {
				e.Value.Healthy = !e.Value.Healthy
			}
			e.Value, head = head.Next(e.Value)
			a.commit(store.Set(e.Key, e.Value))
		}
		a.forgeNote(head)
		return true
	}},
	{"fill a gap with a late beat at the end of the chain", "key", false, func(a *attacker) bool {
		e, h, ok := a.gap()
		if !ok {
			return false
		}
		h.InstanceID, h.Epoch, h.Late, h.Healthy = e.Value.InstanceID, e.Value.Epoch, true, true
		h, head := a.head.Next(h)
		a.commit(store.Set(a.l.Key(ledger.Heartbeats, h.BucketID), h))
		a.forgeNote(head)
		return true
	}},
	{"edit a beat with its line and its batch", "", false, func(a *attacker) bool {
		e, ok := a.beat(true)
		if !ok {
			return false
		}
		b, err := a.l.Batch(a.tb.Context(), a.isLogged(evidence.Beat)[e.Key.ID])
		require.NoError(a.tb, err)
		e.Value.Healthy = !e.Value.Healthy
		a.commit(store.Set(e.Key, e.Value))
		o, err := b.Value.Open()
		require.NoError(a.tb, err)
		for i, l := range o.Lines {
			if l.ID == e.Key.ID {
				o.Lines[i] = evidence.BeatLine(e.Key.ID, e.Value)
			}
		}
		head, err := evidence.ParseHead(b.Value.Head)
		require.NoError(a.tb, err)
		forged, _, err := evidence.Tip{Tree: b.Value.Tree, Number: b.Value.Number - 1, Edge: o.Stretch.Before}.Next(
			evidence.Draft{TS: b.Value.TS, By: b.Value.By, Head: head, Broken: b.Value.Broken, Lines: o.Lines}, nil)
		require.NoError(a.tb, err)
		a.commit(store.Set(b.Key, forged))
		return true
	}},
	{"cut the first days with their batches", "", false, func(a *attacker) bool {
		batches := all(a, ledger.Evidence, whatever[evidence.Batch])
		if len(batches) < 3 {
			return false
		}
		last := int64(1 + a.rng.IntN(len(batches)-2))
		for id, number := range a.isLogged(evidence.Beat) {
			if number <= last {
				a.commit(store.Delete(a.l.Key(ledger.Heartbeats, id)))
			}
		}
		for _, b := range batches {
			if b.Value.Number <= last {
				a.commit(store.Delete(b.Key))
			}
		}
		a.path = a.l.Key(ledger.Evidence, evidence.BatchID(1)).String()
		return true
	}},
	{"take the signatures away", "key", true, func(a *attacker) bool {
		for _, b := range all(a, ledger.Evidence, whatever[evidence.Batch]) {
			c, err := evidence.ParseCheckpoint(b.Value.Checkpoint)
			require.NoError(a.tb, err)
			b.Value.Checkpoint = c.String()
			a.commit(store.Set(b.Key, b.Value))
		}
		a.forgeNote(a.head)
		a.path = ""
		return true
	}},
	{"delete the log, and the note's word of it", "key", false, func(a *attacker) bool {
		for _, b := range all(a, ledger.Evidence, whatever[evidence.Batch]) {
			a.commit(store.Delete(b.Key))
		}
		a.grant(a.head.String())
		a.path = ""
		return true
	}},
}

func (a *attacker) has(c ledger.Collection, id string) bool {
	_, err := a.st.Get(a.tb.Context(), a.l.Key(c, id))
	return err == nil
}

// grant writes the lock's note.
func (a *attacker) grant(note string) {
	a.lease.Grant(note)
	a.row()
	a.path = a.l.LockKey().String()
}

// forgeNote writes a note with another head, as whoever has no key can.
func (a *attacker) forgeNote(head evidence.Head) {
	note, err := evidence.ParseNote(a.lease.Note())
	require.NoError(a.tb, err)
	note.Head = head
	if a.rng.IntN(2) == 0 {
		note.Signature = "" // or the one of before
	}
	a.grant(note.String())
}

// gap picks a slot of a day that was logged which has no beat, with the beat before it
// and one for it.
func (a *attacker) gap() (before ledger.Entry[longrun.Heartbeat], h longrun.Heartbeat, ok bool) {
	ids := a.isLogged(evidence.Beat)
	beats := all(a, ledger.Heartbeats, func(e ledger.Entry[longrun.Heartbeat]) bool { return ids[e.Key.ID] > 0 })
	from := a.rng.IntN(max(1, len(beats)))
	for i := range beats {
		before = beats[(from+i)%len(beats)]
		every := time.Duration(before.Value.ExpectedIntervalSec) * time.Second
		if h = longrun.Beat(before.At.Add(every), every); !a.has(ledger.Heartbeats, h.BucketID) && h.TS.Before(a.now) {
			return before, h, true
		}
	}
	return before, h, false
}

// copyBeat puts a beat under another ID, with all that says which slot it is of.
func (a *attacker) copyBeat(move bool) bool {
	e, ok := a.beat(true)
	h := e.Value
	every := time.Duration(h.ExpectedIntervalSec) * time.Second
	if !ok || move && a.announced(ledger.Heartbeats, e.At) {
		return false
	}
	moved := longrun.Beat(h.TS.Add(time.Duration(1+a.rng.IntN(40))*every), every)
	if a.has(ledger.Heartbeats, moved.BucketID) {
		return false
	}
	h.BucketID, h.TS, h.TSISO, h.DriftSec = moved.BucketID, moved.TS, moved.TSISO, moved.DriftSec
	a.day = moved.TS
	if move {
		a.day = e.At
		a.near = append(a.near, e.Path())
		a.commit(store.Delete(e.Key))
	}
	a.set(a.l.Key(ledger.Heartbeats, h.BucketID), h)
	return true
}

// ofLog picks a document that has a line; any where there is no kind.
func ofLog[T any](a *attacker, kind evidence.Kind, c ledger.Collection) (ledger.Entry[T], bool) {
	if kind == 0 || kind == evidence.Rollup {
		return pick(a, all(a, c, whatever[T]))
	}
	return logged[T](a, kind, c)
}

func swapAny[T any](a *attacker, kind evidence.Kind, c ledger.Collection) bool {
	x, _ := ofLog[T](a, kind, c)
	y, ok := ofLog[T](a, kind, c)
	if !ok || x.Key == y.Key {
		return false
	}
	a.commit(store.Set(y.Key, x.Value), store.Set(x.Key, y.Value))
	a.path, a.near = x.Path(), []string{y.Path()}
	return true
}

// changeField changes one field of a document as it is stored, whatever it is, so that
// what counts of it is another.
func changeField[T any](a *attacker, kind evidence.Kind, c ledger.Collection, counts func(id string, v T) any) bool {
	e, ok := ofLog[T](a, kind, c)
	if !ok || e.At.IsZero() {
		return false
	}
	rec, err := a.st.Get(a.tb.Context(), e.Key)
	require.NoError(a.tb, err)
	doc := map[string]any{}
	require.NoError(a.tb, rec.Decode(&doc))
	doc["ts"] = rec.At
	name := slices.Sorted(maps.Keys(doc))[a.rng.IntN(len(doc))]
	switch v := doc[name].(type) {
	case time.Time:
		doc[name] = v.Add(time.Duration(a.rng.IntN(2e9)+1e3) * time.Microsecond)
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil && a.rng.IntN(4) > 0 {
			doc[name] = at.Add(time.Second).Format(time.RFC3339Nano)
		} else if v == "" || a.rng.IntN(2) == 0 {
			doc[name] = v + "x"
		} else {
			doc[name] = v[:a.rng.IntN(len(v))]
		}
	case float64:
		doc[name] = v + float64(1+a.rng.IntN(3))
	case bool:
		doc[name] = !v
	case []any:
		doc[name] = v[:len(v)/2]
	default:
		delete(doc, name)
	}
	before := counts(e.Key.ID, e.Value)
	a.day = e.At
	a.set(e.Key, doc)
	rec, err = a.st.Get(a.tb.Context(), e.Key)
	require.NoError(a.tb, err)
	after, err := ledger.Decode[T](rec)
	return err != nil || !reflect.DeepEqual(before, counts(e.Key.ID, after.Value)) || !rec.At.Equal(e.At)
}

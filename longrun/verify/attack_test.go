package verify_test

import (
	"crypto/ed25519"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
)

// attacker can write the store, and has no key. It does one thing.
type attacker struct {
	*life
	rng  *rand.Rand
	path string    // what it changed
	day  time.Time // where that lies in one
	near []string  // of a beat that is gone without a trace: one beside it is named
}

// anchor is known outside: the end of the log and of the chain before the attack.
func (a *attacker) told() []string {
	b, err := a.l.NewestBatch(a.tb.Context())
	require.NoError(a.tb, err)
	return []string{b.Value.Checkpoint, a.head.String()}
}

func pick[T any](a *attacker, list []T) (one T, ok bool) {
	if len(list) == 0 {
		return one, false
	}
	return list[a.rng.IntN(len(list))], true
}

// all returns the documents of a collection. Of a history that is attacked again and
// again they are read once, until an attack changes it.
func all[T any](a *attacker, c ledger.Collection, keep func(ledger.Entry[T]) bool) (list []ledger.Entry[T]) {
	whole, ok := a.known[c].([]ledger.Entry[T])
	if !ok {
		for e, err := range ledger.List[T](a.tb.Context(), a.l, c, ledger.Page{}) {
			require.NoError(a.tb, err)
			whole = append(whole, e)
		}
		if a.known != nil {
			a.known[c] = whole
		}
	}
	for _, e := range whole {
		if keep(e) {
			list = append(list, e)
		}
	}
	return list
}

func whatever[T any](ledger.Entry[T]) bool { return true }

// isLogged are the IDs that have a line, with the batch.
func (a *attacker) isLogged(kind evidence.Kind) map[string]int64 {
	if ids, ok := a.known[kind].(map[string]int64); ok {
		return ids
	}
	ids := map[string]int64{}
	for _, e := range all(a, ledger.Evidence, whatever[evidence.Batch]) {
		lines, err := evidence.ParseLines(e.Value.Lines)
		require.NoError(a.tb, err)
		for _, l := range lines {
			if l.Kind == kind {
				ids[l.ID] = e.Value.Number
			}
		}
	}
	if a.known != nil {
		a.known[kind] = ids
	}
	return ids
}

// logged picks a document that has a line.
func logged[T any](a *attacker, kind evidence.Kind, c ledger.Collection) (ledger.Entry[T], bool) {
	ids := a.isLogged(kind)
	return pick(a, all(a, c, func(e ledger.Entry[T]) bool { return ids[e.Key.ID] > 0 }))
}

func (a *attacker) beat(logged bool) (ledger.Entry[longrun.Heartbeat], bool) {
	ids := a.isLogged(evidence.Beat)
	return pick(a, all(a, ledger.Heartbeats, func(e ledger.Entry[longrun.Heartbeat]) bool { return (ids[e.Key.ID] > 0) == logged }))
}

// announced reports whether the documents of a day are to go, by its signed rollup: a
// prune that was broken off deletes them sooner or later, and nobody who does it first
// takes anything away.
func (a *attacker) announced(c ledger.Collection, at time.Time) bool {
	e, err := a.l.Rollup(a.tb.Context(), at)
	return err == nil && !e.Value.PrunedAt[string(c)].IsZero()
}

func (a *attacker) set(key store.Key, v any) { a.path = key.String(); a.commit(store.Set(key, v)) }

func (a *attacker) remove(key store.Key) { a.path = key.String(); a.commit(store.Delete(key)) }

func editBeat(a *attacker, logged bool) bool {
	e, ok := a.beat(logged)
	if ok {
		e.Value.Healthy = !e.Value.Healthy
		a.day = e.At
		a.set(e.Key, e.Value)
	}
	return ok
}

func rollupAt(a *attacker) (ledger.Entry[longrun.Rollup], bool) {
	return pick(a, all(a, ledger.Rollups, whatever[longrun.Rollup]))
}

// attacks are those on one document as a whole, on a day, and on all there is.
var attacks = []attack{
	{"edit a sealed beat", "", false, func(a *attacker) bool { return editBeat(a, true) }},
	{"edit a beat that is not sealed", "", false, func(a *attacker) bool { return editBeat(a, false) }},
	{"delete a beat", "", false, func(a *attacker) bool {
		e, ok := a.beat(a.rng.IntN(3) > 0)
		if !ok || a.announced(ledger.Heartbeats, e.At) {
			return false
		}
		for _, b := range all(a, ledger.Heartbeats, func(b ledger.Entry[longrun.Heartbeat]) bool {
			return b.Value.ChainSeq == e.Value.ChainSeq-1 || b.Value.ChainSeq == e.Value.ChainSeq+1
		}) {
			if a.isLogged(evidence.Beat)[e.Key.ID] == 0 {
				a.near = append(a.near, b.Path())
			}
		}
		a.day = e.At
		a.remove(e.Key)
		return true
	}},
	{"delete a day of beats", "", false, func(a *attacker) bool {
		e, ok := a.beat(true)
		ok = ok && !a.announced(ledger.Heartbeats, e.At)
		a.day = e.At
		for _, b := range all(a, ledger.Heartbeats, func(b ledger.Entry[longrun.Heartbeat]) bool {
			return ok && longrun.RollupID(b.At) == longrun.RollupID(e.At)
		}) {
			a.remove(b.Key)
		}
		a.path = e.Key.String()
		return ok
	}},
	{"insert a beat", "", false, func(a *attacker) bool {
		e, ok := a.beat(true)
		h := e.Value
		at := h.TS.Add(7 * time.Second)
		a.day = at
		h.BucketID, h.TS = at.UTC().Format("2006-01-02T15-04-05"), at
		a.set(a.l.Key(ledger.Heartbeats, h.BucketID), h)
		return ok
	}},
	{"swap two beats", "", false, func(a *attacker) bool {
		x, _ := a.beat(true)
		y, ok := a.beat(true)
		if !ok || x.Key == y.Key {
			return false
		}
		a.set(y.Key, x.Value)
		a.set(x.Key, y.Value)
		return true
	}},
	{"re-time a beat", "", false, func(a *attacker) bool {
		e, ok := a.beat(true)
		if ok {
			e.Value.TS = e.Value.TS.Add(time.Second)
			a.day = e.At
			a.set(e.Key, e.Value)
		}
		return ok
	}},
	{"edit a probe", "", false, func(a *attacker) bool {
		e, ok := logged[longrun.Probe](a, evidence.Probe, ledger.Probes)
		if ok {
			e.Value.LatencyMs++
			a.day = e.At
			a.set(e.Key, e.Value)
		}
		return ok
	}},
	{"delete a probe", "", false, func(a *attacker) bool {
		e, ok := logged[longrun.Probe](a, evidence.Probe, ledger.Probes)
		if ok = ok && !a.announced(ledger.Probes, e.At); ok {
			a.day = e.At
			a.remove(e.Key)
		}
		return ok
	}},
	{"insert a probe into an old day", "", false, func(a *attacker) bool {
		if a.now.Sub(day0) < 11*24*time.Hour {
			return false
		}
		at := day0.Add(17*time.Hour + 1)
		a.day = at
		a.set(a.l.Key(ledger.Probes, "OUT_20251229T170000"), longrun.Probe{ProbeKey: "OUT_20251229T170000", Type: longrun.Outbound, TS: at, Result: longrun.Pass})
		return true
	}},
	{"edit an incident", "", false, func(a *attacker) bool {
		e, ok := logged[longrun.Incident](a, evidence.Incident, ledger.Incidents)
		if ok {
			a.day = e.At
			e.Value.TSEnd = new(e.Value.TSStart.Add(time.Second))
			a.set(e.Key, e.Value)
		}
		return ok
	}},
	{"delete an incident", "", false, func(a *attacker) bool {
		e, ok := logged[longrun.Incident](a, evidence.Incident, ledger.Incidents)
		if ok = ok && !a.announced(ledger.Incidents, e.At); ok {
			a.day = e.At
			a.remove(e.Key)
		}
		return ok
	}},
	{"forge a rollup, all slots filled", "", false, func(a *attacker) bool {
		e, ok := rollupAt(a)
		if !ok {
			return false
		}
		r := e.Value
		a.day = e.At
		slots, err := coverage.ParseBitmap(r.Slots)
		if err != nil || r.MissedHb == 0 {
			return false
		}
		for i := range slots.Len() {
			slots.Set(i)
		}
		r.Slots, r.WrittenHb, r.MissedHb, r.UptimePct, r.NumericCoverage, r.Gaps = slots.String(), r.ExpectedHb, 0, 100, 1, nil
		a.set(e.Key, r)
		return true
	}},
	{"clear unhealthy in a rollup", "", false, func(a *attacker) bool {
		e, ok := rollupAt(a)
		if ok = ok && e.Value.HealthyHb < e.Value.WrittenHb; ok {
			e.Value.HealthyHb, e.Value.Unhealthy = e.Value.WrittenHb, ""
			a.set(e.Key, e.Value)
		}
		return ok
	}},
	{"set a rollup back", "", false, func(a *attacker) bool {
		e, ok := pick(a, all(a, ledger.Rollups, func(e ledger.Entry[longrun.Rollup]) bool {
			before := a.rollups[e.Value.Date]
			return len(before) > 1 && before[0].Revision < e.Value.Revision
		}))
		if ok {
			a.set(e.Key, a.rollups[e.Value.Date][0])
		}
		return ok
	}},
	{"delete a rollup", "", false, func(a *attacker) bool {
		e, ok := rollupAt(a)
		if ok {
			a.remove(e.Key)
		}
		return ok
	}},
	{"mark a day pruned and delete it", "", false, func(a *attacker) bool {
		e, ok := pick(a, all(a, ledger.Rollups, func(e ledger.Entry[longrun.Rollup]) bool { return len(e.Value.PrunedAt) == 0 && e.Value.WrittenHb > 0 }))
		if !ok {
			return false
		}
		for _, b := range all(a, ledger.Heartbeats, func(b ledger.Entry[longrun.Heartbeat]) bool { return longrun.RollupID(b.At) == e.Value.Date }) {
			a.remove(b.Key)
		}
		e.Value.PrunedAt = map[string]time.Time{"heartbeats": a.now, "probes": a.now, "incidents": a.now}
		a.set(e.Key, e.Value)
		return true
	}},
	{"edit a batch", "", false, func(a *attacker) bool {
		e, ok := pick(a, all(a, ledger.Evidence, whatever[evidence.Batch]))
		if ok {
			lines := strings.SplitAfter(e.Value.Lines, "\n")
			i := a.rng.IntN(len(lines))
			e.Value.Lines = strings.Join(slices.Delete(lines, i, min(i+1, len(lines))), "")
			if i == len(lines)-1 {
				e.Value.By += "x"
			}
			a.set(e.Key, e.Value)
		}
		return ok
	}},
	{"delete a batch", "", false, func(a *attacker) bool {
		e, ok := pick(a, all(a, ledger.Evidence, whatever[evidence.Batch]))
		if ok {
			a.remove(e.Key)
		}
		return ok
	}},
	{"edit, and log it anew with another key", "key", false, func(a *attacker) bool { return a.anew(testKey(9)) }},
	{"edit, and log it anew without a key", "key", false, func(a *attacker) bool { return a.anew(nil) }},
	{"delete the lock", "", false, func(a *attacker) bool { a.remove(a.l.LockKey()); return true }},
	{"spoil the lock's note", "", false, func(a *attacker) bool {
		a.lease.Grant(a.lease.Note() + "x")
		a.row()
		a.path = a.l.LockKey().String()
		return true
	}},
	{"cut the last days, the note made up", "key", false, func(a *attacker) bool { return a.cut(false) }},
	{"cut the last days, with the note of then", "anchor", false, func(a *attacker) bool { return a.cut(true) }},
	{"cut the last days, and declare it", "", false, func(a *attacker) bool {
		told := a.told()
		if !a.cut(true) {
			return false
		}
		r, err := verify.Lost(a.tb.Context(), a.l, told)
		if errors.Is(err, verify.ErrNothingLost) {
			return false
		}
		require.NoError(a.tb, err)
		return a.declare(r, nil, nil, false)
	}},
	{"cut the last days, and declare it beside the log", "", false, func(a *attacker) bool {
		told := a.told()
		if !a.cut(true) {
			return false
		}
		r, err := verify.Lost(a.tb.Context(), a.l, told)
		if errors.Is(err, verify.ErrNothingLost) {
			return false
		}
		require.NoError(a.tb, err)
		r.TS, r.By, r.Why = a.now, "somebody", "the disk failed"
		r.RestoreID = evidence.RestoreID(r.TS)
		a.set(a.l.Key(ledger.Restores, r.RestoreID), r)
		return true
	}},
	{"take healthy out of a beat", "", false, func(a *attacker) bool {
		e, ok := pick(a, all(a, ledger.Heartbeats, func(e ledger.Entry[longrun.Heartbeat]) bool {
			return !e.Value.Healthy && !a.announced(ledger.Heartbeats, e.At)
		}))
		if !ok {
			return false
		}
		rec, err := a.l.Record(a.tb.Context(), e.Key)
		require.NoError(a.tb, err)
		doc := map[string]any{}
		require.NoError(a.tb, rec.Decode(&doc))
		delete(doc, "healthy")
		doc["ts"] = rec.At
		a.set(e.Key, doc)
		return true
	}},
	{"fork by the key's holder", "anchor", true, func(a *attacker) bool { return a.key != nil && a.anew(a.key) }},
}

// anew edits a beat and makes all that follows from it anew: the chain, the log, the
// rollups, the note.
func (a *attacker) anew(key ed25519.PrivateKey) bool {
	for _, c := range []ledger.Collection{ledger.Evidence, ledger.Rollups} {
		for rec, err := range a.l.Records(a.tb.Context(), c, ledger.Page{}) {
			require.NoError(a.tb, err)
			a.commit(store.Delete(rec.Key))
		}
	}
	beats := all(a, ledger.Heartbeats, whatever[longrun.Heartbeat])
	if len(beats) == 0 {
		return false
	}
	a.head = evidence.Head{}
	for i, e := range beats {
		if i == 0 {
			e.Value.Healthy = !e.Value.Healthy
		}
		e.Value, a.head = a.head.Next(e.Value)
		a.commit(store.Set(e.Key, e.Value))
	}
	a.key = key
	a.lease.Grant("")
	a.lease.Beat(a.head, a.sign)
	a.keep = 0
	a.takeOver()
	for day := longrun.DayOf(beats[0].At).From; day.AddDate(0, 0, 1).Before(a.now); day = day.AddDate(0, 0, 1) {
		a.dirty[day] = true
	}
	a.closings()
	a.row()
	a.path = ""
	return true
}

// cut removes what is younger than some midnight, and sets the note back to what it
// was, or makes one up.
func (a *attacker) cut(real bool) bool {
	now, err := evidence.ParseNote(a.lease.Note())
	require.NoError(a.tb, err)
	var then []evidence.Note
	for _, text := range a.notes {
		note, err := evidence.ParseNote(text)
		require.NoError(a.tb, err)
		if note.Number > 0 && note.Number < now.Number {
			then = append(then, note)
		}
	}
	note, ok := pick(a, then)
	if !ok {
		return false
	}
	for _, e := range all(a, ledger.Heartbeats, func(e ledger.Entry[longrun.Heartbeat]) bool { return e.Value.ChainSeq > note.Head.ChainSeq }) {
		a.commit(store.Delete(e.Key))
	}
	for _, e := range all(a, ledger.Evidence, func(e ledger.Entry[evidence.Batch]) bool { return e.Value.Number > note.Number }) {
		a.commit(store.Delete(e.Key))
	}
	for _, e := range all(a, ledger.Rollups, func(e ledger.Entry[longrun.Rollup]) bool { return e.Value.Batch > note.Number }) {
		a.commit(store.Delete(e.Key))
	}
	if !real {
		note.Signature = ""
	}
	a.lease.Grant(note.String())
	a.row()
	a.path = ""
	return true
}

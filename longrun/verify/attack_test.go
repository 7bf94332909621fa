package verify_test

import (
	"crypto/ed25519"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
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
	path string // what it changed
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

func all[T any](a *attacker, c ledger.Collection, keep func(ledger.Entry[T]) bool) (list []ledger.Entry[T]) {
	for e, err := range ledger.List[T](a.tb.Context(), a.l, c, ledger.Page{}) {
		require.NoError(a.tb, err)
		if keep(e) {
			list = append(list, e)
		}
	}
	return list
}

// isLogged are the IDs that have a line, with the batch.
func (a *attacker) isLogged(kind evidence.Kind) map[string]int64 {
	ids := map[string]int64{}
	for _, e := range all(a, ledger.Evidence, func(ledger.Entry[evidence.Batch]) bool { return true }) {
		lines, err := evidence.ParseLines(e.Value.Lines)
		require.NoError(a.tb, err)
		for _, l := range lines {
			if l.Kind == kind {
				ids[l.ID] = e.Value.Number
			}
		}
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

func (a *attacker) set(key store.Key, v any) { a.path = key.String(); a.commit(store.Set(key, v)) }

func (a *attacker) remove(key store.Key) { a.path = key.String(); a.commit(store.Delete(key)) }

func editBeat(a *attacker, logged bool) bool {
	e, ok := a.beat(logged)
	if ok {
		e.Value.Healthy = !e.Value.Healthy
		a.set(e.Key, e.Value)
	}
	return ok
}

func rollupAt(a *attacker) (ledger.Entry[longrun.Rollup], bool) {
	return pick(a, all(a, ledger.Rollups, func(ledger.Entry[longrun.Rollup]) bool { return true }))
}

// attacks are what may be done, each with whether it found something to do it to.
// needs says what it takes to find it: "" the store alone, "key" or "anchor".
var attacks = []struct {
	name, needs string
	do          func(*attacker) bool
}{
	{"edit a sealed beat", "", func(a *attacker) bool { return editBeat(a, true) }},
	{"edit a beat that is not sealed", "", func(a *attacker) bool { return editBeat(a, false) }},
	{"delete a beat", "", func(a *attacker) bool {
		e, ok := a.beat(a.rng.IntN(3) > 0)
		if ok {
			a.remove(e.Key)
		}
		return ok
	}},
	{"delete a day of beats", "", func(a *attacker) bool {
		e, ok := a.beat(true)
		for _, b := range all(a, ledger.Heartbeats, func(b ledger.Entry[longrun.Heartbeat]) bool {
			return longrun.RollupID(b.At) == longrun.RollupID(e.At)
		}) {
			a.remove(b.Key)
		}
		return ok
	}},
	{"insert a beat", "", func(a *attacker) bool {
		e, ok := a.beat(true)
		h := e.Value
		at := h.TS.Add(7 * time.Second)
		h.BucketID, h.TS = at.UTC().Format("2006-01-02T15-04-05"), at
		a.set(a.l.Key(ledger.Heartbeats, h.BucketID), h)
		return ok
	}},
	{"swap two beats", "", func(a *attacker) bool {
		x, _ := a.beat(true)
		y, ok := a.beat(true)
		if !ok || x.Key == y.Key {
			return false
		}
		a.set(y.Key, x.Value)
		a.set(x.Key, y.Value)
		return true
	}},
	{"re-time a beat", "", func(a *attacker) bool {
		e, ok := a.beat(true)
		if ok {
			e.Value.TS = e.Value.TS.Add(time.Second)
			a.set(e.Key, e.Value)
		}
		return ok
	}},
	{"edit a probe", "", func(a *attacker) bool {
		e, ok := logged[longrun.Probe](a, evidence.Probe, ledger.Probes)
		if ok {
			e.Value.LatencyMs++
			a.set(e.Key, e.Value)
		}
		return ok
	}},
	{"delete a probe", "", func(a *attacker) bool {
		e, ok := logged[longrun.Probe](a, evidence.Probe, ledger.Probes)
		if ok {
			a.remove(e.Key)
		}
		return ok
	}},
	{"insert a probe into an old day", "", func(a *attacker) bool {
		if a.now.Sub(day0) < 11*24*time.Hour {
			return false
		}
		at := day0.Add(17*time.Hour + 1)
		a.set(a.l.Key(ledger.Probes, "OUT_20251229T170000"), longrun.Probe{ProbeKey: "OUT_20251229T170000", Type: longrun.Outbound, TS: at, Result: longrun.Pass})
		return true
	}},
	{"edit an incident", "", func(a *attacker) bool {
		e, ok := logged[longrun.Incident](a, evidence.Incident, ledger.Incidents)
		if ok {
			e.Value.TSEnd = new(e.Value.TSStart.Add(time.Second))
			a.set(e.Key, e.Value)
		}
		return ok
	}},
	{"delete an incident", "", func(a *attacker) bool {
		e, ok := logged[longrun.Incident](a, evidence.Incident, ledger.Incidents)
		if ok {
			a.remove(e.Key)
		}
		return ok
	}},
	{"forge a rollup, all slots filled", "", func(a *attacker) bool {
		e, ok := rollupAt(a)
		if !ok {
			return false
		}
		r := e.Value
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
	{"clear unhealthy in a rollup", "", func(a *attacker) bool {
		e, ok := rollupAt(a)
		if ok = ok && e.Value.HealthyHb < e.Value.WrittenHb; ok {
			e.Value.HealthyHb, e.Value.Unhealthy = e.Value.WrittenHb, ""
			a.set(e.Key, e.Value)
		}
		return ok
	}},
	{"set a rollup back", "", func(a *attacker) bool {
		e, ok := pick(a, all(a, ledger.Rollups, func(e ledger.Entry[longrun.Rollup]) bool {
			before := a.rollups[e.Value.Date]
			return len(before) > 1 && before[0].Revision < e.Value.Revision
		}))
		if ok {
			a.set(e.Key, a.rollups[e.Value.Date][0])
		}
		return ok
	}},
	{"delete a rollup", "", func(a *attacker) bool {
		e, ok := rollupAt(a)
		if ok {
			a.remove(e.Key)
		}
		return ok
	}},
	{"mark a day pruned and delete it", "", func(a *attacker) bool {
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
	{"edit a batch", "", func(a *attacker) bool {
		e, ok := pick(a, all(a, ledger.Evidence, func(ledger.Entry[evidence.Batch]) bool { return true }))
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
	{"delete a batch", "", func(a *attacker) bool {
		e, ok := pick(a, all(a, ledger.Evidence, func(ledger.Entry[evidence.Batch]) bool { return true }))
		if ok {
			a.remove(e.Key)
		}
		return ok
	}},
	{"edit, and log it anew with another key", "key", func(a *attacker) bool { return a.anew(testKey(9)) }},
	{"edit, and log it anew without a key", "key", func(a *attacker) bool { return a.anew(nil) }},
	{"delete the lock", "", func(a *attacker) bool { a.remove(a.l.LockKey()); return true }},
	{"spoil the lock's note", "", func(a *attacker) bool {
		a.lease.Grant(a.lease.Note() + "x")
		a.row()
		a.path = a.l.LockKey().String()
		return true
	}},
	{"cut the last days, the note made up", "key", func(a *attacker) bool { return a.cut(false) }},
	{"cut the last days, with the note of then", "anchor", func(a *attacker) bool { return a.cut(true) }},
	{"fork by the key's holder", "anchor", func(a *attacker) bool { return a.key != nil && a.anew(a.key) }},
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
	beats := all(a, ledger.Heartbeats, func(ledger.Entry[longrun.Heartbeat]) bool { return true })
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

// Each attack is found: with the public key and an anchor no check passes, and what
// was changed is named.
//
//	go test ./longrun/verify -run TestNoAttackIsMissed -seeds=400 -v
func TestNoAttackIsMissed(t *testing.T) {
	t.Parallel()
	counts := map[string]*[4]int{} // tried, fault, doubt, named
	for n, attack := range attacks {
		c := new([4]int)
		counts[attack.name] = c
		want := seedtest.Histories(2)
		for seed := uint64(0); c[0] < want; seed++ {
			require.Less(t, seed, uint64(20*want), "%s finds nothing to be done to, and is not tried", attack.name)
			v := newLife(t, seed*7+uint64(n), 5+int(seed+uint64(n))%8, true)
			public, _ := v.key.Public().(ed25519.PublicKey)
			a := &attacker{life: v, rng: rand.New(rand.NewPCG(seed, uint64(n)))}
			anchors := a.told()
			if !attack.do(a) {
				continue
			}
			o := verify.EvidenceOptions{Now: a.now.Add(time.Minute), Keys: []ed25519.PublicKey{public}, Anchors: anchors}
			got, err := verify.Evidence(t.Context(), v.l, o)
			require.NoError(t, err)
			c[0]++
			switch got.Verdict {
			case verify.Fail:
				c[1]++
			case verify.CannotTell:
				c[2]++
			default:
				require.Fail(t, "an attack passed", "seed %d: %s of %s: %v", seed, attack.name, a.path, got.Counts)
			}
			named := a.path == "" || slices.ContainsFunc(got.Problems, func(p verify.Problem) bool { return p.Path == a.path })
			if named {
				c[3]++
			}
			if attack.needs == "anchor" {
				require.Equal(t, verify.Fail, got.Verdict, "seed %d: %s: %v", seed, attack.name, got.Problems)
			}
			require.True(t, named || len(got.Problems) >= 200, "seed %d: %s: %s is not named in %v", seed, attack.name, a.path, got.Problems)
		}
	}
	total := [4]int{}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		c := counts[name]
		t.Logf("%-45s %5d tried, %5d fault, %5d doubt, %5d named", name, c[0], c[1], c[2], c[3])
		for i := range total {
			total[i] += c[i]
		}
	}
	t.Logf("%-45s %5d tried, %5d fault, %5d doubt, %5d named", "all", total[0], total[1], total[2], total[3])
}

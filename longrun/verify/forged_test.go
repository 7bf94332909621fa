package verify_test

import (
	"crypto/ed25519"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
)

// forger is an attacker of a signed history of nine days, of which the first are
// pruned.
func forger(t *testing.T) (*attacker, verify.EvidenceOptions) {
	t.Helper()
	for seed := uint64(0); ; seed++ {
		require.Less(t, seed, uint64(50))
		v := newLife(t, seed, 9, true)
		if v.counts["pruned"] == 0 || v.counts["probes"] == 0 || v.counts["incidents"] == 0 {
			continue
		}
		public, _ := v.key.Public().(ed25519.PublicKey)
		a := &attacker{life: v, rng: rand.New(rand.NewPCG(seed, 1))}
		o := verify.EvidenceOptions{Now: v.now.Add(time.Minute), Keys: []ed25519.PublicKey{public}}
		require.Equal(t, verify.Pass, a.check(o).Verdict)
		return a, o
	}
}

func (a *attacker) check(o verify.EvidenceOptions) verify.Outcome {
	got, err := verify.Evidence(a.tb.Context(), a.l, o)
	require.NoError(a.tb, err)
	return got
}

// named requires that a check fails and names what was changed.
func (a *attacker) named(o verify.EvidenceOptions) {
	got := a.check(o)
	require.Equal(a.tb, verify.Fail, got.Verdict, a.path)
	var paths []string
	for _, p := range got.Problems {
		if p.Weight == verify.Fault {
			paths = append(paths, p.Path)
		}
	}
	require.Equal(a.tb, []string{a.path}, paths)
}

// The numbers of a pruned day are signed: an all-filled rollup in the place of a true
// one, with its batches and marks kept, contradicts nothing but its line (D1).
func TestAnAllFilledRollupOfAPrunedDayIsNamed(t *testing.T) {
	t.Parallel()
	a, o := forger(t)
	e, ok := pick(a, all(a, ledger.Rollups, func(e ledger.Entry[longrun.Rollup]) bool {
		return e.Value.MissedHb > 0 && !e.Value.PrunedAt["heartbeats"].IsZero()
	}))
	require.True(t, ok)
	r := e.Value
	slots, err := coverage.ParseBitmap(r.Slots)
	require.NoError(t, err)
	for i := range slots.Len() {
		slots.Set(i)
	}
	r.Slots, r.Unhealthy, r.WrittenHb, r.HealthyHb, r.MissedHb, r.UptimePct, r.NumericCoverage, r.Gaps = slots.String(), "", r.ExpectedHb, r.ExpectedHb, 0, 100, 1, nil
	a.set(e.Key, r)
	a.named(o)
}

// So are those of a day that still has its beats (D2).
func TestUnhealthyClearedInARollupIsNamed(t *testing.T) {
	t.Parallel()
	a, o := forger(t)
	e, ok := pick(a, all(a, ledger.Rollups, func(e ledger.Entry[longrun.Rollup]) bool {
		return e.Value.HealthyHb < e.Value.WrittenHb && e.Value.PrunedAt["heartbeats"].IsZero()
	}))
	require.True(t, ok)
	e.Value.HealthyHb, e.Value.Unhealthy = e.Value.WrittenHb, ""
	a.set(e.Key, e.Value)
	a.named(o)
}

// Days that were cut off, with the note of then put back, are named by an anchor. By
// itself that store is a whole one: by its age it is doubted, and when it is young the
// check says what it cannot tell (D3).
func TestDaysThatWereCutOffAreNamedByAnAnchorAndDoubtedWithoutOne(t *testing.T) {
	t.Parallel()
	a, o := forger(t)
	before := &attacker{life: a.fork(t)}
	for end := a.now.AddDate(0, 0, 3); a.now.Before(end); a.now = a.now.Add(a.every) {
		a.slot()
	}
	a.closings()
	anchors := a.told()
	a = before // as a backup has it, with the lock's note
	last, err := a.l.NewestBatch(t.Context())
	require.NoError(t, err)
	for i, path := range []string{last.Path(), a.l.LockKey().String()} {
		o.Anchors = anchors[i : i+1]
		a.path = path
		a.named(o)
	}
	o.Now = o.Now.AddDate(0, 0, 3)
	o.Anchors = nil
	got := a.check(o)
	require.Equal(t, verify.CannotTell, got.Verdict, got.Problems)
	require.Contains(t, got.Problems[0].Text, "nothing here proves that the history did not go on")
	o.Now = time.Time{} // as of then
	got = a.check(o)
	require.Equal(t, verify.Pass, got.Verdict, got.Problems)
	require.Contains(t, textsOf(got), "no anchor was given")
}

func textsOf(o verify.Outcome) (texts string) {
	for _, p := range o.Problems {
		texts += p.Text + "\n"
	}
	return texts
}

// Probes and incidents are in the log as beats are (D4).
func TestAnEditedProbeOrIncidentIsNamed(t *testing.T) {
	t.Parallel()
	a, o := forger(t)
	probe, ok := logged[longrun.Probe](a, evidence.Probe, ledger.Probes)
	require.True(t, ok)
	probe.Value.Result = longrun.Fail
	before := all(a, ledger.Probes, func(e ledger.Entry[longrun.Probe]) bool { return e.Key == probe.Key })[0]
	a.set(probe.Key, probe.Value)
	a.named(o)
	a.set(before.Key, before.Value)
	require.Equal(t, verify.Pass, a.check(o).Verdict)
	incident, ok := logged[longrun.Incident](a, evidence.Incident, ledger.Incidents)
	require.True(t, ok)
	incident.Value.Summary = "nothing happened"
	a.set(incident.Key, incident.Value)
	a.named(o)
}

// A beat that was copied into a free slot of an open day has the number of one that was
// logged: a window, which does not read that one, names the copy all the same.
func TestACopiedBeatIsNamedInAWindow(t *testing.T) {
	t.Parallel()
	a, o := forger(t)
	ids := a.isLogged(evidence.Beat)
	open := all(a, ledger.Heartbeats, func(e ledger.Entry[longrun.Heartbeat]) bool { return ids[e.Key.ID] == 0 })
	old := all(a, ledger.Heartbeats, func(e ledger.Entry[longrun.Heartbeat]) bool { return ids[e.Key.ID] > 0 })[0].Value
	require.NotEmpty(t, open)
	at := longrun.DayOf(open[len(open)-1].At).To.Add(-time.Second) // behind all
	old.BucketID, old.TS = at.Format("2006-01-02T15-04-05"), at
	a.set(a.l.Key(ledger.Heartbeats, old.BucketID), old)
	o.From = longrun.DayOf(at).From
	a.named(o)
}

// What tells that a late beat was edited is the one behind it in the chain, which may be
// of a day before: where a window does not read that, everything is read.
func TestAnEditedLateBeatIsFoundInAWindow(t *testing.T) {
	t.Parallel()
	a := &attacker{life: newLife(t, 266*7, 5+266*5%9, true)}
	late := all(a, ledger.Heartbeats, func(e ledger.Entry[longrun.Heartbeat]) bool { return e.Key.ID == "2026-01-10T00-00-00" })
	require.Len(t, late, 1)
	late[0].Value.Healthy = !late[0].Value.Healthy
	a.set(late[0].Key, late[0].Value)
	got := a.check(verify.EvidenceOptions{Now: a.now, From: late[0].At, To: late[0].At.Add(time.Hour)})
	require.Equal(t, verify.Fail, got.Verdict, got.Problems)
}

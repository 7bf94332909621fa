package verify_test

import (
	"crypto/ed25519"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
)

// No honest history is accused, nor doubted: take-overs, crashes, backlogs over
// midnights, clocks ahead and behind, changed intervals, retention broken off, signed
// and unsigned, with anchors and without.
//
//	go test ./longrun/verify -run TestNoHonestLogIsAccused -seeds=10000 -v
func TestNoHonestLogIsAccused(t *testing.T) {
	t.Parallel()
	counts := map[string]int64{}
	modes := map[bool]*struct{ histories, checks, faults, doubts int }{true: {}, false: {}}
	for seed := range uint64(seedtest.Histories(12)) {
		v := newLife(t, seed, 6+int(seed%6), seed%2 > 0)
		c := modes[v.key != nil]
		c.histories++
		o := verify.EvidenceOptions{Now: v.now}
		if v.key != nil {
			public, _ := v.key.Public().(ed25519.PublicKey)
			o.Keys = []ed25519.PublicKey{public}
		}
		check := func(what string, doubts bool) {
			got, err := verify.Evidence(t.Context(), v.l, o)
			require.NoError(t, err)
			c.checks++
			counts["anchors held"] += got.Counts["anchors"]
			switch {
			case got.Verdict == verify.Fail:
				c.faults++
				t.Errorf("seed %d: %s is accused: %v %v", seed, what, got.Problems, got.Counts)
			case got.Verdict != verify.Pass && !(doubts && got.Counts["beats"] == 0):
				c.doubts++
				if !doubts {
					t.Errorf("seed %d: %s is doubted: %v %v", seed, what, got.Problems, got.Counts)
				}
			}
		}
		check("a history without an anchor", false)
		o.Anchors = v.anchors
		check("a history with anchors", false)
		o.From, o.To = day0.AddDate(0, 0, 2), day0.AddDate(0, 0, 4)
		check("a window", true)
		for name, n := range v.counts {
			counts[name] += n
		}
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%-14s %d", name, counts[name])
	}
	for signed, name := range map[bool]string{true: "signed", false: "unsigned"} {
		c := modes[signed]
		t.Logf("honest histories, %s: %d, each checked without an anchor, with anchors and in a window (%d checks): %d accused, %d windows doubted", name, c.histories, c.checks, c.faults, c.doubts)
	}
}

// A restore from a backup that was declared is no accusation, with whatever anchors, and
// is never passed over: each is a doubt with its facts, and there is no other.
//
//	go test ./longrun/verify -run TestADeclaredRestoreIsNamedAndNoFault -seeds=1000 -v
func TestADeclaredRestoreIsNamedAndNoFault(t *testing.T) {
	t.Parallel()
	var restores, lost int64
	for seed := range uint64(seedtest.Histories(12)) {
		v := live(t, seed, 6+int(seed%6), seed%2 > 0, true)
		o := verify.EvidenceOptions{Now: v.now}
		if v.key != nil {
			public, _ := v.key.Public().(ed25519.PublicKey)
			o.Keys = []ed25519.PublicKey{public}
		}
		declared := v.counts["declared restores"]
		restores += declared
		for _, anchors := range [][]string{nil, v.anchors} {
			o.Anchors = anchors
			got, err := verify.Evidence(t.Context(), v.l, o)
			require.NoError(t, err)
			lost += got.Counts["anchorsLost"]
			require.Equal(t, declared, got.Counts["restores"], "seed %d: %v", seed, got.Problems)
			doubts := slices.DeleteFunc(slices.Clone(got.Problems), func(p verify.Problem) bool { return p.Weight == verify.Note })
			for _, p := range doubts {
				require.Equal(t, verify.Doubt, p.Weight, "seed %d: %v %v", seed, p, got.Counts)
				require.Contains(t, p.Path, "/restores/restore_", "seed %d: %v", seed, p)
				require.Contains(t, p.Text, `a backup was restored ("the disk failed"): the history went back to`)
			}
			require.Len(t, doubts, int(declared), "seed %d", seed)
		}
	}
	require.Positive(t, restores)
	require.Positive(t, lost, "anchors of what was lost are among them")
	t.Logf("%d declared restores, %d anchors of what they lost", restores, lost)
}

// Without the declaration the same history is accused, and so it is where a declaration
// says too little.
func TestARestoreThatIsNotDeclaredIsAccused(t *testing.T) {
	t.Parallel()
	v := newLife(t, 3, 4, true)
	public, _ := v.key.Public().(ed25519.PublicKey)
	a := &attacker{life: v.fork(t), rng: rand.New(rand.NewPCG(1, 1))} // the backup
	a.row()
	for end := v.now.AddDate(0, 0, 2); v.now.Before(end); v.now = v.now.Add(v.every) {
		v.slot()
	}
	v.ahead, v.away = 0, time.Time{}
	v.write()
	v.closings()
	v.row()
	told := (&attacker{life: v}).told()
	check := func(l *life) verify.Outcome {
		got, err := verify.Evidence(t.Context(), l.l, verify.EvidenceOptions{Now: v.now, Keys: []ed25519.PublicKey{public}, Anchors: told})
		require.NoError(t, err)
		return got
	}
	require.Equal(t, verify.Pass, check(v).Verdict)
	require.Equal(t, verify.Fail, check(a.life).Verdict)
	for name, test := range map[string]struct {
		key  ed25519.PrivateKey
		less func(r *evidence.Restore)
		want verify.Verdict
	}{
		"declared with the key":       {v.key, func(*evidence.Restore) {}, verify.CannotTell},
		"without the key":             {nil, func(*evidence.Restore) {}, verify.Fail},
		"of fewer leaves":             {v.key, func(r *evidence.Restore) { r.LostSize-- }, verify.Fail},
		"of other leaves":             {v.key, func(r *evidence.Restore) { r.LostRoot = "A" + r.LostRoot[1:] }, verify.Fail},
		"of fewer beats":              {v.key, func(r *evidence.Restore) { r.LostHead = "" }, verify.Fail},
		"from a state that never was": {v.key, func(r *evidence.Restore) { r.Size-- }, verify.Fail},
	} {
		b := &attacker{life: a.fork(t), rng: a.rng}
		b.row()
		r, err := verify.Lost(t.Context(), b.l, told)
		require.NoError(t, err, name)
		require.True(t, b.declare(r, test.key, test.less, name == "from a state that never was"))
		got := check(b.life)
		require.Equal(t, test.want, got.Verdict, "%s: %v", name, got.Problems)
		require.True(t, slices.ContainsFunc(got.Problems, func(p verify.Problem) bool { return p.Path == b.path }), "%s: %v", name, got.Problems)
	}
	_, err := verify.Lost(t.Context(), v.l, told)
	require.ErrorIs(t, err, verify.ErrNothingLost)
}

// declare has the declaration logged as its next leaf, with a key or without one. less may
// make it say less; raw logs it without the writer's own checks.
func (a *attacker) declare(r evidence.Restore, key ed25519.PrivateKey, less func(*evidence.Restore), raw bool) bool {
	r.TS, r.By, r.Why = a.now, "somebody", "the disk failed"
	r.RestoreID = evidence.RestoreID(r.TS)
	if less != nil {
		less(&r)
	}
	log := logbook.New(a.l, a.lease, logbook.Options{By: "somebody", Key: key})
	if raw {
		_, err := log.Append(a.tb.Context(), logbook.Addition{Now: r.TS, Restore: &r})
		require.NoError(a.tb, err)
	} else {
		require.NoError(a.tb, log.Declare(a.tb.Context(), r))
	}
	a.row()
	a.path = a.l.Key(ledger.Restores, r.RestoreID).String()
	return true
}

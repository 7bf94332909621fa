package verify_test

import (
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
)

// mode is what a check is given.
type mode struct {
	name            string
	signed, anchors bool
}

// tries reports whether a kind of attack is of interest: what is found without an
// anchor is found with one.
func (m mode) tries(needs string, byHolder bool) bool {
	if m.signed && !m.anchors {
		return needs == "anchor"
	}
	return m.signed || !byHolder
}

// excused reports whether a pass says in plain words that it could not tell this.
func (m mode) excused(needs string, o verify.Outcome) bool {
	said := func(text string) bool {
		return slices.ContainsFunc(o.Problems, func(p verify.Problem) bool { return strings.Contains(p.Text, text) })
	}
	switch needs {
	case "key":
		return !m.signed && said("can make all of it anew")
	case "anchor":
		return !m.anchors && said("no anchor was given")
	}
	return false
}

// tally is what became of one kind of attack.
type tally struct {
	tried, faults, doubts, told, missed, named int
}

func (c *tally) add(o *tally) {
	c.tried += o.tried
	c.faults += o.faults
	c.doubts += o.doubts
	c.told += o.told
	c.missed += o.missed
	c.named += o.named
}

func (c *tally) String() string {
	return fmt.Sprintf("%6d tried, %6d faults, %5d doubts, %5d passed and said that it could not be told, %d missed; %6d named", c.tried, c.faults, c.doubts, c.told, c.missed, c.named)
}

// TestNoAttackIsMissed: with the public key and an anchor no check passes, and what was
// changed is named. Without a key whoever can write the store can make all of it anew:
// what only a key or an anchor can find may pass then, and says that in plain words;
// everything else is found all the same.
//
//	go test ./longrun/verify -run 'Honest|Attack' -seeds=400 -v
func TestNoAttackIsMissed(t *testing.T) {
	t.Parallel()
	for _, m := range []mode{{"signed, with an anchor", true, true}, {"signed, without an anchor", true, false}, {"unsigned, without an anchor", false, false}} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			m.campaign(t)
		})
	}
}

// campaign tries each kind of attack as often as asked. A history is lived through
// once, and attacked in forks of it.
func (m mode) campaign(t *testing.T) {
	t.Helper()
	counts, want := make([]tally, len(attacks)), seedtest.Histories(1)
	lacking := func() int {
		for n, attack := range attacks {
			if counts[n].tried < want && m.tries(attack.needs, attack.signed) {
				return n
			}
		}
		return -1
	}
	for seed := uint64(0); lacking() >= 0; seed++ {
		require.Less(t, seed, uint64(20*want+40), "%q finds nothing to be done to, and is not tried", attacks[max(lacking(), 0)].name)
		v := newLife(t, seed*7, 5+int(seed*5)%9, m.signed)
		for n, attack := range attacks {
			if counts[n].tried >= want || !m.tries(attack.needs, attack.signed) {
				continue
			}
			a := &attacker{life: v.fork(t), rng: rand.New(rand.NewPCG(seed, uint64(n)))}
			o := verify.EvidenceOptions{Now: a.now.Add(time.Minute)}
			if m.signed {
				public, _ := v.key.Public().(ed25519.PublicKey)
				o.Keys = []ed25519.PublicKey{public}
			}
			if m.anchors {
				o.Anchors = a.told()
			}
			if attack.do(a) {
				a.judge(m, &counts[n], attack.name, attack.needs, seed, o)
			}
		}
	}
	all := tally{}
	for n, attack := range attacks {
		if !m.tries(attack.needs, attack.signed) {
			continue
		}
		t.Logf("%-45s %s", attack.name, &counts[n])
		all.add(&counts[n])
	}
	t.Logf("%-45s %s", "all", &all)
	require.Zero(t, all.missed)
}

// judge holds what a check says against what was done.
func (a *attacker) judge(m mode, c *tally, name, needs string, seed uint64, o verify.EvidenceOptions) {
	got, err := verify.Evidence(a.tb.Context(), a.l, o)
	require.NoError(a.tb, err)
	c.tried++
	named := a.path == "" || slices.ContainsFunc(got.Problems, func(p verify.Problem) bool {
		return p.Path == a.path || slices.Contains(a.near, p.Path)
	})
	if named {
		c.named++
	}
	switch {
	case got.Verdict == verify.Fail:
		c.faults++
	case got.Verdict == verify.CannotTell:
		c.doubts++
	case m.excused(needs, got):
		c.told++
	default:
		c.missed++
		a.tb.Errorf("seed %d: an attack passed: %s of %s: %v", seed, name, a.path, got.Counts)
	}
	if m.anchors && needs == "anchor" {
		require.Equal(a.tb, verify.Fail, got.Verdict, "seed %d: %s: %v", seed, name, got.Problems)
	}
	if m.anchors || needs == "" {
		require.True(a.tb, named || len(got.Problems) >= 200, "seed %d: %s: %s is not named in %v", seed, name, a.path, got.Problems)
	}
}

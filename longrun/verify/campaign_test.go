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
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
)

// attack is what may be done by one who can write the store. do reports whether it found
// something to do it to.
type attack struct {
	name, needs string // what it takes to find it: "" the store alone, "key" or "anchor"
	signed      bool   // only the key's holder can
	do          func(*attacker) bool
}

// view is what a check is given.
type view struct {
	name                      string
	signed, anchors, windowed bool
}

// excused reports whether a pass says in plain words that it could not tell this.
func (w view) excused(needs string, o verify.Outcome) bool {
	said := func(text string) bool {
		return slices.ContainsFunc(o.Problems, func(p verify.Problem) bool { return strings.Contains(p.Text, text) })
	}
	switch needs {
	case "key":
		return !w.signed && said("can make all of it anew")
	case "anchor":
		return !w.anchors && said("no anchor was given")
	}
	return false
}

// tally is what became of one kind of attack.
type tally struct {
	tried, faults, doubts int
	told                  int // it passed, and the check said that it could not tell
	missed                int
	named                 int // of those tried
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
	return fmt.Sprintf("%6d %6d %6d %6d %6d %6d", c.tried, c.faults, c.doubts, c.told, c.missed, c.named)
}

// TestCampaignOfAttacks: with the public key and an anchor no check passes, and what was
// changed is named. Without a key whoever can write the store can make all of it anew:
// what only a key or an anchor can find may pass then, and says that in plain words;
// everything else is found all the same, and in a window of its day, too.
//
//	go test ./longrun/verify -run Campaign -seeds=10000 -timeout 0 -v
//
// tries so many attacks, as many of each kind.
func TestCampaignOfAttacks(t *testing.T) {
	t.Parallel()
	for name, signed := range map[string]bool{"signed": true, "unsigned": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attackAll(t, signed, []view{
				{name + ", with an anchor", signed, true, false},
				{name + ", without an anchor", signed, false, false},
				{name + ", in a window", signed, false, true},
			})
		})
	}
}

// attackAll tries each kind of attack as often as asked, and looks at each in all views.
// A history is lived through once, and attacked in forks of it.
func attackAll(t *testing.T, signed bool, views []view) {
	t.Helper()
	kinds := slices.DeleteFunc(slices.Concat(attacks, finer), func(a attack) bool { return a.signed && !signed })
	want := max(1, (seedtest.Histories(len(kinds))+len(kinds)-1)/len(kinds))
	counts := make([][]tally, len(kinds))
	for i := range counts {
		counts[i] = make([]tally, len(views))
	}
	lacking := func() int { return slices.IndexFunc(counts, func(c []tally) bool { return c[0].tried < want }) }
	for seed := uint64(0); lacking() >= 0; seed++ {
		require.Less(t, seed, uint64(60*want+100), "%q finds nothing to be done to, and is not tried", kinds[max(lacking(), 0)].name)
		v := newLife(t, seed*7, 5+int(seed*5)%9, signed)
		for n, kind := range kinds {
			if counts[n][0].tried >= want || want > 10 && (seed+uint64(n))%3 > 0 { // many kinds in a history, and many histories for a kind
				continue
			}
			a := &attacker{life: v.fork(t), rng: rand.New(rand.NewPCG(seed, uint64(n)))}
			anchors := a.told()
			if !kind.do(a) {
				continue
			}
			for i, w := range views {
				o := verify.EvidenceOptions{Now: a.now.Add(time.Minute)}
				if signed {
					public, _ := v.key.Public().(ed25519.PublicKey)
					o.Keys = []ed25519.PublicKey{public}
				}
				if w.anchors {
					o.Anchors = anchors
				}
				if w.windowed {
					if a.day.IsZero() {
						continue
					}
					day := longrun.DayOf(a.day)
					o.From, o.To = day.From.AddDate(0, 0, -a.rng.IntN(2)), day.To.AddDate(0, 0, a.rng.IntN(2))
				}
				a.judge(w, &counts[n][i], kind.name, kind.needs, seed, o)
			}
		}
	}
	for i, w := range views {
		t.Logf("%-62s  tried faults doubts   told missed  named", w.name)
		all := tally{}
		for n, kind := range kinds {
			if counts[n][i].tried > 0 {
				t.Logf("  %-60s %s", kind.name, &counts[n][i])
			}
			all.add(&counts[n][i])
		}
		t.Logf("  %-60s %s", "all", &all)
		require.Zero(t, all.missed)
	}
}

// judge holds what a check says against what was done.
func (a *attacker) judge(w view, c *tally, name, needs string, seed uint64, o verify.EvidenceOptions) {
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
	case w.excused(needs, got):
		c.told++
	default:
		c.missed++
		a.tb.Errorf("%s, seed %d: an attack passed: %s of %s: %v %v", w.name, seed, name, a.path, got.Problems, got.Counts)
	}
	if w.anchors && needs == "anchor" && got.Verdict != verify.Fail {
		a.tb.Errorf("%s, seed %d: %s: %v", w.name, seed, name, got.Problems)
	}
	if (w.anchors && w.signed || needs == "") && !named && len(got.Problems) < 200 {
		a.tb.Errorf("%s, seed %d: %s: %s is not named in %v", w.name, seed, name, a.path, got.Problems)
	}
}

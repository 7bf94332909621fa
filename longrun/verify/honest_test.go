package verify_test

import (
	"crypto/ed25519"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
)

// moments is how often a life is looked at: at some times in it, as it is then, and at
// its end.
const moments = 4

// TestCampaignOfHonestHistories: no honest history is accused, at whatever moment it is
// looked at: take-overs, crashes, backlogs over midnights, clocks ahead and behind,
// changed intervals, retention broken off; nor with what need not be anybody's fault
// either: a lost row of the lock, a new key, an instance without one. Nor is one doubted
// that is up to date and met none of these. See TestCampaignOfAttacks for the other half.
//
//	go test ./longrun/verify -run Campaign -seeds=10000 -timeout 0 -v
func TestCampaignOfHonestHistories(t *testing.T) {
	t.Parallel()
	for _, s := range []stream{{name: "signed", signed: true}, {name: "unsigned"}, {name: "signed, with mishaps", signed: true, mishaps: true}} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.campaign(t)
		})
	}
}

// stream is a kind of honest lives, and what became of their checks.
type stream struct {
	name            string
	signed, mishaps bool

	lives, histories int
	checks, faults   map[string]int // by what a check is given
	doubts           map[string]int // by their texts
	lived            map[string]int64
}

func (s *stream) begin() {
	s.checks, s.faults, s.doubts, s.lived = map[string]int{}, map[string]int{}, map[string]int{}, map[string]int64{}
}

// Those that a campaign of 10,000 found accused: the lock's note was lost, once or twice,
// while a clock was ahead or retention had taken the beginning of a chain; just now, with
// no beat since; with an anchor from before that, of beats that were pruned; and an incident that was over after its day
// had been closed for longer than a leader looked back.
func TestHonestLivesThatWereAccusedOnce(t *testing.T) {
	t.Parallel()
	s := stream{name: "signed, with mishaps", signed: true, mishaps: true}
	s.begin()
	for _, seed := range []uint64{500, 601, 622, 658, 767, 850, 879, 2168} {
		s.life(t, seed)
	}
	s.tell(t)
}

func (s *stream) campaign(t *testing.T) {
	t.Helper()
	s.begin()
	for seed := uint64(0); s.histories < seedtest.Histories(5*moments); seed++ {
		s.life(t, seed)
	}
	s.tell(t)
}

// life looks at one life, at some moments and at its end.
func (s *stream) life(t *testing.T, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 77))
	days, times := 5+int(seed%6), []time.Time{}
	for range moments - 1 {
		times = append(times, day0.Add(time.Duration(24+rng.IntN(days*24))*time.Hour+time.Duration(rng.IntN(3600))*time.Second))
	}
	slices.SortFunc(times, time.Time.Compare)
	v := newLife(t, seed, days, s.signed, func(v *life) {
		if s.mishaps {
			v.mishap(rng)
		}
		for len(times) > 0 && v.now.After(times[0]) {
			now := v.fork(t)
			now.row()
			s.look(t, now, fmt.Sprintf("seed %d at %s", seed, times[0].Format(time.RFC3339)), rng, false)
			times = times[1:]
		}
	})
	s.look(t, v, fmt.Sprintf("seed %d at its end", seed), rng, !s.mishaps)
	s.lives++
	for name, n := range v.counts {
		s.lived[name] += n
	}
}

func (s *stream) tell(t *testing.T) {
	t.Helper()
	t.Logf("%s: %d lives, looked at as %d histories", s.name, s.lives, s.histories)
	for _, what := range slices.Sorted(maps.Keys(s.checks)) {
		t.Logf("  %-24s %6d checks, %d accused", what, s.checks[what], s.faults[what])
	}
	for _, text := range slices.Sorted(maps.Keys(s.doubts)) {
		t.Logf("  %6d doubts: %s", s.doubts[text], text)
	}
	for _, name := range slices.Sorted(maps.Keys(s.lived)) {
		t.Logf("  lived through: %-14s %d", name, s.lived[name])
	}
}

// look checks a history as it is, in each way. One that is up to date is not doubted,
// but where a window has nothing in it.
func (s *stream) look(t *testing.T, v *life, which string, rng *rand.Rand, upToDate bool) {
	t.Helper()
	s.histories++
	o := verify.EvidenceOptions{Now: v.now}
	for _, key := range v.keys {
		public, _ := key.Public().(ed25519.PublicKey)
		o.Keys = append(o.Keys, public)
	}
	check := func(what string, o verify.EvidenceOptions, certain bool) {
		got, err := verify.Evidence(t.Context(), v.l, o)
		require.NoError(t, err)
		s.checks[what]++
		s.lived["anchors held"] += got.Counts["anchors"]
		if got.Verdict == verify.Fail {
			s.faults[what]++
			t.Errorf("%s: %s is accused: %v %v", which, what, got.Problems, got.Counts)
			return
		}
		for _, p := range got.Problems {
			if p.Weight == verify.Doubt {
				s.doubts[kindOf(p.Text)]++
			}
		}
		if certain && got.Verdict != verify.Pass {
			t.Errorf("%s: %s is doubted: %v %v", which, what, got.Problems, got.Counts)
		}
	}
	check("without an anchor", o, upToDate)
	if s.signed {
		check("without a key", verify.EvidenceOptions{Now: v.now}, upToDate)
	}
	o.Anchors = v.anchors
	check("with anchors", o, upToDate)
	o.From = day0.AddDate(0, 0, rng.IntN(6))
	o.To = o.From.AddDate(0, 0, 1+rng.IntN(3)).Add(-time.Duration(rng.IntN(30)) * time.Hour)
	if !o.To.After(o.From) {
		o.To = time.Time{}
	}
	check("a window, with anchors", o, false)
}

var (
	shownTime = regexp.MustCompile(`\d{4}-\d\d-\d\d(T[0-9:.]+Z)?`)
	shownNumb = regexp.MustCompile(`\d+(h[0-9hms]+)?|"[^"]*"`)
	shownPath = regexp.MustCompile(`wa_metrics/\S+`)
)

// kindOf is the text of a problem without what it is about.
func kindOf(text string) string {
	return shownNumb.ReplaceAllString(shownTime.ReplaceAllString(shownPath.ReplaceAllString(text, "PATH"), "TIME"), "N")
}

// mishap is what need not be anybody's fault, and leaves a doubt behind or nothing.
func (v *life) mishap(rng *rand.Rand) {
	switch rng.IntN(3000) {
	case 0: // the row of the lock is lost: the chain begins anew, and another tree of the log
		v.loseNote()
	case 1: // another key, which an instance has from its start
		v.key = testKey(byte(len(v.keys) + 1))
		v.keys = append(v.keys, v.key)
		v.counts["keys rotated"]++
		v.takeOver()
	case 2, 3: // an instance without a key leads
		v.key = nil
		v.counts["led without a key"]++
		v.takeOver()
	case 4, 5, 6, 7:
		v.key = v.keys[len(v.keys)-1]
		v.takeOver()
	}
}

func (v *life) loseNote() {
	v.lease.Grant("")
	v.head = evidence.Head{}
	v.counts["notes lost"]++
	v.takeOver()
}

// An anchor of a chain that began anew since, as after the loss of the lock's row, is
// nobody's fault: its beat may be pruned, or not be read in a window, and another one
// has its number now.
func TestAnAnchorOfAChainFromBeforeIsADoubt(t *testing.T) {
	t.Parallel()
	var anchor string
	v := newLife(t, 3, 7, true, func(v *life) {
		v.keep = 0
		switch day := longrun.DayOf(v.now).From; {
		case anchor == "" && v.head.ChainSeq > 30:
			anchor = "ping " + v.head.String()
		case v.counts["notes lost"] == 0 && v.head.ChainSeq > 60:
			v.loseNote()
		case day.Equal(day0.AddDate(0, 0, 6)):
			v.keep = 2
		}
	})
	require.Positive(t, v.counts["pruned"], "with the beat of the anchor")
	public, _ := v.key.Public().(ed25519.PublicKey)
	o := verify.EvidenceOptions{Now: v.now, Keys: []ed25519.PublicKey{public}, Anchors: []string{anchor}}
	for range 2 {
		got := evidenceOf(t, v.l, o)
		require.Equal(t, verify.CannotTell, got.Verdict, got.Problems)
		o.From = day0
	}
	o.From = time.Time{}
	require.Contains(t, textsOf(evidenceOf(t, v.l, o)), "from before this one began anew")
	o.Anchors = []string{"ping 999999 " + v.head.Hash} // which no chain had
	require.Equal(t, verify.Fail, evidenceOf(t, v.l, o).Verdict)
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
			doubts := slices.DeleteFunc(slices.Clone(got.Problems), func(p verify.Problem) bool {
				// What the backup had, and had not logged, may be too old for the next leader.
				return p.Weight == verify.Note || p.Weight == verify.Doubt && strings.Contains(p.Text, "was there when a backup was restored")
			})
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

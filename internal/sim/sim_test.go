package sim_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/internal/sim"
	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

var (
	days = flag.Float64("days", 0.5, "how many days each history lasts")
	from = flag.Uint64("from", 0, "the first seed")
	logs = flag.String("logs", "", "a directory for the logs and the shrunk plans of seeds that fail")
	tell = flag.Int("shrink", 200, "how often a plan that fails is lived through at most to make it small")
)

// live runs a plan in a bubble of its own.
func live(t *testing.T, p plan.Plan) (o *sim.Outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { o = sim.Live(t.Context(), memstore.New(nil), p) })
	return o
}

// full is how many histories a run with -long lives through, and an ordinary one a sixth.
const full = 72

func generate(seed uint64) plan.Plan {
	return plan.Generate(seed, time.Duration(*days*24*float64(time.Hour)))
}

// The campaign:
//
//	go test ./internal/sim -run TestNoPlanBreaksAnything -seeds=1000 -days=30 -timeout 0 -v
func TestNoPlanBreaksAnything(t *testing.T) { //nolint:paralleltest // the processor is one
	all := uint64(seedtest.Histories(full)) //nolint:gosec // not negative
	sums := map[string]int{}
	began := time.Now()
	told := began
	for seed := *from; seed < *from+all; seed++ {
		if time.Since(told) > time.Minute { // seen with -v
			told = time.Now()
			t.Logf("%d of %d seeds in %v, %d violations", seed-*from, all, told.Sub(began).Round(time.Second), sums["violations"])
		}
		p := generate(seed)
		o := live(t, p)
		for name, n := range o.Counts {
			sums[name] += n
		}
		sums["violations"] += len(o.Violations)
		if o.Failed() {
			report(t, p, o)
		}
	}
	t.Logf("%d seeds of %v days in %v", all, *days, time.Since(began).Round(time.Second/10))
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		t.Logf("%-26s %d", name, sums[name])
	}
}

// report says what is wrong, and the smallest plan for which it is.
func report(t *testing.T, p plan.Plan, o *sim.Outcome) {
	t.Helper()
	said := map[string]int{}
	for _, v := range o.Violations {
		if said[v.Oracle]++; said[v.Oracle] <= 3 {
			t.Errorf("seed %d: %v", p.Seed, v)
		}
	}
	oracle := o.Violations[0].Oracle
	name := filepath.Join(*logs, oracle+"-"+strconv.FormatUint(p.Seed, 10)+"-"+time.Now().Format("150405.000000"))
	if *logs != "" { // before it is tried again: where the machine is busy, no two lives need be the same
		require.NoError(t, os.WriteFile(name+"-whole.log", []byte(o.Log), 0o600))
	}
	small := plan.Shrink(p, *tell, func(p plan.Plan) bool {
		return slices.ContainsFunc(live(t, p).Violations, func(v sim.Violation) bool { return v.Oracle == oracle })
	})
	small.Note = o.Violations[0].Text
	t.Logf("%d events of %d suffice:\n%s", len(small.Events), len(p.Events), small.JSON())
	if *logs != "" {
		require.NoError(t, os.WriteFile(name+".json", []byte(small.JSON()), 0o600))
		require.NoError(t, os.WriteFile(name+".log", []byte(live(t, small).Log), 0o600))
	}
}

// What once failed is lived through by every run.
func TestNoPlanThatOnceFailedDoesAgain(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			p, err := plan.Parse(text)
			require.NoError(t, err)
			require.NotEmpty(t, p.Note, "it says what it is kept for")
			o := live(t, p)
			require.Empty(t, o.Violations, o.Log)
		})
	}
}

// The same seed gives the same log. How many of how many do is in the README: where the
// machine is busy, one in some hundreds does not, since the scheduler breaks in.
func TestTheSameSeedGivesTheSameLog(t *testing.T) { //nolint:paralleltest // what runs beside it would change its order
	all := seedtest.Histories(9)
	same := 0
	for seed := *from; seed < *from+uint64(all); seed++ { //nolint:gosec // not negative
		p := plan.Generate(seed, time.Duration(min(*days, 0.25)*24*float64(time.Hour)))
		a, b := live(t, p).Log, live(t, p).Log
		if a == b {
			same++
			continue
		}
		x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
		for i := range min(len(x), len(y)) {
			if x[i] != y[i] {
				t.Logf("seed %d, line %d of %d:\n%s\n  and then\n%s\n%s", seed, i, len(x), strings.Join(x[max(0, i-3):i], "\n"), x[i], y[i])
				break
			}
		}
	}
	t.Logf("of %d seeds, each lived through twice, %d gave the same log, byte for byte: %.1f %%", all, same, 100*float64(same)/float64(all))
	require.GreaterOrEqual(t, same, all*9/10)
}

// A month of three instances with slots of a minute and a fault every four hours or so;
// how long it takes is in the README.
func TestAMonthOfThreeInstances(t *testing.T) { //nolint:paralleltest // it is timed
	seedtest.Long(t)
	for seed, shown := *from, 0; shown < 3; seed++ {
		p := plan.Generate(seed, 30*24*time.Hour)
		if p.Instances != 3 || len(p.Events) > 250 {
			continue
		}
		p.Events = slices.DeleteFunc(p.Events, func(e plan.Event) bool { return e.Kind == plan.Length }) // all of a minute
		shown++
		began := time.Now()
		o := live(t, p)
		t.Logf("seed %d: %d events, %d beats in %v", seed, len(p.Events), o.Counts["beats"], time.Since(began).Round(time.Second/100))
		if o.Failed() {
			report(t, p, o)
		}
	}
}

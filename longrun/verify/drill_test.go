package verify_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func startMonitor(d verify.DrillMonitor) (func(context.Context) error, error) {
	m, err := monitor.New(monitor.Config{Store: d.Store, Root: d.Root, InstanceID: d.InstanceID, Interval: d.Interval, Lease: d.Lease})
	if err != nil {
		return nil, err
	}
	return m.Run, nil
}

func paths(o verify.Outcome) (paths []string) {
	for _, f := range o.Problems {
		paths = append(paths, f.Path)
	}
	return paths
}

func TestADrillFindsTheFenceWhereThereIsOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		var steps []string
		o, err := verify.Drill(t.Context(), st, verify.DrillOptions{Start: startMonitor, Step: func(text string) { steps = append(steps, text) }})
		require.NoError(t, err)
		require.Equal(t, verify.Pass, o.Verdict, "%v", o.Problems)
		require.GreaterOrEqual(t, o.Counts["failoverMs"], int64(4000))
		require.LessOrEqual(t, o.Counts["failoverMs"], int64(4367))
		require.GreaterOrEqual(t, o.Counts["beats"], int64(6), "in the instant of a stop its slot's beat may come first, or not")
		require.Positive(t, o.Counts["missedSlots"])
		require.Len(t, steps, 5)
		t.Log(steps, o.Counts)
	})
}

// unfenced is a store that does what it is asked and no more: it asks nothing of
// the lock's row.
func unfenced(st store.Store) store.Store { return careless{st} }

type careless struct{ store.Store }

func (c careless) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	if len(ops) > 1 { // a write of a leader, of whatever grant
		own := append([]store.Op(nil), ops...)
		own[0].If = store.Precondition{}
		ops = own
	}
	return c.Store.Commit(ctx, ops...)
}

func TestADrillFailsWithoutAFence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, err := verify.Drill(t.Context(), unfenced(memstore.New(nil)), verify.DrillOptions{Start: startMonitor})
		require.NoError(t, err)
		require.Equal(t, verify.Fail, o.Verdict)
		require.Contains(t, o.Problems[0].Text, "does not fence")
	})
}

func TestADrillFailsWhenTheTakeOverIsLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := storetest.Wrap(memstore.New(nil))
		slow.Inject(storetest.Fault{Before: func(ctx context.Context, c storetest.Call) error {
			if c.Method == storetest.Get {
				select {
				case <-time.After(700 * time.Millisecond):
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		}})
		o, err := verify.Drill(t.Context(), slow, verify.DrillOptions{Start: startMonitor})
		require.NoError(t, err)
		require.Equal(t, verify.Fail, o.Verdict, "%v", o)
		require.Contains(t, o.Problems[0].Text, "more than 1.05")
	})
}

func TestADrillLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		seen := map[string]bool{}
		st := storetest.Wrap(memstore.New(nil))
		st.Inject(storetest.Fault{After: func(_ context.Context, c storetest.Call) error {
			mu.Lock()
			defer mu.Unlock()
			if c.Method == storetest.Commit {
				seen[c.Key.Collection] = true
			}
			return nil
		}})
		_, err := verify.Drill(t.Context(), st, verify.DrillOptions{Start: startMonitor})
		require.NoError(t, err)
		mu.Lock()
		collections := slices.Collect(maps.Keys(seen))
		mu.Unlock()
		require.NotEmpty(t, collections)
		for _, c := range collections {
			require.Contains(t, c, verify.DefaultDrillRoot+"/")
			for rec, err := range st.Scan(t.Context(), store.Query{Collection: c}) {
				require.NoError(t, err)
				t.Errorf("%s is left", rec.Key)
			}
		}
	})
}

func TestADrillThatCannotBeMadeIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, err := verify.Drill(t.Context(), memstore.New(nil), verify.DrillOptions{})
		require.ErrorContains(t, err, "Start")
		_, err = verify.Drill(t.Context(), memstore.New(nil), verify.DrillOptions{Start: startMonitor, Root: "a/b"})
		require.Error(t, err)
		_, err = verify.Drill(t.Context(), memstore.New(nil), verify.DrillOptions{Start: startMonitor, Lease: time.Second})
		require.ErrorContains(t, err, "Lease")
		idle := func(verify.DrillMonitor) (func(context.Context) error, error) {
			return func(ctx context.Context) error { <-ctx.Done(); return nil }, nil
		}
		_, err = verify.Drill(t.Context(), memstore.New(nil), verify.DrillOptions{Start: idle, Patience: time.Minute})
		require.ErrorContains(t, err, "does not write")
		away := storetest.Wrap(memstore.New(nil))
		away.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return context.DeadlineExceeded }})
		_, err = verify.Drill(t.Context(), away, verify.DrillOptions{Start: startMonitor, Patience: time.Minute})
		require.Error(t, err)
	})
}

func TestADrillOnTheRealStores(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	for name, open := range map[string]func(t *testing.T) store.Store{
		"sqlite": func(t *testing.T) store.Store { return sqlite(t) },
		"firestore": func(t *testing.T) store.Store {
			host, project := firestoretest.Host(t), firestoretest.Project()
			st, err := firestorestore.New(firestoretest.Connect(t, host, project), &firestorestore.Options{WatchClient: firestoretest.Connect(t, host, project)})
			require.NoError(t, err)
			return st
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := verify.Drill(t.Context(), open(t), verify.DrillOptions{Start: startMonitor})
			require.NoError(t, err)
			for _, f := range o.Problems { // a busy machine is late; it writes nothing that it must not
				require.Regexp(t, `more than 1\.05 × 4s|slots? before it are empty|is at epoch [3-9],`, f.Text, "%v", o.Counts)
			}
			require.Positive(t, o.Counts["beats"])
			t.Log(o.Counts)
		})
	}
}

// A run of the real monitor leaves what RestartSafe and Evidence ask for.
func TestWhatAMonitorWritesPasses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(nil)
		for i := range 3 {
			ctx, stop := context.WithTimeout(t.Context(), 30*time.Minute-time.Second)
			run, err := startMonitor(verify.DrillMonitor{Store: st, InstanceID: string(rune('a' + i)), Interval: time.Minute, Lease: 2 * time.Minute})
			require.NoError(t, err)
			require.NoError(t, run(ctx))
			stop()
		}
		l, err := ledger.New(st, "")
		require.NoError(t, err)
		safe, err := verify.RestartSafe(t.Context(), l, verify.RestartSafeOptions{Now: time.Now()})
		require.NoError(t, err)
		require.Equal(t, verify.Pass, safe.Verdict, "%v", safe)
		require.Empty(t, safe.Problems)
		require.Equal(t, int64(90), safe.Counts["beats"])
		require.Equal(t, verify.Pass, evidenceOf(t, l, verify.EvidenceOptions{}).Verdict)
	})
}

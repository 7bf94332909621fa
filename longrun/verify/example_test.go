package verify_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// kept writes what a monitor writes in three minutes: beats, their chain, and its
// head in the lock's row.
func kept(ctx context.Context) (store.Store, *ledger.Ledger) {
	st := memstore.New(nil)
	l, err := ledger.New(st, "")
	if err != nil {
		panic(err)
	}
	var head evidence.Head
	var ops []store.Op
	for slot := range 3 {
		beat := longrun.Beat(time.Date(2025, 12, 29, 22, slot, 0, 0, time.UTC), time.Minute)
		beat.InstanceID, beat.Epoch, beat.UptimeSec = "a", 1, int64(60*slot)
		beat, head = head.Next(beat)
		ops = append(ops, l.CreateHeartbeat(beat))
	}
	start := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
	ops = append(ops,
		store.Set(l.LockKey(), lock.Row{HolderInstanceID: "a", Owner: "nonce", Epoch: 1, LeaseSec: 120, Seq: 4, TS: start, Note: head.String()}),
		store.Set(l.Key(ledger.Runs, "RUN_a"), longrun.Run{RunID: "RUN_a", TS: start, InstanceID: "a", IntervalSec: 60}))
	if _, err := st.Commit(ctx, ops...); err != nil {
		panic(err)
	}
	return st, l
}

// One beat is edited afterwards: the next one still holds the hash of what it was.
func ExampleEvidence() {
	ctx := context.Background()
	st, l := kept(ctx)
	before, err := verify.Evidence(ctx, l, verify.EvidenceOptions{})
	fmt.Println(before.Verdict, before.ExitCode(), err)

	key := l.Key(ledger.Heartbeats, "2025-12-29T22-01-00")
	e, err := ledger.Read[longrun.Heartbeat](ctx, l, ledger.Heartbeats, key.ID)
	if err != nil {
		panic(err)
	}
	e.Value.Healthy = true
	if _, err := st.Commit(ctx, store.Set(key, e.Value)); err != nil {
		panic(err)
	}
	after, err := verify.Evidence(ctx, l, verify.EvidenceOptions{})
	fmt.Println(after.Verdict, after.ExitCode(), err)
	fmt.Println(after.Problems[0].Path)
	// Output:
	// PASS 0 <nil>
	// FAIL 1 <nil>
	// wa_metrics/longrun/heartbeats/2025-12-29T22-01-00
}

func ExampleRestartSafe() {
	ctx := context.Background()
	_, l := kept(ctx)
	now := time.Date(2025, 12, 29, 22, 4, 0, 0, time.UTC)
	outcome, err := verify.RestartSafe(ctx, l, verify.RestartSafeOptions{Now: now})
	if err != nil {
		panic(err)
	}
	fmt.Println(outcome.Verdict)
	fmt.Println("expected", outcome.Counts["expectedSlots"], "filled", outcome.Counts["filledSlots"], "missed", outcome.Counts["missedSlots"])
	// Output:
	// PASS
	// expected 4 filled 3 missed 1
}

// Nothing was ever probed, and that is no pass.
func ExampleProbes() {
	ctx := context.Background()
	_, l := kept(ctx)
	outcome, err := verify.Probes(ctx, l, verify.ProbesOptions{
		Now: time.Date(2025, 12, 30, 0, 0, 0, 0, time.UTC), Types: []longrun.ProbeType{longrun.Outbound}, Window: 24 * time.Hour,
	})
	if err != nil {
		panic(err)
	}
	if err := outcome.WriteText(os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// probes: FAIL
	//   from 2025-12-29T00:00:00Z to 2025-12-30T00:00:00Z
	//   fault  wa_metrics/longrun/probes: no result of outbound in the last 24 h: it is not configured, or never made
	//   outboundFail          0
	//   outboundInconclusive  0
	//   outboundPass          0
	//   probes                0
}

// A drill takes some ten seconds, and tells how long the take-over took on this
// machine: what it prints is "PASS true" where that is not too busy.
func ExampleDrill() {
	outcome, err := verify.Drill(context.Background(), memstore.New(nil), verify.DrillOptions{
		Start: func(d verify.DrillMonitor) (func(context.Context) error, error) {
			m, err := monitor.New(monitor.Config{Store: d.Store, Root: d.Root, InstanceID: d.InstanceID, Interval: d.Interval, Lease: d.Lease})
			if err != nil {
				return nil, err
			}
			return m.Run, nil
		},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(outcome.Verdict, outcome.Counts["failoverMs"] <= outcome.Counts["failoverLimitMs"])
}

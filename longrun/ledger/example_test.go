package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func ExampleLedger_Heartbeats() {
	ctx := context.Background()
	st := memstore.New(nil)
	l, err := ledger.New(st, "")
	if err != nil {
		panic(err)
	}
	start := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
	for i := range 3 {
		beat := longrun.Beat(start.Add(time.Duration(i)*time.Minute), time.Minute)
		if _, err := st.Commit(ctx, l.CreateHeartbeat(beat)); err != nil {
			panic(err)
		}
	}
	for e, err := range l.Heartbeats(ctx, ledger.Page{Desc: true, Limit: 2}) {
		if err != nil {
			panic(err)
		}
		fmt.Println(e.Path())
	}
	// Output:
	// wa_metrics/longrun/heartbeats/2025-12-29T22-02-00
	// wa_metrics/longrun/heartbeats/2025-12-29T22-01-00
}

func ExampleNew() {
	l, err := ledger.New(memstore.New(nil), "")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.LockKey())
	_, err = ledger.New(memstore.New(nil), "one_segment")
	fmt.Println(err != nil)
	// Output:
	// wa_metrics/longrun/locks/heartbeat-scheduler
	// true
}

// Read and List serve any type that decodes; here a beat's two fields.
func ExampleList() {
	ctx := context.Background()
	st := memstore.New(nil)
	l, err := ledger.New(st, "")
	if err != nil {
		panic(err)
	}
	beat := longrun.Beat(time.Date(2025, 12, 29, 22, 0, 5, 0, time.UTC), time.Minute)
	if _, err := st.Commit(ctx, l.CreateHeartbeat(beat)); err != nil {
		panic(err)
	}
	type brief struct {
		DriftSec float64 `json:"driftSec" firestore:"driftSec"`
	}
	for e, err := range ledger.List[brief](ctx, l, ledger.Heartbeats, ledger.Page{}) {
		if err != nil {
			panic(err)
		}
		fmt.Println(e.Key.ID, e.Value.DriftSec)
	}
	// Output: 2025-12-29T22-00-00 5
}

func ExampleRead() {
	ctx := context.Background()
	st := memstore.New(nil)
	l, err := ledger.New(st, "")
	if err != nil {
		panic(err)
	}
	_, err = ledger.Read[longrun.Run](ctx, l, ledger.Runs, "RUN_none")
	fmt.Println(errors.Is(err, store.ErrNotFound))
	// Output: true
}

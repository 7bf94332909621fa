package ledger_test

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
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

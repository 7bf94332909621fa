package logbook_test

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/internal/logtest"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// A day that is over is rolled up and logged in one commit; from then on each of its
// documents can be proven.
func ExampleLog_Append() {
	ctx, st := context.Background(), memstore.New(nil)
	book, err := ledger.New(st, "")
	if err != nil {
		panic(err)
	}
	day := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	beat, head := evidence.Head{}.Next(longrun.Beat(day, time.Hour))
	if _, err := st.Commit(ctx, book.CreateHeartbeat(beat)); err != nil {
		panic(err)
	}
	lease := &logtest.Lease{Store: st} // of the leader, in earnest
	lease.Grant(head.String())

	log := logbook.New(book, lease, logbook.Options{Origin: "wa_metrics/longrun", By: "i1"})
	closing, err := book.CloseDay(ctx, day, day.AddDate(0, 0, 1).Add(time.Minute), time.Hour, "i1", log.Logged)
	if err != nil {
		panic(err)
	}
	stored, err := log.Append(ctx, logbook.Addition{Now: day.AddDate(0, 0, 1).Add(time.Minute), Lines: closing.Lines, Rollups: []logbook.Rollup{{Rollup: closing.Rollup}}})
	fmt.Println(len(closing.Lines), stored[0].Date, stored[0].Batches, err)

	proven, err := logbook.Prove(ctx, book, ledger.Heartbeats, beat.BucketID)
	fmt.Println(proven.Batch, err)
	// Output:
	// 1 2025-12-29 [1] <nil>
	// 1 <nil>
}

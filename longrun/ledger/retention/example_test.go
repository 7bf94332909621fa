package retention_test

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/retention"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// Runs that ended long ago are counted, and then deleted.
func ExamplePrune() {
	ctx, st := context.Background(), memstore.New(nil)
	l, err := ledger.New(st, "")
	if err != nil {
		panic(err)
	}
	began := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	ended := began.Add(time.Hour)
	for _, r := range []longrun.Run{
		{RunID: "over", TS: began, End: &ended, Ended: longrun.Stopped},
		{RunID: "goes on", TS: began},
	} {
		if _, err := l.PutRun(ctx, r, ""); err != nil {
			panic(err)
		}
	}
	settings := longrun.DefaultSettings(time.Minute)
	settings.RetentionDays = map[string]int64{"runs": 35}
	now := began.AddDate(0, 0, 40)
	for _, remove := range []func(context.Context, []store.Op) error{
		func(context.Context, []store.Op) error { return nil },
		func(ctx context.Context, ops []store.Op) error { _, err := st.Commit(ctx, ops...); return err },
		func(context.Context, []store.Op) error { return nil },
	} {
		pruned, err := retention.Prune(ctx, l, settings, now, retention.Writer{Delete: remove}) // of evidence nothing is pruned here
		fmt.Println(pruned.Counts[ledger.Runs], err)
	}
	// Output:
	// 1 <nil>
	// 1 <nil>
	// 0 <nil>
}

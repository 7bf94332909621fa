package ledger_test

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// hours is a ledger with a beat in each of so many hours.
func hours(ctx context.Context, st *memstore.Store, from time.Time, n int) *ledger.Ledger {
	l, err := ledger.New(st, "")
	if err != nil {
		panic(err)
	}
	for i := range n {
		beat := longrun.Beat(from.Add(time.Duration(i)*time.Hour), time.Hour)
		if _, err := st.Commit(ctx, l.CreateHeartbeat(beat)); err != nil {
			panic(err)
		}
	}
	return l
}

// What the leader does once a day; its commits are fenced.
func ExampleLedger_RollDay() {
	ctx, st := context.Background(), memstore.New(nil)
	day := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	l := hours(ctx, st, day, 30)
	now := day.Add(30 * time.Hour)
	missing, err := l.MissingRollups(ctx, day, now)
	if err != nil {
		panic(err)
	}
	for _, day := range missing {
		r, err := l.RollDay(ctx, day, now, time.Hour)
		if err != nil {
			panic(err)
		}
		if _, err := st.Commit(ctx, l.SetRollup(r)); err != nil {
			panic(err)
		}
		fmt.Println(r.Date, r.WrittenHb)
	}
	// Output: 2025-12-29 24
}

func ExampleLedger_Survey() {
	ctx, st := context.Background(), memstore.New(nil)
	day := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	l := hours(ctx, st, day, 30)
	now := day.Add(31 * time.Hour)
	s, err := l.Survey(ctx, longrun.Window{From: day, To: now}, time.Hour, now, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Summary.Coverage.Written, "of", s.Summary.Coverage.Expected)
	for _, d := range s.Days {
		fmt.Println(d.Date, d.Source, d.Reason)
	}
	// Output:
	// 30 of 31
	// 2025-12-29 beats it has no rollup
	// 2025-12-30 beats
}

// An incident that ended after its day was rolled up makes the day worth rolling up anew.
func ExampleNewKnownIncidents() {
	day := longrun.DayOf(time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC))
	incident := longrun.Incident{IncidentID: "probe_fails_20251229T231000", TS: day.From.Add(23 * time.Hour), TSStart: day.From.Add(23 * time.Hour)}
	known := ledger.NewKnownIncidents(longrun.Rollup{From: day.From, Incidents: []longrun.IncidentSummary{{IncidentID: incident.IncidentID}}})
	fmt.Println(known.Lack(incident))
	end := day.To.Add(time.Minute)
	incident.TSEnd = &end
	fmt.Println(known.Lack(incident))
	// Output:
	// false
	// true
}

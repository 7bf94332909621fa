package report_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func ExampleNew() {
	ctx, st := context.Background(), memstore.New(nil)
	book, err := ledger.New(st, "")
	if err != nil {
		panic(err)
	}
	start := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
	for i := range 10 {
		if i == 4 || i == 5 {
			continue
		}
		beat := longrun.Beat(start.Add(time.Duration(i)*time.Minute), time.Minute)
		if _, err := st.Commit(ctx, book.CreateHeartbeat(beat)); err != nil {
			panic(err)
		}
	}
	now := start.Add(10 * time.Minute)
	window, err := report.ParseWindow("24h", now)
	if err != nil {
		panic(err)
	}
	s, err := book.Survey(ctx, window, time.Minute, now, nil)
	if err != nil {
		panic(err)
	}
	r := report.New(s, nil)
	fmt.Println(r.Judgement.Text)
	fmt.Println(strings.Split(r.Markdown(), "\n")[0])
	// Output:
	// SO FAR: 10 min of 1 d known so far; 2 of 10 slots missed (2 min), 2 may be; coverage 80.0 % is not below the target of 80 %.
	// # Longrun report: 24h
}

func ExampleParseWindow() {
	now := time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC)
	w, err := report.ParseWindow("2025-12-29T22:14:00Z/2025-12-29T23:08:00Z", now)
	fmt.Println(w.To.Sub(w.From), err)
	_, err = report.ParseWindow("2026-04-01/2026-04-02", now)
	fmt.Println(err)
	// Output:
	// 54m0s <nil>
	// report: window: from 2026-04-01T00:00:00.000Z lies in the future: it is 2026-03-29T12:00:00.000Z
}

func ExampleTarget() {
	target, basis := report.Target(30*24*time.Hour, 0.8)
	fmt.Println(target, basis)
	// Output: 0.995 SLO of windows from 30 days on
}

// A host that has settings is held to what they say.
func ExampleOptionsOf() {
	settings := longrun.DefaultSettings(time.Minute)
	settings.Targets = []longrun.Target{{Days: 30, Percent: 99.9}}
	to := time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC)
	window := longrun.Window{From: to.AddDate(0, 0, -30), To: to}
	survey := ledger.Survey{Asked: window, Window: window, Interval: time.Minute, Now: to}
	survey.Summary.Coverage = coverage.Of(nil, longrun.Window{From: to.Add(-time.Hour), To: to}, time.Minute, to)
	r := report.New(survey, report.OptionsOf(settings))
	fmt.Println(r.Judgement.Target, r.Budget.Target.Name(), r.Budget.All.Left)
	// Output: 0.999 30d -60
}

// A length and a time as people write them.
func ExampleParsePeriod() {
	length, err := report.ParsePeriod("1d12h")
	fmt.Println(length, err)
	_, err = report.ParsePeriod("soon")
	fmt.Println(err)
	at, err := report.ParseTime("2025-12-29T22:14:00+02:00")
	fmt.Println(at, err)
	// Output:
	// 36h0m0s <nil>
	// is no length such as 1h, 36h, 7d or 1d12h
	// 2025-12-29 20:14:00 +0000 UTC <nil>
}

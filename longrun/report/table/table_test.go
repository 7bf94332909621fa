package table_test

import (
	"encoding/csv"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/report/table"
)

func ExampleWriter() {
	at := time.Date(2025, 12, 29, 22, 35, 0, 0, time.UTC)
	w := table.NewWriter(os.Stdout, table.GapColumns(), 0)
	w.Add(table.Gap(longrun.Gap{From: at, To: at.Add(10 * time.Minute), Missed: 10, Cause: longrun.Crash, Before: "wa-1", After: "wa-2"}))
	_ = w.Close()
	// Output:
	// from,to,missed,seconds,cause,before,after
	// 2025-12-29T22:35:00.000Z,2025-12-29T22:45:00.000Z,10,600,crash,wa-1,wa-2
}

// hostile are texts that a spreadsheet would take for a formula.
var hostile = []string{
	`=1+1`, `+1`, `-1`, `@SUM(A1)`, `=cmd|' /C calc'!A0`, `  =1`, `a;=1`, `a,=1`, `a|@x`, `a"=1`, `%0A=1`, "\t=1", "\r\n=1", `＝1`, `＠x`, `x; ;=HYPERLINK("http://evil.example")`,
}

func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	for _, evil := range hostile {
		rows := []table.Row{
			table.Gap(longrun.Gap{Before: evil, After: evil, Cause: longrun.Cause(evil)}),
			table.Incident(longrun.Incident{IncidentID: evil, Rule: longrun.RuleID(evil), Target: evil, Severity: longrun.Severity(evil), Cause: evil, Summary: evil, Observed: -2}),
			table.Probe(longrun.Probe{ProbeKey: evil, Type: longrun.ProbeType(evil), Name: evil, ErrorClass: evil, InstanceID: evil, CommitHash: evil, Result: longrun.ProbeResult(evil)}),
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell == "-2" {
					continue // a number
				}
				for part := range strings.FieldsFuncSeq(cell, func(r rune) bool { return strings.ContainsRune(",;|\"\t\r\n", r) }) {
					part = strings.TrimLeft(part, " ")
					require.False(t, part != "" && strings.ContainsAny(string([]rune(part)[:1]), "=+-@%＝＋－＠"), "%q of %q", cell, evil)
				}
			}
		}
	}
	require.Equal(t, "no-reply@example", table.Probe(longrun.Probe{Name: "no-reply@example"})[2], "what begins with none of them is left alone")
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 12, 29, 22, 35, 0, 0, time.UTC)
	sec := 61.5
	for _, list := range []struct {
		columns, row table.Row
	}{
		{table.GapColumns(), table.Gap(longrun.Gap{From: at, To: at, Before: "a \"quoted\", name\nwith lines"})},
		{table.IncidentColumns(), table.Incident(longrun.Incident{IncidentID: "x", TSStart: at, TSEnd: &at, MTTRSec: &sec})},
		{table.ProbeColumns(), table.Probe(longrun.Probe{ProbeKey: "OUT_1", TS: at, LatencyMs: 12.25})},
	} {
		require.Len(t, list.row, len(list.columns))
		var b strings.Builder
		w := table.NewWriter(&b, list.columns, 0)
		require.True(t, w.Add(list.row))
		require.NoError(t, w.Close())
		rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		require.NoError(t, err)
		require.Equal(t, [][]string{list.columns, list.row}, rows)
	}
}

func TestWhatIsLeftOutIsSaid(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	w := table.NewWriter(&b, table.Row{"n"}, 2)
	require.True(t, w.Add(table.Row{"1"}))
	w.Undecodable()
	require.True(t, w.Add(table.Row{"2"}))
	require.False(t, w.Add(table.Row{"3"}), "no more than are allowed")
	w.More("ask for cursor=x")
	require.NoError(t, w.Close())
	require.Equal(t, "n\n1\n2\n# 1 document does not decode and is left out\n# after 2 rows the list was cut: ask for cursor=x\n", b.String())
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestAnErrorOfTheWriterIsReturned(t *testing.T) {
	t.Parallel()
	w := table.NewWriter(broken{}, table.Row{"n"}, 0)
	w.Add(table.Row{"1"})
	require.ErrorContains(t, w.Close(), "table: no room")
}

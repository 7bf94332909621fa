package coverage

import (
	"fmt"
	"math"
	"testing"

	"github.com/seed-13dc028d/longwatch/internal/bench/table"
)

const prometheusVersion = "Prometheus v0.315.1"

func TestRows(t *testing.T) { //nolint:paralleltest // it measures
	table.Asked(t)
	table.Add(t, append(silenceRows(t), yearRows(t)...)...)
}

func silenceRows(t *testing.T) []table.Row {
	t.Helper()
	s := ask(t)
	off := func(v float64) table.Cell { return table.Count(100*math.Abs(v-s.truth), "points off", 1) }
	row := func(peer string, says float64, behind string) table.Row {
		return table.Row{
			Part: "A month with six hours of silence",
			What: fmt.Sprintf("the truth is %.3f %%; ours says %.3f, theirs %.3f", 100*s.truth, 100*s.ours, 100*says),
			Peer: peer, Ours: off(s.ours), Theirs: off(says), Behind: behind,
			Note: "Silence: whoever should have watched was down, so that nothing was written. Gatus and Prometheus do count it where they watch from outside and only the target is silent. " +
				"`count_over_time` is right as well, for whoever knows to divide it by the samples that should be there. Gatus as a module was not to be had; the rule of its source was applied.",
		}
	}
	return []table.Row{
		row("Gatus v5 (its rule)", s.gatus, ""),
		row(prometheusVersion+" `avg_over_time(up[30d])`", s.average, ""),
		row(prometheusVersion+" `count_over_time(up[30d])` / 43200", s.count, ""),
	}
}

func yearRows(t *testing.T) []table.Row {
	t.Helper()
	k := newKit(t, 365)
	k.agree(t)
	var w ways
	for range max(3, table.Rounds()/4) { // five times as often those that are quick
		w.turn(t, k)
	}
	row := func(what string, ours lap, peer string, theirs lap, behind string) table.Row {
		return table.Row{
			Part: "A year of minutes, 525,600 slots, 536 gaps", What: what,
			Peer: prometheusVersion + " " + peer, Ours: table.Times(ours), Theirs: table.Times(theirs), Behind: behind,
			Note: "One series in a TSDB with a server's blocks and engine, without HTTP; a rollup answers the few questions that were thought of before, and was paid for at midnight.",
		}
	}
	const fromBeats = "A beat is a document of its own, with who wrote it and how it was; a sample of a steady series is a bit or two. " +
		"That is what rollups are for: nothing but a check of the evidence reads a year of beats."
	return []table.Row{
		row("coverage: bitmaps in memory", w.bitmaps, "`count_over_time`", w.count, ""),
		row("coverage: rollups in SQLite, with causes, drift and instances", w.file, "`count_over_time`", w.count,
			"PromQL counts samples, and the rollups bring all that a report shows."),
		row("gap list: bitmaps in memory", w.bitmaps, "`absent_over_time`", w.absent, ""),
		row("gap list: rollups in SQLite", w.file, "`absent_over_time`", w.absent, ""),
		row("gap list: rollups in SQLite", w.file, "all samples, read by a client", w.samples,
			"A client that reads all samples answers nothing but the gaps."),
		row("gap scan without rollups: all beats in SQLite", w.beats, "all samples, read by a client", w.samples, fromBeats),
	}
}

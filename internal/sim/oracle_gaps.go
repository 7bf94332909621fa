package sim

import (
	"context"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
)

// stored: what the store holds and what is counted from it are what took effect.
func (v *view) stored(ctx context.Context) {
	var all []longrun.Heartbeat
	for e, err := range v.w.ledger.Heartbeats(ctx, ledger.Page{}) {
		if err != nil {
			v.blame("coverage", "beats: %v", err)
			return
		}
		all = append(all, e.Value)
	}
	var runs []longrun.Run
	for e, err := range v.w.ledger.Runs(ctx, ledger.Page{}) {
		if err != nil {
			v.blame("coverage", "runs: %v", err)
			return
		}
		runs = append(runs, e.Value)
	}
	from := v.first
	if len(all) > 0 && v.deleted[string(ledger.Heartbeats)] > 0 {
		from = longrun.SlotAt(all[0].TS, v.interval) // what is older was pruned
	}
	if v.deleted[string(ledger.Heartbeats)]+len(all) != len(v.beats) {
		v.blame("coverage", "%d beats are stored and %d were deleted of %d", len(all), v.deleted[string(ledger.Heartbeats)], len(v.beats))
	}
	window := longrun.Window{From: from.Start(v.interval), To: (v.last + 1).Start(v.interval)}
	c := coverage.Of(all, window, v.interval, time.Now(), runs...)
	expected, written := int(v.last-from+1), 0
	for s := from; s <= v.last; s++ {
		if v.filled[s] != nil {
			written++
		}
	}
	if c.Expected != expected || c.Written != written || c.Missed != expected-written {
		v.blame("coverage", "%d/%d/%d are expected, written and missed, and not %d/%d/%d", expected, written, expected-written, c.Expected, c.Written, c.Missed)
	}
	own := v.gaps()
	for len(own) > 0 && own[0].to <= from {
		own = own[1:]
	}
	if len(own) != len(c.Gaps) {
		v.blame("gaps", "there are %d gaps, and not %d", len(own), len(c.Gaps))
		return
	}
	for i, g := range c.Gaps {
		if !g.From.Equal(max(own[i].from, from).Start(v.interval)) || !g.To.Equal(own[i].to.Start(v.interval)) {
			v.blame("gaps", "gap %d is %v, and not %v", i, g, own[i])
		}
	}
}

package ledger

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store"
)

// CreateProbe is the write of a probe's result, refused where there is one of
// the same ID: the first result stands.
func (l *Ledger) CreateProbe(p longrun.Probe) store.Op {
	return store.Create(l.Key(Probes, p.ProbeKey), p)
}

// Probes streams the probes of a page; see List.
func (l *Ledger) Probes(ctx context.Context, p Page) iter.Seq2[Entry[longrun.Probe], error] {
	return List[longrun.Probe](ctx, l, Probes, p)
}

// ProbesSince returns the results of each probe since, oldest first: of each the
// newest most and, where none of them is, the newest that the schedule asked for.
// Documents that do not decode are passed over.
func (l *Ledger) ProbesSince(ctx context.Context, since time.Time, most int) (map[longrun.NamedProbe][]longrun.Probe, error) {
	recent := make(map[longrun.NamedProbe][]longrun.Probe)
	scheduled := make(map[longrun.NamedProbe]bool)
	for e, err := range l.Probes(ctx, Page{From: since, Desc: true}) {
		if isDocument(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		t, asked := e.Value.Named(), e.Value.Trigger != longrun.ByHand
		if len(recent[t]) < most || asked && !scheduled[t] {
			recent[t] = append(recent[t], e.Value)
			scheduled[t] = scheduled[t] || asked
		}
	}
	for _, results := range recent {
		slices.Reverse(results)
	}
	return recent, nil
}

// mendProbe fills in what an older document lacks and follows from the record.
// The original's FAILs have no tsIso, and some of its PASSes no latency: that is not
// known, and not 0.
func mendProbe(p *longrun.Probe, rec store.Record) {
	p.TS = rec.At
	if p.ProbeKey == "" {
		p.ProbeKey = rec.Key.ID
	}
	if p.CommitHash == "" {
		p.CommitHash = originalCommit(rec)
	}
	if p.LatencyMs == 0 {
		var says struct {
			LatencyMs *float64 `json:"latencyMs" firestore:"latencyMs"`
		}
		if err := rec.Decode(&says); err != nil || says.LatencyMs == nil {
			p.LatencyMs = longrun.UnknownMs
		}
	}
}

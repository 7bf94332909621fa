package ledger

import (
	"context"
	"iter"
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

// LatestProbes returns for each type the newest result since, if there is one,
// that the schedule asked for. Documents that do not decode are passed over.
func (l *Ledger) LatestProbes(ctx context.Context, since time.Time) (map[longrun.ProbeType]longrun.Probe, error) {
	latest := make(map[longrun.ProbeType]longrun.Probe)
	for e, err := range l.Probes(ctx, Page{From: since, Desc: true}) {
		if isDocument(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if _, known := latest[e.Value.Type]; !known && e.Value.Trigger != longrun.ByHand {
			latest[e.Value.Type] = e.Value
		}
	}
	return latest, nil
}

// mendProbe fills in what an older document lacks and follows from the record.
// The original's FAILs have no tsIso.
func mendProbe(p *longrun.Probe, rec store.Record) {
	p.TS = rec.At
	if p.ProbeKey == "" {
		p.ProbeKey = rec.Key.ID
	}
	if p.CommitHash == "" {
		p.CommitHash = originalCommit(rec)
	}
}

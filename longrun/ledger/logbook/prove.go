package logbook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// What Prove finds.
var (
	// ErrNotLogged: the document is in no batch that its day names. Its day is logged
	// when it is closed.
	ErrNotLogged = errors.New("logbook: it is not logged yet: that is done when its day is closed")
	// ErrEdited: the document is not the one that was logged.
	ErrEdited = errors.New("logbook: it was edited: it is not what was logged")
	// ErrNoEvidence: documents of the collection are never logged.
	ErrNoEvidence = errors.New("logbook: only heartbeats, probes, incidents and rollups are evidence")
)

// Proven is a document with its proof.
type Proven struct {
	// Entry is the text that was logged.
	Entry []byte
	Proof evidence.Proof
	// Batch is the number of the batch that has it.
	Batch int64
}

// Prove returns the proof of a stored document: of its batch's own checkpoint, by the
// reading of the document, the rollup of its day, and mostly one batch. The errors are
// ErrNotLogged, ErrEdited, ErrNoEvidence, store.ErrNotFound, and the store's.
func Prove(ctx context.Context, l *ledger.Ledger, c ledger.Collection, id string) (Proven, error) {
	kind, entry, at, err := entryOf(ctx, l, c, id)
	if err != nil {
		return Proven{}, err
	}
	batches, err := batchesOf(ctx, l, kind, at)
	if err != nil {
		return Proven{}, err
	}
	why := ErrNotLogged
	for _, n := range batches {
		b, err := l.Batch(ctx, n)
		if errors.Is(err, store.ErrNotFound) {
			return Proven{}, fmt.Errorf("logbook: batch %d, which the rollup of the day names, is missing", n)
		}
		if err != nil {
			return Proven{}, err
		}
		proof, line, err := b.Value.Prove(kind, id)
		switch {
		case errors.Is(err, evidence.ErrNotLogged):
		case err != nil:
			return Proven{}, err
		case line.Leaf != evidence.Leaf(entry):
			why = ErrEdited
		default:
			return Proven{Entry: entry, Proof: proof, Batch: n}, nil
		}
	}
	return Proven{}, why
}

// batchesOf are those that may have a document of a day.
func batchesOf(ctx context.Context, l *ledger.Ledger, kind evidence.Kind, at time.Time) ([]int64, error) {
	e, err := l.Rollup(ctx, at)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNotLogged
	}
	if err != nil {
		return nil, err
	}
	if kind == evidence.Rollup {
		return []int64{max(e.Value.Batch, 1)}, nil
	}
	batches := slices.Clone(e.Value.Batches)
	slices.Reverse(batches)
	return batches, nil
}

// entryOf reads a document, and returns the text that is logged of it.
func entryOf(ctx context.Context, l *ledger.Ledger, c ledger.Collection, id string) (evidence.Kind, []byte, time.Time, error) {
	switch c {
	case ledger.Heartbeats:
		e, err := ledger.Read[longrun.Heartbeat](ctx, l, c, id)
		return evidence.Beat, evidence.BeatEntry(e.Value), e.At, err
	case ledger.Probes:
		e, err := ledger.Read[longrun.Probe](ctx, l, c, id)
		return evidence.Probe, evidence.ProbeEntry(e.Value), e.At, err
	case ledger.Incidents:
		e, err := ledger.Read[longrun.Incident](ctx, l, c, id)
		return evidence.Incident, evidence.IncidentEntry(e.Value), e.At, err
	case ledger.Rollups:
		e, err := ledger.Read[longrun.Rollup](ctx, l, c, id)
		return evidence.Rollup, evidence.RollupEntry(e.Value), e.At, err
	default:
		return 0, nil, time.Time{}, ErrNoEvidence
	}
}

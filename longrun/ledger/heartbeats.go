package ledger

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store"
)

// Heartbeats streams the beats of a page; see List.
func (l *Ledger) Heartbeats(ctx context.Context, p Page) iter.Seq2[Entry[longrun.Heartbeat], error] {
	return List[longrun.Heartbeat](ctx, l, Heartbeats, p)
}

// FilledSlots returns the slots of [from, to) that have a beat, whoever wrote
// it and whatever its ID. A document that does not decode is no beat and fills
// none, as in coverage; it is handed to mangled, which may be nil. One that has a
// slot's ID keeps that slot from being written all the same: nothing is
// overwritten.
func (l *Ledger) FilledSlots(ctx context.Context, from, to time.Time, interval time.Duration, mangled func(Entry[longrun.Heartbeat], *DocumentError)) (map[longrun.Slot]bool, error) {
	filled := make(map[longrun.Slot]bool)
	for e, err := range l.Heartbeats(ctx, Page{From: from, To: to}) {
		if bad, ok := errors.AsType[*DocumentError](err); ok {
			if mangled != nil {
				mangled(e, bad)
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		filled[longrun.SlotAt(e.At, interval)] = true
	}
	return filled, nil
}

// stored is the document of a beat. One that does not know how the host is says null:
// false would be a word against it.
func stored(h longrun.Heartbeat) any {
	if !h.HealthUnknown {
		return h
	}
	doc, v := map[string]any{}, reflect.ValueOf(h)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Tag.Get("json"); name != "-" {
			doc[name] = v.Field(i).Interface()
		}
	}
	doc["healthy"] = nil
	return doc
}

// mendHeartbeat fills in what an older document says by another name, and what
// follows from the record itself.
func mendHeartbeat(h *longrun.Heartbeat, rec store.Record) {
	h.TS = rec.At
	if h.BucketID == "" {
		h.BucketID = rec.Key.ID
	}
	if h.CommitHash == "" && h.ChainSeq == 0 { // of the original system, which knew no chain
		h.CommitHash = originalCommit(rec)
	}
	if !h.Healthy {
		var says struct {
			Healthy *bool `json:"healthy" firestore:"healthy"`
		}
		h.HealthUnknown = rec.Decode(&says) == nil && says.Healthy == nil
	}
}

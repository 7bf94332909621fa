package chain

import (
	"context"
	"iter"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/ahead"
	"github.com/seed-13dc028d/longwatch/store"
)

// batchSize is how many beats are decoded at a time.
const batchSize = 256

// Beat is a document of the beats, decoded.
type Beat struct {
	ledger.Entry[longrun.Heartbeat]
	Stored time.Time // by the store's clock
	Hash   string
	Leaf   tlog.Hash // of the log of evidence
	Bad    error     // it does not decode
}

func (b *Beat) decode(rec store.Record) {
	b.Stored = rec.UpdateTime
	if b.Bad = ledger.DecodeInto(rec, &b.Entry); b.Bad == nil {
		b.Hash, b.Leaf = evidence.HashAndLeaf(&b.Value)
	}
}

// Beats streams the beats of a page in their order. To decode and hash them costs
// most of a check, so that is done on every processor. A Beat holds until the next round
// of the loop.
func Beats(ctx context.Context, l *ledger.Ledger, p ledger.Page) iter.Seq2[*Beat, error] {
	scan := func(ctx context.Context) iter.Seq2[store.Record, error] { return l.Records(ctx, ledger.Heartbeats, p) }
	return ahead.Each(ctx, scan, ahead.Task[Beat]{Batch: batchSize, Do: func(rec store.Record, b *Beat) { b.decode(rec) }})
}

package logged

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
)

// cosignGrace is how long witnesses may be away before it is doubted that they cosigned
// nothing newer.
const cosignGrace = 2 * 24 * time.Hour

// Cosigned holds the cosignatures beside the batches against their checkpoints, and says
// up to where need of the keys cosigned the newest tree. now is the verifier's clock; zero
// judges no age. It returns when that was of the newest batch: by that time as many had
// seen no other history, and none that goes on. Zero: it is not cosigned.
func (b *Book) Cosigned(keys []witness.Key, need int, now time.Time) (at time.Time) {
	newest := b.Newest()
	if len(keys) == 0 || newest == nil {
		return at
	}
	var last *Batch
	var since *Batch // the first one behind it
	for _, c := range b.Batches {
		if !c.sound {
			continue
		}
		found, err := witness.Cosignatures(c.Checkpoint, strings.Join(c.cosigned, "\n"), keys...)
		if err != nil {
			b.find.Fault(c.Path, "has the cosignature of a witness that is not of its checkpoint: one of them was changed")
		}
		if since == nil {
			since = c
		}
		if len(found) > 0 {
			b.Counts["cosignatures"] += int64(len(found))
		}
		if len(found) < need {
			continue
		}
		b.Counts["batchesCosigned"]++
		last, since, at = c, nil, oldest(found, need)
	}
	switch {
	case last == nil || last.Tree != newest.Tree:
		b.find.Doubt(newest.Path, "is not cosigned by %d of the %d witnesses given, nor is a batch before it in its tree: none of them says that this is the only history", need, len(keys))
	case last == newest:
		b.find.Note("", "batch %d, the newest, is cosigned by %d of the %d witnesses given: by %s they had seen no other history, and none that goes on", last.Number, need, len(keys), at.Format(time.RFC3339))
		return at
	default:
		what := "only up to batch %d, with %d leaves, the log is cosigned by %d of the %d witnesses given: that what follows, since %s, is the only history none of them says"
		find := b.find.Note
		if !now.IsZero() && now.Sub(since.TS) > cosignGrace {
			find = b.find.Doubt
		}
		find(since.Path, what, last.Number, last.Size, need, len(keys), since.TS.UTC().Format(time.RFC3339))
	}
	return time.Time{}
}

// oldest is the time by which need of them had signed, the latest ones.
func oldest(found []witness.Cosignature, need int) time.Time {
	slices.SortFunc(found, func(x, y witness.Cosignature) int { return y.At.Compare(x.At) })
	return found[max(need, 1)-1].At
}

package firestorestore

import (
	"context"
	"errors"
	"iter"
	"math"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/store"
)

// maxResumes is how often one Scan goes on by itself after its stream broke.
const maxResumes = 5

// Scan implements store.Store. It is one streaming query, billed as one read for
// each document, at least one. When the stream breaks after some documents came,
// it goes on behind the last of them, up to five times; each part shows the
// collection as it was when that part began.
func (s *Store) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		if err := q.Validate(); err != nil {
			yield(store.Record{}, err)
			return
		}
		if err := ctx.Err(); err != nil {
			yield(store.Record{}, err)
			return
		}
		rest, ok := cut(q)
		if !ok {
			return
		}
		for resumes := 0; ; resumes++ {
			before := rest.After
			more, err := s.stream(ctx, &rest, yield)
			switch {
			case !more:
				return
			case rest.After == before || resumes == maxResumes || ctx.Err() != nil || !isBreak(err):
				yield(store.Record{}, err)
				return
			}
		}
	}
}

// stream runs one query, and moves rest behind each document that it hands out.
// more is false when nothing is to come, and else err says why it stopped.
func (s *Store) stream(ctx context.Context, rest *store.Query, yield func(store.Record, error) bool) (more bool, err error) {
	ctx, end := context.WithCancelCause(withTrail(ctx))
	defer end(nil)
	// A deadline for each document and not for all: how long the caller's loop
	// takes is the caller's matter.
	silence := time.AfterFunc(s.scanTimeout, func() { end(context.DeadlineExceeded) }) //nolint:forbidigo // the network's time, as in context.WithTimeout
	defer silence.Stop()
	it := query(s.client, *rest).Documents(ctx)
	defer it.Stop()
	for {
		silence.Reset(s.scanTimeout)
		snap, err := it.Next()
		silence.Stop()
		if errors.Is(err, iterator.Done) {
			return false, nil
		}
		if err != nil {
			return true, failed(ctx, "scan "+rest.Collection, err)
		}
		r := record(store.Key{Collection: rest.Collection, ID: unescape(snap.Ref.ID)}, snap)
		rest.After = r.Cursor()
		if !yield(r, nil) || rest.Limit == 1 {
			return false, nil
		}
		if rest.Limit > 0 {
			rest.Limit--
		}
	}
}

// isBreak reports whether a stream ended for a reason that a new one may not
// meet.
func isBreak(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.Internal, codes.Aborted, codes.ResourceExhausted, codes.DeadlineExceeded:
		return true
	}
	return errors.Is(err, context.DeadlineExceeded)
}

// query is q in Firestore's terms. A range over times matches nothing but
// times, so that a document whose ts is a number or a text, which an order
// alone would list, stays out.
func query(client *firestore.Client, q store.Query) firestore.Query {
	const ts = document.TimeField
	dir := firestore.Asc
	if q.Desc {
		dir = firestore.Desc
	}
	out := client.Collection(q.Collection).OrderBy(ts, dir).OrderBy(firestore.DocumentID, dir)
	if q.From.IsZero() {
		out = out.Where(ts, ">", time.Time{}) // the zero time is none
	} else {
		out = out.Where(ts, ">=", q.From)
	}
	if !q.To.IsZero() {
		out = out.Where(ts, "<", q.To)
	}
	if q.Limit > 0 {
		out = out.Limit(min(q.Limit, math.MaxInt32))
	}
	if !q.After.IsZero() {
		out = out.StartAfter(q.After.At, escape(q.After.ID))
	}
	return out
}

// cut fits the query's times to Firestore's: whole microseconds of the years 1
// to 9999. It is false when no document can match. Stored times are whole
// microseconds, so nothing lies between a bound and the next one up.
func cut(q store.Query) (store.Query, bool) {
	first, last := time.Time{}, time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	if at := q.After.At; at.Before(first) || at.After(last) || !at.Equal(ceil(at)) {
		// No document is at the cursor's time: all of them are before or behind.
		if !q.Desc && at.After(q.From) {
			q.From = at
		}
		if q.Desc && (q.To.IsZero() || at.Before(q.To)) {
			q.To = at
		}
		q.After = store.Cursor{}
	}
	switch {
	case q.From.After(last), !q.To.IsZero() && !q.To.After(first):
		return q, false
	case q.From.Before(first):
		q.From = first
	}
	if q.To.After(last) {
		q.To = time.Time{}
	}
	q.From, q.To = ceil(q.From), ceil(q.To)
	return q, q.To.IsZero() || q.From.Before(q.To)
}

// ceil returns the first whole microsecond that is not before t.
func ceil(t time.Time) time.Time {
	c := t.UTC().Truncate(time.Microsecond)
	if c.Before(t) {
		c = c.Add(time.Microsecond)
	}
	return c
}

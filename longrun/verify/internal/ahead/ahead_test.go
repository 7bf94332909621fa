package ahead_test

import (
	"context"
	"iter"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/verify/internal/ahead"
	"github.com/seed-13dc028d/longwatch/store"
)

// A store's code that ends without a word must not look like the end of the
// documents: a check would pass what it has not read.
func TestWhatCannotBeReadIsNoEnd(t *testing.T) {
	t.Parallel()
	const batchSize = 256
	record := func(decode func(any) error) store.Record {
		at := time.Unix(60, 0).UTC()
		return store.NewRecord(store.Key{Collection: "c", ID: "1970-01-01T00-01-00"}, at, "1", at, at, decode)
	}
	good := record(func(any) error { return nil })
	for name, scan := range map[string]func(yield func(store.Record, error) bool){
		"the scan panics": func(yield func(store.Record, error) bool) { yield(good, nil); panic("boom") },
		"the scan exits":  func(yield func(store.Record, error) bool) { yield(good, nil); runtime.Goexit() },
		"a record panics": func(yield func(store.Record, error) bool) { yield(record(func(any) error { panic("boom") }), nil) },
		"a record exits": func(yield func(store.Record, error) bool) {
			yield(record(func(any) error { runtime.Goexit(); return nil }), nil)
		},
		"many, and a panic": func(yield func(store.Record, error) bool) {
			for range 3 * batchSize {
				if !yield(good, nil) {
					return
				}
			}
			panic("boom")
		},
	} {
		var errs []error
		task := ahead.Task[store.Key]{Batch: batchSize, Do: func(rec store.Record, k *store.Key) {
			if *k = rec.Key; rec.Decode(&struct{}{}) != nil {
				*k = store.Key{}
			}
		}}
		for k, err := range ahead.Each(t.Context(), func(context.Context) iter.Seq2[store.Record, error] { return scan }, task) {
			if err != nil {
				errs = append(errs, err)
				continue
			}
			require.Equal(t, good.Key, *k, "%s: one that was not decoded", name)
		}
		require.Len(t, errs, 1, name)
	}
}

// Whatever the sizes, each record comes once and in its order; a loop that is left early
// ends the scan.
func TestEachComesOnceAndInOrder(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 256} {
		for _, n := range []int{0, 1, 255, 256, 257, 3000} {
			for _, leave := range []int{-1, 0, n / 2} {
				ended := make(chan struct{})
				scan := func(ctx context.Context) iter.Seq2[store.Record, error] {
					return func(yield func(store.Record, error) bool) {
						defer close(ended)
						for i := 0; i < n && ctx.Err() == nil; i++ {
							if !yield(store.Record{Key: store.Key{ID: strconv.Itoa(i)}}, nil) {
								return
							}
						}
						if leave >= 0 && leave < n/size*size { // its batch is full, and was handed over
							<-ctx.Done()
						}
					}
				}
				at := 0
				for id, err := range ahead.Each(t.Context(), scan, ahead.Task[string]{Batch: size, Do: func(rec store.Record, id *string) { *id = rec.Key.ID }}) {
					require.NoError(t, err)
					require.Equal(t, strconv.Itoa(at), *id)
					if at == leave {
						break
					}
					at++
				}
				<-ended
				if leave < 0 || leave >= n {
					require.Equal(t, n, at)
				}
			}
		}
	}
}

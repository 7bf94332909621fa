package chain

import (
	"context"
	"iter"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// scanning is a store that can do nothing but be read.
type scanning struct {
	store.Store
	scan func(yield func(store.Record, error) bool)
}

func (s scanning) Scan(context.Context, store.Query) iter.Seq2[store.Record, error] { return s.scan }

// A store's code that ends without a word must not look like the end of the
// beats: a check would pass what it has not read.
func TestBeatsThatCannotBeReadAreNoEnd(t *testing.T) {
	t.Parallel()
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
		l, err := ledger.New(scanning{scan: scan}, "")
		require.NoError(t, err)
		var errs []error
		for b, err := range Beats(t.Context(), l, ledger.Page{}) {
			if err != nil {
				errs = append(errs, err)
				continue
			}
			require.Equal(t, good.Key, b.Key, "%s: a beat that was not decoded", name)
		}
		require.Len(t, errs, 1, name)
	}
}

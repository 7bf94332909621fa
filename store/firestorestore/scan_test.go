package firestorestore_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
)

// fill writes n documents of which three share a time each, and returns their
// IDs in order.
func fill(t *testing.T, s store.Store, n int) []string {
	t.Helper()
	var ids []string
	var ops []store.Op
	for i := range n {
		ids = append(ids, fmt.Sprintf("%03d", i))
		ops = append(ops, store.Create(key(ids[i]), beat{noon.Add(time.Duration(i/3) * time.Minute), int64(i)}))
	}
	commit(t, s, ops...)
	return ids
}

func TestAScanGoesOnAfterItsStreamBroke(t *testing.T) {
	t.Parallel()
	host, project := firestoretest.Host(t), firestoretest.Project()
	want := fill(t, open(t, firestoretest.Connect(t, host, project), nil), 30)
	for _, code := range []codes.Code{codes.Unavailable, codes.Internal, codes.Aborted} {
		for name, after := range map[string][]int{"once": {7}, "thrice": {1, 10, 2}, "as often as allowed": {1, 1, 1, 1, 1}, "at the very end": {29}} {
			for _, desc := range []bool{false, true} {
				s := open(t, firestoretest.Connect(t, host, project, breaking(code, after...)...), nil)
				got := scan(t, s, store.Query{Collection: beats, Desc: desc})
				if desc {
					slices.Reverse(got)
				}
				require.Equal(t, want, got, "%s %s desc %v", code, name, desc)

				s = open(t, firestoretest.Connect(t, host, project, breaking(code, after...)...), nil)
				got = scan(t, s, store.Query{Collection: beats, Desc: desc, Limit: 11})
				require.Len(t, got, 11, "the limit is that of the whole Scan")
			}
		}
	}
}

func TestAScanGivesUpWhereGoingOnIsNoUse(t *testing.T) {
	t.Parallel()
	host, project := firestoretest.Host(t), firestoretest.Project()
	want := fill(t, open(t, firestoretest.Connect(t, host, project), nil), 30)
	for name, c := range map[string]struct {
		code  codes.Code
		after []int
		seen  int
	}{
		"without progress":     {codes.Aborted, []int{0}, 0},
		"no progress any more": {codes.Aborted, []int{3, 0}, 3},
		"too often":            {codes.Unavailable, []int{2, 2, 2, 2, 2, 2, -1}, 12},
		"not allowed":          {codes.PermissionDenied, []int{5}, 5},
	} {
		s := open(t, firestoretest.Connect(t, host, project, breaking(c.code, c.after...)...), nil)
		var got []string
		var ended error
		for r, err := range s.Scan(t.Context(), store.Query{Collection: beats}) {
			require.NoError(t, ended, "%s: nothing comes after an error", name)
			if ended = err; err == nil {
				got = append(got, r.Key.ID)
			}
		}
		require.ErrorContains(t, ended, "the stream broke", name)
		require.Equal(t, want[:c.seen], append([]string{}, got...), name)
	}
}

// A month is 43,200 beats: pages would cost a query each, and a slice the
// memory.
func TestAScanIsOneQueryHoweverLong(t *testing.T) {
	t.Parallel()
	var w wire
	s := open(t, firestoretest.Client(t, w.dial()...), nil)
	want := fill(t, s, 300)
	w.take()
	require.Equal(t, want, scan(t, s, store.Query{Collection: beats}))
	require.Equal(t, []string{"RunQuery"}, w.take())

	require.Empty(t, scan(t, s, store.Query{Collection: beats, From: noon, To: noon}))
	require.Empty(t, w.take(), "and needs no query")
}

func TestASlowLoopDoesNotEndAScan(t *testing.T) {
	t.Parallel()
	host, project := firestoretest.Host(t), firestoretest.Project()
	var w wire
	client := firestoretest.Connect(t, host, project, w.dial()...)
	warm := open(t, client, nil)
	var want []string
	var ops []store.Op
	pad := make([]byte, 90<<10) // in all more than the buffers on the way hold
	for i := range 30 {
		want = append(want, fmt.Sprintf("%03d", i))
		ops = append(ops, store.Create(key(want[i]), map[string]any{"ts": noon.Add(time.Duration(i) * time.Minute), "pad": pad}))
	}
	commit(t, warm, ops...)
	require.Equal(t, want, scan(t, warm, store.Query{Collection: beats}))

	const limit = 2 * time.Second
	w.take()
	s := open(t, client, &firestorestore.Options{ScanTimeout: limit})
	var got []string
	for r, err := range s.Scan(t.Context(), store.Query{Collection: beats}) {
		require.NoError(t, err)
		if got = append(got, r.Key.ID); len(got) == 10 {
			over, cancel := context.WithTimeout(t.Context(), limit+limit/4)
			<-over.Done() // the loop body takes its time
			cancel()
		}
	}
	require.Equal(t, want, got)
	require.Equal(t, []string{"RunQuery"}, w.take(), "it did not even begin anew")
}

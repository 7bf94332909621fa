package sqlitestore

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/seed-13dc028d/longwatch/store"
)

// What is read of the file may be older than what a commit of this Store has
// told meanwhile: then it says nothing.
func TestAnOldLookTakesNothingBack(t *testing.T) {
	t.Parallel()
	w := newWatches()
	defer w.close()
	keys := []store.Key{{Collection: "notes", ID: "a"}}
	ch := w.add(t.Context(), keys[0])
	w.found(keys, []int64{3}, 4, false)
	require.Empty(t, ch, "it begins here")
	w.committed([]store.Op{store.Set(keys[0], map[string]any{})}, 5)
	require.Len(t, ch, 1)
	<-ch
	w.found(keys, []int64{3}, 4, true)
	require.Empty(t, ch, "it is older")
	w.found(keys, []int64{5}, 5, true)
	require.Empty(t, ch, "it is known")
	w.found(keys, []int64{6}, 6, true)
	require.Len(t, ch, 1)
}

// A commit of this Store that others can see already, and that has not returned,
// is no news; unless it fails, or others have committed too.
func TestACommitThatIsAboutToReturnIsNoNews(t *testing.T) {
	t.Parallel()
	w := newWatches()
	defer w.close()
	w.found(nil, nil, 4, true)
	require.True(t, w.knows(4, 4))
	require.False(t, w.knows(4, 5))
	w.expect(5)
	require.True(t, w.knows(4, 5))
	w.expect(0)
	require.False(t, w.knows(4, 5), "it failed, and was made all the same")
	w.expect(6)
	require.False(t, w.knows(4, 6), "another's was before it")
	w.committed(nil, 6)
	require.False(t, w.knows(4, 6))
}

// The number of the last commit that was read while this Store committed is no
// news, and one from before what was known is.
func TestANumberThatCommitsHaveOvertakenIsNoNews(t *testing.T) {
	t.Parallel()
	w := newWatches()
	defer w.close()
	w.found(nil, nil, 4, true)
	known := w.known()
	w.committed(nil, 5)
	require.True(t, w.knows(known, 4), "read before it")
	require.True(t, w.knows(known, 5), "read after it")
	require.False(t, w.knows(known, 6))
	require.False(t, w.knows(known, 3), "the file is an older one")
}

// The number of a commit that failed at its very end goes to the next, which may
// be another process's.
func TestTheCommitAfterAFailedOneIsSignalled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	synctest.Test(t, func(t *testing.T) {
		ours, err := Open(t.Context(), path, nil)
		require.NoError(t, err)
		defer func() { require.NoError(t, ours.Close()) }()
		theirs, err := Open(t.Context(), path, nil)
		require.NoError(t, err)
		defer func() { require.NoError(t, theirs.Close()) }()
		keys := []store.Key{{Collection: "notes", ID: "a"}, {Collection: "notes", ID: "b"}}
		_, err = ours.Commit(t.Context(), store.Set(keys[0], map[string]any{"n": 1}))
		require.NoError(t, err)
		ch, err := ours.Watch(t.Context(), keys[0])
		require.NoError(t, err)
		time.Sleep(2 * time.Minute)
		refuse := int32(1)
		require.NoError(t, ours.writer.conn.Raw(func(c any) error {
			hooks, ok := c.(sqlite.HookRegisterer)
			require.True(t, ok)
			hooks.RegisterCommitHook(func() int32 { return refuse })
			return nil
		}))
		_, err = ours.Commit(t.Context(), store.Set(keys[1], map[string]any{"n": 2}))
		require.Error(t, err)
		_, err = theirs.Commit(t.Context(), store.Set(keys[0], map[string]any{"n": 3}))
		require.NoError(t, err)
		time.Sleep(10 * time.Millisecond)
		require.Len(t, ch, 1)
		refuse = 0
		_, err = ours.Commit(t.Context(), store.Set(keys[1], map[string]any{"n": 4}))
		require.NoError(t, err)
	})
}

package firestorestore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/store"
)

// A heartbeat every minute is what this store costs. Two writes and no read are
// promised; a transaction would be three calls.
func TestAFencedHeartbeatIsOneCallOfTwoWritesAndNoRead(t *testing.T) {
	t.Parallel()
	var w wire
	s := open(t, firestoretest.Client(t, w.dial()...), nil)
	lock := store.Key{Collection: "wa_metrics/longrun/locks", ID: "lock"}
	stamp := commit(t, s, store.Create(lock, beat{TS: noon}))[0]
	require.Equal(t, []string{"Commit 1"}, w.take())
	for n := range int64(3) {
		at := noon.Add(time.Duration(n) * time.Minute)
		stamp = commit(t, s, store.Update(lock, beat{at, n + 1}, stamp.Version), store.Create(key(at.Format(time.TimeOnly)), beat{at, n}))[0]
		require.Equal(t, []string{"Commit 2"}, w.take())
	}
}

func TestOnlyARefusedCommitReads(t *testing.T) {
	t.Parallel()
	var w wire
	s := open(t, firestoretest.Client(t, w.dial()...), nil)
	held := commit(t, s, store.Create(key("a"), beat{TS: noon}), store.Create(key("b"), beat{TS: noon}))
	commit(t, s, store.Set(key("b"), beat{noon, 1}), store.Delete(key("gone")))
	w.take()

	_, err := s.Commit(t.Context(), store.Set(key("c"), beat{TS: noon}), store.Update(key("a"), beat{noon, 2}, held[0].Version), store.DeleteVersion(key("b"), held[1].Version))
	requireConflict(t, err, key("b"))
	require.Equal(t, []string{"Commit 3", "BatchGetDocuments"}, w.take())
}

func TestAVersionFromElsewhereIsAConflictWithoutACall(t *testing.T) {
	t.Parallel()
	var w wire
	s := open(t, firestoretest.Client(t, w.dial()...), nil)
	for _, version := range []string{"1", "x", "2025-12-29T12:00:00+00:00"} {
		_, err := s.Commit(t.Context(), store.Set(key("a"), beat{TS: noon}), store.Update(key("b"), beat{TS: noon}, version))
		requireConflict(t, err, key("b"))
	}
	require.Empty(t, w.take())
}

func TestFieldsThatTheStructLacksSurviveAnUpdateAndNoSet(t *testing.T) {
	t.Parallel()
	client := firestoretest.Client(t)
	s := open(t, client, nil)
	_, err := client.Collection(beats).Doc("k").Set(t.Context(), map[string]any{"ts": noon, "n": 1, "by hand": "note", "a.b`c": 1})
	require.NoError(t, err)

	commit(t, s, store.Update(key("k"), beat{noon, 2}, get(t, s, key("k")).Version))
	var m map[string]any
	require.NoError(t, get(t, s, key("k")).Decode(&m))
	require.Equal(t, map[string]any{"ts": noon.Format(time.RFC3339), "n": 2.0, "by hand": "note", "a.b`c": 1.0}, m)

	commit(t, s, store.Update(key("k"), map[string]any{"a.b`c": map[string]any{"x": 1}}, get(t, s, key("k")).Version))
	m = nil
	require.NoError(t, get(t, s, key("k")).Decode(&m))
	require.Equal(t, map[string]any{"x": 1.0}, m["a.b`c"], "a name is a name and no path")

	commit(t, s, store.Set(key("k"), beat{noon, 3}))
	m = nil
	require.NoError(t, get(t, s, key("k")).Decode(&m))
	require.Len(t, m, 2)
}

func TestAWriteThatChangesNothingMayLeaveTheVersion(t *testing.T) {
	t.Parallel()
	s := open(t, firestoretest.Client(t), nil)
	first := commit(t, s, store.Create(key("k"), beat{noon, 1}))[0]
	second := commit(t, s, store.Update(key("k"), beat{noon, 1}, first.Version))[0]
	require.Equal(t, second.Version, get(t, s, key("k")).Version, "the stamp serves the next write in any case")
	commit(t, s, store.Update(key("k"), beat{noon, 2}, second.Version))
}

func TestWhatIsTooLargeIsInvalidAndNotTriedAgain(t *testing.T) {
	t.Parallel()
	var w wire
	s := open(t, firestoretest.Client(t, w.dial()...), nil)
	type large struct {
		TS   time.Time `json:"ts" firestore:"ts"`
		Text string    `json:"text" firestore:"text"`
	}
	text := strings.Repeat("x", 1000<<10)
	var ops []store.Op
	for i := range 11 {
		ops = append(ops, store.Set(key(strings.Repeat("k", i+1)), large{noon, text}))
	}
	_, err := s.Commit(t.Context(), ops...)
	require.ErrorIs(t, err, store.ErrInvalid)
	require.Empty(t, w.take(), "a commit over 10 MiB is not sent")

	commit(t, s, ops[:3]...) // the emulator takes no more than 4 MiB
	require.Equal(t, []string{"Commit 3"}, w.take())
	_, err = s.Commit(t.Context(), store.Set(key("k"), beat{noon, 5}), store.Set(key("large"), large{noon, strings.Repeat("x", 1<<20-45)}))
	require.ErrorIs(t, err, store.ErrInvalid, "what passes here and not there is the server's to refuse")
	require.ErrorContains(t, err, "bytes")
	require.Equal(t, []string{"Commit 2"}, w.take())
}

func TestAnUpdateWithoutFieldsIsInvalid(t *testing.T) {
	t.Parallel()
	s := open(t, firestoretest.Client(t), nil)
	stamp := commit(t, s, store.Create(key("k"), map[string]any{}))[0]
	_, err := s.Commit(t.Context(), store.Update(key("k"), map[string]any{}, stamp.Version))
	require.ErrorIs(t, err, store.ErrInvalid)
}

// Firestore has one code for a condition that fails and for a database that
// cannot serve at all.
func TestAFailedPreconditionOfTheDatabaseIsNoConflict(t *testing.T) {
	t.Parallel()
	s := open(t, firestoretest.Connect(t, "192.0.2.1:1", "p", failing(codes.FailedPrecondition, "the database is in Datastore mode")...), nil)
	for _, op := range []store.Op{store.Set(key("k"), beat{TS: noon}), store.Update(key("k"), beat{TS: noon}, "2025-12-29T12:00:00Z")} {
		_, err := s.Commit(t.Context(), op)
		require.ErrorContains(t, err, "Datastore mode")
		require.NotErrorIs(t, err, store.ErrConflict)
	}
}

func requireConflict(t *testing.T, err error, key store.Key) {
	t.Helper()
	var conflict *store.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, key, conflict.Key)
}

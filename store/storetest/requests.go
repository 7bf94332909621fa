package storetest

import (
	"fmt"
	"math"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

func requestRules() []rule {
	return []rule{
		{"Every UTF-8 text up to 500 bytes is an ID", oddIDs},
		{"A malformed key is ErrInvalid", malformedKeys},
		{"A malformed query is ErrInvalid", malformedQueries},
		{"A commit takes 400 operations and refuses 401", operationLimit},
		{"A malformed commit is ErrInvalid", malformedCommits},
		{"A value that no store could keep is ErrInvalid", valuesNotKept},
	}
}

func oddIDs(s *suite) {
	ids := []string{
		"a/b", "a%2Fb", "/", "//", ".", "..", "...", "__x__", "__", "____", "%", "%25", "%2e", "%%", " ", "  ", "a b", "+", "a+b",
		"?", "#", "*", "[", "]", "`", "~", "'", `"`, "\\", ";--", "a\nb", "a\x00b", "ü", "u\u0308", "日本", "👋🏽", "\u202e", "A", "a",
		"OUT_20251229T22", "2025-12-29T23-07-00", strings.Repeat("x", 500), strings.Repeat("/", 500), strings.Repeat("é", 250),
	}
	stamps := make(map[string]store.Stamp)
	for i, id := range ids {
		stamps[id] = s.commit(store.Create(s.key(id), noteAt(i)))[0]
	}
	// Each is a document of its own, and comes back under its own name.
	require.Equal(s, ids, s.ids(store.Query{Collection: s.coll}))
	for i, id := range ids {
		r := s.get(s.key(id))
		var n note
		require.NoError(s, r.Decode(&n))
		require.Equal(s, int64(i), n.N, "%q", id)
		require.Equal(s, stamps[id].Version, r.Version, "%q", id)
	}
	// They are cursors too.
	for i, id := range ids[:len(ids)-1] {
		q := store.Query{Collection: s.coll, Limit: 1, After: store.Cursor{At: noteAt(i).TS, ID: id}}
		require.Equal(s, ids[i+1:i+2], s.ids(q), "after %q", id)
	}
	for i, id := range ids {
		s.commit(store.Update(s.key(id), noteAt(i), stamps[id].Version))
		_, err := s.st.Commit(s.Context(), store.Create(s.key(id), noteAt(i)))
		s.conflict(err, s.key(id))
		s.commit(store.Delete(s.key(id)))
	}
	require.Empty(s, s.ids(store.Query{Collection: s.coll}))
}

func malformedKeys(s *suite) {
	collections := []string{
		"", "/", "//", "a/b", "a/b/", "/a/b", "a//b", "a/b/c/d", ".", "..", "a/./b", "a/../b", "__x__", "a/__x__/b", "a/b/\xff", "\xff",
		strings.Repeat("x", 2000), "a/b/" + strings.Repeat("x", 2000),
	}
	keys := []store.Key{{}, {Collection: s.coll}, {ID: "x"}, s.key("\xff"), s.key("a\xf0\x28"), s.key(strings.Repeat("x", 501)), s.key(strings.Repeat("/", 501))}
	for _, c := range collections {
		keys = append(keys, store.Key{Collection: c, ID: "x"})
	}
	for _, k := range keys {
		_, err := s.st.Get(s.Context(), k)
		require.ErrorIs(s, err, store.ErrInvalid, "Get %q", k)
		for _, op := range []store.Op{store.Set(k, noteAt(0)), store.Create(k, noteAt(0)), store.Update(k, noteAt(0), "1"), store.Delete(k)} {
			_, err = s.st.Commit(s.Context(), store.Set(s.key("good"), noteAt(0)), op)
			require.ErrorIs(s, err, store.ErrInvalid, "Commit %q", k)
		}
		if w, ok := s.st.(store.Watcher); ok {
			_, err = w.Watch(s.Context(), k)
			require.Error(s, err, "Watch %q", k)
		}
	}
	s.absent(s.key("good"))
	for _, c := range collections {
		s.refusedScan(store.Query{Collection: c})
	}
}

// refusedScan checks that a scan yields ErrInvalid, once, and nothing else.
func (s *suite) refusedScan(q store.Query) {
	s.Helper()
	var errs []error
	for r, err := range s.st.Scan(s.Context(), q) {
		require.Zero(s, r.Key, "a Record in a refused scan")
		errs = append(errs, err)
	}
	require.Len(s, errs, 1, "Scan %+v", q)
	require.ErrorIs(s, errs[0], store.ErrInvalid, "Scan %+v", q)
}

func malformedQueries(s *suite) {
	s.commit(store.Set(s.key("k"), noteAt(0)))
	s.refusedScan(store.Query{Collection: s.coll, Limit: -1})
	s.refusedScan(store.Query{Collection: s.coll, After: store.Cursor{At: noon}})
}

func operationLimit(s *suite) {
	ops := make([]store.Op, 0, store.MaxOps+1)
	for i := range store.MaxOps {
		ops = append(ops, store.Create(s.key(fmt.Sprintf("%03d", i)), noteAt(i)))
	}
	stamps := s.commit(ops...)
	require.Len(s, s.scan(store.Query{Collection: s.coll}), store.MaxOps)
	for i, op := range ops {
		ops[i] = store.Update(op.Key, noteAt(i+1), stamps[i].Version)
	}
	s.commit(ops...)
	for i, op := range ops {
		ops[i] = store.Delete(op.Key)
	}
	_, err := s.st.Commit(s.Context(), append(ops, store.Create(s.key("one more"), noteAt(0)))...)
	require.ErrorIs(s, err, store.ErrInvalid)
	require.Len(s, s.scan(store.Query{Collection: s.coll}), store.MaxOps, "nothing of a commit that is too large is applied")
}

func malformedCommits(s *suite) {
	k := s.key("k")
	for name, ops := range map[string][]store.Op{
		"no operation":      {},
		"a key twice":       {store.Set(k, noteAt(1)), store.Set(s.key("other"), noteAt(1)), store.Delete(k)},
		"absent delete":     {{Key: k, If: store.Precondition{Absent: true}}},
		"absent at version": {{Key: k, Value: noteAt(1), If: store.Precondition{Absent: true, Version: "1"}}},
	} {
		_, err := s.st.Commit(s.Context(), ops...)
		require.ErrorIs(s, err, store.ErrInvalid, name)
	}
	s.absent(k)
	s.absent(s.key("other"))
}

// marshaler writes itself: no other database would follow.
type marshaler struct{ n int }

func (m marshaler) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%d", m.n), nil }

func valuesNotKept(s *suite) {
	type bad[T any] struct {
		V T `json:"v" firestore:"v"`
	}
	cyclic := map[string]any{}
	cyclic["self"] = cyclic
	for name, value := range map[string]any{
		"no document":        42,
		"a text":             "text",
		"a slice":            []note{{}},
		"a nil pointer":      (*note)(nil),
		"uint64":             bad[uint64]{},
		"uint":               bad[*uint]{},
		"a channel":          bad[chan int]{},
		"a function":         map[string]any{"f": func() {}},
		"complex":            bad[complex128]{},
		"nested slices":      bad[[][]string]{},
		"nested slices, any": map[string]any{"v": []any{[]any{1}}},
		"integer keys":       bad[map[int]string]{},
		"a marshaler":        bad[marshaler]{},
		"an own document":    marshaler{},
		"not a number":       bad[any]{V: math.NaN()},
		"no UTF-8":           bad[string]{V: "a\xffb"},
		"itself":             cyclic,
		"omitempty": struct {
			V string `json:"v,omitempty" firestore:"v,omitempty"`
		}{},
		"two names": struct {
			V string `json:"v" firestore:"w"`
		}{},
		"no name": struct{ V string }{},
	} {
		_, err := s.st.Commit(s.Context(), store.Set(s.key("good"), noteAt(1)), store.Set(s.key("bad"), value))
		require.ErrorIs(s, err, store.ErrInvalid, name)
	}
	s.absent(s.key("good"))
	s.absent(s.key("bad"))
}

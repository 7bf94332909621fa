package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

func TestValidateOps(t *testing.T) {
	t.Parallel()
	key := func(id string) store.Key { return store.Key{Collection: "lamps", ID: id} }
	value := map[string]any{"lit": true}
	many := func(n int) []store.Op {
		var ops []store.Op
		for i := range n {
			ops = append(ops, store.Set(key(fmt.Sprint(i)), value))
		}
		return ops
	}
	for name, c := range map[string]struct {
		ops  []store.Op
		says string
	}{
		"one of each":          {[]store.Op{store.Set(key("a"), value), store.Create(key("b"), value), store.Update(key("c"), value, "1"), store.Delete(key("d")), store.DeleteVersion(key("e"), "1")}, ""},
		"400":                  {many(store.MaxOps), ""},
		"one ID in two":        {[]store.Op{store.Set(key("a"), value), store.Set(store.Key{Collection: "bulbs", ID: "a"}, value)}, ""},
		"none":                 {nil, "without operations"},
		"401":                  {many(store.MaxOps + 1), "401 operations"},
		"a key twice":          {append(many(3), store.Delete(key("1"))), "lamps/1 occurs twice"},
		"a malformed key":      {append(many(3), store.Delete(key(""))), "empty document ID"},
		"absent delete":        {[]store.Op{{Key: key("a"), If: store.Precondition{Absent: true}}}, "cannot be deleted"},
		"absent and a version": {[]store.Op{{Key: key("a"), Value: value, If: store.Precondition{Absent: true, Version: "1"}}}, "both absent and at a version"},
	} {
		requireSays(t, store.ValidateOps(c.ops), c.says, name)
	}
}

func TestValidateQuery(t *testing.T) {
	t.Parallel()
	at := store.Cursor{ID: "x"}
	at.At = at.At.AddDate(2024, 0, 0)
	for name, c := range map[string]struct {
		q    store.Query
		says string
	}{
		"all":                 {store.Query{Collection: "a"}, ""},
		"everything":          {store.Query{Collection: "a/b/c", From: at.At, To: at.At, Desc: true, Limit: 1, After: at}, ""},
		"backwards":           {store.Query{Collection: "a", From: at.At, To: at.At.AddDate(-1, 0, 0)}, ""},
		"a cursor at no time": {store.Query{Collection: "a", After: store.Cursor{ID: "x"}}, ""},
		"no collection":       {store.Query{}, "empty segment"},
		"a document":          {store.Query{Collection: "a/b"}, "segments"},
		"a negative limit":    {store.Query{Collection: "a", Limit: -1}, "limit -1"},
		"half a cursor":       {store.Query{Collection: "a", After: store.Cursor{At: at.At}}, "without an ID"},
	} {
		requireSays(t, c.q.Validate(), c.says, name)
	}
}

func TestConflictErrorIsErrConflict(t *testing.T) {
	t.Parallel()
	named := fmt.Errorf("renew: %w", &store.ConflictError{Key: store.Key{Collection: "a", ID: "b"}})
	require.ErrorIs(t, named, store.ErrConflict)
	require.ErrorContains(t, named, "a/b")
	var conflict *store.ConflictError
	require.ErrorAs(t, named, &conflict)
	require.NotErrorIs(t, named, store.ErrInvalid)
	require.EqualError(t, &store.ConflictError{}, "store: a precondition does not hold")
	require.NotErrorIs(t, errors.New("other"), store.ErrConflict)
}

func TestARecordWithoutADocumentIsErrNotFound(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, store.Record{}.Decode(&struct{}{}), store.ErrNotFound)
}

// FuzzValidateOps: whatever the operations are, they are either refused as
// invalid or within what every store takes.
func FuzzValidateOps(f *testing.F) {
	f.Add("a", "x", "a", "y", "1", true, false)
	f.Add("a", "x", "a", "x", "", false, true)
	f.Fuzz(func(t *testing.T, c1, id1, c2, id2, version string, absent, deletes bool) {
		op := store.Op{Key: store.Key{Collection: c1, ID: id1}, Value: map[string]any{}, If: store.Precondition{Absent: absent, Version: version}}
		if deletes {
			op.Value = nil
		}
		ops := []store.Op{op, store.Set(store.Key{Collection: c2, ID: id2}, map[string]any{})}
		err := store.ValidateOps(ops)
		sound := ops[0].Key.Validate() == nil && ops[1].Key.Validate() == nil && ops[0].Key != ops[1].Key &&
			!(absent && version != "") && !(absent && deletes)
		require.Equal(t, sound, err == nil, "%v", err)
		if err != nil {
			require.ErrorIs(t, err, store.ErrInvalid)
		}
	})
}

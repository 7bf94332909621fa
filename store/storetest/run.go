package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

// Run shows that a store keeps the contract of store.Store, one subtest for
// each rule; the name of a failed subtest is the rule that is broken.
//
// newStore returns the store to test, once for each rule; what it opened it
// closes with t.Cleanup. All rules may get the same store, on a database that
// others use at the same time: each works in a collection of its own, under a
// random name, and leaves its documents behind. The collections are small but
// for one of 1,000 documents, since the Firestore emulator reads a whole
// collection for each query.
//
// The kit works in real time, outside any synctest bubble, and asserts no
// duration. Where it must wait it gives up after a minute.
//
// A lost reply cannot be forced from above a store. The kit does what a caller
// does after one: it sends the same commit again, and finds its own document
// where it expects a conflict. Whoever can lose replies below a store (a proxy,
// a fake server) should test that too.
func Run(t *testing.T, newStore func(t *testing.T) store.Store) {
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) { r.check(newSuite(t, newStore(t))) })
	}
}

// rule is one sentence of the contract, and what shows that a store keeps it.
type rule struct {
	name  string
	check func(s *suite)
}

func rules() []rule {
	return slices.Concat(documentRules(), conditionRules(), timeRules(), scanRules(), requestRules(), contextRules(), watchRules())
}

// tester is what rules need of a *testing.T. It is an interface so that the
// kit's own tests can watch a rule fail.
type tester interface {
	require.TestingT
	Helper()
	Context() context.Context
	Skipf(format string, args ...any)
}

// suite is the ground on which one rule is checked.
type suite struct {
	tester
	st       store.Store
	coll     string        // a collection that nobody else uses
	patience time.Duration // how long to wait where a broken store would block for ever
}

func newSuite(t tester, st store.Store) *suite {
	return &suite{tester: t, st: st, coll: "storetest-" + rand.Text(), patience: time.Minute}
}

// key names a document of the suite's collection.
func (s *suite) key(id string) store.Key { return store.Key{Collection: s.coll, ID: id} }

// commit applies ops, which must succeed.
func (s *suite) commit(ops ...store.Op) []store.Stamp {
	s.Helper()
	stamps, err := s.st.Commit(s.Context(), ops...)
	require.NoError(s, err)
	require.Len(s, stamps, len(ops), "one Stamp for each operation")
	return stamps
}

// get reads a document, which must exist.
func (s *suite) get(key store.Key) store.Record {
	s.Helper()
	r, err := s.st.Get(s.Context(), key)
	require.NoError(s, err)
	require.Equal(s, key, r.Key)
	return r
}

// absent checks that a document does not exist.
func (s *suite) absent(key store.Key) {
	s.Helper()
	_, err := s.st.Get(s.Context(), key)
	require.ErrorIs(s, err, store.ErrNotFound, "%s must not exist", key)
}

// scan reads all that q asks for.
func (s *suite) scan(q store.Query) []store.Record {
	s.Helper()
	var out []store.Record
	for r, err := range s.st.Scan(s.Context(), q) {
		require.NoError(s, err)
		out = append(out, r)
	}
	return out
}

// ids reads the IDs of all that q asks for, in order.
func (s *suite) ids(q store.Query) []string {
	s.Helper()
	out := []string{}
	for _, r := range s.scan(q) {
		out = append(out, r.Key.ID)
	}
	return out
}

// conflict checks that err is a *ConflictError that names key or nothing.
func (s *suite) conflict(err error, key store.Key) {
	s.Helper()
	var conflict *store.ConflictError
	require.ErrorAs(s, err, &conflict)
	require.ErrorIs(s, err, store.ErrConflict)
	require.NotErrorIs(s, err, store.ErrInvalid)
	if conflict.Key != (store.Key{}) {
		require.Equal(s, key, conflict.Key, "a ConflictError that names a key must name the right one")
	}
}

// isConflict is conflict for goroutines, which must not end the test.
func isConflict(err error) bool {
	var conflict *store.ConflictError
	return errors.As(err, &conflict)
}

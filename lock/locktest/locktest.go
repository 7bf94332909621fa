// Package locktest is the conformance kit of package lock: Run shows that a
// lock over a given store is granted, renewed, fenced and handed over as
// promised.
//
// It does not show that a database keeps time or survives a crash, and it
// measures nothing. No rule waits for a lease to expire: a lease is made old by
// moving the store's clock, as the readers of one instance see it. So the kit
// takes seconds on any store, works in real time, and asserts no duration.
//
// No production file imports this package.
package locktest

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// Run checks every rule, each as a subtest whose name is the rule.
//
// newStore returns the store to test, once for each rule; what it opened it
// closes with t.Cleanup. All rules may get the same store, on a database that
// others use: each works in collections of a random name, and leaves a few
// documents behind.
func Run(t *testing.T, newStore func(t *testing.T) store.Store) {
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			r.check(newSuite(t, newStore(t)))
		})
	}
}

// rule is one promise of package lock, and what shows that it is kept.
type rule struct {
	name  string
	check func(s *suite)
}

func rules() []rule {
	return slices.Concat(grantRules(), commitRules(), replyRules(), rowRules(), handoverRules())
}

// tester is what rules need of a *testing.T. It is an interface so that the
// kit's own tests can watch a rule fail.
type tester interface {
	require.TestingT
	Helper()
	Context() context.Context
}

// lease is the holders' lease: so long that none expires by itself here.
const lease = time.Hour

// suite is the ground on which one rule is checked.
type suite struct {
	tester
	st       store.Store
	root     string        // of collections that nobody else uses
	patience time.Duration // how long to wait for what should come at once
}

func newSuite(t tester, st store.Store) *suite {
	return &suite{tester: t, st: st, root: "locktest-" + rand.Text(), patience: time.Minute}
}

func (s *suite) key() store.Key { return store.Key{Collection: s.root, ID: "lock"} }

func (s *suite) docKey(id string) store.Key { return store.Key{Collection: s.root + "-docs", ID: id} }

// instance is one competitor, with its own way to the store.
type instance struct {
	s    *suite
	lock lock.Lock
	aged *aged
	net  *storetest.Faulty
}

func (s *suite) instance(name string) *instance {
	s.Helper()
	n := &instance{s: s, aged: &aged{Store: s.st}}
	n.net = storetest.Wrap(n.aged)
	l, err := lock.New(n.net, s.key(), &lock.Options{
		InstanceID: name, Lease: lease, Timeout: s.patience,
		// Quick, since nothing here waits for the sake of politeness.
		RetryMin: time.Millisecond, RetryMax: 10 * time.Millisecond, Poll: 10 * time.Millisecond,
	})
	require.NoError(s, err)
	n.lock = l
	return n
}

// acquire must be granted the lease at once.
func (n *instance) acquire() *lock.Lease {
	n.s.Helper()
	l, err := n.lock.TryAcquire(n.s.Context())
	require.NoError(n.s, err)
	return l
}

// refused must not be granted the lease, and returns who has it.
func (n *instance) refused() *lock.HeldError {
	n.s.Helper()
	_, err := n.lock.TryAcquire(n.s.Context())
	var held *lock.HeldError
	require.ErrorAs(n.s, err, &held)
	require.ErrorIs(n.s, err, lock.ErrHeld)
	return held
}

func (s *suite) release(l *lock.Lease) {
	s.Helper()
	require.NoError(s, l.Release(s.Context()))
	require.ErrorIs(s, context.Cause(l.Context()), l.Err())
}

// row reads the lock's row.
func (s *suite) row() lock.Row {
	s.Helper()
	rec, err := s.st.Get(s.Context(), s.key())
	require.NoError(s, err)
	row, err := lock.ReadRow(rec)
	require.NoError(s, err)
	return row
}

// doc is what leaders write.
type doc struct {
	TS    time.Time `json:"ts" firestore:"ts"`
	Epoch int64     `json:"epoch" firestore:"epoch"`
	N     int64     `json:"n" firestore:"n"`
}

func (s *suite) put(l *lock.Lease, id string, n int64) store.Op {
	return store.Set(s.docKey(id), doc{TS: time.Unix(n, 0), Epoch: l.Token().Epoch, N: n})
}

// read returns a document; ok is false where there is none.
func (s *suite) read(id string) (d doc, ok bool) {
	s.Helper()
	rec, err := s.st.Get(s.Context(), s.docKey(id))
	if errors.Is(err, store.ErrNotFound) {
		return d, false
	}
	require.NoError(s, err)
	require.NoError(s, rec.Decode(&d))
	return d, true
}

// absent checks that nothing was written under id.
func (s *suite) absent(id string) {
	s.Helper()
	_, ok := s.read(id)
	require.False(s, ok, "%s must not have been written", id)
}

// wait returns what arrives on c, or fails.
func wait[T any](s *suite, c <-chan T) (v T) {
	s.Helper()
	select {
	case v = <-c:
	case <-time.After(s.patience):
		require.FailNow(s, "nothing happened")
	}
	return v
}

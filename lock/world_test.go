package lock_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// The durations of a default lock, in which the stories below are told.
const (
	lease  = 120 * time.Second
	margin = 10 * time.Second
	trust  = lease - margin
	renew  = 60 * time.Second
	jitter = time.Second

	retryMax = 5 * time.Second
)

var lockKey = store.Key{Collection: "w/l/locks", ID: "leader"}

// world is one database and the instances that compete for one lock in it. It
// lives in a bubble, and checks of everything that happens in it that
//
//	I1  what is written carries the epoch that is then current, and epochs never
//	    fall, skip or change hands in the order of writing;
//	I2  at no instant do two instances trust a lease, as long as clocks keep time.
//
// I3, that nothing is left running, is the bubble's own rule.
type world struct {
	t      *testing.T
	base   *journal
	ground *ground
	clock  *stepped // the database's

	mu     sync.Mutex
	leases []*lock.Lease
	buried map[*lock.Lease]bool // whose process is gone
}

func newWorld(t *testing.T) *world { return newWorldOn(t, memstore.New(nil)) }

func newWorldOn(t *testing.T, st store.Store) *world {
	w := &world{t: t, ground: memory}
	w.base = &journal{Store: st, inspect: w.trusted}
	t.Cleanup(w.check)
	return w
}

func (w *world) check() {
	require.Empty(w.t, w.base.violations())
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.leases {
		require.Error(w.t, l.Err(), "a story must end its leases")
	}
}

// instance is one competitor: its lock, and its own way to the database, which
// can be made to fail apart from the others'.
type instance struct {
	w    *world
	name string
	lock lock.Lock
	net  *storetest.Faulty
	wire *wire
}

func (w *world) instance(name string, edit ...func(*lock.Options)) *instance {
	w.t.Helper()
	n := &instance{w: w, name: name, wire: &wire{Store: w.base}}
	n.net = storetest.Wrap(n.wire)
	opts := &lock.Options{InstanceID: name}
	for _, f := range edit {
		f(opts)
	}
	l, err := lock.New(n.net, lockKey, opts)
	require.NoError(w.t, err)
	n.lock = watched{Lock: l, w: w}
	return n
}

// unspread has every pause at its longest.
func unspread(o *lock.Options) { o.Jitter = func() float64 { return 0 } }

// watched tells the world of every lease that is granted.
type watched struct {
	lock.Lock
	w *world
}

func (l watched) Acquire(ctx context.Context) (*lock.Lease, error) {
	return l.w.granted(l.Lock.Acquire(ctx))
}

func (l watched) TryAcquire(ctx context.Context) (*lock.Lease, error) {
	return l.w.granted(l.Lock.TryAcquire(ctx))
}

func (w *world) granted(l *lock.Lease, err error) (*lock.Lease, error) {
	if err == nil {
		w.mu.Lock()
		w.leases = append(w.leases, l)
		w.mu.Unlock()
		if n := w.trusted(); n > 1 {
			w.base.blame("I2: %d leases are trusted after a grant", n)
		}
	}
	return l, err
}

// trusted counts the leases whose holders see no reason to stop.
func (w *world) trusted() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, l := range w.leases {
		if l.Context().Err() == nil && !w.buried[l] {
			n++
		}
	}
	return n
}

// bury notes that the process which holds the lease is gone, and nobody trusts it.
func (w *world) bury(l *lock.Lease) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.buried == nil {
		w.buried = map[*lock.Lease]bool{}
	}
	w.buried[l] = true
}

// acquire is TryAcquire that must succeed.
func (n *instance) acquire() *lock.Lease {
	n.w.t.Helper()
	l, err := n.lock.TryAcquire(n.w.t.Context())
	require.NoError(n.w.t, err)
	return l
}

// release is Release that must succeed.
func (w *world) release(l *lock.Lease) {
	w.t.Helper()
	require.NoError(w.t, l.Release(w.t.Context()))
}

// row reads the lock's row past all faults.
func (w *world) row() lock.Row {
	w.t.Helper()
	rec, err := w.base.Get(w.t.Context(), lockKey)
	require.NoError(w.t, err)
	row, err := lock.ReadRow(rec)
	require.NoError(w.t, err)
	return row
}

// doc is what leaders write in these stories.
type doc struct {
	By    string `json:"by" firestore:"by"`
	Epoch int64  `json:"epoch" firestore:"epoch"`
}

func docKey(id string) store.Key { return store.Key{Collection: "w/l/docs", ID: id} }

func put(l *lock.Lease, id, by string) store.Op {
	return store.Set(docKey(id), doc{By: by, Epoch: l.Token().Epoch})
}

// doc reads one back; ok is false where there is none.
func (w *world) doc(id string) (d doc, ok bool) {
	w.t.Helper()
	rec, err := w.base.Get(w.t.Context(), docKey(id))
	if errors.Is(err, store.ErrNotFound) {
		return d, false
	}
	require.NoError(w.t, err)
	require.NoError(w.t, rec.Decode(&d))
	return d, true
}

// journal is the database itself. It sees every commit in the order in which
// they are applied.
type journal struct {
	store.Store
	inspect func() int

	mu      sync.Mutex
	last    lock.Row
	rows    int // commits of the lock's row
	grants  int
	blamed  []string
	quietly bool // I2 is not judged: clocks do not keep time in this story
}

var _ store.Watcher = (*journal)(nil)

func (j *journal) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	stamps, err := j.Store.Commit(ctx, ops...)
	if err == nil {
		j.apply(ops)
	}
	return stamps, err
}

func (j *journal) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	return j.Store.(store.Watcher).Watch(ctx, key)
}

func (j *journal) apply(ops []store.Op) {
	row, ok := ops[0].Value.(lock.Row)
	if !ok {
		return // a hand from outside
	}
	j.rows++
	prev := j.last
	j.last = row
	switch {
	case row.Epoch == prev.Epoch+1:
		j.grants++
		if len(ops) > 1 {
			j.blamed = append(j.blamed, "I1: a grant carries operations")
		}
	case row.Epoch != prev.Epoch:
		j.blamed = append(j.blamed, fmt.Sprintf("I1: epoch %d after %d", row.Epoch, prev.Epoch))
	case prev.Owner == "" || row.Owner != "" && row.Owner != prev.Owner:
		j.blamed = append(j.blamed, fmt.Sprintf("I1: epoch %d changed hands", row.Epoch))
	case row.Seq <= prev.Seq:
		j.blamed = append(j.blamed, fmt.Sprintf("I1: seq %d after %d", row.Seq, prev.Seq))
	}
	for _, op := range ops[1:] {
		if d, ok := op.Value.(doc); ok && d.Epoch != row.Epoch {
			j.blamed = append(j.blamed, fmt.Sprintf("I1: a document of epoch %d was accepted in epoch %d", d.Epoch, row.Epoch))
		}
	}
	if n := j.inspect(); n > 1 && !j.quietly {
		j.blamed = append(j.blamed, fmt.Sprintf("I2: %d leases are trusted", n))
	}
}

// meddle notes that somebody writes the row who does not use this package.
func (j *journal) meddle(row lock.Row) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last = row
}

func (j *journal) blame(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.quietly {
		j.blamed = append(j.blamed, fmt.Sprintf(format, args...))
	}
}

// committed counts the commits of the lock's row.
func (j *journal) committed() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.rows
}

func (j *journal) violations() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.blamed
}

// clocksLie says that in this story the clocks do not keep time, so that two
// holders may believe at once; what may be written stays as strict.
func (w *world) clocksLie() {
	w.base.mu.Lock()
	defer w.base.mu.Unlock()
	w.base.quietly = true
}

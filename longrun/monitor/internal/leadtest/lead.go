// Package leadtest has what the rooms of a leader are tested with: a Lead over any
// store.
//
// It does not fence: that only one instance can write is the lock's, and tested
// there.
package leadtest

import (
	"context"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/store"
)

// Lead is a leading.Lead whose commits take turns of a second, as those of a real
// one. It is safe for concurrent use.
type Lead struct {
	store store.Store
	clock clock.Clock

	mu      sync.Mutex
	next    time.Time
	lost    error
	epoch   int64
	commits [][]store.Op
}

var _ leading.Lead = (*Lead)(nil)

// New returns a Lead that writes to st.
func New(st store.Store, clk clock.Clock) *Lead { return &Lead{store: st, clock: clk, epoch: 1} }

// Epoch implements leading.Lead.
func (l *Lead) Epoch() int64 { return l.epoch }

// Err implements leading.Lead.
func (l *Lead) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// Lose has every later commit, and Err, be err.
func (l *Lead) Lose(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = err
}

// Commits are the operations of each commit that was made, whatever became of it.
func (l *Lead) Commits() [][]store.Op {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([][]store.Op(nil), l.commits...)
}

// Commit implements leading.Lead.
func (l *Lead) Commit(ctx context.Context, ops ...store.Op) error {
	l.mu.Lock()
	now := l.clock.Now()
	turn := l.next
	if turn.Before(now) {
		turn = now
	}
	l.next = turn.Add(leading.Pace)
	l.mu.Unlock()
	if !deadline.Sleep(ctx, l.clock, turn.Sub(now)) {
		return context.Cause(ctx)
	}
	l.mu.Lock()
	lost := l.lost
	l.commits = append(l.commits, ops)
	l.mu.Unlock()
	if lost != nil {
		return lost
	}
	_, err := l.store.Commit(ctx, ops...)
	return err
}

// Package leadtest holds what the tests of a leader's rooms are made of: what a
// room is given, and a lead over any store that counts commits, paces them as the
// real one does, and can fail, hang or be lost.
//
// It is no lock: nobody else is kept from writing.
package leadtest

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/store"
)

// Commit is one that a Lead was asked for.
type Commit struct {
	At  time.Time
	Ops []store.Op
	Err error
}

// Lead is a leading.Lead over a store. Its fields are set before it is used.
type Lead struct {
	Store store.Store
	Clock clock.Clock
	// Token is the epoch.
	Token int64
	// Fault runs ahead of each commit; its error is the commit's. Default: none.
	Fault func(ctx context.Context, ops []store.Op) error

	mu      sync.Mutex
	next    time.Time
	lost    error
	commits []Commit
	note    string
	granted string
	moving  sync.Mutex
}

var _ leading.Lead = (*Lead)(nil)

// New returns a Lead of epoch 1 that writes to st.
func New(st store.Store, clk clock.Clock) *Lead { return &Lead{Store: st, Clock: clk, Token: 1} }

// Epoch implements leading.Lead.
func (l *Lead) Epoch() int64 { return l.Token }

// Err implements leading.Lead.
func (l *Lead) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// Lose ends the lease: every later commit, and Err, are err.
func (l *Lead) Lose(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = err
}

// Commit implements leading.Lead.
func (l *Lead) Commit(ctx context.Context, ops ...store.Op) error {
	now := l.Clock.Now()
	l.mu.Lock()
	turn := l.next
	if turn.Before(now) || turn.Sub(now) > time.Minute {
		turn = now
	}
	l.next = turn.Add(leading.Pace)
	l.mu.Unlock()
	if !deadline.Sleep(ctx, l.Clock, turn.Sub(now)) {
		return context.Cause(ctx)
	}
	err := l.apply(ctx, ops)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commits = append(l.commits, Commit{At: turn, Ops: ops, Err: err})
	return err
}

// Move implements leading.Lead.
func (l *Lead) Move(ctx context.Context, change leading.Move) error {
	l.moving.Lock()
	defer l.moving.Unlock()
	next, ops, err := change(l.Note())
	if err != nil {
		return err
	}
	if err := l.Commit(ctx, ops...); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note = next
	return nil
}

// Note implements leading.Lead.
func (l *Lead) Note() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.note
}

// Granted implements leading.Lead.
func (l *Lead) Granted() string { return l.granted }

// Grant sets the note that the lead begins with, before it is used.
func (l *Lead) Grant(note string) { l.note, l.granted = note, note }

func (l *Lead) apply(ctx context.Context, ops []store.Op) error {
	if err := l.Err(); err != nil {
		return err
	}
	if l.Fault != nil {
		if err := l.Fault(ctx, ops); err != nil {
			return err
		}
	}
	_, err := l.Store.Commit(ctx, ops...)
	return err
}

// Commits are those so far.
func (l *Lead) Commits() []Commit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Commit(nil), l.commits...)
}

// Lines is a log that a test reads.
type Lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String is all that was logged.
func (l *Lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Count is how many lines have the text.
func (l *Lines) Count(text string) (n int) {
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// Deps is what a room is given in a test: slots of a minute, the default settings,
// 8 seconds for the end. A nil clk is the wall clock.
func Deps(tb testing.TB, st store.Store, clk clock.Clock) (room.Deps, *Lines) {
	tb.Helper()
	if clk == nil {
		clk = clock.New()
	}
	book, err := ledger.New(st, "")
	if err != nil {
		tb.Fatal(err)
	}
	lines := &Lines{}
	d := room.Deps{
		Clock:    clk,
		Log:      hostcall.NewLog(slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{Level: slog.LevelDebug})), clk),
		Ledger:   book,
		Settings: func() longrun.Settings { return longrun.DefaultSettings(time.Minute) },
		Self:     room.Self{InstanceID: "a", CommitHash: "c1", Version: "1", Interval: time.Minute, Lease: 30 * time.Second},
		Stop:     room.NewBudget(8*time.Second, clk),
	}
	return d, lines
}

package sqlitestore

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/store"
)

const (
	// settle is how long after a change of the -wal file its commit may come to
	// be seen: the file changes first, then it is synced, and only then anybody
	// can read what was written.
	settle = time.Minute
	// grain is how long a file's times may stand still although it changes: a
	// file system stamps by the kernel's tick, of 10 ms at the most.
	grain = 25 * time.Millisecond
	// compareEvery is how often all watched keys are compared, while the file
	// changes, although nobody seems to have committed: somebody may have
	// changed it by hand.
	compareEvery = time.Second
)

// watcher is the one that looks at the file for all watches of a Store. A look
// at a file that has not changed costs a few system calls, a change by this Store
// a few reads of a number, and one by others one read of the versions of all
// watched keys.
type watcher struct {
	file    file
	watches *watches

	state   fileState
	moved   bool
	changed time.Time // when it was seen that state did
	again   time.Time // when to ask for the last commit, or zero
	compare time.Time // when to compare whatever was committed, or zero
}

// file is what a watcher asks.
type file interface {
	// look costs little. The error means that the file was moved.
	look() (fileState, error)
	// last is the number of the last commit of any process.
	last(ctx context.Context) (int64, error)
	// versions are those of keys as they were after the commit last, 0 for no
	// document.
	versions(ctx context.Context, keys []store.Key) (versions []int64, last int64, err error)
}

// run looks at each tick, until ctx ends.
func (w *watcher) run(ctx context.Context, clk clock.Clock, every time.Duration) {
	ticker := clk.Ticker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			w.look(ctx, now)
		}
	}
}

// look takes one look. What cannot be read is looked at again with the next one.
func (w *watcher) look(ctx context.Context, now time.Time) {
	state, err := w.file.look()
	if moved := err != nil; moved != w.moved {
		w.moved = moved
		w.watches.signalAll() // their reads tell them, either way
	}
	if err != nil {
		return
	}
	if state != w.state {
		w.state, w.changed, w.again = state, now, now
		if w.compare.IsZero() {
			w.compare = now.Add(compareEvery)
		}
	}
	whole, err := w.news(ctx, now)
	if err != nil {
		return
	}
	if whole {
		keys := w.watches.all()
		versions, last, err := w.file.versions(ctx, keys)
		if err != nil {
			return
		}
		w.watches.found(keys, versions, last, true)
	}
	// The longer it takes, the rarer it is asked for: it is found within twice
	// the time.
	if age := now.Sub(w.changed); reached(w.again, now) {
		w.again = now.Add(age)
		if age >= settle {
			w.again = time.Time{}
		}
	}
	if reached(w.compare, now) {
		w.compare = time.Time{}
		if now.Sub(w.changed) < grain {
			w.compare = now.Add(compareEvery) // it may have changed since
		}
	}
}

// news reports whether to compare all keys: when others have committed, and when
// it is time to.
func (w *watcher) news(ctx context.Context, now time.Time) (bool, error) {
	if reached(w.compare, now) {
		return true, nil
	}
	if !reached(w.again, now) {
		return false, nil
	}
	known := w.watches.known()
	last, err := w.file.last(ctx)
	return err == nil && !w.watches.knows(known, last), err
}

func reached(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

const (
	sqlLast = `SELECT last FROM commits`
	// sqlVersions takes keys as JSON: pairs of a collection and an ID, in
	// hexadecimal since an ID may be any text.
	sqlVersions = `SELECT k.key, coalesce(d.version, 0), (SELECT last FROM commits) FROM json_each(?1) k
		LEFT JOIN documents d ON d.collection = CAST(unhex(k.value ->> 0) AS TEXT) AND d.id = CAST(unhex(k.value ->> 1) AS TEXT)`
)

func (s *Store) look() (fileState, error) { return s.place.look() }

func (s *Store) last(ctx context.Context) (last int64, err error) {
	err = s.reader.last.QueryRowContext(ctx).Scan(&last)
	return last, err
}

func (s *Store) versions(ctx context.Context, keys []store.Key) (versions []int64, last int64, err error) {
	pairs := make([][2]string, len(keys))
	for i, key := range keys {
		pairs[i] = [2]string{hex.EncodeToString([]byte(key.Collection)), hex.EncodeToString([]byte(key.ID))}
	}
	text, err := json.Marshal(pairs)
	if err != nil {
		return nil, 0, err
	}
	rows, err := s.reader.versions.QueryContext(ctx, string(text))
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	versions = make([]int64, len(keys))
	for rows.Next() {
		var i int
		var version int64
		if err := rows.Scan(&i, &version, &last); err != nil {
			return nil, 0, err
		}
		versions[i] = version
	}
	return versions, last, rows.Err()
}

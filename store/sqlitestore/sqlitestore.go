// Package sqlitestore is a store.Store in one SQLite file: the embedded
// default, shared by any number of processes on one host.
//
// It does not work on a network file system, does not replicate, and judges
// time by the host's wall clock: when that is set back, UpdateTime falls too.
// What Commit has acknowledged survives a crash of the process and, as far as
// the disk keeps what it has synced, of the machine.
//
// The file is in WAL mode with synchronous=FULL: every Commit is synced, and
// readers block nobody. Beside it lie a -wal and a -shm file, which belong to
// it; the last process to close it removes them. The documents are readable
// JSON in the table documents, so that
//
//	sqlite3 longrun.db "SELECT id, data FROM documents WHERE collection LIKE '%/heartbeats' ORDER BY ts DESC LIMIT 5"
//
// works while the host runs. Whoever edits them there keeps what the Store
// relies on: a changed document has a new version.
package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/store"
)

// Options are the optional settings of Open.
type Options struct {
	// Clock stamps what is written and read, and times the look at the file
	// that Watch takes. nil means the wall clock.
	Clock clock.Clock
	// BusyTimeout is how long a Commit waits for another process that writes,
	// if its context does not end before, and about how long Open waits for a
	// file that is locked. It is real time, not the Clock's. 0 means 5 s.
	BusyTimeout time.Duration
	// WatchEvery is how often Watch looks whether another process has changed
	// the file; while nobody watches, nobody looks. Negative means never: then
	// only changes by this Store are signalled. 0 means 5 ms.
	WatchEvery time.Duration
}

const (
	defaultBusyTimeout = 5 * time.Second
	defaultWatchEvery  = 5 * time.Millisecond

	// maxReaders bounds the connections that read at the same time; whoever
	// comes later waits for a page, not for a loop body.
	maxReaders = 4
)

// errClosed is what every method returns after Close.
var errClosed = errors.New("store is closed")

// Store keeps documents in one file. It is safe for concurrent use.
type Store struct {
	path       string // absolute
	clock      clock.Clock
	watchEvery time.Duration
	db         *sql.DB
	reader     *reader

	// writing holds one token: whoever has it writes. Writers of one process
	// queue here, in order and with an eye on their context, instead of
	// spending SQLite's busy timeout on each other.
	writing chan struct{}
	writer  *writer // its owner's

	mu       sync.Mutex
	closed   bool
	calls    sync.WaitGroup // calls under way; Close waits for them
	watches  spawn.Group
	watchers map[store.Key]map[chan struct{}]struct{}
	closing  chan struct{} // closed by Close
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.Watcher = (*Store)(nil)
)

// Open opens the database in the file at path, and makes it where it does not
// exist; its directory must. opts may be nil. Whoever opens closes. An error
// names the file, and says whether that is no database, was made by something
// else, or by a newer version of this package.
func Open(ctx context.Context, path string, opts *Options) (*Store, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = defaultBusyTimeout
	}
	if o.WatchEvery == 0 {
		o.WatchEvery = defaultWatchEvery
	}
	if o.BusyTimeout < 0 {
		return nil, fmt.Errorf("sqlitestore: Options.BusyTimeout %v is negative", o.BusyTimeout)
	}
	path, err := locate(path)
	if err != nil {
		return nil, err
	}
	s := &Store{
		path:       path,
		clock:      o.Clock,
		watchEvery: o.WatchEvery,
		writing:    make(chan struct{}, 1),
		watchers:   make(map[store.Key]map[chan struct{}]struct{}),
		closing:    make(chan struct{}),
	}
	s.db, err = sql.Open("sqlite", dsn(path, o.BusyTimeout))
	if err != nil {
		return nil, s.fail("open", err)
	}
	s.db.SetMaxOpenConns(maxReaders + 1)
	s.db.SetMaxIdleConns(maxReaders + 1)
	if err := prepareWithin(ctx, s.db, o.BusyTimeout); err != nil {
		return nil, errors.Join(s.fail("open", err), s.db.Close())
	}
	if s.reader, err = openReader(ctx, s.db); err != nil {
		return nil, errors.Join(s.fail("open", err), s.db.Close())
	}
	return s, nil
}

// Close ends every watch, waits for calls under way, and closes the file.
// Closing twice is no error.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.closing)
	s.mu.Unlock()

	s.calls.Wait()
	_ = s.watches.Wait() // a watch fails by ending
	err := s.reader.close()
	if s.writer != nil {
		err = errors.Join(err, s.writer.close())
	}
	if err := errors.Join(err, s.db.Close()); err != nil {
		return s.fail("close", err)
	}
	return nil
}

// begin keeps the store open until end is called.
func (s *Store) begin() (end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, s.fail("use", errClosed)
	}
	s.calls.Add(1)
	return s.calls.Done, nil
}

// fail names the file and what was done to it.
func (s *Store) fail(doing string, err error) error {
	return fmt.Errorf("sqlitestore: %s: %s: %w", s.path, doing, err)
}

// now is the store's clock, cut as documents' times are.
func (s *Store) now() time.Time { return s.clock.Now().UTC().Truncate(time.Microsecond) }

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
// it; the last process to close it removes them. On Linux, and on a file system of the
// machine's own, the Store is a store.Witness too: whoever holds a lock in it has a
// file beside it, whose name ends in .alive, and of a process that was killed one is
// left for the next to remove. A new file is its owner's alone
// (0600), and those two have its mode. The documents are readable JSON in the
// table documents, so that
//
//	sqlite3 longrun.db "SELECT id, data FROM documents WHERE collection LIKE '%/heartbeats' ORDER BY ts DESC LIMIT 5"
//
// works while the host runs. Whoever edits them there keeps what the Store
// relies on: a changed document has a new version.
//
// # When the file is moved
//
// SQLite goes on with the file that it has opened when its name is given to
// another one, or to none: two servers would then each lead on their own. So
// every method asks whether the name, and those of the two files beside it,
// still show what was opened. Where one does not, every method fails with
// store.ErrMoved and nothing is written, until it does again. A commit that was
// acknowledged lay, after it was synced, in the file that had the name. One that
// was under way in the moment of the move may lie in the other file, and fails.
//
// A Store whose -wal or -shm file was deleted is to be closed in good order:
// that writes what was committed into the database. If it is killed, that is
// lost; and if another process has opened the file meanwhile, what this one had
// not yet written into the database is lost in any case.
//
// To put a backup in the file's place, stop whatever has it open, and remove the
// -wal and -shm files: SQLite reads a -wal file into whatever database it lies
// beside, and cannot tell that it is another's.
package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
	"modernc.org/sqlite"

	"github.com/seed-13dc028d/longwatch/internal/filelock"
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
	// ReadOnly opens a file to be read and never written, also one that may
	// not be or lies on a medium that cannot be: Commit is then refused with an
	// error that wraps store.ErrInvalid. Where nobody has the file open, it is
	// read as if nobody will: once it is written again, every read fails with
	// store.ErrMoved, and the file is to be opened again. false means that it
	// must be possible to write it.
	ReadOnly bool
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
	place      *place
	clock      clock.Clock
	watchEvery time.Duration
	readOnly   bool
	db         *sql.DB
	reader     *reader

	// anchor is a connection that does nothing. While it is open, SQLite leaves
	// the -wal and -shm files where they are, whatever the pool does.
	anchor driver.Conn

	// writing holds one token: whoever has it writes. Writers of one process
	// queue here, in order and with an eye on their context, instead of
	// spending SQLite's busy timeout on each other.
	writing chan struct{}
	writer  *writer // its owner's

	mu      sync.Mutex
	closed  bool
	calls   sync.WaitGroup // calls under way; Close waits for them
	watches *watches
	signs   filelock.Signs
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.Watcher = (*Store)(nil)
	_ store.Witness = (*Store)(nil)
)

// Open opens the database in the file at path, and makes it where it does not
// exist, for its owner alone; its directory must exist. opts may be nil. Whoever
// opens closes. An error names the file, and says whether that is no database,
// was made by something else, or by a newer version of this package, or is gone
// while commits of it lie in a -wal file. Such a file is left as it was.
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
	p, err := locate(path)
	if err != nil {
		return nil, err
	}
	s := &Store{
		place:      p,
		clock:      o.Clock,
		watchEvery: o.WatchEvery,
		readOnly:   o.ReadOnly,
		writing:    make(chan struct{}, 1),
		watches:    newWatches(),
		signs:      filelock.Signs{Prefix: p.path + "-", Clock: o.Clock},
	}
	if err := p.orphaned(); err != nil {
		return nil, s.fail("open", err)
	}
	if o.ReadOnly {
		err = s.openToRead(ctx, o.BusyTimeout)
	} else {
		err = s.openToWrite(ctx, o.BusyTimeout)
	}
	if err != nil {
		return nil, errors.Join(s.fail("open", err), s.release())
	}
	return s, nil
}

func (s *Store) openToWrite(ctx context.Context, busy time.Duration) error {
	if err := refuseForeign(ctx, s.place, busy); err != nil {
		return err
	}
	if err := s.place.make(); err != nil {
		return err
	}
	s.signs.Sweep()
	return advise(s.place, s.open(ctx, readWrite, busy, prepare))
}

// open opens what the place names now, and holds it from then on.
func (s *Store) open(ctx context.Context, how access, busy time.Duration, prepare func(context.Context, *sql.Conn) error) error {
	before, err := os.Stat(s.place.path)
	if err != nil {
		return err
	}
	c, err := connect(s.place, how, busy)
	if err != nil {
		return err
	}
	s.db = sql.OpenDB(c)
	s.db.SetMaxOpenConns(maxReaders + 1)
	s.db.SetMaxIdleConns(maxReaders + 1)
	err = patiently(ctx, busy, func() (err error) {
		conn, err := s.db.Conn(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, conn.Close()) }()
		return prepare(ctx, conn)
	})
	if err != nil {
		return err
	}
	err = patiently(ctx, busy, func() (err error) {
		s.anchor, err = c.Connect(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.place.hold(before); err != nil {
		return err
	}
	s.reader, err = openReader(ctx, s.db)
	return err
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
	s.mu.Unlock()

	s.watches.close()
	s.calls.Wait()
	if err := s.release(); err != nil {
		return s.fail("close", err)
	}
	return nil
}

// release closes what is open.
func (s *Store) release() error {
	var errs []error
	if s.reader != nil {
		errs = append(errs, s.reader.close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	// The last connection writes what is in the -wal file it has opened into
	// the database, and deletes the one that bears the name. When those are two,
	// either would harm whoever made the second, so the connection stays open
	// until the process ends.
	if s.anchor != nil && !s.place.taken() {
		errs = append(errs, s.anchor.Close())
	}
	return errors.Join(errs...)
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
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code() == codeNoRoom {
		err = fmt.Errorf("%w (the disk has no room for %s)", err, s.place.shm())
	}
	return fmt.Errorf("sqlitestore: %s: %s: %w", s.place.given, doing, err)
}

// now is the store's clock, cut as documents' times are.
func (s *Store) now() time.Time { return s.clock.Now().UTC().Truncate(time.Microsecond) }

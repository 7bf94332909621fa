// Package postgresstore keeps documents in one table of a Postgres database, for
// instances on any number of hosts, beside whatever else the host keeps there.
//
// What it does not do: it opens and closes no pool, prunes nothing, and holds no
// transaction open between two calls. It cannot mend what the database was told
// to give up: with synchronous_commit = off a crash of the server loses commits
// that were acknowledged, and so does a fail-over to a replica that is not
// synchronous. What is left then is the past up to some instant. The lock may be
// at an earlier epoch: instances that saw the later one stop with
// lock.CorruptError, as they should, until they are started again or their row is
// mended; and the new server's clock is another one, so that one age may be wrong
// by the difference of the two. An address of several hosts, with
// target_session_attrs=read-write, finds the server that takes writes.
//
// A Commit is one round trip: its operations and the check of their conditions
// are sent together and make one transaction of the server. After any error but a
// *store.ConflictError and one that wraps store.ErrInvalid it may have happened:
// the reply of the server may be what was lost. The Store tries again by itself
// only what the server is known not to have applied (a serialization failure, a
// deadlock, a request that was never sent), at most ten times.
//
// # Opening one
//
//	pool, err := pgxpool.New(ctx, "postgres://user:password@host/database")
//	if err != nil { … }
//	defer pool.Close()
//	st, err := postgresstore.New(pool, nil)
//	if err != nil { … }
//	defer st.Close()       // ends what Watch began, and never the pool
//	err = st.Migrate(ctx)  // or run what st.Schema() says among the host's own migrations
//
// The role needs USAGE on the schema and SELECT, INSERT, UPDATE and DELETE on the
// table, and to make them CREATE on the database. The database's encoding must be
// UTF8. Postgres 12 and later.
//
// The documents are JSON in the column data, so that
//
//	SELECT id, data->>'healthy' FROM longwatch.documents WHERE collection LIKE '%/heartbeats' ORDER BY ts DESC LIMIT 5
//
// works in any console. Whoever edits them there keeps what the Store relies on: a
// changed document has a new version, such as gen_random_uuid(). IDs and
// collections are as they were given, but that the characters 0 and 1, which
// Postgres cannot keep or are needed for that, are written as two.
//
// # When a process is gone
//
// The server ends a session, and frees its advisory locks, when the process that had
// it is gone, on whatever host that was. So the Store is a store.Witness: a lock's
// holder keeps such a lock on the connection that Watch has, and whoever waits for it
// asks the server for that lock, 25 times a second. A process that was killed is found
// gone at once, since the kernel closes its connections. When its whole host has
// vanished, nobody does: the server asks after a minute of silence on that connection
// and gives up after two (the session's tcp_keepalives_idle and its like, which the
// Store sets); until then the lease decides, as it does where a process is frozen.
//
// A session may end before its process: pg_terminate_backend, a proxy, a network that
// is cut for longer than those two minutes. The holder notices that its connection
// broke, says in its row that it has no proof, and leaves a new one. Whoever stood by
// may have been quicker, and leads then; what the one before writes is refused.
// Nothing is told of sessions from before the server's start, or of another server.
//
// # Poolers
//
// Behind PgBouncer in transaction mode the pool must not use named prepared
// statements: default_query_exec_mode=cache_describe or exec in its address.
// Nothing can be watched through it, and no session is a process's own: Watch, Hold
// and Seize find that out and return errors.ErrUnsupported, unless Options.WatchPool
// goes past it.
package postgresstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed-13dc028d/longwatch/store"
)

const (
	defaultSchema = "longwatch"
	defaultTable  = "documents"
)

// Options are the optional settings of New.
type Options struct {
	// Schema is where the table is: lower-case letters, digits and underscores, at
	// most 63 of them. Default: longwatch.
	Schema string
	// Table is the table of the documents, named as Schema is, of at most 55
	// characters. Its index is called Table_by_time. Default: documents.
	Table string
	// WatchPool serves Watch, Hold and Seize, with one connection that it gives away for good: a
	// pool of the same database that goes past a pooler in transaction mode. Like
	// the main pool it stays the caller's to close. Default: the main pool.
	WatchPool *pgxpool.Pool
	// NoWatch says that nobody watches this table: Watch, Hold and Seize return
	// errors.ErrUnsupported, and commits of this Store are signalled to nobody.
	// Default: false.
	NoWatch bool
	// SeizeEvery is how often the server is asked, in one short statement, whether a
	// process that Seize waits for has died; while nobody waits, nothing is asked.
	// Default: 40 ms.
	SeizeEvery time.Duration
	// Logger hears of what the database is set to that its host should know.
	// Default: nil, and nothing is logged.
	Logger *slog.Logger
}

// maxName is how long Postgres lets a name be, in bytes.
const maxName = 63

// name keeps to what needs no quotes, so that it reads the same in every console.
var name = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

func checkName(field, value string, limit int) error {
	switch {
	case !name.MatchString(value):
		return fmt.Errorf("postgresstore: %s %q is not made of lower-case letters, digits and underscores", field, value)
	case len(value) > limit:
		return fmt.Errorf("postgresstore: %s %q is longer than %d characters", field, value, limit)
	}
	return nil
}

// Store keeps documents in one table. It is safe for concurrent use.
type Store struct {
	pool, watchPool *pgxpool.Pool // watchPool is nil where nothing is watched
	logger          *slog.Logger
	schema, table   string
	sql             statements
	signal          signal

	dialling   chan struct{} // holds a token: whoever has it starts the listener
	seizeEvery time.Duration
	waits      sync.WaitGroup // for processes to end

	mu       sync.Mutex
	closed   bool
	listener *listener        // nil until the first Watch, Hold or Seize
	signs    map[string]*sign // those held, by name
	told     map[string]bool  // those ended, whose end somebody here was told of
	peers    map[int64]*peer  // by session
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.Watcher = (*Store)(nil)
	_ store.Witness = (*Store)(nil)
	_ store.Lapser  = (*Store)(nil)
)

// New returns a Store on the database of pool, which remains the caller's: it must
// stay open as long as the Store is used. New does no I/O. opts may be nil. The
// error joins all that is wrong with the options.
func New(pool *pgxpool.Pool, opts *Options) (*Store, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Schema == "" {
		o.Schema = defaultSchema
	}
	if o.Table == "" {
		o.Table = defaultTable
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var errs []error
	if pool == nil {
		errs = append(errs, errors.New("postgresstore: pool is nil"))
	}
	errs = append(errs, checkName("Schema", o.Schema, maxName), checkName("Table", o.Table, maxName-len(indexSuffix)))
	if o.SeizeEvery == 0 {
		o.SeizeEvery = defaultSeizeEvery
	}
	if o.SeizeEvery < 0 {
		errs = append(errs, fmt.Errorf("postgresstore: SeizeEvery: %v is not positive", o.SeizeEvery))
	}
	if o.NoWatch && o.WatchPool != nil {
		errs = append(errs, errors.New("postgresstore: WatchPool is given although NoWatch is set"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	s := &Store{
		pool: pool, watchPool: o.WatchPool, logger: o.Logger, schema: o.Schema, table: o.Table,
		sql:      prepare(o.Schema, o.Table),
		signal:   signalOf(o.Schema, o.Table),
		dialling: make(chan struct{}, 1), seizeEvery: o.SeizeEvery,
		signs: make(map[string]*sign), told: make(map[string]bool), peers: make(map[int64]*peer),
	}
	if s.watchPool == nil && !o.NoWatch {
		s.watchPool = pool
	}
	return s, nil
}

// Close ends every watch, every sign and the connection behind them. Reading and
// writing goes on for as long as the pool is open. Closing twice is no error.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	l := s.listener
	for _, p := range s.peers {
		p.end()
	}
	s.mu.Unlock()
	s.waits.Wait()
	if l != nil {
		l.stop()
	}
	return nil
}

// maxTries is how often is tried what the server is known not to have applied.
const maxTries = 10

// try calls do with a connection of the pool, and again where that changed nothing
// and may pass.
func (s *Store) try(ctx context.Context, do func(*pgx.Conn) error) error {
	for n := 1; ; n++ {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		err = do(conn.Conn())
		if isReadOnly(err) {
			closeConn(ctx, conn.Conn()) // the next one may find the server that takes writes
		}
		conn.Release()
		if err == nil || n == maxTries || ctx.Err() != nil || !isNotApplied(err) {
			return err
		}
	}
}

// maxDead is how many dead connections a read meets before it gives up: as many as a
// pool has, unless the host has made it larger.
const maxDead = 4

// read is try for what changes nothing: that the connection turns out to be dead, as
// all are that the pool keeps of a server that was started again, is no answer yet.
func (s *Store) read(ctx context.Context, do func(*pgx.Conn) error) error {
	for n := 1; ; n++ {
		dead := false
		err := s.try(ctx, func(conn *pgx.Conn) error {
			err := do(conn)
			dead = err != nil && conn.IsClosed()
			return err
		})
		if !dead || n > maxDead || ctx.Err() != nil {
			return err
		}
	}
}

package postgresstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is one run of a server, and a database of it. Another one, and this one
// after a start, know nothing of the locks that were taken here.
type server struct {
	started  int64 // in microseconds since 1970
	database uint32
}

// line is a connection that is no pool's, and that others may know by the advisory
// lock of its session.
type line struct {
	conn    *pgx.Conn
	server  server
	session int64
}

// When a host vanishes nobody closes its connections. The server asks after a minute
// of silence, and gives up after two: no sooner than the lease of most, so that a
// network that is cut is the lease's affair, as it is without. And so do we.
const (
	silence = time.Minute
	between = 20 * time.Second
	asked   = 3
	giveUp  = silence + asked*between
)

// sqlSettle is how a session is set that is idle for long. A host may have set the
// role's otherwise, and not every server has all of these.
func sqlSettle() string {
	return fmt.Sprintf(`SELECT set_config(name, value, false) FROM pg_catalog.pg_settings
		JOIN (VALUES ('idle_session_timeout', '0'), ('statement_timeout', '0'), ('lock_timeout', '0'),
			('tcp_keepalives_idle', '%d'), ('tcp_keepalives_interval', '%d'), ('tcp_keepalives_count', '%d'), ('tcp_user_timeout', '%d')
		) wanted (name, value) USING (name)`,
		int(silence.Seconds()), int(between.Seconds()), asked, giveUp.Milliseconds())
}

// sqlWho tells whether there is a server at the other end, and which.
const sqlWho = `SELECT pg_backend_pid(), pg_is_in_recovery(), (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint,
	(SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())`

// dial makes a connection for what a pool's is of no use for, and prepares it. It is
// the pool's way of making one, with all of the host's hooks, but it is no longer the
// pool's.
func (s *Store) dial(ctx context.Context, prepare string) (*pgx.Conn, server, error) {
	for again := true; ; again = false {
		pooled, err := s.watchPool.Acquire(ctx)
		if err != nil {
			return nil, server{}, err
		}
		conn := pooled.Hijack()
		at, err := settle(ctx, conn, prepare)
		if err == nil {
			return conn, at, nil
		}
		closeConn(ctx, conn)
		// The pool has not tried a connection that it used a moment ago.
		if !again || ctx.Err() != nil || errors.Is(err, errors.ErrUnsupported) {
			return nil, server{}, err
		}
	}
}

// settle prepares conn, or says why that is of no use.
func settle(ctx context.Context, conn *pgx.Conn, prepare string) (at server, err error) {
	var pid uint32
	var standby bool
	if err := conn.QueryRow(ctx, sqlWho).Scan(&pid, &standby, &at.started, &at.database); err != nil {
		return at, err
	}
	switch {
	case pid != conn.PgConn().PID():
		// LISTEN would succeed there, and nobody would ever be heard; a lock would be
		// that of whoever has the connection next.
		return at, fmt.Errorf("a pooler is in between; Options.WatchPool goes past it: %w", errors.ErrUnsupported)
	case standby:
		return at, fmt.Errorf("a standby hears nobody: %w", errors.ErrUnsupported)
	}
	stayAwake(conn.PgConn().Conn())
	_, err = conn.PgConn().Exec(ctx, strings.Join([]string{sqlSettle(), prepare}, ";\n")).ReadAll()
	return at, err
}

// stayAwake has the system notice that the server's host has vanished, where it can.
func stayAwake(conn net.Conn) {
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = wrapped.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: silence, Interval: between, Count: asked}) // else it takes longer
	}
}

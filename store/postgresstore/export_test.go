package postgresstore

import (
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/seed-13dc028d/longwatch/store"
)

// Channel is what commits notify on.
func (s *Store) Channel() string { return s.signal.channel }

// LockOf is the advisory lock of whoever watches a document.
func (s *Store) LockOf(key store.Key) (class, number int32) { return s.signal.class, numberOf(key) }

// Ignore is a host that reads notifications.
func Ignore(*pgconn.PgConn, *pgconn.Notification) {}

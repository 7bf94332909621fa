package whatsapptest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/store/sqlstore"
	_ "modernc.org/sqlite" // the driver of the clients' stores
)

// deviceStore is where one client keeps its keys and sessions. Each has its own:
// in a common one, clients wait for each other's transactions.
type deviceStore struct {
	*sqlstore.Container
	dir     string
	address string

	mu     sync.Mutex
	locked *sql.DB // what holds a lock on it; see LockStore
}

// storeTimeout is how long a client's write waits for another's, if nothing else
// is said.
const storeTimeout = 10 * time.Second

// newDeviceStore opens an empty store. It is a file, because whatsmeow writes
// while it reads, which SQLite can do in a write-ahead log and not in memory; but
// nothing makes sure that it survives a crash.
func newDeviceStore(timeout time.Duration) (*deviceStore, error) {
	dir, err := os.MkdirTemp("", "whatsapptest-")
	if err != nil {
		return nil, fmt.Errorf("whatsapptest: making a store: %w", err)
	}
	address := "file:" + filepath.ToSlash(filepath.Join(dir, "store.db")) + "?_pragma=foreign_keys(1)" +
		"&_pragma=busy_timeout(" + strconv.FormatInt(timeout.Milliseconds(), 10) + ")" +
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_txlock=immediate"
	container, err := sqlstore.New(context.Background(), "sqlite", address, nil)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("whatsapptest: making a store: %w", err)
	}
	return &deviceStore{Container: container, dir: dir, address: address}, nil
}

func (s *deviceStore) close() {
	s.unlock()
	_ = s.Close()
	_ = os.RemoveAll(s.dir)
}

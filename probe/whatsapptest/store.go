package whatsapptest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"go.mau.fi/whatsmeow/store/sqlstore"
	_ "modernc.org/sqlite" // the driver of the clients' stores
)

// deviceStore is where one client keeps its keys and sessions. Each has its own:
// in a common one, clients wait for each other's transactions.
type deviceStore struct {
	*sqlstore.Container
	dir string
}

// newDeviceStore opens an empty store. It is a file, because whatsmeow writes
// while it reads, which SQLite can do in a write-ahead log and not in memory; but
// nothing makes sure that it survives a crash.
func newDeviceStore() (*deviceStore, error) {
	dir, err := os.MkdirTemp("", "whatsapptest-")
	if err != nil {
		return nil, fmt.Errorf("whatsapptest: making a store: %w", err)
	}
	address := "file:" + filepath.ToSlash(filepath.Join(dir, "store.db")) + "?_pragma=foreign_keys(1)" +
		"&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)"
	container, err := sqlstore.New(context.Background(), "sqlite", address, nil)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("whatsapptest: making a store: %w", err)
	}
	return &deviceStore{container, dir}, nil
}

func (s *deviceStore) close() {
	_ = s.Close()
	_ = os.RemoveAll(s.dir)
}

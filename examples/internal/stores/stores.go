// Package stores opens the store that an address names, for the programs. It
// keeps nothing itself.
package stores

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"cloud.google.com/go/firestore"

	"github.com/seed-13dc028d/longwatch/internal/redact"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/postgresstore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// Default is the address where none is given.
const Default = "sqlite:longrun.db"

// Split takes an address apart: its scheme, which is sqlite, firestore, postgres or
// memory, and what follows; for postgres that is the whole address.
func Split(address string) (scheme, rest string, err error) {
	scheme, rest, _ = strings.Cut(address, ":")
	switch {
	case scheme == "memory" && rest == "", (scheme == "sqlite" || scheme == "firestore") && rest != "":
		return scheme, rest, nil
	case (scheme == "postgres" || scheme == "postgresql") && strings.HasPrefix(rest, "//"):
		_, err := splitPostgres(address)
		return "postgres", address, err
	}
	return "", "", fmt.Errorf("%q is none of sqlite:FILE, memory:, firestore:PROJECT and postgres://…",
		redact.Line(address, 200))
}

// Open opens a store, and returns what closes it. A SQLite file that does not
// exist is made, and so is a table of Postgres; where its server does not answer,
// that is done once it does. emulator is host:port of a Firestore emulator, empty for the
// real one.
func Open(ctx context.Context, address, emulator string) (store.Store, func(), error) {
	scheme, rest, err := Split(address)
	if err != nil {
		return nil, nil, err
	}
	switch scheme {
	case "memory":
		return memstore.New(nil), func() {}, nil
	case "sqlite":
		return openSQLite(ctx, rest, nil)
	case "postgres":
		return openPostgres(ctx, rest, migrated)
	}
	return openFirestore(ctx, rest, emulator)
}

// OpenExisting opens a store to work on what is in it. A SQLite file that does
// not exist, or is empty, is an error, and is not made.
func OpenExisting(ctx context.Context, address, emulator string) (store.Store, func(), error) {
	return openExisting(ctx, address, emulator, nil)
}

// OpenToRead is OpenExisting for whoever only looks: a SQLite file is not
// changed, and may lie where nothing can be written.
func OpenToRead(ctx context.Context, address, emulator string) (store.Store, func(), error) {
	return openExisting(ctx, address, emulator, &sqlitestore.Options{ReadOnly: true})
}

func openExisting(ctx context.Context, address, emulator string, opts *sqlitestore.Options) (store.Store, func(), error) {
	scheme, rest, err := Split(address)
	switch {
	case err != nil:
		return nil, nil, err
	case scheme == "memory":
		return nil, nil, errors.New("memory: has nothing in it")
	case scheme == "firestore":
		return openFirestore(ctx, rest, emulator)
	case scheme == "postgres":
		return openPostgres(ctx, rest, (*postgresstore.Store).Check)
	}
	info, err := os.Stat(rest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, fmt.Errorf("%s does not exist", rest)
	case err != nil:
		return nil, nil, err
	case info.Mode().IsRegular() && info.Size() == 0:
		return nil, nil, fmt.Errorf("%s is empty", rest)
	}
	return openSQLite(ctx, rest, opts)
}

func openSQLite(ctx context.Context, path string, opts *sqlitestore.Options) (store.Store, func(), error) {
	st, err := sqlitestore.Open(ctx, path, opts)
	if err != nil {
		return nil, nil, err
	}
	return st, func() { _ = st.Close() }, nil // the process ends; a failed close loses nothing that was committed
}

// openFirestore opens two clients: one for reads and writes, and one to watch
// with, since a connection that only listens must not be pinged.
func openFirestore(ctx context.Context, project, emulator string) (store.Store, func(), error) {
	options, watchOptions := firestorestore.ClientOptions(), firestorestore.WatchClientOptions()
	if emulator != "" {
		var err error
		if options, err = firestorestore.EmulatorOptions(emulator); err != nil {
			return nil, nil, fmt.Errorf("FIRESTORE_EMULATOR_HOST: %w", err)
		}
		watchOptions = nil // Google's client reads the variable itself
	}
	client, err := firestore.NewClient(ctx, project, options...)
	if err != nil {
		return nil, nil, err
	}
	watcher, err := firestore.NewClient(ctx, project, watchOptions...)
	if err != nil {
		_ = client.Close()
		return nil, nil, err
	}
	closeBoth := func() { _, _ = watcher.Close(), client.Close() }
	st, err := firestorestore.New(client, &firestorestore.Options{WatchClient: watcher})
	if err != nil {
		closeBoth()
		return nil, nil, err
	}
	return st, closeBoth, nil
}

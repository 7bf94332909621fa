package main

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// openStore opens the store that c names, and returns what closes it.
func openStore(ctx context.Context, c config) (store.Store, func(), error) {
	scheme, rest, err := splitStore(c.Store)
	if err != nil {
		return nil, nil, err
	}
	switch scheme {
	case "memory":
		return memstore.New(nil), func() {}, nil
	case "sqlite":
		st, err := sqlitestore.Open(ctx, rest, nil)
		if err != nil {
			return nil, nil, fmt.Errorf("LONGRUN_STORE: %w", err)
		}
		return st, func() { _ = st.Close() }, nil // the process ends; a failed close loses nothing that was committed
	}
	return openFirestore(ctx, c, rest)
}

// openFirestore opens two clients: one for reads and writes, and one to watch
// with, since a connection that only listens must not be pinged.
func openFirestore(ctx context.Context, c config, project string) (store.Store, func(), error) {
	options, watchOptions := firestorestore.ClientOptions(), firestorestore.WatchClientOptions()
	if c.EmulatorHost != "" {
		var err error
		if options, err = firestorestore.EmulatorOptions(c.EmulatorHost); err != nil {
			return nil, nil, fmt.Errorf("FIRESTORE_EMULATOR_HOST: %w", err)
		}
		watchOptions = nil // Google's client reads the variable itself
	}
	client, err := firestore.NewClient(ctx, project, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("LONGRUN_STORE: %w", err)
	}
	watcher, err := firestore.NewClient(ctx, project, watchOptions...)
	if err != nil {
		_ = client.Close()
		return nil, nil, fmt.Errorf("LONGRUN_STORE: %w", err)
	}
	closeBoth := func() { _, _ = watcher.Close(), client.Close() }
	st, err := firestorestore.New(client, &firestorestore.Options{WatchClient: watcher})
	if err != nil {
		closeBoth()
		return nil, nil, fmt.Errorf("LONGRUN_STORE: %w", err)
	}
	return st, closeBoth, nil
}

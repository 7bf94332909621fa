// Package firestorestore keeps documents in Google's Firestore, for instances on
// several hosts.
//
// What it does not do: it opens and closes no client, makes no index (the
// automatic one on "ts" is enough: do not exempt that field), prunes nothing,
// and runs no transaction. A Commit is one atomic write of one RPC that reads
// nothing; only a refused one reads, once, to name the document in the way.
// After any error but a *store.ConflictError and store.ErrInvalid the commit
// may have happened: the SDK tries again by itself, and may report a conflict
// with its own first attempt.
//
// # Differences that Firestore makes
//
//   - store.Update leaves top-level fields alone that the value does not have;
//     store.Set removes them.
//   - Documents of one time are ordered by their escaped ID. What Firestore
//     reserves is escaped as in a URL: a slash is %2F in the console.
//   - Besides each document, a whole commit is limited: to 10 MiB, and on the
//     emulator to 4 MiB.
//
// # Opening a client
//
// The network decides how soon a dead connection is noticed, so open the client
// with ClientOptions: without keepalive, a connection that a router has
// forgotten never heals.
//
//	client, err := firestore.NewClient(ctx, project, firestorestore.ClientOptions()...)
//	if err != nil { … }
//	defer client.Close()
//	st, err := firestorestore.New(client, nil)
//	if err != nil { … }
//	err = st.Ping(ctx) // a wrong project shows now and not at the first write
//
// Where FIRESTORE_EMULATOR_HOST is set the SDK dials by itself and ignores dial
// options: connect to an emulator with EmulatorOptions.
package firestorestore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed-13dc028d/longwatch/store"
)

const (
	defaultTimeout     = 10 * time.Second
	defaultScanTimeout = time.Minute
)

// Options are the optional settings of New.
type Options struct {
	// Timeout bounds each Get, Commit, Ping and start of a Watch, the SDK's own
	// retries included; the caller's context may end it sooner. It should be
	// above the 3 s in which keepalive finds a dead connection. Default: 10 s.
	Timeout time.Duration
	// ScanTimeout bounds how long a Scan waits for its next document; the time
	// the caller's loop takes does not count. Default: 1 min.
	ScanTimeout time.Duration
	// WatchClient serves Watch: a client of the same database on a connection of
	// its own, without keepalive, since Firestore takes pings on an idle listener
	// for abuse. Open it with WatchClientOptions. Like the main client it stays
	// the caller's to close. Default: nil, and Watch returns
	// errors.ErrUnsupported, so that callers poll.
	WatchClient *firestore.Client
}

// Store keeps documents in one Firestore database. It is safe for concurrent
// use, and needs no Close.
type Store struct {
	client      *firestore.Client
	watcher     *firestore.Client // nil where Watch is unsupported
	timeout     time.Duration
	scanTimeout time.Duration
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.Watcher = (*Store)(nil)
)

// New returns a Store on the database of client, which remains the caller's: it
// must stay open as long as the Store is used. New does no I/O. opts may be nil.
func New(client *firestore.Client, opts *Options) (*Store, error) {
	if opts == nil {
		opts = &Options{}
	}
	var errs []error
	if client == nil {
		errs = append(errs, errors.New("firestorestore: client is nil"))
	}
	if opts.Timeout < 0 {
		errs = append(errs, fmt.Errorf("firestorestore: Timeout %v is negative", opts.Timeout))
	}
	if opts.ScanTimeout < 0 {
		errs = append(errs, fmt.Errorf("firestorestore: ScanTimeout %v is negative", opts.ScanTimeout))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	s := &Store{client: client, watcher: opts.WatchClient, timeout: opts.Timeout, scanTimeout: opts.ScanTimeout}
	if s.timeout == 0 {
		s.timeout = defaultTimeout
	}
	if s.scanTimeout == 0 {
		s.scanTimeout = defaultScanTimeout
	}
	return s, nil
}

// Get implements store.Store. It is billed as one read, found or not.
func (s *Store) Get(ctx context.Context, key store.Key) (store.Record, error) {
	if err := key.Validate(); err != nil {
		return store.Record{}, err
	}
	ctx, cancel := context.WithTimeout(withTrail(ctx), s.timeout)
	defer cancel()
	snap, err := reference(s.client, key).Get(ctx)
	switch {
	case isMissing(snap, err):
		return store.Record{}, store.ErrNotFound
	case err != nil:
		return store.Record{}, failed(ctx, "get "+key.String(), err)
	}
	return record(key, snap), nil
}

// Ping reads a document that need not exist, and returns nil when the database
// answered: a wrong project, missing rights or an unreachable server show. It
// is billed as one read.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(withTrail(ctx), s.timeout)
	defer cancel()
	snap, err := s.client.Doc("longwatch/ping").Get(ctx)
	if err != nil && !isMissing(snap, err) {
		return failed(ctx, "ping", err)
	}
	return nil
}

// isMissing tells a document that does not exist from a database that does not:
// the code is the same, but only the former comes with a snapshot.
func isMissing(snap *firestore.DocumentSnapshot, err error) bool {
	return snap != nil && status.Code(err) == codes.NotFound
}

// reference returns the SDK's name of a valid key.
func reference(client *firestore.Client, key store.Key) *firestore.DocumentRef {
	return client.Collection(key.Collection).Doc(escape(key.ID))
}

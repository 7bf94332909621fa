package whatsapptest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow/store"
)

// SlowStore makes each write of a session, an identity or a prekey in the device
// stores of these accounts' clients, or of everybody's, take d longer, as on a
// busy disk, until Heal. The client handles one stanza after the other, so what
// comes in waits, one message behind the other, and SendMessage takes d for each
// device that it encrypts for, while acks and pings are quick. It concerns
// clients that NewClient or Client made.
func (s *Server) SlowStore(d time.Duration, numbers ...string) {
	s.set(numbers, func(f *faults) { f.storeDelay = d })
}

// LockStore keeps a write transaction open in the device stores of these
// accounts' clients, or of everybody's, until Heal, as another process with the
// same file does. Their writes fail after Options.StoreTimeout, with the error of
// SQLite that says busy. The client's SendMessage then returns no error, and
// sends the message with copies for nobody: it says so in lines of its log alone.
// What comes in is an UndecryptableMessage, and after the fifth try it is given
// up. It concerns clients that the server made, and happens once: a client that
// is made later has a store that is not locked. SQLite waits by the system's
// clock, in a bubble too.
func (s *Server) LockStore(numbers ...string) error {
	var locks []error
	for _, c := range s.clientsOf(numbers) {
		locks = append(locks, c.store.lock())
	}
	return errors.Join(locks...)
}

// clientsOf are the clients that the server made for numbers.
func (s *Server) clientsOf(numbers []string) (clients []*client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clients {
		if c.at.within(numbers) {
			clients = append(clients, c)
		}
	}
	return clients
}

// lock begins a write transaction that nobody ends but unlock.
func (s *deviceStore) lock() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locked != nil {
		return nil
	}
	db, err := sql.Open("sqlite", s.address)
	if err != nil {
		return fmt.Errorf("whatsapptest: locking a store: %w", err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(context.Background(), "BEGIN IMMEDIATE"); err != nil {
		_ = db.Close()
		return fmt.Errorf("whatsapptest: locking a store: %w", err)
	}
	s.locked = db
	return nil
}

func (s *deviceStore) unlock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locked != nil {
		_ = s.locked.Close() // which rolls back
		s.locked = nil
	}
}

// slow makes a device's store ask the server before it writes. The device must
// have been saved: that is when it gets its stores.
func (s *Server) slow(device *store.Device, at place) {
	wait := func(ctx context.Context) { s.pause(ctx, at) }
	device.Sessions = slowSessions{device.Sessions, wait}
	device.Identities = slowIdentities{device.Identities, wait}
	device.PreKeys = slowPrekeys{device.PreKeys, wait}
}

// pause waits as long as a write takes longer than it should.
func (s *Server) pause(ctx context.Context, at place) {
	s.mu.Lock()
	d := s.fault(at).storeDelay
	s.mu.Unlock()
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-s.life.Done():
	}
}

type slowSessions struct {
	store.SessionStore
	wait func(context.Context)
}

func (s slowSessions) PutSession(ctx context.Context, address string, session []byte) error {
	s.wait(ctx)
	return s.SessionStore.PutSession(ctx, address, session)
}

func (s slowSessions) PutManySessions(ctx context.Context, sessions map[string][]byte) error {
	for range sessions {
		s.wait(ctx)
	}
	return s.SessionStore.PutManySessions(ctx, sessions)
}

type slowIdentities struct {
	store.IdentityStore
	wait func(context.Context)
}

func (s slowIdentities) PutIdentity(ctx context.Context, address string, key [32]byte) error {
	s.wait(ctx)
	return s.IdentityStore.PutIdentity(ctx, address, key)
}

type slowPrekeys struct {
	store.PreKeyStore
	wait func(context.Context)
}

func (s slowPrekeys) RemovePreKey(ctx context.Context, id uint32) error {
	s.wait(ctx)
	return s.PreKeyStore.RemovePreKey(ctx, id)
}

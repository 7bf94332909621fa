package whatsapptest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"fmt"
	"testing"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/store/sqlstore"
	_ "modernc.org/sqlite" // the driver of the clients' stores
)

// seededPrekeys is how many one-time prekeys a seeded device has uploaded.
const seededPrekeys = whatsmeow.WantedPreKeyCount

// Seed makes device a linked one of the account of number, as if it had been
// paired long ago, and saves it in its container. The device must be a new one,
// and the whatsmeow.Client must be made after this: it looks only once whether
// its device is paired.
func (s *Server) Seed(ctx context.Context, device *store.Device, number string) error {
	s.mu.Lock()
	account, err := s.accountOf(number)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	d := account.newDevice()
	s.mu.Unlock()

	identity := device.IdentityKey.Pub[:]
	signed, err := account.phone.vouch(identity, d.id)
	if err != nil {
		return err
	}
	signed.DeviceSignature = sign(device.IdentityKey, deviceMessage(signed, identity, signed.AccountSignatureKey))
	jid := d.pn()
	device.ID, device.LID = &jid, d.lid()
	device.Account, device.Platform = signed, platform
	if err := device.Save(ctx); err != nil {
		return fmt.Errorf("whatsapptest: saving a seeded device: %w", err)
	}
	if err := device.LIDs.PutLIDMapping(ctx, d.lid(), d.pn()); err != nil {
		return fmt.Errorf("whatsapptest: saving a seeded device: %w", err)
	}
	oneTime, err := device.PreKeys.GetOrGenPreKeys(ctx, seededPrekeys)
	if err != nil {
		return fmt.Errorf("whatsapptest: making prekeys: %w", err)
	}
	if err := device.PreKeys.MarkPreKeysAsUploaded(ctx, oneTime[len(oneTime)-1].KeyID); err != nil {
		return fmt.Errorf("whatsapptest: saving prekeys: %w", err)
	}

	d.noise = *device.NoiseKey.Pub
	d.keys = keyset{
		registration: binary.BigEndian.AppendUint32(nil, device.RegistrationID),
		identity:     identity,
		signed:       newPrekey(device.SignedPreKey),
	}
	for _, k := range oneTime {
		d.keys.oneTime = append(d.keys.oneTime, newPrekey(k))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link(d)
	return nil
}

// link makes d one of its account's devices. The caller holds mu.
func (s *Server) link(d *device) {
	d.account.devices[d.id] = d
	s.notify()
}

// NewClient returns a client that is paired as a device of number, ready for
// Connect. Its store is in memory. When the test ends, it is disconnected and
// its store closed. Called again with the same number, it returns a second
// device of that account.
func (s *Server) NewClient(tb testing.TB, number string) *whatsmeow.Client {
	tb.Helper()
	device := newStore(tb).NewDevice()
	if err := s.Seed(context.Background(), device, number); err != nil {
		tb.Fatal(err)
	}
	return s.newClient(tb, device)
}

// NewUnpairedClient returns a client that is not paired: it asks for that, by
// GetQRChannel and Connect or by PairPhone, and Scan or TypeCode link it. What
// NewClient says of the store and the end holds here as well.
func (s *Server) NewUnpairedClient(tb testing.TB) *whatsmeow.Client {
	tb.Helper()
	return s.newClient(tb, newStore(tb).NewDevice())
}

func (s *Server) newClient(tb testing.TB, device *store.Device) *whatsmeow.Client {
	tb.Helper()
	cli := whatsmeow.NewClient(device, nil)
	cli.ManualHistorySyncDownload = true // nobody serves media
	s.Redirect(cli)
	tb.Cleanup(func() { s.Disconnect(cli) })
	return cli
}

// newStore opens an empty device store in memory, one for each client: they
// would wait for each other's transactions.
func newStore(tb testing.TB) *sqlstore.Container {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:/"+rand.Text()+"?vfs=memdb&_pragma=foreign_keys(1)&_pragma=busy_timeout(10000)")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	container := sqlstore.NewWithDB(db, "sqlite", nil)
	if err := container.Upgrade(context.Background()); err != nil {
		tb.Fatal(err)
	}
	return container
}

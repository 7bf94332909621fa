package linking

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store/sqlstore"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/masking"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tap"
)

// Errors of OpenDevice.
var (
	// ErrNotPaired means that the file's device is linked to no account: never,
	// or no longer, or that there is no such file.
	ErrNotPaired = errors.New("whatsappprobe: not paired with an account: run longctl pair first")
	// ErrDeviceInUse means that somebody else has the file open. Two clients on
	// one device would throw each other out of WhatsApp by turns, and spoil the
	// keys of its conversations.
	ErrDeviceInUse = errors.New("whatsappprobe: the device file is in use")
	// ErrDeviceFile means that a file cannot be what it is meant to be: it is no
	// SQLite database, or one of something else, or holds several devices.
	ErrDeviceFile = errors.New("whatsappprobe: not the device file of one account")
)

// DeviceOptions adjust OpenDevice.
type DeviceOptions struct {
	// Unpaired accepts a device that is not paired yet, and makes the file where
	// there is none: it is for whoever calls Pair. Default: ErrNotPaired.
	Unpaired bool
	// Shared lets others have the file open at the same time that say so, too:
	// instances of one service on one host, of which only the one that leads connects
	// its client, as package owning does. Whoever opens the file without it, such as
	// longctl pair, is kept out, and keeps them out. Default: this process alone.
	Shared bool
	// HistorySync has the client download the account's past messages after
	// pairing, into the events of its handlers. Probes have no use for them.
	// Default: it does not.
	HistorySync bool
	// Logger hears the client, through ClientLogger, and warnings about the
	// file. Default: silence.
	Logger *slog.Logger
}

// DeviceFile is one account's device: the keys that it is known to WhatsApp by,
// and the state of its conversations. Its methods are safe for concurrent use.
type DeviceFile struct {
	path      string
	lock      *fileLock
	container *sqlstore.Container
	client    *whatsmeow.Client
	close     func() error
}

// OpenDevice opens the device file of one account, an SQLite database, for this
// process alone, or with those that share it. opts may be nil. Whoever opens closes.
//
// The file is a secret: with it, anybody is the account. It is made readable for
// its owner only. Beside it lie path-wal and path-shm while it is open, and
// path.lock for good. Where the operating system has no flock, as on Windows, a
// second process on the file is not noticed.
//
// The error is ErrNotPaired, ErrDeviceInUse or ErrDeviceFile, with the path and
// what is wrong with it; fs.ErrNotExist for a folder that does not exist; or
// what the file system or SQLite said.
func OpenDevice(ctx context.Context, path string, opts *DeviceOptions) (*DeviceFile, error) {
	var o DeviceOptions
	if opts != nil {
		o = *opts
	}
	path, err := locateDevice(path, o)
	if err != nil {
		return nil, err
	}
	lock, err := lockDevice(path, o.Shared)
	if err != nil {
		return nil, err
	}
	d := &DeviceFile{path: path, lock: lock}
	if err := d.open(ctx, o); err != nil {
		return nil, errors.Join(err, lock.release())
	}
	d.close = sync.OnceValue(func() error {
		d.client.Disconnect()
		return errors.Join(d.container.Close(), d.lock.release())
	})
	return d, nil
}

// Client returns the file's client, always the same one. It is not connected;
// Close disconnects it. After a LoggedOut its device is deleted and of no more
// use: close the file and open it anew, Unpaired, to pair it again.
func (d *DeviceFile) Client() *whatsmeow.Client { return d.client }

// Paired reports whether the file holds a device that is paired, now. It asks
// the file, since a client's own fields must not be read while it works.
func (d *DeviceFile) Paired(ctx context.Context) (bool, error) {
	devices, err := d.container.GetAllDevices(ctx)
	if err != nil {
		return false, fmt.Errorf("whatsappprobe: %s: reading the device: %w", d.path, err)
	}
	return len(devices) > 0, nil
}

// Close disconnects the client and closes the file. Closing twice is fine. It
// waits for a connection that is just being made, and for what a dead one takes:
// 20 and 5 seconds at the most.
func (d *DeviceFile) Close() error { return d.close() }

// open opens the database, and makes the client of its device.
func (d *DeviceFile) open(ctx context.Context, o DeviceOptions) error {
	if err := keepPrivate(ctx, d.path, o.Logger); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", deviceDSN(d.path))
	if err != nil {
		return fmt.Errorf("whatsappprobe: %s: %w", d.path, err)
	}
	d.container = sqlstore.NewWithDB(db, "sqlite", masking.Logger(o.Logger).Sub("Store"))
	if err := d.load(ctx, db, o); err != nil {
		return errors.Join(fmt.Errorf("%w (%s)", err, d.path), d.container.Close())
	}
	return nil
}

// load makes the client. Nothing is written to the file before it is known to be
// a device file, or empty and wanted as one.
func (d *DeviceFile) load(ctx context.Context, db *sql.DB, o DeviceOptions) error {
	empty, err := checkTables(ctx, db)
	if err != nil {
		return err
	}
	if empty && !o.Unpaired {
		return ErrNotPaired
	}
	// The mode stays in the file.
	if _, err := db.ExecContext(ctx, "PRAGMA journal_mode=WAL"); err != nil {
		return fmt.Errorf("whatsappprobe: opening the device file: %w", err)
	}
	if err := d.container.Upgrade(ctx); err != nil {
		return fmt.Errorf("whatsappprobe: opening the device file: %w", err)
	}
	devices, err := d.container.GetAllDevices(ctx)
	if err != nil {
		return fmt.Errorf("whatsappprobe: reading the device: %w", err)
	}
	log := tap.New(masking.Logger(o.Logger))
	switch {
	case len(devices) > 1:
		return fmt.Errorf("%w: it holds %d devices, and each needs a file of its own", ErrDeviceFile, len(devices))
	case len(devices) == 1:
		d.client = whatsmeow.NewClient(devices[0], log)
	case !o.Unpaired:
		return ErrNotPaired
	default:
		d.client = whatsmeow.NewClient(d.container.NewDevice(), log)
	}
	d.client.ManualHistorySyncDownload = !o.HistorySync
	return nil
}

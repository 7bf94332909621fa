package linking_test

import (
	"context"
	"database/sql"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/linking"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func unpaired() *linking.DeviceOptions { return &linking.DeviceOptions{Unpaired: true} }

// newDevice pairs a device in a file, and closes it.
func newDevice(t *testing.T, srv *whatsapptest.Server, path string) {
	t.Helper()
	device, err := linking.OpenDevice(t.Context(), path, unpaired())
	require.NoError(t, err)
	defer device.Close()
	require.NoError(t, srv.Seed(t.Context(), device.Client().Store, pairedNumber))
}

func TestADeviceFileLivesOn(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	path := filepath.Join(t.TempDir(), "of probe?mode=memory#100%.db")
	device, err := linking.OpenDevice(t.Context(), path, unpaired())
	require.NoError(t, err)
	srv.Redirect(device.Client())
	require.False(t, isPaired(t, device))
	account, err := linking.Pair(t.Context(), device.Client(), newPairingPhone(t, srv).scans())
	require.NoError(t, err)
	require.True(t, isPaired(t, device))
	require.NoError(t, device.Close())
	require.False(t, device.Client().IsConnected())
	require.NoError(t, device.Close())

	device, err = linking.OpenDevice(t.Context(), path, nil)
	require.NoError(t, err)
	defer device.Close()
	require.Equal(t, account, *device.Client().Store.ID)
	_, err = linking.Pair(t.Context(), device.Client(), newPairingPhone(t, srv).scans())
	require.ErrorIs(t, err, linking.ErrAlreadyPaired)
	srv.Redirect(device.Client())
	require.NoError(t, device.Client().Connect())
	require.NoError(t, srv.AwaitOnline(t.Context(), pairedNumber))
	canSend(t, srv, device.Client())
	srv.Disconnect(device.Client())
}

func isPaired(t *testing.T, device *linking.DeviceFile) bool {
	t.Helper()
	is, err := device.Paired(t.Context())
	require.NoError(t, err)
	return is
}

func TestADeviceThatIsLoggedOutIsPairedAnewAfterReopening(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	path := filepath.Join(t.TempDir(), "probe.db")
	newDevice(t, srv, path)
	device, err := linking.OpenDevice(t.Context(), path, nil)
	require.NoError(t, err)
	out := make(chan struct{}, 1)
	device.Client().AddEventHandler(func(event any) {
		if _, ok := event.(*events.LoggedOut); ok {
			out <- struct{}{}
		}
	})
	srv.Redirect(device.Client())
	require.NoError(t, device.Client().Connect())
	require.NoError(t, srv.AwaitOnline(t.Context(), pairedNumber))
	srv.LogOut(pairedNumber)
	<-out
	require.Eventually(t, func() bool { return !isPaired(t, device) }, 5*time.Second, time.Millisecond)
	require.NoError(t, device.Close())

	_, err = linking.OpenDevice(t.Context(), path, nil)
	require.ErrorIs(t, err, linking.ErrNotPaired)
	device, err = linking.OpenDevice(t.Context(), path, unpaired())
	require.NoError(t, err)
	defer device.Close()
	srv.Redirect(device.Client())
	_, err = linking.Pair(t.Context(), device.Client(), newPairingPhone(t, srv).scans())
	require.NoError(t, err)
}

func TestAnUnpairedDeviceIsNoDeviceToProbeWith(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "probe.db")
	_, err := linking.OpenDevice(t.Context(), path, nil)
	require.ErrorIs(t, err, linking.ErrNotPaired)
	require.ErrorContains(t, err, "longctl pair")
	require.ErrorContains(t, err, path)
	require.NoFileExists(t, path, "a mistyped path makes nothing")
	require.NoFileExists(t, path+".lock")

	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err = linking.OpenDevice(t.Context(), path, nil)
	require.ErrorIs(t, err, linking.ErrNotPaired, "an empty file")
	device, err := linking.OpenDevice(t.Context(), path, unpaired())
	require.NoError(t, err)
	require.NoError(t, device.Close())
	_, err = linking.OpenDevice(t.Context(), path, nil)
	require.ErrorIs(t, err, linking.ErrNotPaired, "one of a pairing that was broken off")
	require.ErrorContains(t, err, path)
}

func TestADeviceFileIsItsOwnersOnly(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no modes")
	}
	path := filepath.Join(t.TempDir(), "probe.db")
	mode := func(path string) fs.FileMode {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Mode().Perm()
	}
	device, err := linking.OpenDevice(t.Context(), path, unpaired())
	require.NoError(t, err)
	for _, file := range []string{path, path + "-wal", path + ".lock"} {
		require.Equal(t, fs.FileMode(0o600), mode(file), file)
	}
	require.NoError(t, device.Close())

	require.NoError(t, os.Chmod(path, 0o644)) //nolint:gosec // that is the mistake
	device, err = linking.OpenDevice(t.Context(), path, unpaired())
	require.NoError(t, err)
	defer device.Close()
	require.Equal(t, fs.FileMode(0o600), mode(path))
}

func TestWhatIsNoDeviceFileIsLeftAlone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	require.NoError(t, os.WriteFile(in("text"), []byte("dear diary"), 0o600))
	require.NoError(t, os.WriteFile(in("broken.db"), []byte("SQLite format 3\x00"+strings.Repeat("x", 8192)), 0o600))
	require.NoError(t, os.Mkdir(in("folder"), 0o700))
	db, err := sql.Open("sqlite", "file:"+in("other.db"))
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "CREATE TABLE documents (id)")
	require.NoError(t, err)
	require.NoError(t, db.Close())

	for path, want := range map[string]error{
		in("text"):         linking.ErrDeviceFile,
		in("broken.db"):    linking.ErrDeviceFile,
		in("folder"):       linking.ErrDeviceFile,
		in("other.db"):     linking.ErrDeviceFile,
		in("text/x.db"):    linking.ErrDeviceFile,
		"":                 linking.ErrDeviceFile,
		":memory:":         linking.ErrDeviceFile,
		in("nowhere/x.db"): fs.ErrNotExist,
	} {
		for _, opts := range []*linking.DeviceOptions{nil, unpaired()} {
			before, _ := os.ReadFile(path)
			_, err := linking.OpenDevice(t.Context(), path, opts)
			require.ErrorIs(t, err, want, path)
			require.ErrorContains(t, err, path)
			after, _ := os.ReadFile(path)
			require.Equal(t, before, after, path)
			require.NoFileExists(t, in("text.lock"), "nothing is put beside it")
		}
	}
}

func TestAFileOfSeveralAccountsIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fleet.db")
	container, err := sqlstore.New(t.Context(), "sqlite", "file:"+path+"?_pragma=foreign_keys(1)", nil)
	require.NoError(t, err)
	for _, number := range []string{pairedNumber, otherNumber} {
		device := container.NewDevice()
		jid := types.NewJID(number, types.DefaultUserServer)
		device.ID = &jid
		device.Account = &waAdv.ADVSignedDeviceIdentity{
			Details: []byte{1}, AccountSignature: make([]byte, 64), AccountSignatureKey: make([]byte, 32), DeviceSignature: make([]byte, 64),
		}
		require.NoError(t, device.Save(t.Context()))
	}
	require.NoError(t, container.Close())

	_, err = linking.OpenDevice(t.Context(), path, nil)
	require.ErrorIs(t, err, linking.ErrDeviceFile)
	require.ErrorContains(t, err, "2 devices")
	require.NotContains(t, err.Error(), pairedNumber)
}

func TestOpeningEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "probe.db")
	_, err := linking.OpenDevice(ctx, path, unpaired())
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, linking.ErrDeviceFile, "it may be a good one")
	device, err := linking.OpenDevice(t.Context(), path, unpaired())
	require.NoError(t, err, "and nothing is left locked")
	require.NoError(t, device.Close())
}

// held names the device file that the other process holds.
const held = "LONGWATCH_TEST_HOLD_DEVICE"

// TestHoldADeviceFile is the other process of TestTwoProcessesCannotHaveOneDeviceFile.
func TestHoldADeviceFile(t *testing.T) {
	path := os.Getenv(held)
	if path == "" {
		t.Skip("nothing to hold")
	}
	device, err := linking.OpenDevice(t.Context(), path, unpaired())
	require.NoError(t, err)
	defer device.Close()
	_, _ = os.Stdout.WriteString("held")
	_, _ = os.Stdin.Read(make([]byte, 1))
}

func TestTwoProcessesCannotHaveOneDeviceFile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there is no flock")
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "probe.db")
	device, err := linking.OpenDevice(t.Context(), path, unpaired())
	require.NoError(t, err)
	other := filepath.Join(folder, "other name.db")
	require.NoError(t, os.Symlink(path, other))
	for _, name := range []string{path, other} {
		_, err = linking.OpenDevice(t.Context(), name, unpaired())
		require.ErrorIs(t, err, linking.ErrDeviceInUse)
		require.ErrorContains(t, err, "by this process")
	}
	require.NoError(t, device.Close())

	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHoldADeviceFile$")
	process.Env = append(os.Environ(), held+"="+path)
	out, err := process.StdoutPipe()
	require.NoError(t, err)
	_, err = process.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	said := make([]byte, 4)
	_, err = out.Read(said)
	require.NoError(t, err)
	require.Equal(t, "held", string(said))
	_, err = linking.OpenDevice(t.Context(), path, unpaired())
	require.ErrorIs(t, err, linking.ErrDeviceInUse)
	require.Regexp(t, `by process \d+$`, err.Error())

	require.NoError(t, process.Process.Kill())
	_ = process.Wait()
	device, err = linking.OpenDevice(t.Context(), path, unpaired())
	require.NoError(t, err, "the lock died with its process")
	require.NoError(t, device.Close())
}

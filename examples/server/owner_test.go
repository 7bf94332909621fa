package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/linking"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

const owned = "491700000011"

// sharing is a server on a store and a device file that others have as well.
type sharing struct {
	*screen
	stop context.CancelFunc
	done chan error
}

func share(t *testing.T, wa *whatsapptest.Server, dir, name string) *sharing {
	t.Helper()
	c, err := readConfig(map[string]string{
		"LONGRUN_STORE": "sqlite:" + filepath.Join(dir, "longrun.db"), "LONGRUN_INTERVAL": "1s", "LONGRUN_LEASE": "4s", "LONGRUN_ADDR": "127.0.0.1:0",
		"LONGRUN_INSTANCE_ID": name, "WHATSAPP_DB": "support=" + filepath.Join(dir, "support.db"),
	}, false)
	require.NoError(t, err)
	c.redirect = wa.Redirect
	s := &sharing{screen: &screen{changed: make(chan struct{}, 1)}, done: make(chan error, 1)}
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
	t.Cleanup(stop)
	go func() { s.done <- serve(ctx, c, slog.New(slog.NewTextHandler(s.screen, nil)), s.screen) }()
	return s
}

func (s *sharing) end(t *testing.T) {
	t.Helper()
	s.stop()
	require.NoError(t, <-s.done)
}

// Servers on one device file take turns: whoever leads has the account, and nobody
// throws anybody out.
func TestTheServerThatLeadsHasTheAccount(t *testing.T) {
	t.Parallel()
	wa := whatsapptest.NewServer(t)
	dir := t.TempDir()
	device, err := linking.OpenDevice(t.Context(), filepath.Join(dir, "support.db"), &linking.DeviceOptions{Unpaired: true})
	require.NoError(t, err)
	require.NoError(t, wa.Seed(t.Context(), device.Client().Store, owned))
	require.NoError(t, device.Close())

	one := share(t, wa, dir, "one")
	one.await(t, "id=support state=connected")
	two := share(t, wa, dir, "two")
	two.await(t, "standing by")
	for turn := range 4 {
		require.NoError(t, wa.AwaitOnline(t.Context(), owned))
		one.end(t)
		two.await(t, "id=support state=connected")
		require.Equal(t, turn+2, wa.Stats(owned).Logins)
		require.Zero(t, wa.Stats(owned).Replaced)
		one, two = two, share(t, wa, dir, "next")
		two.await(t, "standing by")
	}
	_, err = linking.OpenDevice(t.Context(), filepath.Join(dir, "support.db"), nil)
	require.ErrorIs(t, err, linking.ErrDeviceInUse, "what does not take turns is kept out")
	two.end(t)
	one.end(t)
	require.NoError(t, wa.AwaitOffline(t.Context(), owned)) // the other end of a line sees its end later
}

// A server that owns its accounts by itself is alone on their files, and connects
// them whoever leads.
func TestAServerThatOwnsByItselfIsAloneOnItsFiles(t *testing.T) {
	t.Parallel()
	wa := whatsapptest.NewServer(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "support.db")
	device, err := linking.OpenDevice(t.Context(), path, &linking.DeviceOptions{Unpaired: true})
	require.NoError(t, err)
	require.NoError(t, wa.Seed(t.Context(), device.Client().Store, owned))
	require.NoError(t, device.Close())
	c, err := readConfig(map[string]string{"WHATSAPP_DB": path, "WHATSAPP_OWNER": "process"}, false)
	require.NoError(t, err)
	c.redirect = wa.Redirect
	w, err := openWhatsApp(t.Context(), c, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer w.close()
	require.Nil(t, w.leading())
	_, err = openWhatsApp(t.Context(), c, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, linking.ErrDeviceInUse)

	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.run(ctx, slog.New(slog.DiscardHandler)) }()
	require.NoError(t, wa.AwaitOnline(t.Context(), owned))
	stop()
	require.NoError(t, <-done)
	require.NoError(t, wa.AwaitOffline(t.Context(), owned))
}

package linking_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/linking"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// Who shares a file keeps those out that do not, and the other way round.
func TestASharedDeviceFileIsForThoseThatShareIt(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there is no flock")
	}
	srv := whatsapptest.NewServer(t)
	path := filepath.Join(t.TempDir(), "support.db")
	newDevice(t, srv, path)
	shared := &linking.DeviceOptions{Shared: true}
	a, err := linking.OpenDevice(t.Context(), path, shared)
	require.NoError(t, err)
	b, err := linking.OpenDevice(t.Context(), path, shared)
	require.NoError(t, err)
	_, err = linking.OpenDevice(t.Context(), path, nil)
	require.ErrorIs(t, err, linking.ErrDeviceInUse)
	require.NoError(t, a.Close())
	_, err = linking.OpenDevice(t.Context(), path, nil)
	require.ErrorIs(t, err, linking.ErrDeviceInUse)
	require.NoError(t, b.Close())
	alone, err := linking.OpenDevice(t.Context(), path, nil)
	require.NoError(t, err)
	_, err = linking.OpenDevice(t.Context(), path, shared)
	require.ErrorIs(t, err, linking.ErrDeviceInUse)
	require.NoError(t, alone.Close())
}

// Two instances take turns on one file: each goes on with the conversations where the
// other left them, though each opened the file long before.
func TestInstancesTakeTurnsOnASharedDeviceFile(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	path := filepath.Join(t.TempDir(), "support.db")
	newDevice(t, srv, path)
	other := srv.NewClient(t, otherNumber)
	arrives := texts(other)
	require.NoError(t, other.Connect())
	var instances [2]*whatsmeow.Client
	var comes [2]<-chan string
	for i := range instances {
		device, err := linking.OpenDevice(t.Context(), path, &linking.DeviceOptions{Shared: true})
		require.NoError(t, err)
		t.Cleanup(func() { _ = device.Close() })
		instances[i] = device.Client()
		comes[i] = texts(instances[i])
		srv.Redirect(instances[i])
	}
	for turn := range 8 {
		cli := instances[turn%2]
		require.NoError(t, cli.Connect())
		require.NoError(t, srv.AwaitOnline(t.Context(), pairedNumber))
		for n := range 3 {
			text := fmt.Sprint("turn ", turn, " message ", n)
			say(t, cli, otherNumber, text)
			require.Equal(t, text, <-arrives)
			say(t, other, pairedNumber, text)
			require.Equal(t, text, <-comes[turn%2])
		}
		srv.Disconnect(cli)
		say(t, other, pairedNumber, "waits") // for whoever is next
		require.NoError(t, srv.AwaitOffline(t.Context(), pairedNumber))
		require.NoError(t, instances[(turn+1)%2].Connect())
		require.Equal(t, "waits", <-comes[(turn+1)%2])
		srv.Disconnect(instances[(turn+1)%2])
	}
	require.Zero(t, srv.Stats(pairedNumber).Replaced)
}

// texts are the messages that a client gets; one that cannot be read is "unreadable".
func texts(cli *whatsmeow.Client) <-chan string {
	out := make(chan string, 100)
	cli.AddEventHandler(func(event any) {
		switch e := event.(type) {
		case *events.Message:
			out <- e.Message.GetConversation()
		case *events.UndecryptableMessage:
			out <- "unreadable"
		}
	})
	return out
}

func say(t *testing.T, from *whatsmeow.Client, to, text string) {
	t.Helper()
	_, err := from.SendMessage(t.Context(), types.NewJID(to, types.DefaultUserServer), &waE2E.Message{Conversation: &text})
	require.NoError(t, err)
}

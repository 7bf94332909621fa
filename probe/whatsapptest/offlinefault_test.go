package whatsapptest_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func TestAReplayThatLosesIsAnnouncedInFull(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a := online(t, srv, alice)
	b := newParty(t, srv.NewClient(t, bob))
	srv.LoseOffline(3, bob)
	for _, words := range []string{"1", "2", "3", "4", "5", "6", "7"} {
		a.say(bob, words)
	}
	require.NoError(t, b.Connect())
	require.Equal(t, 7, next[*events.OfflineSyncPreview](b).Messages)
	require.Equal(t, 7, next[*events.OfflineSyncCompleted](b).Count)
	b.hears("4") // the oldest are lost
	b.hears("7")
	require.NoError(t, srv.Await(t.Context(), func(st whatsapptest.Stats) bool { return st.Pending == 0 }))
	require.Equal(t, 2, count[*events.Message](b))
	arrives(a, b, bob, "live")
	require.Equal(t, 5, srv.Stats(bob).Delivered)

	srv.Disconnect(b.Client)
	a.say(bob, "the next replay is whole")
	require.NoError(t, b.Connect())
	b.hears("the next replay is whole")
}

func TestAReplayThatIsNotSaidToEnd(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	srv.NoOfflineEnd(bob)
	a := online(t, srv, alice)
	next[*events.OfflineSyncCompleted](a)
	b := newParty(t, srv.NewClient(t, bob))
	a.say(bob, "while away")
	require.NoError(t, b.Connect())
	require.Equal(t, 1, next[*events.OfflineSyncPreview](b).Messages)
	b.hears("while away")
	next[*events.Connected](b)
	arrives(a, b, bob, "live")
	require.Zero(t, count[*events.OfflineSyncCompleted](b))
	srv.Heal()
	require.Equal(t, 1, next[*events.OfflineSyncCompleted](b).Count)
	srv.Heal()
	arrives(a, b, bob, "after")
	require.Zero(t, count[*events.OfflineSyncCompleted](b), "it is said once")
}

package whatsapptest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"
	"modernc.org/sqlite"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func TestASlowStoreDelaysWhatComesIn(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		arrives(a, b, bob, "before")
		arrives(b, a, alice, "both ways")
		srv.SlowStore(2*time.Second, bob)
		requireAbout(t, 0, took(func() { a.say(bob, "to a slow one") }))
		require.Greater(t, took(func() { b.hears("to a slow one") }), 2*time.Second-1)
		require.Greater(t, took(func() { b.say(alice, "from a slow one") }), 6*time.Second-1, "two phones and a device")
		srv.Heal(bob)
		requireAbout(t, 0, took(func() { arrives(a, b, bob, "healed") }))
	})
}

// impatient is a server whose clients soon give up a store that is locked.
func impatient(t *testing.T) *whatsapptest.Server {
	t.Helper()
	srv, err := whatsapptest.Start(&whatsapptest.Options{StoreTimeout: 20 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	return srv
}

// busy is the code of SQLite for a database that somebody else writes to.
func busy(args []any) bool {
	const sqliteBusy = 5
	for _, arg := range args {
		var failed *sqlite.Error
		if err, ok := arg.(error); ok && errors.As(err, &failed) && failed.Code()&0xff == sqliteBusy {
			return true
		}
	}
	return false
}

func TestALockedStoreSendsToNobodyAndSaysNothing(t *testing.T) {
	t.Parallel()
	srv := impatient(t)
	a, log := logging(t, srv)
	b := online(t, srv, bob)
	arrives(a, b, bob, "before")

	require.NoError(t, srv.LockStore(alice))
	require.NoError(t, srv.LockStore(alice), "once more is nothing more")
	answered := srv.Stats().Answered
	a.say(bob, "to nobody")
	failed := log.of("Failed to encrypt %s for %s: %v")
	require.Len(t, failed, 3, "two phones and a device")
	for _, args := range failed {
		require.True(t, busy(args))
	}
	require.Equal(t, answered, srv.Stats().Answered)

	srv.Heal(alice)
	arrives(a, b, bob, "healed")
	require.Zero(t, count[*events.Message](b))
}

func TestALockedStoreReadsNothing(t *testing.T) {
	t.Parallel()
	srv := impatient(t)
	a, b := pair(t, srv)
	arrives(a, b, bob, "before")
	require.NoError(t, srv.LockStore(bob))
	id := a.say(bob, "sound, and not read")
	for range 5 {
		require.Equal(t, id, next[*events.UndecryptableMessage](b).Info.ID)
	}
	srv.Heal()
	arrives(a, b, bob, "healed")
	require.Zero(t, count[*events.Message](b), "it was given up")
}

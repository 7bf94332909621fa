package whatsapptest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func TestARuinedMessageIsLostAndTheNextIsRead(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		arrives(a, b, bob, "before")
		srv.RuinMessages(1, bob)
		id := a.say(bob, "ruined")
		// Not at once: a client that sends again and sends another in one instant
		// encrypts both with one key, now and then, and the receiver drops one.
		time.Sleep(time.Hour)
		synctest.Wait()
		arrives(a, b, bob, "after")
		require.Equal(t, 5, count[*events.UndecryptableMessage](b))
		require.Zero(t, count[*events.Message](b))
		for range 4 {
			require.True(t, ofCompanion(a.receives(id, types.ReceiptTypeRetry)))
		}
		require.Zero(t, count(a, ofCompanion))
		a.receives(id, types.ReceiptTypeDelivered) // the phone can read it
	})
}

func TestAFailureThatIsNotShown(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	srv.CorruptHidden(1, bob)
	a.say(bob, "a reaction")
	require.EqualValues(t, "hide", next[*events.UndecryptableMessage](b).DecryptFailMode)
	require.Equal(t, 1, b.hears("a reaction").RetryCount)
	srv.CorruptMessages(1, bob)
	a.say(bob, "a text")
	require.Empty(t, next[*events.UndecryptableMessage](b).DecryptFailMode)
	b.hears("a text")
}

func TestAMessageForThePhoneAlone(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	srv.MakeUnavailable("view_once", bob)
	id := a.say(bob, "look once")
	m := next[*events.UndecryptableMessage](b)
	require.True(t, m.IsUnavailable)
	require.Equal(t, events.UnavailableTypeViewOnce, m.UnavailableType)
	require.Equal(t, id, m.Info.ID)
	a.receives(id, types.ReceiptTypeDelivered)
	require.Zero(t, count(a, ofCompanion))
	require.NoError(t, srv.Await(t.Context(), func(st whatsapptest.Stats) bool { return st.Pending == 0 }))
	srv.Heal()
	arrives(a, b, bob, "healed")
	require.Zero(t, count[*events.Message](b))
	srv.Drop(bob)
	next[*events.Connected](b)
	arrives(a, b, bob, "it does not come again")
	require.Zero(t, count[*events.UndecryptableMessage](b))
}

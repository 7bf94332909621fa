package whatsapptest_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func TestALostAckIsATimeoutAndTheMessageArrives(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		srv.LoseAcks(alice)
		id := a.GenerateMessageID()
		var err error
		requireAbout(t, 75*time.Second, took(func() {
			_, err = a.SendMessage(t.Context(), to(bob), text("hello"), whatsmeow.SendRequestExtra{ID: id})
		}))
		require.ErrorIs(t, err, whatsmeow.ErrMessageTimedOut)
		b.hears("hello")
		a.receives(id, inactive)
		arrives(b, a, alice, "only alice's acks are lost")
		srv.Heal(alice)
		arrives(a, b, bob, "healed")
	})
}

func TestADelayedAckIsOvertakenByTheReceipt(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		srv.DelayAcks(3 * time.Second)
		var id string
		requireAbout(t, 3*time.Second, took(func() { id = a.say(bob, "hello") }))
		require.Equal(t, 1, count(a, ofCompanion))
		a.receives(id, inactive)
		srv.Heal()
		requireAbout(t, 0, took(func() { arrives(a, b, bob, "healed") }))
	})
}

func TestARefusedMessageIsAnErrorAndDoesNotArrive(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	srv.RefuseMessages(463, alice)
	_, err := a.SendMessage(t.Context(), to(bob), text("stranger"))
	require.ErrorIs(t, err, whatsmeow.ErrServerReturnedError)
	require.ErrorContains(t, err, "463")
	require.Zero(t, srv.Stats(alice).Sent)
	arrives(b, a, alice, "the other way works")
	srv.Heal()
	arrives(a, b, bob, "healed")
	require.Zero(t, count[*events.Message](b))
}

func TestALostMessageLooksSent(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	srv.LoseMessages(bob)
	a.say(bob, "lost")
	arrives(b, a, alice, "the other way works")
	srv.Heal()
	arrives(a, b, bob, "healed")
	require.Zero(t, count[*events.Message](b))
	require.Zero(t, count(a, ofCompanion))
}

func TestADelayedMessageIsAckedAtOnce(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		srv.DelayMessages(time.Hour, bob)
		requireAbout(t, 0, took(func() { a.say(bob, "one"); a.say(bob, "two") }))
		srv.Heal()
		arrives(a, b, bob, "overtakes")
		requireAbout(t, time.Hour, took(func() { b.hears("one"); b.hears("two") }))
	})
}

func TestDelayedMessagesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		heard := make(chan string, 20)
		b.AddEventHandler(func(event any) {
			if m, ok := event.(*events.Message); ok {
				heard <- m.Message.GetConversation()
			}
		})
		srv.DelayMessages(time.Minute, bob)
		for i := range 20 { // in one instant of the bubble
			a.say(bob, strconv.Itoa(i))
		}
		for i := range 20 {
			require.Equal(t, strconv.Itoa(i), <-heard)
		}
	})
}

func TestASpoiltMessageIsSentAgain(t *testing.T) {
	t.Parallel()
	for spoilt := 1; spoilt <= 3; spoilt++ {
		srv := whatsapptest.NewServer(t)
		a, b := pair(t, srv)
		arrives(a, b, bob, "before")
		srv.CorruptMessages(spoilt, bob)
		id := a.say(bob, "spoilt")
		m := b.hears("spoilt")
		require.Equal(t, spoilt, m.RetryCount)
		require.Equal(t, id, m.Info.ID)
		for range spoilt {
			next[*events.UndecryptableMessage](b)
			a.receives(id, types.ReceiptTypeRetry)
		}
		a.receives(id, inactive)
		arrives(a, b, bob, "after")
		arrives(b, a, alice, "both ways")
		require.Zero(t, count[*events.UndecryptableMessage](b))
	}
}

func TestASpoiltFirstMessageIsSentAgain(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	srv.CorruptMessages(1)
	id := a.say(bob, "first of all")
	require.Equal(t, 1, b.hears("first of all").RetryCount)
	a.receives(id, inactive)
}

func TestAMessageThatStaysSpoiltIsGivenUp(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		arrives(a, b, bob, "before")
		srv.CorruptMessages(100)
		id := a.say(bob, "spoilt")
		time.Sleep(time.Hour)
		require.Equal(t, 5, count[*events.UndecryptableMessage](b))
		srv.Heal()
		for range 4 {
			a.receives(id, types.ReceiptTypeRetry)
		}
		require.Zero(t, count(a, ofCompanion))
		arrives(a, b, bob, "after")
	})
}

func TestALostReceiptLeavesTheSenderWithoutKnowing(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	srv.LoseReceipts(alice)
	a.say(bob, "hello")
	b.hears("hello")
	arrives(b, a, alice, "bob's receipts are not lost")
	require.NoError(t, srv.Await(t.Context(), func(st whatsapptest.Stats) bool { return st.Delivered == 1 }, bob))
	srv.Heal()
	arrives(a, b, bob, "healed")
	require.Zero(t, count(a, ofCompanion))
}

func TestMutedPingsAreADegradedConnectionThatCarriesMessages(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		srv.MutePings(alice)
		next[*events.KeepAliveTimeout](a)
		arrives(a, b, bob, "works")
		arrives(b, a, alice, "works too")
		srv.Heal()
		next[*events.KeepAliveRestored](a)
		require.Zero(t, count[*events.KeepAliveTimeout](b))

		srv.MutePings()
		next[*events.Connected](a)
		require.Equal(t, 2, srv.Stats(alice).Logins)
	})
}

func TestMutedUsyncHangsTheFirstMessageToANumber(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		srv.MuteUsync(alice)
		var err error
		requireAbout(t, 75*time.Second, took(func() {
			_, err = a.SendMessage(t.Context(), to(bob), text("hello"))
		}))
		require.ErrorIs(t, err, whatsmeow.ErrIQTimedOut)
		srv.Heal()
		arrives(a, b, bob, "healed")
		srv.MuteUsync()
		arrives(a, b, bob, "and from then on it is known")
	})
}

func TestAFaultForEverybodyIsNotHealedForOne(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	srv.LoseMessages()
	srv.LoseMessages(bob)
	srv.Heal(bob)
	a.say(bob, "still lost")
	srv.Heal()
	arrives(a, b, bob, "healed")
	require.Zero(t, count[*events.Message](b))
}

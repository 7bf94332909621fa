package whatsapptest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func TestEachDeviceAndBothPhonesAnswer(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	second := online(t, srv, bob)
	id := a.say(bob, "to three devices")
	b.hears("to three devices")
	second.hears("to three devices")
	got := map[uint16]types.ReceiptType{}
	for range 3 {
		r := next(a, func(r *events.Receipt) bool { return !r.IsFromMe })
		require.Equal(t, []string{id}, r.MessageIDs)
		require.Equal(t, bob, numberOf(t, a, r.Sender.ToNonAD()))
		got[r.Sender.Device] = r.Type
	}
	require.Equal(t, map[uint16]types.ReceiptType{0: types.ReceiptTypeDelivered, 1: inactive, 2: inactive}, got)
	own := next(a, func(r *events.Receipt) bool { return r.IsFromMe })
	require.Equal(t, types.ReceiptTypeSender, own.Type)
	require.True(t, ofPhone(own))
	require.Equal(t, bob, numberOf(t, a, own.Chat), "it names the chat")
	require.Equal(t, 1, srv.Stats(bob).Answered)
	require.Equal(t, 1, srv.Stats(bob+":0").Answered)
	require.Equal(t, 1, srv.Stats(alice+":0").Answered)
	require.Equal(t, 1, srv.Stats(bob+":2").Delivered)
	require.Equal(t, 1, srv.Stats(bob+":2").Devices)
}

func TestAPhoneThatIsOffAnswersWhenItIsOnAgain(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	srv.PhoneOff(bob)
	first := a.say(bob, "one")
	second := a.say(bob, "two")
	b.hears("two")
	a.receives(first, inactive)
	a.receives(second, inactive)
	a.receives(second, types.ReceiptTypeSender) // of her own phone, which is on
	require.Zero(t, count(a, func(r *events.Receipt) bool { return ofPhone(r) && !r.IsFromMe }))
	srv.Heal(bob)
	a.receives(first, types.ReceiptTypeDelivered)
	a.receives(second, types.ReceiptTypeDelivered)
}

func TestTheOwnPhoneIsUnseenWhileItIsOff(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	srv.PhoneOff(alice)
	arrives(a, b, bob, "hello")
	require.Zero(t, count(a, func(r *events.Receipt) bool { return r.IsFromMe }))
	require.Zero(t, srv.Stats(alice).Answered)
	srv.Heal()
	require.True(t, ofPhone(next(a, func(r *events.Receipt) bool { return r.IsFromMe })))
}

// What a device asks of its own phone has a receipt of its own kind.
func TestAPhoneAnswersItsOwnDevices(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	a.receives(a.say(bob, "which begins a session with the own phone"), inactive)
	b.hears("which begins a session with the own phone")
	_, err := a.SendPeerMessage(t.Context(), &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
		Type:                   waE2E.ProtocolMessage_APP_STATE_SYNC_KEY_REQUEST.Enum(),
		AppStateSyncKeyRequest: &waE2E.AppStateSyncKeyRequest{},
	}})
	require.NoError(t, err)
	r := next(a, func(r *events.Receipt) bool { return r.Type == types.ReceiptTypePeerMsg })
	require.True(t, r.IsFromMe)
	require.True(t, ofPhone(r))
}

func TestACompanionOnlyMessageLooksDelivered(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		srv.CompanionOnly(bob)
		arrives(a, b, bob, "for the computer alone")
		srv.Heal()
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Zero(t, count(a, func(r *events.Receipt) bool { return ofPhone(r) && !r.IsFromMe }), "nothing was kept")
		a.receives(a.say(bob, "for both"), types.ReceiptTypeDelivered)
	})
}

// The client encrypts for all but the phone, returns no error, and says so in a
// line of its log alone.
func TestWithoutKeysThePhoneIsLeftOut(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	srv.WithholdPhoneKeys(bob)
	a, log := logging(t, srv)
	b := online(t, srv, bob)
	arrives(a, b, bob, "for the computer alone")
	failed := log.of("Failed to encrypt %s for %s: %v")
	require.Len(t, failed, 1)
	to, isJID := failed[0][1].(types.JID)
	require.True(t, isJID)
	require.Zero(t, to.Device)
	why, isError := failed[0][2].(error)
	require.True(t, isError)
	require.ErrorIs(t, why, whatsmeow.ErrNoSession)
	require.Zero(t, srv.Stats(bob).Answered)
	require.Equal(t, 1, srv.Stats(alice).Answered)
	srv.Heal()
	a.receives(a.say(bob, "for both"), types.ReceiptTypeDelivered)
}

func TestAPhoneLosesAndDelaysAsOtherDevicesDo(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *whatsapptest.Server) {
		a, b := pair(t, srv)
		srv.LoseMessages(bob + ":1")
		a.receives(a.say(bob, "for the phone alone"), types.ReceiptTypeDelivered)
		srv.Heal()
		srv.LoseMessages(bob + ":0")
		arrives(a, b, bob, "for the computer alone")
		srv.Heal(bob)
		require.Zero(t, count[*events.Message](b))
		require.Equal(t, 1, srv.Stats(bob).Answered)

		srv.DelayMessages(time.Hour, bob+":0")
		id := a.say(bob, "late on the phone")
		b.hears("late on the phone")
		requireAbout(t, time.Hour, took(func() { a.receives(id, types.ReceiptTypeDelivered) }))
	})
}

func TestFaultsCanBeOfOneDevice(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, first := pair(t, srv)
	second := online(t, srv, bob)

	srv.LoseMessages(bob + ":1")
	a.say(bob, "for the second")
	second.hears("for the second")
	srv.Heal(bob + ":2")
	a.say(bob, "still for the second")
	second.hears("still for the second")
	srv.Heal(bob)
	a.say(bob, "for both")
	first.hears("for both")
	require.Zero(t, count[*events.Message](first))

	srv.Drop(bob + ":2")
	next[*events.Disconnected](second)
	next[*events.Connected](second)
	require.Equal(t, 1, srv.Stats(bob+":1").Logins)
	require.Equal(t, 2, srv.Stats(bob+":2").Logins)
	require.Equal(t, 3, srv.Stats(bob).Logins)

	srv.LogOut(bob + ":1")
	next[*events.LoggedOut](first)
	require.Equal(t, 1, srv.Stats(bob).Devices)
	require.Equal(t, 1, srv.Stats(bob+":2").Online)
	require.Zero(t, count[*events.Disconnected](second))
}

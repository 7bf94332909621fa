package whatsapptest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func TestTwoClientsTalkBothWays(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)

	id := a.say(bob, "hello")
	m := b.hears("hello")
	require.Equal(t, id, m.Info.ID)
	require.Equal(t, types.HiddenUserServer, m.Info.Sender.Server, "who writes to a number is known by its hidden identity")
	require.Equal(t, alice, m.Info.SenderAlt.User)
	r := a.receives(id, inactive)
	require.Equal(t, bob, numberOf(t, a, r.Sender))

	for range 3 { // the session goes on in both directions
		arrives(b, a, alice, "how are you?")
		arrives(a, b, bob, "fine")
	}
	require.NoError(t, srv.Await(t.Context(), func(st whatsapptest.Stats) bool { return st.Pending == 0 }))
	st := srv.Stats(alice)
	require.Equal(t, 4, st.Sent)
	require.Equal(t, 3, st.Delivered)
	require.Equal(t, 4+3, st.Answered, "by the phone: what its own device wrote, and bob")
	require.Equal(t, 4+2*4, st.Receipts, "of bob's device, of his phone, and of alice's own")
	require.Equal(t, 7, srv.Stats().Sent)
}

// numberOf asks the client's own store whose hidden identity this is.
func numberOf(t *testing.T, p *party, lid types.JID) string {
	t.Helper()
	pn, err := p.Store.LIDs.GetPNForLID(t.Context(), lid)
	require.NoError(t, err)
	return pn.User
}

func TestEachKindOfReceiptPasses(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)

	id := a.say(bob, "to a client in the background")
	m := b.hears("to a client in the background")
	a.receives(id, inactive)
	require.NoError(t, b.MarkRead(t.Context(), []types.MessageID{id}, time.Now(), m.Info.Chat, m.Info.Sender))
	a.receives(id, types.ReceiptTypeRead)
	require.NoError(t, b.MarkRead(t.Context(), []types.MessageID{id}, time.Now(), m.Info.Chat, m.Info.Sender, types.ReceiptTypePlayed))
	a.receives(id, types.ReceiptTypePlayed)

	b.SetForceActiveDeliveryReceipts(true)
	id = a.say(bob, "to one in the foreground")
	a.receives(id, types.ReceiptTypeDelivered)
}

func TestSeveralMessagesAreReadByOneReceipt(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	ids := []types.MessageID{a.say(bob, "one"), a.say(bob, "two"), a.say(bob, "three")}
	m := b.hears("three")
	require.NoError(t, b.MarkRead(t.Context(), ids, time.Now(), m.Info.Chat, m.Info.Sender))
	r := a.receives(ids[0], types.ReceiptTypeRead)
	require.Equal(t, ids, r.MessageIDs)
}

func TestAMessageWaitsForAClientThatIsAway(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a := online(t, srv, alice)
	b := newParty(t, srv.NewClient(t, bob))
	first, second := a.say(bob, "while you were away"), a.say(bob, "and again")
	require.Equal(t, 2, srv.Stats(bob).Pending)
	require.Zero(t, count(a, ofCompanion))

	require.NoError(t, b.Connect())
	preview := next[*events.OfflineSyncPreview](b)
	require.Equal(t, 2, preview.Total)
	require.Equal(t, 2, preview.Messages)
	b.hears("while you were away")
	b.hears("and again")
	require.Equal(t, 2, next[*events.OfflineSyncCompleted](b).Count)
	a.receives(first, inactive)
	a.receives(second, inactive)
	require.NoError(t, srv.Await(t.Context(), func(st whatsapptest.Stats) bool { return st.Pending == 0 }))
}

func TestAReceiptWaitsForASenderWhoIsAway(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	srv.PhoneOff()
	a := online(t, srv, alice)
	b := newParty(t, srv.NewClient(t, bob))
	id := a.say(bob, "hello")
	srv.Disconnect(a.Client)

	require.NoError(t, b.Connect())
	b.hears("hello")
	require.NoError(t, srv.Await(t.Context(), func(st whatsapptest.Stats) bool { return st.Pending == 1 }, alice))
	require.NoError(t, a.Connect())
	a.receives(id, inactive)
}

func TestAnAccountHasSeveralDevices(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	desk := online(t, srv, alice)
	require.Equal(t, 2, srv.Stats(alice).Devices)

	id := b.say(alice, "to both")
	a.hears("to both")
	desk.hears("to both")
	b.receives(id, inactive)
	b.receives(id, inactive)

	id = a.say(bob, "from one")
	copied := desk.hears("from one")
	require.True(t, copied.Info.IsFromMe, "the other device gets a copy")
	require.Equal(t, bob, numberOf(t, desk, copied.Info.Chat))
	a.receives(id, inactive)
	a.receives(id, types.ReceiptTypeSender)
	require.Zero(t, count[*events.Receipt](desk), "a receipt is for the device that wrote")
}

func TestAMessageToOneselfHasAReceiptOfTheOwnPhoneAlone(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, b := pair(t, srv)
	id := a.say(alice, "a note")
	require.NoError(t, a.MarkRead(t.Context(), []types.MessageID{id}, time.Now(), a.Store.LID.ToNonAD(), a.Store.LID.ToNonAD()))
	arrives(a, b, bob, "and a message after it")
	r := a.receives(id, types.ReceiptTypeSender)
	require.True(t, r.IsFromMe)
	require.True(t, ofPhone(r))
	require.Zero(t, count(a, func(r *events.Receipt) bool { return slices.Contains(r.MessageIDs, id) }))
}

func TestANumberThatIsNotOnWhatsAppCannotBeWrittenTo(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a := online(t, srv, alice)
	_, err := a.SendMessage(t.Context(), to("491709999999"), text("anyone?"))
	require.ErrorContains(t, err, "no LID found")
	known, err := a.IsOnWhatsApp(t.Context(), []string{"+" + alice, "+491709999999"})
	require.NoError(t, err)
	require.Len(t, known, 2)
	require.True(t, known[0].IsIn)
	require.Equal(t, "+"+alice, known[0].Query)
	require.False(t, known[1].IsIn)
}

func TestWhatIsNotServedIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a := online(t, srv, alice)
	_, err := a.GetJoinedGroups(t.Context())
	require.ErrorIs(t, err, &whatsmeow.IQError{Code: 501, Text: "feature-not-implemented"})
}

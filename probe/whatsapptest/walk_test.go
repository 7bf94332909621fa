package whatsapptest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func TestWalk(t *testing.T) {
	t0 := time.Now()
	srv := whatsapptest.NewServer(t)
	a, b := srv.NewClient(t, "491700000001"), srv.NewClient(t, "491700000002")
	t.Log("seeded", time.Since(t0))
	msgs := make(chan *events.Message, 10)
	receipts := make(chan *events.Receipt, 10)
	connected := make(chan any, 10)
	a.AddEventHandler(func(e any) {
		switch e := e.(type) {
		case *events.Receipt:
			receipts <- e
		case *events.Connected:
			connected <- e
		}
	})
	b.AddEventHandler(func(e any) {
		switch e := e.(type) {
		case *events.Message:
			msgs <- e
		case *events.Connected:
			connected <- e
		}
	})
	require.NoError(t, a.Connect())
	require.NoError(t, b.Connect())
	require.NoError(t, srv.AwaitOnline(t.Context(), "491700000001"))
	require.NoError(t, srv.AwaitOnline(t.Context(), "491700000002"))
	<-connected
	<-connected
	t.Log("online", time.Since(t0))
	text := "hello"
	resp, err := a.SendMessage(t.Context(), types.NewJID("491700000002", types.DefaultUserServer), &waE2E.Message{Conversation: &text}, whatsmeow.SendRequestExtra{})
	require.NoError(t, err)
	t.Log("ack", time.Since(t0))
	m := <-msgs
	require.Equal(t, "hello", m.Message.GetConversation())
	require.Equal(t, resp.ID, m.Info.ID)
	r := <-receipts
	t.Log("receipt", time.Since(t0), r.Type)
	require.Equal(t, resp.ID, r.MessageIDs[0])
	t.Logf("%+v", srv.Stats())
}

package whatsapptest_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func timelock(content string) waBinary.Node {
	return waBinary.Node{
		Tag:   "notification",
		Attrs: waBinary.Attrs{"from": types.ServerJID, "id": "1", "type": "mex", "t": "1"},
		Content: []waBinary.Node{{
			Tag: "update", Attrs: waBinary.Attrs{"op_name": "NotificationUserReachoutTimelockUpdate"},
			Content: []byte(`{"data":{"xwa2_notify_account_reachout_timelock":` + content + `}}`),
		}},
	}
}

// A stanza is written as it is: one that whatsmeow cannot read is a line in its
// log and no event.
func TestAStanzaIsWrittenAsItIs(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	a, log := logging(t, srv)
	require.NoError(t, srv.Send(alice, timelock(`{"is_active":true,"time_enforcement_ends":1788414761}`)))
	require.NoError(t, srv.Send(alice+":1", timelock(`{"is_active":true,"time_enforcement_ends":"1788414761"}`)))
	require.EqualValues(t, 1788414761, next[*events.NotifyAccountReachoutTimelock](a).TimeEnforcementEnds.Unix())
	require.Zero(t, count[*events.NotifyAccountReachoutTimelock](a))
	require.Len(t, log.of("Failed to unmarshal JSON in mex event: %v"), 1)
}

func TestAStanzaNeedsSomebodyAndToBeOne(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	require.ErrorIs(t, srv.Send(alice, timelock(`{}`)), whatsapptest.ErrAway)
	a := online(t, srv, alice)
	require.ErrorIs(t, srv.Send(alice+":2", timelock(`{}`)), whatsapptest.ErrAway)
	require.ErrorIs(t, srv.Send(alice, waBinary.Node{Tag: "x", Content: struct{}{}}), whatsapptest.ErrStanza)
	require.ErrorIs(t, srv.Send(alice, waBinary.Node{Tag: "x", Attrs: waBinary.Attrs{"y": struct{}{}}}), whatsapptest.ErrStanza)
	require.NoError(t, srv.Send(alice, waBinary.Node{Tag: "unheard-of"}))
	require.NoError(t, srv.Send(alice, timelock(`{"is_active":true}`)))
	next[*events.NotifyAccountReachoutTimelock](a)
	require.Zero(t, count[*events.Disconnected](a))
}

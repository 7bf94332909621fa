package sending

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

// A phone says that it is awake by what it sends now, and not by what it sent
// while the client was away.
func TestASignOfLifeIsAsOldAsItsStamp(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
	phone := types.NewJID("491700000001", types.DefaultUserServer)
	linked := phone
	linked.Device = 3
	from := func(who types.JID, own bool) types.MessageSource {
		return types.MessageSource{Sender: who, IsFromMe: own}
	}
	for _, c := range []struct {
		event any
		ok    bool
		own   bool
		age   time.Duration
	}{
		{&events.Receipt{MessageSource: from(phone, true), Timestamp: now.Add(-10 * time.Second)}, true, true, 0},
		{&events.Receipt{MessageSource: from(phone, false), Timestamp: now.Add(-5 * time.Hour)}, true, false, 5 * time.Hour},
		{&events.Receipt{MessageSource: from(phone, true), Timestamp: now.Add(time.Hour)}, true, true, 0},
		{&events.Receipt{MessageSource: from(phone, true)}, true, true, 0},
		{&events.Receipt{MessageSource: from(linked, true), Timestamp: now}, false, false, 0},
		{&events.Receipt{}, false, false, 0},
		{&events.Message{Info: types.MessageInfo{MessageSource: from(phone, true), Timestamp: now.Add(-time.Hour)}}, true, true, time.Hour},
		{&events.Message{Info: types.MessageInfo{MessageSource: from(linked, true), Timestamp: now}}, false, false, 0},
		{&events.Message{}, false, false, 0},
		{&events.MediaRetry{Timestamp: now.Add(-time.Hour)}, true, true, time.Hour},
		{&events.Connected{}, false, false, 0},
	} {
		sign, ok := SignOf(c.event, now)
		require.Equal(t, c.ok, ok, "%+v", c.event)
		if ok {
			require.Equal(t, c.own, sign.Own)
			require.Equal(t, c.age, now.Sub(sign.At))
		}
	}
}

package owning_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/owning"
)

// A client says for a moment of a connection that is ending that it is connected, and
// says nothing when it has ended: so it is after a ban.
func TestAConnectionThatIsEndingIsNotTakenForOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &member{crowd: &crowd{}}
		began := time.Now()
		m.connect = func(context.Context) error {
			if time.Since(began) < 300*time.Millisecond {
				return whatsmeow.ErrAlreadyConnected
			}
			m.set(true)
			m.handler(&events.Connected{})
			return nil
		}
		owner := owning.New(nil)
		require.NoError(t, owner.Add("support", m))
		lead, done := newLead(t), make(chan error, 1)
		go func() { done <- owner.Lead(lead) }()
		time.Sleep(5 * time.Second)
		require.True(t, m.is())
		require.EqualValues(t, 2, m.connects.Load())
		lead.end()
		require.NoError(t, <-done)
	})
}

// One that goes on to say so is believed, and left alone.
func TestAClientThatIsConnectedAlreadyIsBelievedInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &member{crowd: &crowd{}, connect: func(context.Context) error { return whatsmeow.ErrAlreadyConnected }}
		owner := owning.New(nil)
		require.NoError(t, owner.Add("support", m))
		lead, done := newLead(t), make(chan error, 1)
		go func() { done <- owner.Lead(lead) }()
		time.Sleep(time.Hour)
		require.EqualValues(t, 3, m.connects.Load())
		lead.end()
		require.NoError(t, <-done)
	})
}

// A dead connection may take seconds to end, and the lead may be over by then, though
// no timer has said so yet: a process that was stopped learns it by looking.
func TestWhoseLeadEndsInDisconnectDoesNotConnectAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lead, done := newLead(t), make(chan error, 1)
		m := &member{crowd: &crowd{}}
		m.disconnect = func() {
			time.Sleep(3 * time.Second)
			lead.over.Store(true)
		}
		owner := owning.New(nil)
		require.NoError(t, owner.Add("support", m))
		go func() { done <- owner.Lead(lead) }()
		time.Sleep(time.Second)
		require.True(t, m.is())
		for m.disconnects.Load() == 0 {
			m.handler(&events.KeepAliveTimeout{})
			time.Sleep(30 * time.Second)
		}
		require.NoError(t, <-done)
		require.EqualValues(t, 1, m.connects.Load())
	})
}

// A host may call an account by its number, against all advice: a log does not.
func TestNoNumberOfAnAccountStandsInALogOrAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &lines{}
		owner := owning.New(&owning.Options{Logger: log.logger()})
		m := &member{crowd: &crowd{}, connect: func(context.Context) error { return errAway }}
		require.NoError(t, owner.Add("+"+ours, m))
		require.NotContains(t, owner.Add(ours+"/", m).Error(), ours)
		lead, done := newLead(t), make(chan error, 1)
		go func() { done <- owner.Lead(lead) }()
		time.Sleep(time.Minute)
		for _, event := range []any{&events.StreamReplaced{}, &events.TemporaryBan{}, &events.ConnectFailure{}} {
			m.handler(event)
		}
		lead.end()
		require.NoError(t, <-done)
		require.Equal(t, 4, log.count("account="))
		require.NotContains(t, log.String(), ours)
	})
}

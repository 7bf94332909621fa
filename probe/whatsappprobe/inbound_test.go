package whatsappprobe_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

func TestInboundPassesWhenTheAccountShowsTheMessage(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		s.DelayMessages(2*time.Second, ours)
		r := s.passes(s.in)
		require.GreaterOrEqual(t, r.Latency, 2*time.Second)
		require.Equal(t, "49********01", r.Target)
		require.Equal(t, "arrival", r.Stages[len(r.Stages)-1].Name)
		require.False(t, s.state().LastInbound.IsZero())
	})
}

func TestInboundNamesTheFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault func(s *stage)
		class string
	}{
		"lost":              {func(s *stage) { s.LoseMessages(ours) }, "acked_not_delivered"},
		"frozen connection": {func(s *stage) { s.Freeze(ours) }, "acked_not_delivered"},
		"away":              {func(s *stage) { s.Refuse(ours); s.Drop(ours) }, "not_connected"},
		"unreadable":        {func(s *stage) { s.CorruptMessages(100, ours) }, "undecryptable"},
		"logged out":        {func(s *stage) { s.LogOut(ours); s.calm() }, "logged_out"},
		"outdated":          {func(s *stage) { s.FailLogins(events.ConnectFailureClientOutdated, ours); s.Drop(ours); s.calm() }, "client_outdated"},
		"replaced":          {func(s *stage) { s.Replace(ours); s.calm() }, "stopped"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				s.passes(s.in)
				s.calm()
				c.fault(s)
				s.fails(s.in, c.class)
				s.Heal()
				s.calm()
			})
		})
	}
}

// The sender is not what is monitored.
func TestWhatTheSenderCannotDoIsNobodysFailure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault func(s *stage)
		class string
	}{
		"not connected": {func(s *stage) { s.Refuse(theirs); s.Drop(theirs); s.calm() }, "sender_not_connected"},
		"refused":       {func(s *stage) { s.RefuseMessages(463, theirs) }, "sender_ack_refused_463"},
		"logged out":    {func(s *stage) { s.LogOut(theirs); s.calm() }, "sender_logged_out"},
		"frozen":        {func(s *stage) { s.Freeze(theirs) }, "sender_no_ack"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				s.passes(s.in)
				s.calm()
				c.fault(s)
				s.cannotTell(s.in, c.class)
				s.Heal()
				s.calm()
			})
		})
	}
}

func TestAMessageThatArrivedCountsThoughItsAckDidNot(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		s.passes(s.in)
		s.LoseAcks(theirs)
		s.passes(s.in)
		s.Heal()
		s.calm()
	})
}

// The second attempt, which confirms a failure, can tell a slow way from none.
func TestALateMessageIsToldFromALostOne(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		s.passes(s.in)
		s.DelayMessages(45*time.Second, ours)
		s.fails(s.in, "acked_not_delivered")
		time.Sleep(10 * time.Second)
		r := s.fails(s.in, "arrived_late")
		require.Contains(t, r.Detail, "45")
		s.Heal()
		s.calm()
		s.passes(s.in)
	})
}

// Not in a bubble: whatsmeow leaves a goroutine behind where a frame is on its
// way while it connects anew, as it does after pairing.
func TestAnAccountThatIsPairedLaterIsKnownThen(t *testing.T) {
	t.Parallel()
	const third = "491700000003"
	s := newStage(t, whatsapptest.NewServer(t))
	cli := s.NewUnpairedClient(t)
	require.NoError(t, s.accounts.Add("third", cli))
	in := whatsappprobe.Inbound(s.theirs, cli, nil)
	s.fails(in, "logged_out")
	codes, err := cli.GetQRChannel(t.Context())
	require.NoError(t, err)
	require.NoError(t, cli.Connect())
	require.NoError(t, s.Scan(t.Context(), (<-codes).Code, third))
	s.await(2, whatsappprobe.Connected)
	require.Equal(t, "49********03", s.passes(in).Target)
}

func TestQueuePassesWhenAllArriveOnceInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		s.DelayMessages(time.Second, theirs)
		r := s.passes(s.queue)
		require.GreaterOrEqual(t, r.Latency, time.Second)
		require.Equal(t, "49********02", r.Target)
		require.Equal(t, 5, s.Stats(ours).Sent)
	})
}

func TestQueueNamesTheFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault func(s *stage)
		class string
	}{
		"refused":    {func(s *stage) { s.RefuseMessages(463, ours) }, "ack_refused_463"},
		"lost":       {func(s *stage) { s.LoseMessages(theirs) }, "acked_not_delivered"},
		"late":       {func(s *stage) { s.DelayMessages(time.Minute, theirs) }, "acked_not_delivered"},
		"frozen":     {func(s *stage) { s.Freeze(ours) }, "no_ack"},
		"logged out": {func(s *stage) { s.LogOut(ours); s.calm() }, "logged_out"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				s.passes(s.queue)
				time.Sleep(10 * time.Minute) // the allowance
				c.fault(s)
				s.fails(s.queue, c.class)
				s.Heal()
				s.calm()
			})
		})
	}
	t.Run("receiver logged out", func(t *testing.T) {
		inBubble(t, func(t *testing.T, s *stage) {
			s.LogOut(theirs)
			s.calm()
			s.cannotTell(s.queue, "receiver_logged_out")
		})
	})
}

package whatsappprobe_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
)

func TestOutboundPassesAtTheReceipt(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		s.DelayMessages(3*time.Second, theirs)
		r := s.passes(s.out)
		require.GreaterOrEqual(t, r.Latency, 3*time.Second)
		require.Less(t, r.Latency, 4*time.Second)
		require.Equal(t, "49********02", r.Target)
		var names []string
		for _, stage := range r.Stages {
			names = append(names, stage.Name)
		}
		require.Equal(t, []string{"queue", "devices", "encrypt", "ack", "delivery"}, names)
		require.GreaterOrEqual(t, r.Stages[4].Took, 2*time.Second, "the delivery took the time, not the ack")
		require.Equal(t, 1, s.Stats(ours).Sent, "one message, and really sent")
	})
}

func TestTheAckAloneIsAPassWhereThatIsAskedFor(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		s.LoseMessages(theirs)
		out := whatsappprobe.Outbound(s.ours, jid(theirs), &whatsappprobe.OutboundOptions{AckIsEnough: true})
		require.Len(t, s.passes(out).Stages, 4)
		s.RefuseMessages(463, ours)
		s.fails(out, "ack_refused_463")
	})
}

// Each fault, what the probe says of it, and that it says so in time; the state
// of the account is the tracker's to tell.
func TestOutboundNamesTheFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault func(s *stage)
		class string
		soon  bool // known before the deadline
	}{
		"refused":               {func(s *stage) { s.RefuseMessages(463, ours) }, "ack_refused_463", true},
		"ack lost":              {func(s *stage) { s.LoseAcks(ours); s.LoseMessages(theirs) }, "no_ack", false},
		"accepted and lost":     {func(s *stage) { s.LoseMessages(theirs) }, "acked_not_delivered", false},
		"receipt lost":          {func(s *stage) { s.LoseReceipts(ours) }, "acked_not_delivered", false},
		"receiver away":         {func(s *stage) { s.PhoneOff(theirs); s.Refuse(theirs); s.Drop(theirs) }, "acked_not_delivered", false},
		"unreadable":            {func(s *stage) { s.PhoneOff(theirs); s.CorruptMessages(100, theirs) }, "undecryptable", false},
		"stalled server":        {func(s *stage) { s.Stall() }, "no_ack", false},
		"frozen connection":     {func(s *stage) { s.Freeze(ours) }, "no_ack", false},
		"no connection":         {func(s *stage) { s.Refuse(ours); s.Drop(ours); s.calm() }, "not_connected", true},
		"logged out":            {func(s *stage) { s.LogOut(ours); s.calm() }, "logged_out", true},
		"logged out at connect": {func(s *stage) { s.FailLogins(events.ConnectFailureLoggedOut, ours); s.Drop(ours); s.calm() }, "logged_out", true},
		"outdated":              {func(s *stage) { s.FailLogins(events.ConnectFailureClientOutdated, ours); s.Drop(ours); s.calm() }, "client_outdated", true},
		"banned for a time":     {func(s *stage) { s.FailLogins(events.ConnectFailureTempBanned, ours); s.Drop(ours); s.calm() }, "stopped", true},
		"replaced":              {func(s *stage) { s.Replace(ours); s.calm() }, "stopped", true},
		"late":                  {func(s *stage) { s.DelayMessages(time.Minute, theirs) }, "acked_not_delivered", false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				s.passes(s.out) // sessions are there, as in a long life
				s.calm()
				c.fault(s)
				_, took, _ := s.ask(s.out)
				require.Equal(t, c.soon, took < deadline, "%v", took)
				r := s.fails(s.out, c.class)
				require.Equal(t, "49********02", r.Target)
				s.Heal()
			})
		})
	}
}

// The account has other traffic. Only the receipt of the probe's own message
// counts, and only one that says that it arrived.
func TestTheReceiptOfAnotherMessageIsNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cli := &acking{}
		out := whatsappprobe.Outbound(cli, jid(theirs), nil)
		results := make(chan probe.Result, 1)
		go func() {
			r, _ := out.Probe(t.Context())
			results <- r
		}()
		synctest.Wait()
		for _, r := range []*events.Receipt{
			{MessageIDs: []types.MessageID{"another"}},
			{MessageIDs: []types.MessageID{"own"}, Type: types.ReceiptTypeSender},
			{MessageIDs: []types.MessageID{"own"}, Type: types.ReceiptTypeServerError},
		} {
			cli.handler(r)
			synctest.Wait()
			require.Empty(t, results, "%+v", r)
		}
		cli.handler(&events.Receipt{MessageIDs: []types.MessageID{"another", "own"}})
		require.Equal(t, probe.Pass, (<-results).Status)
	})
}

// acking is a client whose messages are all acked at once, as "own".
type acking struct{ silent }

func (*acking) GenerateMessageID() types.MessageID { return "own" }

func (*acking) SendMessage(context.Context, types.JID, *waE2E.Message, ...whatsmeow.SendRequestExtra) (whatsmeow.SendResponse, error) {
	return whatsmeow.SendResponse{ID: "own"}, nil
}

// What cannot come back by itself is neither sent through nor connected anew.
func TestAnAccountThatIsOutIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(s *stage){
		"logged out": func(s *stage) { s.LogOut(ours) },
		"401":        func(s *stage) { s.FailLogins(events.ConnectFailureLoggedOut, ours); s.Drop(ours) },
		"405":        func(s *stage) { s.FailLogins(events.ConnectFailureClientOutdated, ours); s.Drop(ours) },
		"replaced":   func(s *stage) { s.Replace(ours) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				fault(s)
				s.calm()
				s.Heal()
				before := s.Stats()
				for range 24 {
					for _, p := range []probe.Prober{s.out, s.in, s.queue} {
						r, took, err := s.ask(p)
						require.NoError(t, err)
						require.Equal(t, probe.Fail, r.Status)
						require.Zero(t, took)
					}
					time.Sleep(time.Hour)
				}
				after := s.Stats()
				require.Equal(t, before.Connections, after.Connections)
				require.Equal(t, before.Sent, after.Sent)
			})
		})
	}
}

// A dead link is no news to the client for minutes. The probe knows in its time.
func TestADeadLinkIsFoundLongBeforeTheClientKnows(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		s.passes(s.out)
		time.Sleep(time.Second)
		s.Freeze(ours)
		began := time.Now()
		s.fails(s.out, "no_ack")
		require.LessOrEqual(t, time.Since(began), deadline+time.Second)
		require.Zero(t, s.state().Reconnects, "the client has not even tried")
		s.await(0, whatsappprobe.Degraded)
		for s.state().Reconnects == 0 {
			time.Sleep(time.Second)
		}
		require.Greater(t, time.Since(began), 2*time.Minute)
		s.calm()
	})
}

// What the server never answers about the receiver's devices is no ack that is
// missing.
func TestOutboundKnowsThatNothingWasSent(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		s.MuteUsync(ours)
		s.fails(s.out, "not_sent")
		require.Zero(t, s.Stats(ours).Sent)
		s.Heal()
		s.passes(s.out)
	})
}

func TestANumberThatIsNotThereIsNamedAsSuch(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		r := s.fails(whatsappprobe.Outbound(s.ours, jid("491799999999"), nil), "number_unknown")
		require.NotContains(t, r.Detail, "99999")
	})
}

func TestFaultsThatTheClientMendsArePasses(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(s *stage){
		"a slow ack":         func(s *stage) { s.DelayAcks(10*time.Second, ours) },
		"a lost connection":  func(s *stage) { s.Drop(ours); s.calm() },
		"a restarted server": func(s *stage) { s.EndStreams(503); s.calm() },
		"one bad copy":       func(s *stage) { s.CorruptMessages(1, theirs) },
		"mute pings":         func(s *stage) { s.MutePings(ours); s.calm() },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				s.passes(s.out)
				s.calm()
				fault(s)
				s.passes(s.out)
				s.Heal()
			})
		})
	}
}

func TestWhoeverIsCalledOffCannotTell(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(s *stage){
		"before the ack":     func(s *stage) { s.LoseAcks(ours); s.LoseMessages(theirs) },
		"before the receipt": func(s *stage) { s.LoseMessages(theirs) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				s.passes(s.out)
				s.calm()
				fault(s)
				for _, p := range []probe.Prober{s.out, s.queue} {
					ctx, cancel := context.WithCancelCause(t.Context())
					time.AfterFunc(time.Second, func() { cancel(errCalledOff) })
					began := time.Now()
					_, err := p.Probe(ctx)
					require.ErrorIs(t, err, errCalledOff)
					require.LessOrEqual(t, time.Since(began), 2*time.Second)
				}
				s.Heal()
				s.calm()
			})
		})
	}
}

func TestProbesAreNotMadeFasterThanIsSafe(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		passed, refused := 0, 0
		for range 30 {
			_, _, err := s.ask(s.out)
			if err == nil {
				passed++
				continue
			}
			require.Equal(t, "rate_limited", probe.ClassOf(err))
			refused++
		}
		require.Equal(t, 12, passed)
		require.Equal(t, 18, refused)
		time.Sleep(time.Minute)
		s.passes(s.out)
		s.passes(s.out)
		s.cannotTell(s.out, "rate_limited")
	})
}

func TestWhatIsNotThereIsNotConfigured(t *testing.T) {
	t.Parallel()
	for _, p := range []probe.Prober{
		whatsappprobe.Outbound(nil, jid(theirs), nil), whatsappprobe.Inbound(nil, nil, nil), whatsappprobe.Queue(nil, nil, nil),
	} {
		_, err := p.Probe(t.Context())
		require.ErrorIs(t, err, probe.ErrNotConfigured)
	}
}

package whatsappprobe_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// heldOutbound is an outbound probe of a program that holds the receiver's client.
func heldOutbound(s *stage) probe.Prober {
	return whatsappprobe.Outbound(s.ours, jid(theirs), &whatsappprobe.OutboundOptions{Receiver: s.theirs})
}

// A linked device alone has the message: a FAIL where the phone is known to be
// awake, by what either client saw of it in the last half hour.
func TestWhatThePhoneHasNotGotIsPartlyDelivered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(s *stage, out probe.Prober) // while the phone is awake
		fault  func(s *stage)
		later  time.Duration
		fails  bool
	}{
		"it answered the last probe":    {func(s *stage, out probe.Prober) { s.passes(out) }, func(s *stage) { s.CompanionOnly(theirs) }, 20 * time.Minute, true},
		"long ago":                      {func(s *stage, out probe.Prober) { s.passes(out) }, func(s *stage) { s.CompanionOnly(theirs) }, time.Hour, false},
		"it has what its client sent":   {func(s *stage, _ probe.Prober) { s.passes(s.in) }, func(s *stage) { s.CompanionOnly(theirs) }, 20 * time.Minute, true},
		"its client sent long ago":      {func(s *stage, _ probe.Prober) { s.passes(s.in) }, func(s *stage) { s.CompanionOnly(theirs) }, time.Hour, false},
		"nothing was ever seen of it":   {func(*stage, probe.Prober) {}, func(s *stage) { s.CompanionOnly(theirs) }, 0, false},
		"its keys are not to be had":    {func(s *stage, _ probe.Prober) { s.passes(s.in) }, func(s *stage) { s.WithholdPhoneKeys(theirs) }, 0, false},
		"its keys, but it is awake":     {func(*stage, probe.Prober) {}, func(s *stage) { s.passes(s.in); s.WithholdPhoneKeys(theirs) }, time.Minute, true},
		"it is off, and was so already": {func(s *stage, out probe.Prober) { s.passes(out) }, func(s *stage) { s.PhoneOff(theirs) }, 31 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				out := heldOutbound(s)
				if name == "its keys are not to be had" { // by nobody
					s.WithholdPhoneKeys()
				}
				c.before(s, out)
				time.Sleep(c.later)
				c.fault(s)
				if c.fails {
					r := s.fails(out, "partly_delivered")
					require.Equal(t, "49********02", r.Target)
					require.Equal(t, "delivery", r.Stages[len(r.Stages)-1].Name)
				} else {
					s.cannotTell(out, "receiver_phone_offline")
				}
				s.passes(whatsappprobe.Outbound(s.ours, jid(theirs), &whatsappprobe.OutboundOptions{AnyDevice: true}))
				s.passes(whatsappprobe.Outbound(s.ours, jid(theirs), &whatsappprobe.OutboundOptions{AckIsEnough: true}))
				s.Heal()
				s.calm()
			})
		})
	}
}

// A phone that is a little slower than the linked device is waited for, and one
// that is silent for no more than a minute.
func TestThePhoneIsWaitedForAMinute(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		out := heldOutbound(s)
		s.passes(out)
		s.PhoneOff(theirs)
		time.AfterFunc(20*time.Second, func() { s.Heal() })
		r := s.passes(out)
		require.GreaterOrEqual(t, r.Latency, 20*time.Second, "of the phone, not of the linked device")
		s.CompanionOnly(theirs)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		began := time.Now()
		r, err := out.Probe(ctx)
		require.NoError(t, err)
		require.Equal(t, "partly_delivered", r.Class)
		require.InDelta(t, time.Minute, time.Since(began), float64(time.Second))
	})
}

// Where nothing tells whether the phone is awake, it is asked, with one message.
func TestThePhoneIsAskedWhetherItIsAwake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault func(s *stage)
		class string
		asks  int
	}{
		"awake":       {func(s *stage) { s.WithholdPhoneKeys(theirs) }, "partly_delivered", 1},
		"off":         {func(s *stage) { s.PhoneOff(theirs) }, "?receiver_phone_offline", 1},
		"a bit slow":  {func(s *stage) { s.PhoneOff(theirs); time.AfterFunc(3*time.Second, func() { s.Heal() }) }, "PASS", 0},
		"has it":      {func(*stage) {}, "PASS", 0},
		"cannot send": {func(s *stage) { s.WithholdPhoneKeys(theirs); s.RefuseMessages(463, theirs) }, "?receiver_phone_offline", 0},
		"hangs":       {func(s *stage) { s.PhoneOff(theirs); s.LoseAcks(theirs) }, "?receiver_phone_offline", 1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				s.passes(s.in) // it knows its own phone from long ago
				time.Sleep(6 * time.Hour)
				sent := s.Stats(theirs).Sent
				c.fault(s)
				out := whatsappprobe.Outbound(s.ours, jid(theirs), &whatsappprobe.OutboundOptions{Receiver: s.theirs, AskPhone: true})
				require.Equal(t, c.class, outcome(out, deadline))
				require.Equal(t, sent+c.asks, s.Stats(theirs).Sent)
				if name == "awake" { // that is known now
					s.fails(out, "partly_delivered")
					require.Equal(t, sent+1, s.Stats(theirs).Sent)
				}
				s.Heal()
				s.calm()
				s.passes(out) // whatever became of the receiver's message
			})
		})
	}
}

// The phone's "I cannot read this" shows that it is awake.
func TestAPhoneThatCannotReadTheMessageIsNamed(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		cli := &scripted{began: time.Now(), acks: []time.Duration{1}}
		out := whatsappprobe.Outbound(cli, jid(theirs), nil)
		for device, kind := range []types.ReceiptType{types.ReceiptTypeRetry, types.ReceiptTypeDelivered} {
			happen(time.Second, func() {
				from := jid(theirs)
				from.Device = uint16(device)
				cli.handler(&events.Receipt{MessageSource: types.MessageSource{Sender: from}, MessageIDs: []types.MessageID{"own"}, Type: kind})
			})
		}
		require.Contains(t, s.fails(out, "undecryptable").Detail, "phone")
	})
}

// A receiver that this very program knows to be away is not the account's fault.
func TestAReceiverThatIsKnownToBeAwayIsNobodysFailure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault func(s *stage)
		class string // of an error behind "?"
	}{
		"away":                {func(s *stage) { s.PhoneOff(theirs); s.Refuse(theirs); s.Drop(theirs); s.calm() }, "?recipient_offline"},
		"logged out":          {func(s *stage) { s.PhoneOff(theirs); s.LogOut(theirs); s.calm() }, "?recipient_offline"},
		"gone in the middle":  {func(s *stage) { s.LoseMessages(theirs); time.AfterFunc(time.Second, func() { s.Drop(theirs) }) }, "?recipient_offline"},
		"here":                {func(s *stage) { s.LoseMessages(theirs) }, "acked_not_delivered"},
		"away, and its phone": {func(s *stage) { s.Refuse(theirs); s.Drop(theirs); s.calm() }, "PASS"},
		"ours is to blame":    {func(s *stage) { s.Refuse(theirs); s.Drop(theirs); s.RefuseMessages(463, ours); s.calm() }, "ack_refused_463"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				out := heldOutbound(s)
				s.passes(out)
				s.calm()
				c.fault(s)
				require.Equal(t, c.class, outcome(out, deadline))
				s.Heal()
				s.calm()
			})
		})
	}
}

func TestAReceiverThatIsAnotherAccountIsNotConfigured(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		for _, receiver := range []whatsappprobe.Client{s.ours, s.NewClient(t, "491700000003")} {
			s.cannotTell(whatsappprobe.Outbound(s.ours, jid(theirs), &whatsappprobe.OutboundOptions{Receiver: receiver}), "not_configured")
		}
		s.passes(whatsappprobe.Outbound(s.ours, s.theirs.Store.LID, &whatsappprobe.OutboundOptions{Receiver: s.theirs}))
	})
}

// One has two addresses, and proves nothing by either.
func TestAMessageToOneselfProvesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		require.Equal(t, types.HiddenUserServer, s.ours.Store.LID.Server)
		for _, own := range []types.JID{jid(ours), *s.ours.Store.ID, s.ours.Store.LID, s.ours.Store.LID.ToNonAD()} {
			s.cannotTell(whatsappprobe.Outbound(s.ours, own, nil), "not_configured")
			s.cannotTell(whatsappprobe.Inbound(s.ours, s.theirs, &whatsappprobe.InboundOptions{To: own}), "not_configured")
			s.cannotTell(whatsappprobe.Queue(s.ours, s.theirs, &whatsappprobe.QueueOptions{To: own}), "not_configured")
		}
		s.cannotTell(whatsappprobe.Inbound(s.ours, s.ours, nil), "not_configured")
		s.cannotTell(whatsappprobe.Inbound(s.ours, s.ours, &whatsappprobe.InboundOptions{To: jid(theirs)}), "not_configured")
		s.cannotTell(whatsappprobe.Queue(s.ours, s.ours, nil), "not_configured")
		require.Zero(t, s.Stats(ours).Sent)
	})
}

// Not in a bubble, as pairing.
func TestTheAddressesOfAnAccountThatIsPairedLaterAreKnownThen(t *testing.T) {
	t.Parallel()
	const third = "491700000003"
	s := newStage(t, whatsapptest.NewServer(t))
	cli := s.NewUnpairedClient(t)
	require.NoError(t, s.accounts.Add("third", cli))
	paired := make(chan *events.PairSuccess, 1)
	cli.AddEventHandler(func(event any) {
		if e, ok := event.(*events.PairSuccess); ok {
			paired <- e
		}
	})
	out := whatsappprobe.Outbound(cli, jid(third), nil) // its handler comes behind
	codes, err := cli.GetQRChannel(t.Context())
	require.NoError(t, err)
	require.NoError(t, cli.Connect())
	require.NoError(t, s.Scan(t.Context(), (<-codes).Code, third))
	lid := (<-paired).LID
	s.await(2, whatsappprobe.Connected)
	s.cannotTell(out, "not_configured")

	hidden := &silent{}
	out = whatsappprobe.Outbound(noSend{hidden}, lid, nil)
	hidden.handler(&events.PairSuccess{ID: jid(third), LID: lid})
	s.cannotTell(out, "not_configured")
}

// A device that was paired before there were hidden identities learns its own by
// and by.
func TestOnesOwnHiddenIdentityIsLearnt(t *testing.T) {
	t.Parallel()
	cli := &silent{}
	lid := types.NewJID("123456789012345", types.HiddenUserServer)
	out := whatsappprobe.Outbound(noSend{cli}, lid, nil)
	require.Equal(t, "not_connected", outcome(out, deadline))
	cli.handler(&events.Receipt{MessageSource: types.MessageSource{Sender: lid, IsFromMe: true}, Type: types.ReceiptTypeSender})
	require.Equal(t, "?not_configured", outcome(out, deadline))
}

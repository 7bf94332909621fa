package whatsappprobe_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// Over real sockets, in real time.
func TestEveryProberKeepsTheContract(t *testing.T) {
	t.Parallel()
	for name, pick := range map[string]func(*stage) probe.Prober{
		"outbound": func(s *stage) probe.Prober { return s.out },
		"inbound":  func(s *stage) probe.Prober { return s.in },
		"queue": func(s *stage) probe.Prober {
			return whatsappprobe.Queue(s.ours, s.theirs, &whatsappprobe.QueueOptions{Messages: 2})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			probetest.Run(t, func(t *testing.T) probetest.Subject {
				s := newStage(t, whatsapptest.NewServer(t))
				return probetest.Subject{Prober: pick(s), Break: func() { s.Stall() }, Secrets: []string{ours, theirs}}
			})
		})
	}
}

// The client's send lock honours no context. A probe behind it does.
func TestAProbeBehindABlockedSendEndsInTime(t *testing.T) {
	t.Parallel()
	s := newStage(t, whatsapptest.NewServer(t))
	s.passes(s.out)
	s.LoseAcks(ours)
	blocked := make(chan error, 1)
	go func() {
		_, err := s.ours.SendMessage(t.Context(), jid(theirs), &waE2E.Message{Conversation: new("the host's")}, whatsmeow.SendRequestExtra{Timeout: 3 * time.Second})
		blocked <- err
	}()
	require.NoError(t, s.Await(t.Context(), func(st whatsapptest.Stats) bool { return st.Sent == 2 }, ours), "it holds the lock")

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	r, err := s.out.Probe(ctx)
	require.NoError(t, err)
	require.Equal(t, probe.Fail, r.Status)
	require.Equal(t, "send_blocked", r.Class)
	require.Empty(t, blocked, "it waited for nobody")

	// The one behind it still hangs in the lock: the next is told so.
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r, err = s.out.Probe(ctx)
	require.NoError(t, err)
	require.Equal(t, "send_blocked", r.Class)
	s.Heal()
	require.ErrorIs(t, <-blocked, whatsmeow.ErrMessageTimedOut)
	s.passes(s.out)
}

// A handler of the host that hangs delays what comes in, and no ack.
func TestAHandlerThatHangsIsAFailureOfInboundAlone(t *testing.T) {
	t.Parallel()
	s := newStage(t, whatsapptest.NewServer(t))
	s.passes(s.in)
	s.PhoneOff(ours) // or it would say that it has the message
	let := make(chan struct{})
	hung := make(chan struct{}, 100)
	s.ours.AddEventHandler(func(any) {
		hung <- struct{}{}
		<-let
	})
	defer close(let)
	// The host's handlers come after ours, so one message hangs, and the next
	// waits behind it.
	s.passes(s.in)
	<-hung
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	r, err := s.in.Probe(ctx)
	require.NoError(t, err)
	require.Equal(t, "acked_not_delivered", r.Class)
	ctx, cancel = context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	out := whatsappprobe.Outbound(s.theirs, jid(ours), nil)
	r, err = out.Probe(ctx)
	require.NoError(t, err)
	require.Equal(t, "acked_not_delivered", r.Class, "ours sends no receipts any more")
}

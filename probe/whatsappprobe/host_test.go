package whatsappprobe_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
)

// app is a host that stores each message after a while, or loses it.
type app struct {
	host  whatsappprobe.Host
	takes atomic.Int64 // a time.Duration; below 0 it loses
}

func (a *app) handle(event any) {
	e, ok := event.(*events.Message)
	if !ok {
		return
	}
	if takes := time.Duration(a.takes.Load()); takes >= 0 {
		time.AfterFunc(takes, func() { a.host.Seen(e.Message.GetConversation()) })
	}
}

func (a *app) slow(d time.Duration) { a.takes.Store(int64(d)) }

// "The client got it, the application did not" has a name.
func TestTheHostHasTheLastWord(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		a := &app{}
		s.ours.AddEventHandler(a.handle)
		in := whatsappprobe.Inbound(s.theirs, s.ours, &whatsappprobe.InboundOptions{Host: &a.host})
		a.slow(2 * time.Second)
		r := s.passes(in)
		require.Equal(t, "host", r.Stages[len(r.Stages)-1].Name)
		require.InDelta(t, 2*time.Second, r.Stages[len(r.Stages)-1].Took, float64(100*time.Millisecond))
		require.Equal(t, "arrival", r.Stages[len(r.Stages)-2].Name)
		require.GreaterOrEqual(t, r.Latency, 2*time.Second)

		a.slow(never)
		r = s.fails(in, "host_missed")
		require.Equal(t, "host", r.Stages[len(r.Stages)-1].Name)
		require.Equal(t, "arrival", r.Stages[len(r.Stages)-2].Name)

		// A message that does not come is not the host's fault.
		s.LoseMessages(ours)
		s.fails(in, "acked_not_delivered")
		s.Heal()
		s.passes(s.in) // which does not ask the host
	})
}

// A host that the client's event reaches before the probe does.
func TestAHostMayBeFasterThanTheProbe(t *testing.T) {
	t.Parallel()
	inBubbleBare(t, func(t *testing.T) {
		var host whatsappprobe.Host
		from, to := &scripted{began: time.Now(), acks: []time.Duration{time.Second}}, &scripted{}
		in := whatsappprobe.Inbound(from, to, &whatsappprobe.InboundOptions{To: jid(ours), Host: &host})
		happen(2*time.Second, func() {
			host.Seen("another's")
			host.Seen("> " + from.text(0) + " <")
			to.handler(message(from.text(0)))
		})
		require.Equal(t, "PASS", outcome(in, deadline))
		host.Seen(from.text(0)) // nobody waits for it any more
	})
}

// How long a host is waited for is learnt from itself.
func TestAHostIsGivenThreeTimesItsOwnTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		usual time.Duration
		n     int
		wait  time.Duration
	}{
		"fast":      {100 * time.Millisecond, 8, 10 * time.Second},
		"slow":      {6 * time.Second, 8, 18 * time.Second},
		"slower":    {15 * time.Second, 8, deadline},
		"not known": {100 * time.Millisecond, 7, deadline},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				a := &app{}
				s.ours.AddEventHandler(a.handle)
				in := whatsappprobe.Inbound(s.theirs, s.ours, &whatsappprobe.InboundOptions{Host: &a.host})
				a.slow(c.usual)
				for range c.n {
					s.passes(in)
				}
				a.slow(never)
				began := time.Now()
				s.fails(in, "host_missed")
				require.InDelta(t, c.wait, time.Since(began), float64(time.Second))
				a.slow(c.wait - time.Second)
				s.passes(in)
			})
		})
	}
}

// One Host for all accounts, from many goroutines, and with nothing kept.
func TestAHostServesManyProbers(t *testing.T) {
	t.Parallel()
	inBubbleBare(t, func(t *testing.T) {
		var host whatsappprobe.Host
		var wg sync.WaitGroup
		for range 50 {
			from, to := &scripted{began: time.Now(), acks: []time.Duration{time.Second}}, &scripted{}
			in := whatsappprobe.Inbound(from, to, &whatsappprobe.InboundOptions{To: jid(ours), Host: &host})
			happen(2*time.Second, func() { to.handler(message(from.text(0))) })
			for range 3 { // a host that stores it thrice
				happen(3*time.Second, func() { host.Seen(from.text(0)) })
			}
			wg.Go(func() {
				if got := outcome(in, deadline); got != "PASS" {
					t.Error(got)
				}
			})
		}
		wg.Wait()
	})
}

func TestATextWithoutAMarkerCostsAHostNothing(t *testing.T) {
	inBubbleBare(t, func(t *testing.T) {
		var host whatsappprobe.Host
		var none *whatsappprobe.Host
		none.Seen("nobody asked")
		from, to := &scripted{began: time.Now(), acks: []time.Duration{time.Second}}, &scripted{}
		in := whatsappprobe.Inbound(from, to, &whatsappprobe.InboundOptions{To: jid(ours), Host: &host})
		long := strings.Repeat("a long text ", 100)
		happen(2*time.Second, func() {
			if allocs := testing.AllocsPerRun(100, func() { host.Seen(long) }); allocs != 0 {
				t.Error(allocs)
			}
			host.Seen(from.text(0))
		})
		require.Equal(t, "PASS", outcome(in, deadline))
		require.Zero(t, testing.AllocsPerRun(100, func() { host.Seen(from.text(0)) }), "nobody waits for it any more")
	})
}

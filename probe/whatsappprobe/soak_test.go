package whatsappprobe_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// trouble is one fault of the day, with the classes that each probe may report
// while it lasts.
type trouble struct {
	name           string
	begin          func(s *stage)
	out, in, queue []string // classes of FAIL, or of an error behind "?"; "" is a PASS
	// brief troubles end before the client, after three minutes, connects anew by
	// itself. When that meets a send under way, whatsmeow's own code races
	// (go.mau.fi/util/exsync Event.GetChan), and the race detector says so.
	brief bool
}

func troubles() []trouble {
	const passes = ""
	return []trouble{
		{"messages to ours are lost", func(s *stage) { s.LoseMessages(ours) }, []string{passes}, []string{"acked_not_delivered"}, []string{passes}, false},
		{"messages to theirs are lost", func(s *stage) { s.LoseMessages(theirs) }, []string{"acked_not_delivered"}, []string{passes}, []string{"acked_not_delivered"}, false},
		{"ours may not send", func(s *stage) { s.RefuseMessages(463, ours) }, []string{"ack_refused_463"}, []string{passes}, []string{"ack_refused_463"}, false},
		{"theirs may not send", func(s *stage) { s.RefuseMessages(463, theirs) }, []string{passes}, []string{"?sender_ack_refused_463"}, []string{passes}, false},
		{"ours is away", func(s *stage) { s.Refuse(ours); s.Drop(ours) }, []string{"not_connected"}, []string{"not_connected"}, []string{"not_connected"}, false},
		{"the server is overloaded", func(s *stage) {
			s.FailLogins(events.ConnectFailureServiceUnavailable)
			s.Drop()
		}, []string{"not_connected"}, []string{"?sender_not_connected"}, []string{"not_connected"}, false},
		{"messages come late", func(s *stage) { s.DelayMessages(2 * time.Minute) }, []string{"acked_not_delivered"}, []string{"acked_not_delivered", "arrived_late"}, []string{"acked_not_delivered", "missing"}, false},
		{"only their linked device gets messages", func(s *stage) { s.CompanionOnly(theirs) }, []string{"partly_delivered", "?receiver_phone_offline"}, []string{passes}, []string{passes}, false},
		{"receipts are lost", func(s *stage) { s.LoseReceipts() }, []string{"acked_not_delivered"}, []string{passes}, []string{passes}, false},
		{"acks are lost", func(s *stage) { s.LoseAcks() }, []string{"no_ack"}, []string{passes}, []string{"no_ack"}, false},
		{"the server stalls", func(s *stage) { s.Stall() }, []string{"no_ack"}, []string{"?sender_no_ack"}, []string{"no_ack"}, true},
		{"ours freezes", func(s *stage) { s.Freeze(ours) }, []string{"no_ack"}, []string{"acked_not_delivered"}, []string{"no_ack"}, true},
		{"the connections break", func(s *stage) { s.Drop() }, []string{passes}, []string{passes}, []string{passes}, false},
	}
}

// A day and more with a fault each hour, and every default of the client: each fault is
// reported by the right probe as what it is, and nothing else is reported.
func TestADayOfHourlyFaultsIsReportedTruly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, whatsapptest.NewPipeServer(t))
		rng := rand.New(rand.NewPCG(1, 2))
		all := slices.Concat(troubles(), troubles())
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		require.Len(t, all, 26)
		expect := func(when, what string, p probe.Prober, classes []string) {
			s.t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			r, err := p.Probe(ctx)
			got := r.Class
			if err != nil {
				got = "?" + probe.ClassOf(err)
			}
			require.Contains(t, classes, got, "%s, %s: %s %v", when, what, r.Detail, err)
		}
		probes := []struct {
			name string
			p    probe.Prober
			of   func(trouble) []string
		}{
			{"outbound", s.out, func(x trouble) []string { return x.out }},
			{"inbound", s.in, func(x trouble) []string { return x.in }},
			{"queue", s.queue, func(x trouble) []string { return x.queue }},
		}
		for _, fault := range all {
			for _, x := range probes { // in peace
				expect("before "+fault.name, x.name, x.p, []string{""})
				time.Sleep(time.Minute)
			}
			time.Sleep(10 * time.Minute)
			fault.begin(s)
			time.Sleep(time.Duration(1+rng.IntN(30)) * time.Second)
			for _, x := range probes {
				expect("while "+fault.name, x.name, x.p, x.of(fault))
			}
			s.Heal()
			time.Sleep(time.Hour - 15*time.Minute)
			require.Equal(t, whatsappprobe.Connected, s.state().State, "after %s", fault.name)
		}
		t.Logf("%+v", s.Stats())
	})
}

package whatsappprobe_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// gone takes the monitored account away, until Heal.
func (s *stage) gone() {
	s.calm() // a message without its receipt would be replayed, too
	s.Refuse(ours)
	s.Drop(ours)
	s.await(0, whatsappprobe.Reconnecting)
	s.calm()
}

// back brings it back, with what the server does to what waited.
func (s *stage) back(fault func(s *stage)) {
	s.Heal()
	fault(s) // before the client has tried again
	s.await(0, whatsappprobe.Connected)
	synctest.Wait()
}

// What was sent while the account was away must come when it is back.
func TestWhatWasSentWhileTheAccountWasAwayMustCome(t *testing.T) {
	t.Parallel()
	lose := func(s *stage) { s.LoseOffline(10, ours) }
	for name, c := range map[string]struct {
		fault func(s *stage)
		later time.Duration
		class string // the first word after that
	}{
		"it comes":              {func(*stage) {}, 2 * time.Minute, "PASS"},
		"lost":                  {lose, 2 * time.Minute, "replay_lost"},
		"lost, hours ago":       {lose, 6 * time.Hour, "replay_lost"},
		"not known to be yet":   {lose, 20 * time.Second, "PASS"},
		"no end":                {func(s *stage) { lose(s); s.NoOfflineEnd(ours) }, 7 * time.Minute, "replay_lost"},
		"no end, not known yet": {func(s *stage) { lose(s); s.NoOfflineEnd(ours) }, 5 * time.Minute, "PASS"},
		"unreadable":            {func(s *stage) { s.RuinMessages(10, ours) }, 2 * time.Minute, "undecryptable"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stage) {
				s.passes(s.in)
				s.gone()
				if name == "unreadable" { // as it is when it is sent
					c.fault(s)
				}
				sent := s.Stats(theirs).Sent
				require.Contains(t, s.fails(s.in, "not_connected").Detail, "waits")
				require.Equal(t, sent+1, s.Stats(theirs).Sent, "the message is there, for later")
				time.Sleep(2 * time.Hour)
				s.back(c.fault)
				time.Sleep(c.later)
				if c.class == "PASS" {
					s.passes(s.in)
				} else {
					sent := s.Stats(theirs).Sent
					s.fails(s.in, c.class)
					time.Sleep(10 * time.Second)
					s.fails(s.in, c.class) // whoever confirms it is told the same
					require.Equal(t, sent, s.Stats(theirs).Sent, "and nothing is sent for that")
					time.Sleep(10 * time.Second)
				}
				s.Heal()
				s.passes(s.in)
				s.calm()
			})
		})
	}
}

// A reconnection that breaks before its replay had its minute proves nothing;
// the next one does.
func TestAReplayThatIsCutShortIsNotJudged(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		s.passes(s.in)
		s.gone()
		s.fails(s.in, "not_connected")
		s.back(func(s *stage) { s.LoseOffline(1, ours) })
		time.Sleep(20 * time.Second)
		s.Refuse(ours)
		s.Drop(ours)
		time.Sleep(time.Hour)
		s.back(func(*stage) {})
		time.Sleep(20 * time.Second)
		s.passes(s.in)
		time.Sleep(time.Hour)
		s.fails(s.in, "replay_lost")
	})
}

// Many probes of one long absence are one message that is followed, and one word.
func TestALongAbsenceIsToldOfOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		s.passes(s.in)
		s.gone()
		for range 10 {
			s.fails(s.in, "not_connected")
			time.Sleep(time.Hour)
		}
		s.back(func(s *stage) { s.LoseOffline(1, ours) }) // the first of them
		time.Sleep(time.Hour)
		s.fails(s.in, "replay_lost")
		time.Sleep(time.Hour)
		s.passes(s.in)
	})
}

func TestAReplayIsIgnoredWhereThatIsAskedFor(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stage) {
		in := whatsappprobe.Inbound(s.theirs, s.ours, &whatsappprobe.InboundOptions{IgnoreReplay: true})
		s.passes(in)
		s.gone()
		s.fails(in, "not_connected")
		s.back(func(s *stage) { s.LoseOffline(10, ours) })
		time.Sleep(time.Hour)
		s.passes(in)
	})
}

// What was sent to a device that is unlinked, or to one that another process has,
// goes elsewhere.
func TestWhatCannotComeIsNotMissed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end   []any
		class string
	}{
		"linked anew":      {[]any{&events.LoggedOut{}, &events.PairSuccess{ID: jid(ours)}}, "acked_not_delivered"},
		"another's":        {[]any{&events.StreamReplaced{}}, "acked_not_delivered"},
		"only reconnected": {nil, "replay_lost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubbleBare(t, func(t *testing.T) {
				from, to := &scripted{began: time.Now(), acks: []time.Duration{1, 1}}, &scripted{}
				in := whatsappprobe.Inbound(from, to, &whatsappprobe.InboundOptions{To: jid(ours)})
				to.handler(&events.Connected{})
				to.handler(&events.Disconnected{})
				require.Equal(t, "not_connected", outcome(in, deadline))
				for _, event := range c.end {
					to.handler(event)
				}
				to.handler(&events.Connected{})
				to.handler(&events.OfflineSyncCompleted{})
				time.Sleep(time.Hour)
				require.Equal(t, c.class, outcome(in, deadline))
			})
		})
	}
}

// The monitor confirms a FAIL, and stores it.
func TestAMonitorStoresWhatTheReplayLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, whatsapptest.NewPipeServer(t))
		st := memstore.New(nil)
		m, err := monitor.New(monitor.Config{
			Store: st, Status: s.accounts.Status, InstanceID: "a",
			Probes: []monitor.Probe{{Type: longrun.Inbound, Every: time.Hour, Prober: s.in}},
		})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- m.Run(ctx) }()
		time.Sleep(90 * time.Minute)
		s.gone()
		time.Sleep(time.Hour)
		s.back(func(s *stage) { s.LoseOffline(10, ours) })
		time.Sleep(2 * time.Hour)
		stop()
		require.NoError(t, <-done)
		book, err := ledger.New(st, "")
		require.NoError(t, err)
		classes := map[string]int{}
		for e, err := range book.Probes(t.Context(), ledger.Page{}) {
			require.NoError(t, err)
			if classes[e.Value.ErrorClass]++; e.Value.Result == longrun.Fail {
				require.Len(t, e.Value.Attempts, 2)
			}
		}
		require.Equal(t, 1, classes["not_connected"], classes)
		require.Equal(t, 1, classes["replay_lost"], classes)
		require.Positive(t, classes[""], classes)
		require.Len(t, classes, 3)
	})
}

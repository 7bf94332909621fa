package measuring

import (
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/metrics"
)

// hostSlots is for how many slots the host's last word counts.
const hostSlots = 3

// Measures is the room. It is safe for concurrent use, and what it is told of
// beats and probes costs no allocation.
type Measures struct {
	interval time.Duration

	mu            sync.Mutex
	drift, commit metrics.Histogram
	latency       metrics.Histogram
	probes        []metrics.Probe
	place         map[longrun.NamedProbe]int // in probes
	month         month
	beat          longrun.Heartbeat // the newest one, without its lists
	accounts      accounts
}

// New returns a Measures for slots of this length and these probes.
func New(interval time.Duration, probes []longrun.NamedProbe) *Measures {
	m := &Measures{
		interval: interval,
		drift:    metrics.NewHistogram(false, 0.05, 0.5, 5, 30),
		commit:   metrics.NewHistogram(false, 0.01, 0.1, 1, 5),
		latency:  metrics.NewHistogram(true, 2, 10, 60),
		place:    make(map[longrun.NamedProbe]int, len(probes)),
		accounts: newAccounts(),
	}
	for i, p := range probes {
		m.probes = append(m.probes, metrics.Probe{Type: string(p.Type), Name: p.Name})
		m.place[p] = i
	}
	m.month.interval = interval
	return m
}

// Began forgets what belongs to an earlier lead: another instance may have written
// meanwhile.
func (m *Measures) Began() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.month = month{interval: m.interval, words: m.month.words}
}

// Drifted is told how late in its slot a beat was made, in seconds.
func (m *Measures) Drifted(sec float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drift.Observe(sec, "", time.Time{})
}

// Committed is told how long it took to store beats.
func (m *Measures) Committed(took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commit.Observe(max(took, 0).Seconds(), "", time.Time{}) // a clock may be set back
}

// Made is told of each beat with what the host said.
func (m *Measures) Made(h longrun.Heartbeat, host longrun.HostStatus) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.beat = h
	m.beat.Counts = nil
	m.accounts.take(host.Accounts)
}

// Stored is told of beats that are stored, in their slots or after them.
func (m *Measures) Stored(beats ...longrun.Heartbeat) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range beats {
		m.month.fill(beats[i].Slot(m.interval))
	}
}

// KnownSlots is told which slots since from have a beat, and when anything began;
// zero where nothing did before now.
func (m *Measures) KnownSlots(earliest, from, now time.Time, filled map[longrun.Slot]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.month.known(earliest, from, now, filled)
}

// Filled counts the filled ones of the slots [from, to), and reports whether all since
// from are known.
func (m *Measures) Filled(from, to longrun.Slot) (filled int64, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.month.knows(from) {
		return 0, false
	}
	return m.month.count(from, to), true
}

// Day is told of each rollup that was read or written.
func (m *Measures) Day(r longrun.Rollup) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.month.day(r)
}

// Probed is told of each result that this instance made.
func (m *Measures) Probed(p longrun.Probe) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sec := p.LatencyMs / 1000
	m.latency.Observe(sec, p.ProbeKey, p.TS)
	i, ok := m.place[p.Named()]
	if !ok {
		return
	}
	to := &m.probes[i].Inconclusive
	switch p.Result {
	case longrun.Pass:
		to = &m.probes[i].Pass
	case longrun.Fail:
		to = &m.probes[i].Fail
	case longrun.Inconclusive:
	}
	to.Count++
	to.Last = metrics.Exemplar{Key: p.ProbeKey, Value: sec, At: p.TS}
	m.probes[i].Latency = time.Duration(p.LatencyMs * float64(time.Millisecond))
}

// Lay lays what is known at now over a snapshot, the budget by a target; leads says
// whether this instance does.
func (m *Measures) Lay(s *metrics.Snapshot, t longrun.Target, now time.Time, leads bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.Beats.Drift, s.Beats.Commit = m.drift.Clone(), m.commit.Clone()
	s.Probes, s.ProbeLatency = slices.Clone(m.probes), m.latency.Clone()
	if age := now.Sub(m.beat.TS); !m.beat.TS.IsZero() && age < hostSlots*m.interval && m.beat.StatusError == "" {
		s.Host = &metrics.Host{
			Healthy: m.beat.Healthy, HealthUnknown: m.beat.HealthUnknown, QueueDepth: m.beat.QueueDepth,
			Connected: m.beat.ConnectedCount, Reconnecting: m.beat.ReconnectingCount, NeedsQR: m.beat.NeedsQRCount,
		}
		s.Accounts = slices.Clone(m.accounts.all)
	}
	if leads {
		s.Coverage, s.Gaps = m.month.windows(now), m.month.gaps(now)
		s.Budget = m.month.budget(t, now)
	}
}

package sim

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
)

// machine is where one instance lives, process after process.
type machine struct {
	w     *world
	index int
	name  string
	build int

	mu     sync.Mutex
	faults []*plan.Event // of its link and its clock, as far as they last
	now    *process      // nil while none runs
	ran    time.Duration // by how much its clock ran too far, before it was set right
}

// ahead is by how much the wall's hand of its clock is wrong, and the monotonic one,
// which is never set right.
func (m *machine) ahead() (wall, monotonic time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	monotonic = m.ran
	for _, e := range m.faults {
		switch e.Kind {
		case plan.Step:
			wall += time.Duration(e.By) * time.Second
		case plan.Skew:
			d := m.w.ahead(e)
			wall += d
			monotonic += d
		default:
		}
	}
	return wall, monotonic
}

// ahead is by how much a clock has gone wrong that runs at another rate.
func (w *world) ahead(e *plan.Event) time.Duration {
	return time.Duration(float64(time.Since(w.at(e))) * float64(e.By) / 1_000_000)
}

// suffers returns the event of a kind that lasts, nil where there is none.
func (m *machine) suffers(k plan.Kind) *plan.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.faults {
		if e.Kind == k {
			return e
		}
	}
	return nil
}

func (m *machine) befall(e *plan.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = append(m.faults, e)
}

// mend ends an event.
func (m *machine) mend(e *plan.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, f := range m.faults {
		if f == e {
			if e.Kind == plan.Skew {
				m.ran += m.w.ahead(e)
			}
			m.faults = append(m.faults[:i:i], m.faults[i+1:]...)
			return
		}
	}
}

// lease is that of its processes: where they are uneven, every other machine has twice
// the plan's.
func (m *machine) lease() time.Duration {
	if m.w.plan.Uneven && m.index%2 == 1 {
		return 2 * time.Duration(m.w.plan.Lease)
	}
	return time.Duration(m.w.plan.Lease)
}

// start begins a process on a machine.
func (m *machine) start() {
	w := m.w
	w.processes++
	p := &process{
		w: w, machine: m, number: w.processes, id: m.name, build: fmt.Sprint("build", m.build), began: time.Now(),
	}
	if w.plan.Fresh {
		p.id = fmt.Sprintf("%s.%d", m.name, p.number)
	}
	cfg := monitor.Config{
		Store: &gate{p: p}, InstanceID: p.id, CommitHash: p.build, Interval: w.interval, Lease: m.lease(),
		Status: p.status, Leading: p.lead, Alerter: p, EvidenceKey: w.key, Anchor: p.anchor, MemoryLimit: -1, Backlog: w.plan.Backlog,
		Probes: []monitor.Probe{{Type: longrun.Outbound, Every: probeEvery, Retry: probeRetry, Prober: p}},
		Logger: slog.New(slog.NewTextHandler(&panicLog{p}, &slog.HandlerOptions{Level: slog.LevelError})),
		Clock:  p.clock(),
	}
	if w.plan.Witnessed {
		p.witness = &witness{morgue: w.morgue, p: p}
		cfg.Witness = p.witness
	}
	mon, err := monitor.New(cfg)
	if err != nil {
		w.record.blame("config", "%v", err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	p.done = spawn.Start("the process "+p.name(), func() error { return mon.Run(ctx) })
	w.record.lived(p)
	w.record.log.add(p.name(), "starts as %s of %s", p.id, p.build)
	m.mu.Lock()
	m.now = p
	m.mu.Unlock()
}

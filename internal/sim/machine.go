package sim

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/chance"
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
	faults []*Event // of its link and its clock, as far as they last
	now    *process // nil while none runs
}

// ahead is by how much its clock is wrong.
func (m *machine) ahead() (d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.faults {
		switch e.Kind {
		case Step:
			d += time.Duration(e.By) * time.Second
		case Skew:
			d += time.Since(m.w.at(e)) * time.Duration(e.By) / 1_000_000
		default:
		}
	}
	return d
}

// suffers returns the event of a kind that lasts, nil where there is none.
func (m *machine) suffers(k Kind) *Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.faults {
		if e.Kind == k {
			return e
		}
	}
	return nil
}

func (m *machine) befall(e *Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = append(m.faults, e)
}

// mend ends an event.
func (m *machine) mend(e *Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, f := range m.faults {
		if f == e {
			m.faults = append(m.faults[:i:i], m.faults[i+1:]...)
			return
		}
	}
}

// process is one life of an instance.
type process struct {
	w       *world
	machine *machine
	number  int // among all processes, from 1
	id      string
	build   string
	began   time.Time
	witness *witness

	stop context.CancelFunc
	done <-chan error

	mu     sync.Mutex
	dead   bool
	ended  time.Time     // when it crashed or was asked to stop
	clean  bool          // it was asked to stop
	paused chan struct{} // closed when it runs again; nil while it does
	trap   bool          // it is paused at its next write
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
		Store: &gate{p: p}, InstanceID: p.id, CommitHash: p.build, Interval: w.interval, Lease: time.Duration(w.plan.Lease),
		Status: p.status, Alerter: p, EvidenceKey: w.key, Anchor: p.anchor, MemoryLimit: -1,
		Probes: []monitor.Probe{{Type: longrun.Outbound, Every: probeEvery, Retry: probeRetry, Prober: p}},
		Logger: slog.New(slog.NewTextHandler(&panicLog{p}, &slog.HandlerOptions{Level: slog.LevelError})),
		Clock:  &ownClock{Clock: clock.New(), p: p},
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

func (p *process) name() string { return fmt.Sprintf("%s#%d", p.machine.name, p.number) }

// crash ends the process in this instant: nothing that it asks has an effect any more.
func (p *process) crash() {
	p.end(false)
	if p.witness != nil {
		p.witness.dies()
	}
	p.stop()
}

// quit asks the process to stop.
func (p *process) quit() {
	p.end(true)
	p.stop()
}

func (p *process) end(clean bool) {
	p.mu.Lock()
	p.ended, p.clean, p.dead = time.Now(), clean, !clean
	p.mu.Unlock()
	p.resume()
	p.machine.mu.Lock()
	if p.machine.now == p {
		p.machine.now = nil
	}
	p.machine.mu.Unlock()
	p.w.ending = append(p.w.ending, p)
	word := "crashes"
	if clean {
		word = "is asked to stop"
	}
	p.w.record.log.add(p.name(), "%s", word)
}

// trapped pauses the process if it was to be at its next write.
func (p *process) trapped() bool {
	p.mu.Lock()
	trap := p.trap
	p.trap = false
	p.mu.Unlock()
	if trap {
		p.pause()
	}
	return trap
}

// pauseAtWrite has the process paused at its next write.
func (p *process) pauseAtWrite() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trap = true
}

func (p *process) pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused == nil {
		p.paused = make(chan struct{})
	}
}

func (p *process) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trap = false
	if p.paused != nil {
		close(p.paused)
		p.paused = nil
	}
}

// drowsy is how long it may take a goroutine to run again behind a pause.
const drowsy = 2 * time.Millisecond

// awake returns when the process runs. What stopped with it goes on with it, but no two
// goroutines in one instant: which comes first would be the scheduler's to say. So each
// says what it is about.
func (p *process) awake(about, key string) {
	for {
		p.mu.Lock()
		paused := p.paused
		p.mu.Unlock()
		if paused == nil {
			return
		}
		<-paused
		time.Sleep(time.Duration(p.draw("wakes up to "+about, key, instant()) * float64(drowsy)))
	}
}

func (p *process) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

func (p *process) isPaused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paused != nil
}

// panicLog takes note of what must not stand in a log.
type panicLog struct{ p *process }

func (l *panicLog) Write(line []byte) (int, error) {
	if strings.Contains(string(line), "panic") || strings.Contains(string(line), "runtime error") {
		l.p.w.record.blame("panic", "%s: %s", l.p.name(), line)
	}
	return len(line), nil
}

// ownClock is the time as one process has it. It can be set, and stops while the process
// is paused: what was to wake it does so when it runs again.
type ownClock struct {
	clock.Clock
	p *process
}

var _ chance.Clock = (*ownClock)(nil)

// Now implements clock.Clock.
func (c *ownClock) Now() time.Time { return time.Now().Add(c.p.machine.ahead()) }

// sleepy is how much later than it was to a timer may wake its goroutine.
const sleepy = 40 * time.Microsecond

// AfterFunc implements clock.Clock. No two timers that are due in one instant wake their
// goroutines in one: which comes first would be the scheduler's to say.
func (c *ownClock) AfterFunc(d time.Duration, f func()) *clock.Timer {
	n := instant() + int(d)*7919
	d += time.Duration(c.p.draw("timer", "", n) * float64(sleepy))
	return c.Clock.AfterFunc(d, func() {
		c.p.awake("timer", strconv.Itoa(n))
		f()
	})
}

// Chance implements chance.Clock. It is the same for all who ask in one instant: who
// asks first is the scheduler's.
func (c *ownClock) Chance(chance.Ours) float64 { return c.p.draw("chance", "", instant()) }

// apart is for how long two goroutines that wake in one instant may be held apart.
const apart = 200 * time.Microsecond

// Apart implements chance.Clock.
func (c *ownClock) Apart(_ chance.Ours, who, what string) {
	time.Sleep(time.Microsecond + time.Duration(c.p.draw(who, what, instant())*float64(apart)))
}

// instant numbers the present one.
func instant() int { return int(time.Now().UnixNano()) }

// draw is a number in [0, 1) of the seed, the process, and what is asked about.
func (p *process) draw(about, key string, n int) float64 {
	h := fnv.New64a()
	var b [24]byte
	binary.LittleEndian.PutUint64(b[:], p.w.plan.Seed)
	binary.LittleEndian.PutUint64(b[8:], uint64(p.number)) //nolint:gosec // some bits
	binary.LittleEndian.PutUint64(b[16:], uint64(n))       //nolint:gosec // some bits
	_, _ = h.Write(b[:])
	_, _ = h.Write([]byte(about))
	_, _ = h.Write([]byte(key))
	x := h.Sum64()
	x ^= x >> 33 // the upper bits of FNV are the poorer ones
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

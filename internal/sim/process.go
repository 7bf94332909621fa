package sim

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
	"time"
)

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
	pauses int                // how many there were
	slept  time.Duration      // in all
	woke   time.Time          // when it last did
	gives  context.CancelFunc // ends what the host does while its instance leads
	spell  spell
	trust  trust
	asks   []time.Time // when it asked the host
	learnt time.Time   // when it first heard what the settings are; zero while it has not
	dead   bool
	ended  time.Time       // when it crashed or was asked to stop
	clean  bool            // it was asked to stop
	paused chan struct{}   // closed when it runs again; nil while it does
	trap   trap            // where it is to be paused …
	sprung func()          // … or where this is to happen
	leads  context.Context // while it believes to lead, that of its lead
}

// sleptFor is for how long the process has slept, with its machine, in all.
func (p *process) sleptFor() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.slept
}

// learns notes that the process hears what the settings are.
func (p *process) learns() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.learnt.IsZero() {
		p.learnt = time.Now()
	}
}

// sleeps notes that the process has slept.
func (p *process) sleeps(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slept += d
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

// trap is where a process is to be paused.
type trap int64

const (
	nowhere trap = iota
	atWrite      // with its next write on its way out
	atReply      // with the reply to its next write on its way back
	atClaim      // with a message that it has claimed, and did not send
	atTold       // with a message that it has sent, and did not say so
)

// trapped pauses the process if it was to be there.
func (p *process) trapped(at trap) bool {
	p.mu.Lock()
	there := p.trap == at
	if there {
		p.trap = nowhere
	}
	p.mu.Unlock()
	if there {
		p.pause()
	}
	return there
}

// tells has what was to happen in the middle of a message happen, and returns behind a
// crash only when that is over. Where nobody stops it, the process goes on.
func (p *process) tells(at trap) {
	p.mu.Lock()
	do := p.sprung
	if p.trap != at || do == nil {
		p.mu.Unlock()
		return
	}
	p.trap, p.sprung = nowhere, nil
	p.mu.Unlock()
	done := make(chan struct{})
	p.w.sprung <- func() {
		do()
		close(done)
	}
	<-done
}

// pauseAt has the process paused where it next gets to. What was to happen in the middle of
// a message does not.
func (p *process) pauseAt(at trap) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trap, p.sprung = at, nil
}

// telling has something happen when the process next gets to a place in a message, unless
// something is to happen to it already; nil takes that back. It reports whether it does.
func (p *process) telling(at trap, do func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case do == nil && p.sprung != nil && p.trap == at:
		p.trap, p.sprung = nowhere, nil
	case do != nil && p.trap == nowhere:
		p.trap, p.sprung = at, do
		return true
	}
	return false
}

func (p *process) pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused == nil {
		p.pauses++
		p.paused = make(chan struct{})
	}
}

func (p *process) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trap, p.sprung = nowhere, nil
	if p.paused != nil {
		close(p.paused)
		p.paused, p.woke = nil, time.Now()
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

func (p *process) isTrapped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trap == atWrite || p.trap == atReply
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
	if strings.Contains(string(line), onPurpose) {
		return len(line), nil
	}
	if strings.Contains(string(line), "panic") || strings.Contains(string(line), "runtime error") {
		l.p.w.record.blame("panic", "%s: %s", l.p.name(), line)
	}
	return len(line), nil
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

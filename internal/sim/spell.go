package sim

import (
	"errors"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// onPurpose is what the host says where it panics because a plan has it so.
const onPurpose = "sim: on purpose"

var errUnfit = errors.New("sim: the host is unfit to lead")

// The pauses until what the host does while its instance leads is called again: at
// first the shortest, then twice as long each time. One call that lasted for the longest
// counts as well again.
const (
	shortestPause = time.Second
	longestPause  = 10 * time.Minute
)

// spell is a row of calls that failed, in one lead.
type spell struct {
	epoch  int64
	failed time.Time     // when the last one did; zero where one lasts
	pause  time.Duration // until the next one
	pauses int           // of the process, by then
}

// begins notes that what the host does while its instance leads was called, which
// comes a pause after it failed; it returns when that was.
func (p *process) begins() time.Time {
	now, epoch := time.Now(), p.w.record.epoch()
	p.mu.Lock()
	s := p.spell
	p.spell.failed = time.Time{}
	undisturbed := s.pauses == p.pauses
	p.mu.Unlock()
	if waited := now.Sub(s.failed); !s.failed.IsZero() && s.epoch == epoch && undisturbed && (waited-s.pause).Abs() > drowsy {
		p.w.record.blame("tasks", "%s is called to lead again %v after that failed, and not %v", p.name(), waited, s.pause)
	}
	return now
}

// fails notes that the call that began then did, and looks whether another one comes.
func (p *process) fails(began time.Time) {
	now, epoch := time.Now(), p.w.record.epoch()
	p.mu.Lock()
	s := &p.spell
	if s.epoch != epoch || s.pause == 0 || now.Sub(began) >= longestPause {
		s.pause = shortestPause
	} else {
		s.pause = min(2*s.pause, longestPause)
	}
	s.epoch, s.failed, s.pauses = epoch, now, p.pauses
	want := *s
	p.mu.Unlock()
	spawn.Start("the next call", func() error {
		time.Sleep(want.pause + time.Second)
		p.mu.Lock()
		still := p.spell == want && p.pauses == want.pauses && p.paused == nil && p.ended.IsZero()
		p.mu.Unlock()
		if trusted := p.w.record.renewed(p).Add(p.machine.lease() - p.margin()); still && p.w.record.epoch() == epoch && trusted.After(time.Now()) {
			p.w.record.blame("tasks", "%s is not called to lead again after that failed", p.name())
		}
		return nil
	})
}

// epoch is the one in force.
func (r *record) epoch() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.row.Epoch
}

package sim

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/lock"
)

// lead is what the host does while its instance leads: it looks whether it should. No
// instance may believe that it leads when another may lead: a lease after its last
// write took effect. Where nothing stops it, it knows that without looking; where it
// was stopped, from its first look, or without one within a margin.
func (p *process) lead(ctx context.Context) error {
	p.awake("lead", "")
	work, give := context.WithCancel(ctx)
	defer give()
	p.believes(ctx, give)
	defer p.doubts()
	began := p.begins()
	if p.w.lasting(plan.Unfit) != nil {
		give()
	}
	for !ended(work) {
		due := p.w.record.renewed(p).Add(p.machine.lease())
		if wait := time.Until(due); wait >= 0 {
			_ = p.w.nap(work, wait+late, nil)
			continue
		}
		woke := p.wakes() || p.wokeJust()
		switch {
		case p.isDead():
		case !woke:
			p.mistaken("")
		case p.draw("look", "", instant()) < 0.5:
			if ctx.Err() == nil {
				p.mistaken(", and looked at its clock")
			}
		default:
			if p.w.nap(work, p.margin()+drowsy+late, nil) == nil && !p.isPaused() && !ended(ctx) {
				p.mistaken(", a margin after it woke up")
			}
		}
		<-work.Done()
	}
	p.awake("lead", "failed")
	if ended(ctx) {
		return nil
	}
	p.fails(began)
	if e := p.w.lasting(plan.Unfit); e != nil && e.By%2 == 1 {
		panic(onPurpose)
	}
	return errUnfit
}

// late is by how much later than it should a process may know something.
const late = time.Millisecond

// wokeJust reports whether the process may not know yet that it did not run.
func (p *process) wokeJust() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(p.woke) <= p.margin()+drowsy+late
}

// margin is how long before its end a process does not trust its lease any more.
func (p *process) margin() time.Duration { return max(p.machine.lease()/12, time.Second) }

func ended(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	default:
		return false
	}
}

func (p *process) mistaken(how string) {
	p.w.record.blame("trust", "%s believes that it leads%s, and its lease is over", p.name(), how)
}

// believes notes that the process believes to lead, until the end of a context, and how
// it gives up what it does then.
func (p *process) believes(ctx context.Context, give context.CancelFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leads, p.gives = ctx, give
}

// doubts notes that it does not any more.
func (p *process) doubts() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leads, p.gives = nil, nil
}

// giveUp ends what the host does while its instance leads.
func (p *process) giveUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gives != nil {
		p.gives()
	}
}

// wakes waits until the process runs, and reports whether it did not.
func (p *process) wakes() (slept bool) {
	for {
		p.mu.Lock()
		paused := p.paused
		p.mu.Unlock()
		if paused == nil {
			return slept
		}
		slept = true
		<-paused
	}
}

// renewed is when the last write of the lock's row by a process took effect.
func (r *record) renewed(p *process) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.renewals[p]
}

// rivals: while one is granted the lock no other believes to lead, but for those that
// do not run, and those of whom a witness lied.
func (r *record) rivals(granted *process) {
	if r.w.plan.Liar {
		return
	}
	for _, p := range r.processes {
		p.mu.Lock()
		believes := p != granted && p.leads != nil && !ended(p.leads) && !p.dead && p.paused == nil && time.Since(p.woke) > p.margin()+drowsy+late
		p.mu.Unlock()
		if believes {
			r.accuse("trust", "%s is granted the lock while %s believes that it leads", granted.name(), p.name())
		}
	}
}

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
// comes a pause after it failed; it returns when that was, by the process's clock.
func (p *process) begins() time.Time {
	now, epoch := time.Now(), p.w.record.granted(p)
	p.mu.Lock()
	s := p.spell
	p.spell.failed = time.Time{}
	undisturbed := s.pauses == p.pauses
	p.mu.Unlock()
	if waited := now.Sub(s.failed); !s.failed.IsZero() && s.epoch == epoch && undisturbed && (waited-s.pause).Abs() > drowsy {
		p.w.record.blame("tasks", "%s is called to lead again %v after that failed, and not %v", p.name(), waited, s.pause)
	}
	return p.clock().Now()
}

// fails notes that the call that began then did, and looks whether another one comes.
func (p *process) fails(began time.Time) {
	now, epoch := time.Now(), p.w.record.granted(p)
	lasted := p.clock().Now().Sub(began)
	p.mu.Lock()
	s := &p.spell
	if s.epoch != epoch || s.pause == 0 || lasted >= longestPause {
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
		if still && p.trusts(epoch) {
			p.w.record.blame("tasks", "%s is not called to lead again after that failed", p.name())
		}
		return nil
	})
}

// trust is what a process surely knows of its lease: that a write of the lock's row took
// effect whose reply it had.
type trust struct {
	epoch int64
	since time.Time // when it sent that write, by its own clock …
	asked time.Time // … and by the true one
	sure  bool      // it trusted the lease when the reply came
}

// hears takes note of the reply to a write of the lock's row. A trust that is over does not
// come back; and behind a grant whose reply got lost, the first reply cannot tell whether
// the trust lasted until then.
func (p *process) hears(row lock.Row, since, asked time.Time) {
	p.mu.Lock()
	last := p.trust
	p.mu.Unlock()
	next := trust{epoch: row.Epoch, since: since, asked: asked}
	granted := row.AcquiredAt.Equal(row.RenewedAt)
	next.sure = row.Held() && p.left(next) > 0 && (granted || last.epoch == row.Epoch && p.left(last) > 0)
	p.mu.Lock()
	p.trust = next
	p.mu.Unlock()
}

// left is for how long a trust lasts, by the hand of the process's clock that says less.
func (p *process) left(t trust) time.Duration {
	now := p.clock().Now()
	return p.machine.lease() - p.margin() - max(now.Sub(t.since), now.Round(0).Sub(t.since.Round(0)))
}

// trusts reports whether the process leads under an epoch, and has every reason to know.
func (p *process) trusts(epoch int64) bool {
	p.mu.Lock()
	t := p.trust
	p.mu.Unlock()
	return t.epoch == epoch && t.sure && p.left(t) > 0 && p.w.record.holds(p, t)
}

// holds reports whether a process has the lock under the epoch of its trust, and its clock
// was not set since then: what that said meanwhile may have ended it.
func (r *record) holds(p *process, t trust) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.row.Epoch == t.epoch && r.row.Held() && !slices.ContainsFunc(r.harm, func(h harm) bool {
		return h.kind == plan.Step && h.m == p.machine && h.from.After(t.asked)
	})
}

// granted is the epoch that a process was granted last, which need not be the one in force.
func (r *record) granted(p *process) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range slices.Backward(r.grants) {
		if g.to == p {
			return g.epoch
		}
	}
	return 0
}

// erased takes note that a hand deleted the lock's row. Who finds none is granted the lock
// before its last holder can know, in the epoch above; and the end of the chain is gone
// with the row.
func (r *record) erased() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.erasure, r.cut = true, true
	r.row.Owner, r.row.HolderInstanceID = "", ""
	r.log.add("nemesis", "the lock's row is deleted")
}

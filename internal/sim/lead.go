package sim

import (
	"context"
	"time"
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
	if p.w.lasting(Unfit) != nil {
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
	if ended(ctx) {
		return nil
	}
	p.fails(began)
	if e := p.w.lasting(Unfit); e != nil && e.By%2 == 1 {
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

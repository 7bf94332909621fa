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
	p.believes(ctx)
	defer p.believes(nil)
	for !ended(ctx) {
		due := p.w.record.renewed(p).Add(p.machine.lease())
		if wait := time.Until(due); wait >= 0 {
			_ = p.w.nap(ctx, wait+late, nil)
			continue
		}
		woke := p.wakes()
		switch {
		case p.isDead():
			<-ctx.Done()
			return nil
		case !woke:
			p.mistaken("")
		case p.draw("look", "", instant()) < 0.5:
			if ctx.Err() == nil {
				p.mistaken(", and looked at its clock")
			}
		default:
			if p.w.nap(ctx, p.margin()+drowsy+late, nil) == nil && !p.isPaused() && !ended(ctx) {
				p.mistaken(", a margin after it woke up")
			}
		}
		<-ctx.Done()
	}
	return nil
}

// late is by how much later than it should a process may know something.
const late = time.Millisecond

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

// believes notes that the process believes to lead, until the end of a context; nil
// where it does not.
func (p *process) believes(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leads = ctx //nolint:fatcontext // it is asked whether it has ended
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
		believes := p != granted && p.leads != nil && !ended(p.leads) && !p.dead && p.paused == nil
		p.mu.Unlock()
		if believes {
			r.accuse("trust", "%s is granted the lock while %s believes that it leads", granted.name(), p.name())
		}
	}
}

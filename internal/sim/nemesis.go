package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// steps are how an event begins and how it ends; nil where it does not.
func (w *world) steps(e *plan.Event) (begin, end func()) {
	began, ended := w.effect(e)
	begin = func() {
		w.record.log.add("nemesis", "%s", w.describe(e))
		if !e.InMessage() { // else when it happens
			w.record.suffered(e)
		}
		began()
	}
	if ended == nil {
		return begin, nil
	}
	return begin, func() {
		w.record.log.add("nemesis", "%s is over", e.Kind)
		ended()
	}
}

// effect is what an event does. Each sets quiet anew whose end or begin may cost a slot.
func (w *world) effect(e *plan.Event) (begin, end func()) {
	var m *machine
	if e.Kind != plan.LoggedOut {
		m = w.machines[e.Instance]
	}
	disturb := func() { w.quiet = time.Now() }
	switch e.Kind {
	case plan.Crash:
		if e.InMessage() {
			return w.inMessage([]trap{atClaim, atTold}[(e.By-1)%2], func(p *process) {
				w.crash(p)
				p.machine.keep()
			})
		}
		return func() {
				if p := m.current(); p != nil {
					w.crash(p)
				}
			}, func() {
				if m.current() == nil {
					disturb() // it may be the only one
					m.start()
				}
			}
	case plan.Restart:
		if e.InMessage() {
			return w.inMessage(atClaim, func(p *process) {
				disturb()
				w.record.disturbed(p, plan.Restart)
				p.quit()
				p.machine.keep()
			})
		}
		return func() {
				if p := m.current(); p != nil && !p.isPaused() { // who is paused cannot be asked
					if !w.others(m) {
						disturb()
					}
					w.record.disturbed(p, plan.Restart)
					p.quit()
				}
			}, func() {
				if m.current() == nil {
					if !w.others(m) {
						disturb()
					}
					m.start()
				}
			}
	case plan.Deploy:
		var old *process
		return func() {
				old = m.current()
				m.build++
				if old != nil && old.isPaused() {
					old = nil // nobody answers who could be asked to stop
					return
				}
				m.start()
			}, func() {
				if old != nil && !old.hasEnded() {
					w.record.disturbed(old, plan.Deploy)
					if !w.others(nil) {
						disturb()
					}
					old.quit()
					m.keep()
				}
			}
	case plan.Pause, plan.Sleep:
		var p *process
		began := time.Time{}
		return func() {
				if p = m.current(); p != nil && (p.isPaused() || p.isTrapped()) {
					p = nil // it does not run as it is
				}
				if p != nil {
					disturb()
					w.record.disturbed(p, plan.Pause)
					if began = time.Now(); e.Kind == plan.Pause && e.By > 0 {
						m.befall(e)
						p.pauseAt(trap(min(e.By, int64(atReply))))
					} else {
						p.pause()
					}
				}
			}, func() {
				disturb()
				m.mend(e)
				if p != nil && e.Kind == plan.Sleep {
					p.sleeps(time.Since(began))
				}
				if p != nil {
					p.resume()
				}
			}
	case plan.Refused, plan.Unheard, plan.Deaf, plan.Flaky, plan.Slow, plan.Step, plan.Skew:
		return func() {
				disturb()
				m.befall(e)
			}, func() {
				disturb()
				m.mend(e)
			}
	case plan.Outage, plan.Full:
		if e.InMessage() {
			befell := false
			begin, end := w.inMessage(atTold, func(*process) {
				befell = true
				disturb()
				w.befall(e)
				w.record.suffered(e)
			})
			return begin, func() {
				if end(); befell {
					disturb()
					w.mend(e)
				}
			}
		}
		return func() {
				disturb()
				w.befall(e)
			}, func() {
				disturb()
				w.mend(e)
			}
	case plan.Unfit:
		return func() {
			w.befall(e)
			for _, p := range w.record.living() {
				p.giveUp()
			}
		}, func() { w.mend(e) }
	case plan.Mute, plan.Echo, plan.Offline, plan.LoggedOut, plan.Queue:
		return func() { w.befall(e) }, func() { w.mend(e) }
	case plan.Length:
		return func() {
				disturb()
				w.interval = time.Duration(e.By) * time.Second
				for _, p := range w.record.living() {
					if p.isPaused() { // who cannot be asked is ended
						w.record.disturbed(p, plan.Crash)
						p.crash()
						continue
					}
					w.record.disturbed(p, plan.Restart)
					p.quit()
				}
			}, func() {
				disturb()
				for _, m := range w.machines {
					m.keep()
				}
			}
	case plan.Erased:
		return func() {
			if w.allRemember() && w.nothingAfter(e) {
				disturb()
				w.erase()
			}
		}, nil
	case plan.Retention:
		return func() {
			w.configure(context.Background(), func(s *longrun.Settings) { s.RetentionDays = map[string]int64{"heartbeats": e.By} })
		}, nil
	case plan.Throttle:
		return func() {
			w.configure(context.Background(), func(s *longrun.Settings) { s.AlertThresholds.ThrottleSec = float64(max(e.By, 60)) })
		}, nil
	case plan.Probing:
		return func() {
			w.configure(context.Background(), func(s *longrun.Settings) {
				s.ProbeEverySec = map[string]float64{string(longrun.Outbound): float64(max(e.By, 60))}
			})
		}, nil
	}
	return func() { w.record.blame("config", "there is no %q", e.Kind) }, nil
}

// inMessage has something befall whoever leads in the middle of its next message, if
// there is one before the end.
func (w *world) inMessage(at trap, do func(*process)) (begin, end func()) {
	var p *process
	over := false
	return func() {
			p = w.record.leader()
			if p != nil && (p.isPaused() || !p.telling(at, func() {
				if !over && !p.hasEnded() {
					w.record.inMessage++
					do(p)
				}
			})) {
				p = nil
			}
		}, func() {
			if over = true; p != nil {
				p.telling(at, nil)
			}
		}
}

// crash ends a process. Who was lied to waits for the lease, and so do all behind a
// holder that was overthrown while it could trust its own.
func (w *world) crash(p *process) {
	if !w.plan.Witnessed || w.plan.Liar || w.plan.Has(plan.Erased) || !w.others(p.machine) {
		w.quiet = time.Now()
	}
	w.record.disturbed(p, plan.Crash)
	p.crash()
}

// allRemember reports whether there are processes, and each has run for long enough to
// have seen the lock's row.
func (w *world) allRemember() bool {
	living := w.record.living()
	for _, p := range living {
		p.machine.mu.Lock()
		well := len(p.machine.faults) == 0
		p.machine.mu.Unlock()
		if !well || p.isPaused() || time.Since(p.began) < 2*w.plan.Longest() {
			return false
		}
	}
	return len(living) > 0 && !w.suffers(plan.Outage) && !w.suffers(plan.Full)
}

// nothingAfter reports whether nothing happens before one that remembers the lock's row
// has surely looked for it.
func (w *world) nothingAfter(e *plan.Event) bool {
	until := e.At + 2*w.plan.Interval
	return !slices.ContainsFunc(w.plan.Events, func(o plan.Event) bool {
		begins, ends := o.At, o.At+o.Duration
		return o != *e && (begins >= e.At && begins <= until || ends >= e.At && ends <= until)
	})
}

// others reports whether a process is well on another machine than m.
func (w *world) others(m *machine) bool {
	for _, o := range w.machines {
		if o == m {
			continue
		}
		o.mu.Lock()
		well := o.now != nil && len(o.faults) == 0
		p := o.now
		o.mu.Unlock()
		if well && !p.isPaused() && time.Since(p.began) > 5*time.Second {
			return true
		}
	}
	return false
}

func (p *process) hasEnded() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.ended.IsZero()
}

// keep makes sure that its machine has a process.
func (m *machine) keep() {
	if m.current() == nil {
		m.start()
	}
}

// describe says what an event is, for the log.
func (w *world) describe(e *plan.Event) string {
	who := "all"
	if e.OfOne() {
		who = w.machines[e.Instance].name
	}
	return fmt.Sprintf("%s befalls %s for %s, by %d", e.Kind, who, time.Duration(e.Duration), e.By)
}

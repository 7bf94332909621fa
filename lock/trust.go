package lock

import (
	"fmt"
	"time"
)

// elapsed is how much time passed between two readings of one clock, by its
// monotonic or its wall part, whichever ran further. The monotonic part stands
// still while the machine sleeps, and the wall part can be set back; each covers
// for the other, and the error is always towards less trust.
func elapsed(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}

// left is how long the lease may still be trusted; not positive when it is over.
func (l *Lease) left(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lock.opts.trust() - elapsed(l.since, now)
}

// renewed moves the start of trust to the start of an attempt that landed,
// never to the moment in which that became known.
func (l *Lease) renewed(start time.Time, note string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since, l.note, l.trouble = start, note, nil
}

// setTrouble remembers what stands in the way, for the reason of a loss.
func (l *Lease) setTrouble(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trouble = err
}

// guard ends the lease when trust does, whatever any call of the store is doing
// then. It looks again at least once per Margin, so that a machine which slept,
// and whose timers slept with it, notices soon after waking.
func (l *Lease) guard() {
	left := l.left(l.lock.opts.Clock.Now())
	if left <= 0 {
		l.distrust()
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.life.Err() == nil {
		l.alarm = l.lock.opts.Clock.AfterFunc(min(left, l.lock.opts.Margin), l.guard)
	}
}

// distrust ends the lease because nothing has landed for too long.
func (l *Lease) distrust() {
	l.mu.Lock()
	trouble, since := l.trouble, l.since
	l.mu.Unlock()
	l.finish(&LostError{
		Token: l.token, Err: trouble, Since: since,
		reason: fmt.Sprintf("nothing landed for %v", l.lock.opts.trust()),
	})
}

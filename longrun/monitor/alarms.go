package monitor

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// alarms has the rules judged once per slot while this instance leads, and what
// they find told to people. It outlives a lead; the watch of a lead does the
// work, in one goroutine.
type alarms struct {
	m       *Monitor
	channel *channel
	mute    *mute
	wake    chan struct{} // there is something to look at

	mu       sync.Mutex
	watching bool
	looked   *look           // what the rules are to see next; nil when they have
	filled   []longrun.Slot  // that got a beat since they looked
	told     map[string]bool // messages that a channel took from this process
	shown    []AlarmStatus
	waiting  int
	judged   time.Time
}

// look is what a beat brings for the rules.
type look struct {
	beat     longrun.Heartbeat
	accounts []longrun.AccountStatus
}

func newAlarms(m *Monitor) *alarms {
	return &alarms{
		m: m, channel: newChannel(m.cfg, m.once), mute: &mute{m: m},
		wake: make(chan struct{}, 1), told: make(map[string]bool),
	}
}

// made is told of each beat when it is made: its slot is not missed, however long
// the store takes.
func (a *alarms) made(l look) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.watching {
		return
	}
	a.looked = &l
	a.filled = append(a.filled, l.beat.Slot(a.m.cfg.Interval))
	a.nudge()
}

func (a *alarms) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// take returns what came since the last take.
func (a *alarms) take() (*look, []longrun.Slot) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l, filled := a.looked, a.filled
	a.looked, a.filled = nil, nil
	return l, filled
}

// begin and end bound a lead.
func (a *alarms) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.watching, a.looked, a.filled = true, nil, nil
}

func (a *alarms) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.watching, a.looked, a.filled, a.shown, a.waiting, a.judged = false, nil, nil, nil, 0, time.Time{}
}

// maxTold bounds what is remembered of sent messages: those that the store could
// not be told of are few, and of the last hours.
const maxTold = 1000

// noteTold remembers that the channel took these messages, so that this process
// does not send them again should the store not hear of it.
func (a *alarms) noteTold(ids []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.told) > maxTold {
		clear(a.told)
	}
	for _, id := range ids {
		a.told[id] = true
	}
}

func (a *alarms) wasTold(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.told[id]
}

// run watches until the lead ends.
func (a *alarms) run(ctx context.Context, lease *lock.Lease) {
	a.begin()
	defer a.end()
	w := newWatch(a, lease)
	a.m.askForBeat() // the one of the grant may have come before anyone watched
	for {
		restored, err := w.restore(ctx)
		if restored {
			break
		}
		a.m.once.report(ctx, levelOf(err), "alarms", "restore", "alerts wait: what stands in the store cannot be read", "error", err)
		if !sleep(ctx, a.m.cfg.Clock, min(5*time.Second, a.m.cfg.Interval)) {
			return
		}
	}
	a.m.once.over("alarms")
	for ctx.Err() == nil {
		wait := w.turn(ctx)
		waiting, cancel := deadline.With(ctx, a.m.cfg.Clock, wait)
		select {
		case <-waiting.Done():
		case <-a.wake:
		case o := <-w.outcomes:
			w.sentOff(ctx, o)
		}
		cancel()
	}
	w.leave(ctx)
}

// publish hands over what Status shows.
func (a *alarms) publish(shown []AlarmStatus, waiting int, judged time.Time) {
	slices.SortFunc(shown, func(x, y AlarmStatus) int {
		order := longrun.Rules()
		return cmp.Or(cmp.Compare(slices.Index(order, x.Rule), slices.Index(order, y.Rule)), cmp.Compare(x.Target, y.Target))
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shown, a.waiting, a.judged = shown, waiting, judged
}

func (a *alarms) status() AlertsStatus {
	a.mu.Lock()
	s := AlertsStatus{Judged: a.judged, Alarms: slices.Clone(a.shown), Waiting: a.waiting}
	a.mu.Unlock()
	s.Channel = a.channel.status()
	return s
}

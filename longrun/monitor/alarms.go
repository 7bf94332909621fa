package monitor

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leading"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// alarms has the rules judged once per slot while this instance leads, and what
// they find told to people. It outlives a lead; the watch of a lead does the
// work, in one goroutine.
type alarms struct {
	m       *Monitor
	channel *channel
	mute    *mute
	wake    chan struct{} // there is something to look at

	sends sync.WaitGroup // of the messages under way
	// life ends with Run and not with a lead: that alone breaks off no message.
	life context.Context //nolint:containedctx // it is a lifetime
	die  context.CancelFunc

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
		m: m, channel: newChannel(m.cfg, m.deps.Log), mute: &mute{m: m},
		wake: make(chan struct{}, 1), told: make(map[string]bool),
	}
}

// open and close bound a Run.
func (a *alarms) open(ctx context.Context) {
	a.life, a.die = context.WithCancel(context.WithoutCancel(ctx))
}

// close breaks off what is being sent still. It returns soon: whoever sends does
// not wait for an alerter that ignores the end of its context.
func (a *alarms) close() {
	a.die()
	a.sends.Wait()
}

// made is told of each beat when it is made: its slot is not missed, however long
// the store takes. One that comes before anyone watches is kept: the host is not
// asked twice for the slot in which a lead begins.
func (a *alarms) made(l look) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.looked = &l
	if a.watching {
		a.filled = append(a.filled, l.beat.Slot(a.m.cfg.Interval))
		a.nudge()
	}
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

// begin and end bound a lead. What was made in the slot that now goes on counts
// for it.
func (a *alarms) begin() {
	now := longrun.SlotAt(a.m.cfg.Clock.Now(), a.m.cfg.Interval)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.watching, a.filled = true, nil
	if a.looked == nil || a.looked.beat.Slot(a.m.cfg.Interval) != now {
		a.looked = nil
		return
	}
	a.filled = append(a.filled, now)
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
func (a *alarms) run(ctx context.Context, lease leading.Lead) error {
	a.begin()
	defer a.end()
	w := newWatch(a, lease)
	for {
		err := w.restore(ctx)
		if err == nil {
			break
		}
		if ctx.Err() == nil {
			a.m.deps.Log.Once(ctx, slog.LevelWarn, "alarms", "restore", "alerts wait: what stands in the store cannot be read", "error", err)
		}
		if !deadline.Sleep(ctx, a.m.cfg.Clock, min(5*time.Second, a.m.cfg.Interval)) {
			return nil
		}
	}
	a.m.deps.Log.Over("alarms")
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
	return nil
}

// publish hands over what Status shows.
func (a *alarms) publish(shown []AlarmStatus, waiting int, judged time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shown, a.waiting, a.judged = shown, waiting, judged
}

func (a *alarms) status() AlertsStatus {
	a.mu.Lock()
	s := AlertsStatus{Judged: a.judged, Alarms: slices.Clone(a.shown), Waiting: a.waiting}
	a.mu.Unlock()
	if al, ok := a.m.outages.status(); ok {
		s.Alarms = append(s.Alarms, al)
	}
	order := rules.Rules()
	slices.SortFunc(s.Alarms, func(x, y AlarmStatus) int {
		return cmp.Or(cmp.Compare(slices.Index(order, x.Rule), slices.Index(order, y.Rule)), cmp.Compare(x.Target, y.Target))
	})
	s.Channel = a.channel.status()
	return s
}

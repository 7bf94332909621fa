package sim

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/chance"
	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	accounts = plan.Accounts

	probeEvery, probeRetry = 2 * time.Hour, 20 * time.Minute
)

// slowly is how often the host takes its time to say how it is.
const slowly = 0.1

// accountName is the ID of the host's account of a number.
func accountName(n int) string { return "ops-" + strconv.Itoa(n+1) }

// status is what the host says of itself, whichever process asks.
func (p *process) status(ctx context.Context) (longrun.HostStatus, error) {
	p.awake("status", "")
	p.mu.Lock()
	p.asks = append(p.asks, time.Now())
	p.mu.Unlock()
	if d := p.draw("status", "", instant()); d < slowly {
		if err := p.w.nap(ctx, time.Duration(d/slowly*float64(4*time.Second)), nil); err != nil {
			return longrun.HostStatus{}, err
		}
		p.awake("status", "said")
	}
	s := longrun.HostStatus{Healthy: true}
	offline := p.w.lasting(plan.Offline)
	for n := range accounts {
		a := longrun.AccountStatus{ID: accountName(n), State: "connected", Since: p.w.wellSince(n)}
		out := p.w.lastingAt(plan.LoggedOut, n)
		switch {
		case out != nil:
			a.State, a.LoggedOut, a.Since, a.Away, a.Reason = "needs_qr", true, p.w.at(out), p.w.at(out), "logged_out_401"
			s.NeedsQR++
		case offline != nil:
			a.State, a.Since, a.Away = "reconnecting", p.w.at(offline), p.w.at(offline)
			s.Reconnecting++
		default:
			s.Connected++
		}
		s.Accounts = append(s.Accounts, a)
	}
	if q := p.w.lasting(plan.Queue); q != nil {
		s.QueueDepth = q.By
	}
	return s, nil
}

// health is what a beat says of the host.
type health string

const (
	well, sick health = "well", "not well"
	unsaid     health = "not known"
)

func healthOf(h *longrun.Heartbeat) health {
	switch {
	case h.HealthUnknown:
		return unsaid
	case h.Healthy:
		return well
	}
	return sick
}

// beatOf is the heartbeat that an operation writes.
func beatOf(op store.Op) (h longrun.Heartbeat, ok bool) {
	doc, odd := op.Value.(map[string]any) // it says null where a heartbeat has a value
	if !odd {
		h, ok = op.Value.(longrun.Heartbeat)
		return h, ok
	}
	text, err := json.Marshal(doc)
	if err != nil || doc["bucketId"] == nil || json.Unmarshal(text, &h) != nil {
		return h, false
	}
	h.HealthUnknown = doc["healthy"] == nil
	return h, true
}

// Probe implements probe.Prober.
func (p *process) Probe(ctx context.Context) (probe.Result, error) {
	p.awake("probe", "")
	if err := p.w.nap(ctx, 300*time.Millisecond+time.Duration(p.draw("probe", "", instant())*float64(time.Second)), nil); err != nil {
		return probe.Result{}, err
	}
	p.awake("probe", "done")
	if p.w.lasting(plan.Offline) != nil {
		return probe.Failed("no_receipt", "nothing came back"), nil
	}
	return probe.Result{Status: probe.Pass}, nil
}

// Alert implements alert.Alerter: the one channel of all.
func (p *process) Alert(ctx context.Context, m alert.Message) error {
	p.awake("alert", "")
	if err := p.w.nap(ctx, 50*time.Millisecond+time.Duration(p.draw("alert", "", instant())*float64(200*time.Millisecond)), nil); err != nil {
		return err
	}
	p.awake("alert", "done")
	switch {
	case p.isDead():
		return errGone
	case p.w.suffers(plan.Mute):
		return errors.New("sim: the channel is down")
	}
	p.w.record.heard(p, m)
	if p.tells(atTold); p.isDead() {
		return errGone
	}
	if p.w.suffers(plan.Echo) {
		return errors.New("sim: the channel's answer got lost")
	}
	return nil
}

// anchor keeps the newest checkpoint, where nobody can change it.
func (p *process) anchor(_ context.Context, checkpoint string) error {
	p.awake("anchor", "")
	if p.isDead() {
		return errGone
	}
	p.w.record.anchored(checkpoint)
	return nil
}

// morgue knows which processes live.
type morgue struct {
	mu   sync.Mutex
	gone map[string]chan struct{} // by the sign's name
	liar bool
}

// witness is what one process has of it.
type witness struct {
	*morgue
	p   *process
	own []chan struct{}
}

var _ store.Witness = (*witness)(nil)

// Hold implements store.Witness.
func (v *witness) Hold(_ context.Context, name string) (string, func(bool), error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	ch := make(chan struct{})
	v.gone[name] = ch
	v.own = append(v.own, ch)
	return "morgue", func(bool) {}, nil
}

func (v *witness) dies() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, ch := range v.own {
		close(ch)
	}
	v.own = nil
}

// Seize implements store.Witness. A liar says of one in three askings that who lives is
// gone.
func (v *witness) Seize(ctx context.Context, name, _ string, wait bool) (func(bool), error) {
	v.p.awake("seize", name)
	v.mu.Lock()
	ch := v.gone[name]
	v.mu.Unlock()
	if ch == nil {
		return nil, errors.New("sim: there is no such sign")
	}
	if v.liar && v.p.draw("lie", "", instant()) < 1.0/3 {
		return func(bool) {}, nil
	}
	if !wait {
		select {
		case <-ch:
			return func(bool) {}, nil
		default:
			return nil, store.ErrAlive
		}
	}
	select {
	case <-ch:
		return func(bool) {}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// ownClock is the time as one process has it, with two hands as a real one: the wall's
// can be set; the monotonic one stands still while the machine sleeps. Timers follow
// that one. All stops while the process is paused: what was to wake it does so when it
// runs again.
type ownClock struct {
	clock.Clock
	p *process
}

var _ chance.Clock = (*ownClock)(nil)

func (p *process) clock() *ownClock { return &ownClock{Clock: clock.New(), p: p} }

// outside has a monotonic reading, which times in a bubble have not.
var outside = time.Now() //nolint:gochecknoglobals // it cannot be had in a bubble

// Now implements clock.Clock.
func (c *ownClock) Now() time.Time {
	now := time.Now()
	wall, monotonic := c.p.machine.ahead()
	t := outside.Add(now.Sub(c.p.w.began) + monotonic - c.p.sleptFor())
	return setWall(t, now.Add(wall))
}

// setWall moves the wall's hand of a time and leaves the monotonic one. Package time
// has no way to say that, so this relies on the layout of time.Time: wall, then ext,
// which is the monotonic reading where there is one.
func setWall(t, wall time.Time) time.Time {
	d := wall.Sub(t.Round(0))
	t = t.Add(d) // moves both
	(*[2]int64)(unsafe.Pointer(&t))[1] -= int64(d)
	return t
}

// sleepy is how much later than it was to a timer may wake its goroutine.
const sleepy = 40 * time.Microsecond

// AfterFunc implements clock.Clock. No two timers that are due in one instant wake their
// goroutines in one: which comes first would be the scheduler's to say.
func (c *ownClock) AfterFunc(d time.Duration, f func()) *clock.Timer {
	n := instant() + int(d)*7919
	d += time.Duration(c.p.draw("timer", "", n) * float64(sleepy))
	due, slept := time.Now().Add(d), c.p.sleptFor()
	return c.Clock.AfterFunc(d, func() {
		c.p.awake("timer", strconv.Itoa(n))
		for !c.p.isDead() {
			late := time.Until(due.Add(c.p.sleptFor() - slept))
			if late <= 0 {
				break
			}
			time.Sleep(late)
			c.p.awake("timer", strconv.Itoa(n))
		}
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

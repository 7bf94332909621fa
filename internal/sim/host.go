package sim

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/store"
)

const (
	// accounts is how many the host has.
	accounts = 2

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
	offline := p.w.lasting(Offline)
	for n := range accounts {
		a := longrun.AccountStatus{ID: accountName(n), State: "connected", Since: p.w.wellSince(n)}
		out := p.w.lastingAt(LoggedOut, n)
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
	if q := p.w.lasting(Queue); q != nil {
		s.QueueDepth = q.By
	}
	return s, nil
}

// Probe implements probe.Prober.
func (p *process) Probe(ctx context.Context) (probe.Result, error) {
	p.awake("probe", "")
	if err := p.w.nap(ctx, 300*time.Millisecond+time.Duration(p.draw("probe", "", instant())*float64(time.Second)), nil); err != nil {
		return probe.Result{}, err
	}
	p.awake("probe", "done")
	if p.w.lasting(Offline) != nil {
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
	case p.w.suffers(Mute):
		return errors.New("sim: the channel is down")
	}
	p.w.record.heard(p, m)
	if p.w.suffers(Echo) {
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

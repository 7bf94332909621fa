package whatsappprobe

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/deadline"
	"github.com/seed-13dc028d/longwatch/probe"
)

// RingOptions are the optional settings of Ring.
type RingOptions struct {
	// Each is how long one message may take. A probe whose message does not arrive
	// sends another one, to tell who is to blame: give the probe three times as long.
	// Default: 9 s, which fits into the usual 30 s.
	Each time.Duration
	// IgnoreReplay is as in InboundOptions. Default: what was sent to an account while
	// it was away must come when it is back.
	IgnoreReplay bool
	// Burst is how many messages may be sent at once from one account to another; then
	// it is one every 30 s. Raise it only where no WhatsApp is at the other end.
	// Default: 12.
	Burst int
	// Clock is the time. Default: the wall clock.
	Clock clock.Clock
}

// Ring returns a prober for each of many accounts of yours, in their order, that needs
// no other account: each is sent a message by the one before it, the first by the last.
// One message so tests what one account sends and what the next one gets.
//
// Where it does not arrive, the same sender tries the account behind. If that works,
// the account itself is to blame, and the result is its FAIL. If that fails too, it
// is the sender: the result is an error of class "sender_…", and the sender's own
// probe, the next time it is made, sends once more, to yet another account, and is
// FAIL if that is lost as well. With two accounts nobody can tell which it is: each
// FAIL counts for the one that did not get the message.
//
// The probers are for longrun.Inbound, each with the account's name. They add event
// handlers to the clients for their lives. An account whose client, or whose sender's,
// is nil is not configured; opts may be nil.
func Ring(clients []Client, opts *RingOptions) []probe.Prober {
	var o RingOptions
	if opts != nil {
		o = *opts
	}
	if o.Each == 0 {
		o.Each = defaultEach
	}
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	n := len(clients)
	between := func(from, to int) probe.Prober {
		if from == to {
			return notConfigured
		}
		return Inbound(clients[from], clients[to], &InboundOptions{IgnoreReplay: o.IgnoreReplay, Burst: o.Burst, Clock: o.Clock})
	}
	members := make([]*member, n)
	for i := range n {
		members[i] = &member{each: o.Each, clock: o.Clock, near: between(i, (i+1)%n)}
		if n > 2 {
			members[i].far = between(i, (i+2)%n)
		}
	}
	probers := make([]probe.Prober, n)
	for i, m := range members {
		m.before = members[(i+n-1)%n]
		probers[i] = m
	}
	return probers
}

const defaultEach = 9 * time.Second

// member is an account of a ring, as a sender to the two behind it.
type member struct {
	before    *member
	near, far probe.Prober // to the next account, and to the one behind that; far may be nil
	each      time.Duration
	clock     clock.Clock

	mu      sync.Mutex
	accused bool // of losing what it sends
}

// Probe implements probe.Prober.
func (m *member) Probe(ctx context.Context) (probe.Result, error) {
	r, err := m.send(ctx, m.before.near)
	switch {
	case err != nil || r.Status == probe.Fail && !blamesReceiver(r.Class):
		return r, err
	case r.Status == probe.Fail:
		return m.tellApart(ctx, r)
	case m.far == nil || !m.isAccused():
		return r, nil
	}
	own, err := m.send(ctx, m.far)
	if err != nil {
		return r, nil //nolint:nilerr // what it gets is well, and of what it sends nobody can tell now
	}
	if own.Status == probe.Fail {
		own.Detail = "what the account sends is lost on the way to two others: " + own.Detail
		return own, nil
	}
	m.accuse(false)
	return r, nil
}

// tellApart says whose the failure of a message to the account is.
func (m *member) tellApart(ctx context.Context, failed probe.Result) (probe.Result, error) {
	if m.before.far == nil {
		return failed, nil
	}
	other, err := m.send(ctx, m.before.far)
	switch {
	case err != nil:
		failed.Detail += "; whether it is the sender could not be told"
		return failed, nil //nolint:nilerr // what failed has failed
	case other.Status == probe.Pass:
		m.before.accuse(false)
		failed.Detail += "; the same sender reaches another account"
		return failed, nil
	}
	m.before.accuse(true)
	return probe.Result{}, probe.Inconclusive("sender_"+failed.Class, errors.New("what the sender sends is lost on the way to another account, too"))
}

// send sends one message in its time.
func (m *member) send(ctx context.Context, to probe.Prober) (probe.Result, error) {
	ctx, cancel := deadline.With(ctx, m.clock, m.each)
	defer cancel()
	return to.Probe(ctx)
}

func (m *member) accuse(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.accused = on
}

func (m *member) isAccused() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.accused
}

// blamesReceiver reports whether a class says that the server took a message which the
// receiver does not show: then the sender may be to blame as well.
func blamesReceiver(class string) bool {
	return class == "acked_not_delivered" || class == "undecryptable" || class == "arrived_late"
}

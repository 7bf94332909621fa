package sim

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store"
)

var (
	errGone    = errors.New("sim: this process is gone")
	errRefused = errors.New("sim: no way to the store")
	errFull    = errors.New("sim: the disk is full")
)

// gate is the way of one process to the store.
type gate struct{ p *process }

var (
	_ store.Store   = (*gate)(nil)
	_ store.Watcher = (*gate)(nil)
)

// near is how long a request takes on its way, at most, where nothing is wrong. No two
// take the same time, so that their order is not the scheduler's.
const near = 4 * time.Millisecond

// trip is one request: what becomes of it was drawn when it began.
type trip struct {
	g               *gate
	method, path    string
	write           bool
	way, back       time.Duration
	detached        bool // it arrives, whoever waits
	lost, replyLost bool
}

// begin is what a request meets on its way there. The error is its result.
func (g *gate) begin(ctx context.Context, method string, key store.Key) (*trip, error) {
	p := g.p
	path := key.Collection + "/" + key.ID
	slept := method == "commit" && p.trapped(atWrite) || p.isPaused()
	p.awake(method, path)
	if p.isDead() {
		return nil, errGone
	}
	n := instant()
	t := &trip{g: g, method: method, path: path, write: method == "commit"}
	t.way = 100*time.Microsecond + time.Duration(p.draw(method, path, n)*float64(near))
	m := p.machine
	t.detached = slept && t.write // it was being sent, and is
	if e := m.suffers(plan.Slow); e != nil {
		all := time.Duration(p.draw("slow", path, n) * float64(e.By) * float64(time.Second))
		t.back = time.Duration(p.draw("slow back", path, n) * float64(all))
		t.way += all - t.back
		t.detached = t.write
	}
	if e := m.suffers(plan.Flaky); e != nil {
		share := float64(e.By) / 100
		t.lost = p.draw("lost", path, n) < share
		t.replyLost = p.draw("reply", path, n) < share
	}
	switch {
	case m.suffers(plan.Refused) != nil:
		return nil, p.w.nap(ctx, t.way, errRefused)
	case m.suffers(plan.Unheard) != nil || t.lost:
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	return t, nil
}

// arrive is what the store says, to whom it says anything.
func (t *trip) arrive(ctx context.Context) error {
	switch w := t.g.p.w; {
	case w.suffers(plan.Outage):
		<-ctx.Done()
		return context.Cause(ctx)
	case t.write && w.suffers(plan.Full):
		return errFull
	}
	return nil
}

// end is what a reply meets on its way back.
func (t *trip) end(ctx context.Context) error {
	p := t.g.p
	if t.back > 0 {
		if err := p.w.nap(ctx, t.back, nil); err != nil {
			return err
		}
	}
	if t.write {
		p.trapped(atReply)
	}
	p.awake("the reply to "+t.method, t.path)
	switch {
	case p.isDead():
		return errGone
	case t.replyLost, p.machine.suffers(plan.Deaf) != nil, p.machine.suffers(plan.Unheard) != nil:
		<-ctx.Done()
		return context.Cause(ctx)
	case p.machine.suffers(plan.Refused) != nil:
		return errRefused
	}
	return nil
}

// nap waits, and returns then; the error is the context's where that ends before.
func (w *world) nap(ctx context.Context, d time.Duration, then error) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return then
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Get implements store.Store.
func (g *gate) Get(ctx context.Context, key store.Key) (store.Record, error) {
	t, err := g.begin(ctx, "get", key)
	if err == nil {
		err = g.p.w.nap(ctx, t.way, nil)
	}
	if err == nil {
		err = t.arrive(ctx)
	}
	if err != nil {
		return store.Record{}, err
	}
	rec, err := g.p.w.store.Get(ctx, key)
	if lost := t.end(ctx); lost != nil {
		return store.Record{}, lost
	}
	if err == nil && key == g.p.w.ledger.SettingsKey() {
		g.p.learns()
	}
	return rec, err
}

// Scan implements store.Store.
func (g *gate) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		t, err := g.begin(ctx, "scan", store.Key{Collection: q.Collection})
		if err == nil {
			err = g.p.w.nap(ctx, t.way, nil)
		}
		if err == nil {
			err = t.arrive(ctx)
		}
		if err != nil {
			yield(store.Record{}, err)
			return
		}
		for rec, err := range g.p.w.store.Scan(ctx, q) {
			if !yield(rec, err) || err != nil {
				return
			}
		}
		if lost := t.end(ctx); lost != nil {
			yield(store.Record{}, lost)
		}
	}
}

// Commit implements store.Store. What is under way when its process crashes arrives,
// as a packet does.
func (g *gate) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	key := leastKey(ops)
	row, held := ops[0].Value.(lock.Row)
	if held { // two of one instant, where one was given up
		key.ID += "#" + strconv.FormatInt(row.Seq, 10)
	}
	since, asked := g.p.clock().Now(), time.Now()
	stamps, err := g.send(ctx, key, ops)
	if held && err == nil && ctx.Err() == nil {
		g.p.hears(row, since, asked)
	}
	return stamps, err
}

func (g *gate) send(ctx context.Context, key store.Key, ops []store.Op) ([]store.Stamp, error) {
	t, err := g.begin(ctx, "commit", key)
	if err != nil {
		return nil, err
	}
	if t.detached {
		return g.late(ctx, t, ops)
	}
	if err := g.p.w.nap(ctx, t.way, nil); err != nil {
		return nil, err
	}
	if err := t.arrive(ctx); err != nil {
		return nil, err
	}
	stamps, err := g.p.w.commit(ctx, g.p, ops)
	if err == nil && claims(ops) {
		g.p.tells(atClaim)
	}
	if lost := t.end(ctx); lost != nil {
		return nil, lost
	}
	return stamps, err
}

// claims reports whether a commit claims a message.
func claims(ops []store.Op) bool {
	return slices.ContainsFunc(ops, func(op store.Op) bool {
		n, ok := op.Value.(longrun.Notice)
		return ok && n.State == longrun.Waiting && n.ClaimedUntil != nil
	})
}

// leastKey names a commit, in whichever order its documents stand: by those that it
// writes beside the lock's row.
func leastKey(ops []store.Op) (least store.Key) {
	if len(ops) > 1 {
		if _, ok := ops[0].Value.(lock.Row); ok {
			ops = ops[1:]
		}
	}
	for i, op := range ops {
		if i == 0 || op.Key.String() < least.String() {
			least = op.Key
		}
	}
	return least
}

// late is a commit that arrives though its caller has given up.
func (g *gate) late(ctx context.Context, t *trip, ops []store.Op) ([]store.Stamp, error) {
	var stamps []store.Stamp
	arrived := spawn.Start("a slow request", func() error {
		patient := context.Background()
		time.Sleep(t.way)
		if g.p.w.suffers(plan.Outage) {
			return errRefused
		}
		if err := t.arrive(patient); err != nil {
			return err
		}
		var err error
		stamps, err = g.p.w.commit(patient, g.p, ops)
		return err
	})
	select {
	case err := <-arrived:
		if lost := t.end(ctx); lost != nil {
			return nil, lost
		}
		return stamps, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Watch implements store.Watcher: signals do not come through a link that is broken,
// nor to who is paused.
func (g *gate) Watch(ctx context.Context, key store.Key) (<-chan struct{}, error) {
	watcher, ok := g.p.w.store.(store.Watcher)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	t, err := g.begin(ctx, "watch", key)
	if err == nil {
		err = g.p.w.nap(ctx, t.way, nil)
	}
	if err == nil {
		err = t.arrive(ctx)
	}
	if err != nil {
		return nil, err
	}
	in, err := watcher.Watch(ctx, key)
	if err != nil {
		return nil, err
	}
	out := make(chan struct{}, 1)
	spawn.Start("a watch", func() error {
		defer close(out)
		for range in {
			g.p.awake("watch", t.path)
			m := g.p.machine
			if g.p.isDead() || m.suffers(plan.Refused) != nil || m.suffers(plan.Unheard) != nil || m.suffers(plan.Deaf) != nil || g.p.w.suffers(plan.Outage) {
				continue
			}
			select {
			case out <- struct{}{}:
			default: // one waits already
			}
		}
		return nil
	})
	return out, nil
}

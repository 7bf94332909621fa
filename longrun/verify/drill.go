package verify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// What a drill is made with unless told otherwise: the shortest lease that a
// monitor takes, so that it is over in half a minute.
const (
	DefaultDrillRoot     = "wa_metrics_drill"
	DefaultDrillInterval = time.Second
	DefaultDrillLease    = 4 * time.Second
)

// DrillMonitor is what a drill asks for to be started: a monitor of the host's own
// making, as it would be in production but for these.
type DrillMonitor struct {
	Store           store.Store
	Root            string
	InstanceID      string
	Interval, Lease time.Duration
}

// DrillOptions say how Drill is made.
type DrillOptions struct {
	// Start makes a monitor and returns its Run. Required. This package does not
	// know the monitor that it checks:
	//
	//	Start: func(d verify.DrillMonitor) (func(context.Context) error, error) {
	//		m, err := monitor.New(monitor.Config{
	//			Store: d.Store, Root: d.Root, InstanceID: d.InstanceID, Interval: d.Interval, Lease: d.Lease,
	//		})
	//		if err != nil {
	//			return nil, err
	//		}
	//		return m.Run, nil
	//	},
	Start func(DrillMonitor) (run func(context.Context) error, err error)
	// Root is the collection in which the drill has a document of its own, under
	// which everything is written. Default: DefaultDrillRoot.
	Root string
	// Interval and Lease are those of the monitors. Defaults:
	// DefaultDrillInterval, DefaultDrillLease.
	Interval, Lease time.Duration
	// Poll is the longest that a standby goes without looking. Default: what a
	// monitor's lock derives from Lease.
	Poll time.Duration
	// Patience is how long the whole may take. Default: ten leases and a minute.
	Patience time.Duration
	// Step is told what happens. Default: none.
	Step func(text string)
}

func (o DrillOptions) withDefaults() (DrillOptions, error) {
	if o.Start == nil {
		return o, errors.New("verify: Start is required")
	}
	if o.Root == "" {
		o.Root = DefaultDrillRoot
	}
	if o.Interval == 0 {
		o.Interval = DefaultDrillInterval
	}
	if o.Lease == 0 {
		o.Lease = DefaultDrillLease
	}
	if o.Interval < 0 || o.Lease < 0 || o.Poll < 0 || o.Patience < 0 {
		return o, errors.New("verify: a duration is negative")
	}
	if o.Poll == 0 {
		o.Poll = min(o.Lease/24, 5*time.Second)
	}
	if o.Patience == 0 {
		o.Patience = 10*o.Lease + time.Minute
	}
	if o.Step == nil {
		o.Step = func(string) {}
	}
	// A number, so that nobody mistakes it for a root that is in use.
	o.Root += "/" + strings.ToLower(rand.Text()[:12])
	return o, store.ValidateDocument(o.Root)
}

// drillBeats is how many beats each leader writes.
const drillBeats = 3

// Drill provokes what RestartSafe looks for afterwards. In a namespace of its own
// in st it starts two monitors, lets the leader write some beats, and cuts it off
// between one beat and the next, as if its host had lost power: nothing of it
// reaches the store any more, no release either. When the other has taken over,
// it delivers the write that the dead leader had under way. The check fails
// unless that is refused, the take-over came within 1.05 leases and a poll of the
// leader's last write, by the store's clock alone, and all slots but those of the
// silence have their beat. Everything is removed in the end.
//
// It writes some twenty documents and takes about three leases. It proves the
// fence of this store and this monitor, today; not that a real host would notice
// its own death.
func Drill(ctx context.Context, st store.Store, o DrillOptions) (Outcome, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Outcome{}, err
	}
	l, err := ledger.New(st, o.Root)
	if err != nil {
		return Outcome{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.Patience)
	defer cancel()
	d := &drill{o: o, store: st, ledger: l, q: newInquiry("drill", time.Time{}, time.Time{})}
	err = d.play(ctx)
	// The monitors have ended. What they wrote goes, however the drill went.
	clean, done := context.WithTimeout(context.WithoutCancel(ctx), o.Patience)
	defer done()
	if left := d.clean(clean); left != nil {
		d.q.Doubt(o.Root, "was not all removed: %v", left)
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("verify: drill: %w", err)
	}
	return d.q.outcome(), nil
}

type drill struct {
	o      DrillOptions
	store  store.Store
	ledger *ledger.Ledger
	q      *inquiry
}

// actor is a monitor in a drill, and the gate it reaches the store through.
type actor struct {
	name string
	gate *gate
	stop context.CancelFunc
	done <-chan error
	over bool  // it has ended …
	err  error // … with this
}

func (d *drill) start(ctx context.Context, name string) (*actor, error) {
	a := &actor{name: name, gate: newGate(d.store, d.ledger.LockKey())}
	run, err := d.o.Start(DrillMonitor{Store: a.gate, Root: d.o.Root, InstanceID: name, Interval: d.o.Interval, Lease: d.o.Lease})
	if err != nil {
		return nil, err
	}
	life, stop := context.WithCancel(ctx)
	a.stop = stop
	a.done = spawn.Start("the monitor "+name, func() error { return run(life) })
	return a, nil
}

// end stops the monitor and waits for it. It may be called again.
func (a *actor) end() error {
	a.stop()
	if !a.over {
		a.err, a.over = <-a.done, true
	}
	return a.err
}

func (d *drill) play(ctx context.Context) error {
	d.o.Step("starting the first monitor")
	first, err := d.start(ctx, "drill-a")
	if err != nil {
		return err
	}
	defer func() { _ = first.end() }() // again, unless the drill fails
	if err := first.beats(ctx, drillBeats); err != nil {
		return fmt.Errorf("the first monitor does not write: %w", err)
	}
	d.o.Step("starting the second, which stands by")
	second, err := d.start(ctx, "drill-b")
	if err != nil {
		return err
	}
	defer func() { _ = second.end() }()
	if err := second.await(ctx, func(g *gate) bool { return g.looked }); err != nil {
		return fmt.Errorf("the second monitor does not look at the lock: %w", err)
	}
	if err := first.beats(ctx, 1); err != nil {
		return fmt.Errorf("the first monitor stopped writing: %w", err)
	}

	d.o.Step("cutting the leader off")
	first.gate.cut()
	if err := first.await(ctx, func(g *gate) bool { return g.undelivered != nil }); err != nil {
		return fmt.Errorf("the leader has nothing to write: %w", err)
	}
	if err := second.beats(ctx, 1); err != nil {
		return fmt.Errorf("nobody took over: %w", err)
	}
	d.failover(first.gate, second.gate)

	d.o.Step("delivering what the dead leader had under way")
	if err := d.replay(ctx, first.gate.undelivered); err != nil {
		return err
	}
	if err := first.end(); err != nil {
		d.q.Fault("", "the monitor that was cut off ended with an error: %v", err)
	}
	if err := second.beats(ctx, drillBeats); err != nil {
		return fmt.Errorf("the second monitor stopped writing: %w", err)
	}
	if err := second.end(); err != nil {
		d.q.Fault("", "the monitor that took over ended with an error: %v", err)
	}
	return d.examine(ctx, first.gate, second.gate)
}

// failover judges how long nobody could write.
func (d *drill) failover(from, to *gate) {
	took := to.firstWrite().Sub(from.lastWrite())
	limit := d.o.Lease + d.o.Lease/20 + d.o.Poll
	d.q.counts["failoverMs"], d.q.counts["failoverLimitMs"] = took.Milliseconds(), limit.Milliseconds()
	d.o.Step(fmt.Sprintf("taken over after %v", took.Round(time.Millisecond)))
	switch {
	case took > limit:
		d.q.Fault(d.ledger.LockKey().String(), "was taken over %v after the leader's last write, more than 1.05 × %v + %v", took.Round(time.Millisecond), d.o.Lease, d.o.Poll)
	case took < d.o.Lease:
		d.q.Fault(d.ledger.LockKey().String(), "was taken over %v after the leader's last write, before its lease of %v had run out", took.Round(time.Millisecond), d.o.Lease)
	}
}

// replay delivers a fenced write of a leader that is none any more.
func (d *drill) replay(ctx context.Context, ops []store.Op) error {
	_, err := d.store.Commit(ctx, ops...)
	switch {
	case err == nil:
		d.q.Fault(d.ledger.LockKey().String(), "accepted a write of the dead leader after the take-over: the store does not fence")
	case !errors.Is(err, store.ErrConflict):
		return fmt.Errorf("deliver the late write: %w", err)
	}
	for _, op := range ops[1:] {
		if rec, err := d.store.Get(ctx, op.Key); err == nil {
			var h longrun.Heartbeat
			if rec.Decode(&h) == nil && h.Epoch == 1 {
				d.q.Fault(op.Key.String(), "was written by the dead leader after the take-over")
			}
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// examine looks at what the two left, as RestartSafe and Evidence do, and at the
// slots.
func (d *drill) examine(ctx context.Context, from, to *gate) error {
	rec, err := d.store.Get(ctx, d.ledger.LockKey())
	if err != nil {
		return err
	}
	row, err := lock.ReadRow(rec)
	if err != nil {
		return err
	}
	if row.Epoch != 2 || row.Held() {
		d.q.Fault(d.ledger.LockKey().String(), "is at epoch %d, and after two leaders, of which the last one has stopped, it should be at 2 and free", row.Epoch)
	}
	safe, err := RestartSafe(ctx, d.ledger, RestartSafeOptions{Now: rec.ReadTime, Interval: d.o.Interval})
	if err != nil {
		return err
	}
	chain, err := Evidence(ctx, d.ledger, EvidenceOptions{})
	if err != nil {
		return err
	}
	for _, o := range []Outcome{safe, chain} {
		for _, f := range o.Problems {
			d.q.find(f.Weight, f.Path, "%s (%s)", f.Text, o.Check)
		}
	}
	d.q.counts["beats"], d.q.counts["missedSlots"] = safe.Counts["beats"], 0
	var last longrun.Heartbeat
	for e, err := range d.ledger.Heartbeats(ctx, ledger.Page{}) {
		if err != nil {
			return err
		}
		h := e.Value
		if last.BucketID != "" {
			d.slot(last, h, from, to)
		}
		last = h
	}
	return nil
}

// slot judges two beats in adjacent documents: what lies between them must be the
// silence, and no more of it than there was.
func (d *drill) slot(a, b longrun.Heartbeat, from, to *gate) {
	missed := int64(b.Slot(d.o.Interval)-a.Slot(d.o.Interval)) - 1
	if missed == 0 {
		return
	}
	d.q.counts["missedSlots"] += missed
	if a.Epoch == b.Epoch {
		d.q.Fault(d.ledger.Key(ledger.Heartbeats, b.BucketID).String(), "%d slots before it are empty, though its writer led all the time", missed)
		return
	}
	// The silence touches one slot more than it is long; one more for the clocks
	// of the store and of this host.
	silence := to.firstWrite().Sub(from.lastWrite())
	if most := int64(silence/d.o.Interval) + 2; missed > most {
		d.q.Fault(d.ledger.Key(ledger.Heartbeats, b.BucketID).String(), "%d slots before it are empty, and a silence of %v explains %d", missed, silence.Round(time.Millisecond), most)
	}
}

// clean removes every document of the drill.
func (d *drill) clean(ctx context.Context) error {
	for _, c := range ledger.Collections() {
		var ops []store.Op
		for rec, err := range d.store.Scan(ctx, store.Query{Collection: d.ledger.Path(c)}) {
			if err != nil {
				return err
			}
			ops = append(ops, store.Delete(rec.Key))
		}
		for len(ops) > 0 {
			n := min(len(ops), store.MaxOps)
			if _, err := d.store.Commit(ctx, ops[:n]...); err != nil {
				return err
			}
			ops = ops[n:]
		}
	}
	return nil
}

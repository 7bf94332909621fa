package sim

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/sim/plan"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// calm is how long a run goes on behind its plan, beside two leases: so long that what
// waits is written, told and over.
const calm = 90 * time.Minute

// world is a run: a store, some machines, and what befalls them.
type world struct {
	plan   plan.Plan
	store  store.Store
	ledger *ledger.Ledger
	key    ed25519.PrivateKey

	interval time.Duration // of what is started now
	began    time.Time
	record   *record
	morgue   *morgue

	machines  []*machine
	processes int
	ending    []*process  // were told to end, and were not waited for yet
	sprung    chan func() // what happens in the middle of a message

	slots, collected uint64 // how many slots have passed, and how many bytes were in use up to the last collection

	quiet time.Time // since when nothing has happened that could cost a slot

	committing sync.Mutex // so that the record has the order of the store
	mu         sync.Mutex
	events     []*plan.Event // what befalls all, as long as it lasts
	well       [accounts]time.Time
}

// Live runs a plan over st, which must be empty, in a bubble, and returns what it left
// behind and what is wrong with that.
func Live(ctx context.Context, st store.Store, what plan.Plan) *Outcome {
	what = what.WithDefaults()
	time.Sleep(time.Duration(what.Begin))
	l, err := ledger.New(st, "")
	w := &world{plan: what, store: st, ledger: l, began: time.Now(), sprung: make(chan func(), 9), morgue: &morgue{gone: map[string]chan struct{}{}, liar: what.Liar}}
	w.record = newRecord(w)
	if err != nil {
		w.record.blame("config", "%v", err)
		return w.record.outcome()
	}
	rng := rand.New(rand.NewPCG(what.Seed, 3))
	seed := make([]byte, ed25519.SeedSize)
	for i := range seed {
		seed[i] = byte(rng.Uint32())
	}
	w.key = ed25519.NewKeyFromSeed(seed)
	w.quiet, w.interval = time.Now(), time.Duration(what.Interval)
	for n := range w.well {
		w.well[n] = w.began
	}
	w.configure(ctx, func(s *longrun.Settings) {
		s.ExpectedAccounts = accounts
		if d := what.RetentionDays; d > 0 {
			s.RetentionDays = map[string]int64{"heartbeats": d}
		}
	})
	for i := range what.Instances {
		m := &machine{w: w, index: i, name: string(rune('a' + i))}
		w.machines = append(w.machines, m)
	}
	for _, m := range w.machines {
		m.start()
	}
	w.live()
	w.judge(ctx)
	return w.record.outcome()
}

// step is a moment at which the nemesis does something.
type step struct {
	at time.Duration
	do func()
}

// offGrid keeps what the nemesis does out of the instants at which slots begin: what
// came first there would be the scheduler's to say.
const offGrid = 14136 * time.Microsecond

// live lets everything befall the machines, and then a calm.
func (w *world) live() {
	var steps []step
	length := time.Duration(w.plan.Length) - offGrid
	for i := range w.plan.Events {
		e := w.plan.Events[i]
		if time.Duration(e.At) >= length {
			continue
		}
		e.Duration = plan.Span(min(time.Duration(e.Duration), length-time.Duration(e.At)))
		begin, end := w.steps(&e)
		steps = append(steps, step{time.Duration(e.At) + offGrid/2, begin})
		if end != nil {
			steps = append(steps, step{time.Duration(e.At+e.Duration) + offGrid/2, end})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	for _, s := range steps {
		w.pass(w.began.Add(s.at))
		s.do()
	}
	w.pass(w.began.Add(length))
	w.quiet = time.Now()
	interval := time.Duration(w.plan.Interval)
	end := time.Now().Add(2*w.plan.Longest() + calm).Truncate(interval).Add(interval * 3 / 2) // not while a slot is judged
	w.pass(end)
	w.record.stopping()
	for _, m := range w.machines {
		if p := m.current(); p != nil {
			p.quit()
		} else {
			w.record.blame("ends", "no process runs on %s at the end", m.name)
		}
	}
	for _, p := range w.ending {
		if err := <-p.done; err != nil {
			w.record.blame("ends", "%s: Run: %v", p.name(), err)
		}
	}
	time.Sleep(time.Minute) // for requests that are late
}

// pass lets time go by, and notes which slots have to be filled.
func (w *world) pass(until time.Time) {
	interval := time.Duration(w.plan.Interval)
	for {
		next := time.Now().Truncate(interval).Add(interval)
		if next.After(until) {
			w.await(until)
			return
		}
		w.await(next)
		w.collect()
		if next.Add(-w.settled()).After(w.quiet) && w.somebodyIsWell() {
			w.record.must[longrun.SlotAt(next, interval)-1] = true
		}
	}
}

// await lets time go by, and what is to happen in the middle of a message happen.
func (w *world) await(until time.Time) {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case do := <-w.sprung:
			do()
		}
	}
}

// much is how many bytes a run leaves behind, at least, before they are collected; where
// it keeps more than that, as many as it keeps.
const much = 16 << 20

// collect frees what a run left behind, while nothing else runs: a collector that breaks
// in changes the order in which goroutines do.
func (w *world) collect() {
	if w.slots++; w.slots%32 != 0 {
		return
	}
	used := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(used)
	if n := used[0].Value.Uint64(); n-w.collected > max(much, used[1].Value.Uint64()) {
		w.collected = n
		runtime.GC()
	}
}

// settled is how long nothing may have happened before a slot without a beat is a
// fault: a lease, the pause before the next look, and a slot. Where a clock was set, or
// slept, what waits for the next slot sees that when it comes: a slot more.
func (w *world) settled() time.Duration {
	d := w.plan.Longest() + 10*time.Second + time.Duration(w.plan.Interval)
	if w.plan.Clocked() || w.plan.Has(plan.Sleep) {
		d += time.Duration(w.plan.Interval)
	}
	return d
}

// somebodyIsWell reports whether a process is well, and none half so: that one could
// lead, and lose beats.
func (w *world) somebodyIsWell() bool {
	if w.suffers(plan.Outage) || w.suffers(plan.Full) {
		return false
	}
	well := false
	for _, m := range w.machines {
		m.mu.Lock()
		faults := len(m.faults)
		half := slices.ContainsFunc(m.faults, func(e *plan.Event) bool {
			return slices.Contains([]plan.Kind{plan.Deaf, plan.Flaky, plan.Slow, plan.Step, plan.Skew, plan.Pause}, e.Kind)
		})
		m.mu.Unlock()
		if half { // whoever runs there, and be it the one before the last
			return false
		}
		if p := m.current(); p != nil && !p.isPaused() && faults == 0 {
			well = true
		}
	}
	return well
}

func (m *machine) current() *process {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// suffers reports whether an event of a kind befalls all.
func (w *world) suffers(k plan.Kind) bool { return w.lasting(k) != nil }

// lasting returns the oldest event of a kind that befalls all, nil where there is none.
func (w *world) lasting(k plan.Kind) *plan.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		if e.Kind == k {
			return e
		}
	}
	return nil
}

// lastingAt is lasting, of one account.
func (w *world) lastingAt(k plan.Kind, n int) *plan.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		if e.Kind == k && e.Instance == n {
			return e
		}
	}
	return nil
}

// at is when an event began.
func (w *world) at(e *plan.Event) time.Time { return w.began.Add(time.Duration(e.At) + offGrid/2) }

// wellSince is since when an account is connected that is.
func (w *world) wellSince(n int) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.well[n]
}

func (w *world) befall(e *plan.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

func (w *world) mend(e *plan.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = slices.DeleteFunc(w.events, func(x *plan.Event) bool { return x == e })
	for n := range w.well {
		if e.Kind == plan.Offline || e.Kind == plan.LoggedOut && e.Instance == n {
			w.well[n] = time.Now()
		}
	}
}

// commit is a request that has reached the store.
func (w *world) commit(ctx context.Context, p *process, ops []store.Op) ([]store.Stamp, error) {
	w.committing.Lock()
	defer w.committing.Unlock()
	stamps, err := w.store.Commit(ctx, ops...)
	if err == nil {
		w.record.applied(p, ops)
	}
	return stamps, err
}

// erase deletes the lock's row.
func (w *world) erase() {
	w.committing.Lock()
	defer w.committing.Unlock()
	if _, err := w.store.Commit(context.Background(), store.Delete(w.ledger.LockKey())); err != nil {
		w.record.blame("config", "the lock's row: %v", err)
		return
	}
	w.record.erased()
}

// configure changes the live settings, as a hand from outside does.
func (w *world) configure(ctx context.Context, edit func(*longrun.Settings)) {
	for {
		s, version, err := w.ledger.Settings(ctx, time.Duration(w.plan.Interval))
		if err == nil {
			edit(&s)
			_, err = w.ledger.PutSettings(ctx, s, version)
		}
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			w.record.blame("config", "settings: %v", err)
		}
		return
	}
}

package monitor_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// morgue is where the processes of a story are known to live, until one dies.
type morgue struct {
	mu   sync.Mutex
	gone map[string]chan struct{} // by the sign's name
}

// alive is what one process has of it.
type alive struct {
	*morgue
	own []chan struct{}
}

func newMorgue() *morgue { return &morgue{gone: map[string]chan struct{}{}} }

func (m *morgue) process() *alive { return &alive{morgue: m} }

func (p *alive) Hold(_ context.Context, name string) (string, func(bool), error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ch := make(chan struct{})
	p.gone[name] = ch
	p.own = append(p.own, ch)
	return "morgue", func(bool) {}, nil
}

func (p *alive) dies() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, ch := range p.own {
		close(ch)
	}
	p.own = nil
}

func (p *alive) Seize(ctx context.Context, name, _ string, wait bool) (func(bool), error) {
	p.mu.Lock()
	ch := p.gone[name]
	p.mu.Unlock()
	if ch == nil {
		return nil, errors.New("no such sign")
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

// crash ends a process in one instant: what it has under way reaches no store. How it
// winds up is waited for when the story is over.
func crash(n *node, own *storetest.Faulty, p *alive) (wait func()) {
	cut(own)
	p.dies()
	n.stop()
	return func() { require.NoError(n.t, <-n.done) }
}

func witnessed(p *alive) func(*monitor.Config) {
	return func(c *monitor.Config) { c.Witness = p }
}

// runsOf are the runs of an instance, the oldest first.
func runsOf(t *testing.T, st store.Store, instance string) (out []longrun.Run) {
	t.Helper()
	for _, r := range documents[longrun.Run](t, st, ledger.Runs) {
		if r.InstanceID == instance {
			out = append(out, r)
		}
	}
	return out
}

// whole requires that every slot since a time has a beat.
func whole(t *testing.T, st store.Store, from time.Time) {
	t.Helper()
	now := time.Now()
	c := coverage.Of(beats(t, st), longrun.Window{From: from, To: now}, time.Minute, now, documents[longrun.Run](t, st, ledger.Runs)...)
	require.Empty(t, c.Gaps)
	require.Equal(t, c.Expected, c.Written)
}

// A crash is told, whether it cost a slot or none, at whichever moment of a slot.
func TestACrashThatLosesNoSlotIsStillTold(t *testing.T) {
	t.Parallel()
	for _, into := range []time.Duration{time.Millisecond, 30 * time.Second, time.Minute - time.Millisecond} {
		t.Run(into.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mem, rec, m := memstore.New(nil), &alerttest.Recorder{}, newMorgue()
				own, pa := storetest.Wrap(mem), m.process()
				began := time.Now()
				a := start(t, own, "a", toldBy(rec), leasing(time.Hour), witnessed(pa))
				time.Sleep(time.Second)
				b := start(t, mem, "b", toldBy(rec), leasing(time.Hour), witnessed(m.process()))
				time.Sleep(10*time.Minute - time.Second + into)
				defer crash(a, own, pa)()
				died := time.Now()
				synctest.Wait()
				require.Equal(t, monitor.Leading, b.Status().State)
				require.Contains(t, b.log.String(), "after=died")
				time.Sleep(10 * time.Minute)
				whole(t, mem, began)
				require.Contains(t, b.log.String(), "took over: no slot was lost")

				runs := runsOf(t, mem, "a")
				require.Len(t, runs, 1)
				require.Equal(t, longrun.Lost, runs[0].Ended)
				require.Equal(t, "b", runs[0].EndedBy)
				require.LessOrEqual(t, died.Sub(*runs[0].End), time.Minute)
				require.Equal(t, []string{"firing instance_died", "resolved instance_died"}, titles(rec.Messages()))
				all := incidentsOf(t, mem)
				require.Len(t, all, 1)
				require.Equal(t, []string{"a"}, all[0].Instances)
				b.end()
			})
		})
	}
}

// A single process with a name of its own is back before a second is over: its runs
// have one ID then, until the second one meets the first.
func TestAProcessThatIsBackInTheSameSecondFindsItsOwnDeath(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, rec, m := memstore.New(nil), &alerttest.Recorder{}, newMorgue()
		own, pa := storetest.Wrap(mem), m.process()
		began := time.Now()
		a := start(t, own, "a", toldBy(rec), leasing(time.Hour), witnessed(pa))
		time.Sleep(300 * time.Millisecond)
		defer crash(a, own, pa)()
		time.Sleep(300 * time.Millisecond)
		again := start(t, mem, "a", toldBy(rec), leasing(time.Hour), witnessed(m.process()))
		time.Sleep(10 * time.Minute)
		whole(t, mem, began)
		runs := runsOf(t, mem, "a")
		require.Len(t, runs, 2)
		require.Equal(t, longrun.Lost, runs[0].Ended)
		require.Nil(t, runs[1].End)
		require.Equal(t, []string{"firing instance_died", "resolved instance_died"}, titles(rec.Messages()))
		again.end()
	})
}

// One that leads again and again for a moment only loses nothing either: each death
// is found, in one incident or several.
func TestCrashesInARowLoseNoSlotAndEachIsFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem, m := memstore.New(nil), newMorgue()
		began := time.Now()
		const deaths = 25
		for range deaths {
			own, p := storetest.Wrap(mem), m.process()
			n := start(t, own, "a", leasing(time.Hour), witnessed(p))
			time.Sleep(23 * time.Second)
			defer crash(n, own, p)()
			time.Sleep(100 * time.Millisecond)
		}
		last := start(t, mem, "a", leasing(time.Hour), witnessed(m.process()))
		time.Sleep(10 * time.Minute)
		whole(t, mem, began)
		lost := 0
		for _, r := range runsOf(t, mem, "a") {
			if r.Ended == longrun.Lost {
				lost++
			}
		}
		require.Equal(t, deaths, lost)
		last.end()
	})
}

// What nobody can tell is said once, and costs what it did before.
func TestAWitnessThatFailsIsSaidOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		n := start(t, mem, "a", func(c *monitor.Config) { c.Witness = eyeless{} })
		time.Sleep(time.Hour)
		require.Equal(t, monitor.Leading, n.Status().State)
		require.Equal(t, 1, n.log.count("no proof of death"))
		n.end()
	})
}

// eyeless is a Witness that sees nothing.
type eyeless struct{}

func (eyeless) Hold(context.Context, string) (string, func(bool), error) {
	return "", nil, errors.New("no such directory")
}

func (eyeless) Seize(context.Context, string, string, bool) (func(bool), error) {
	return nil, errors.New("no such directory")
}

package monitor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// benchWatch is a watch that leads a host of so many accounts, with all rules
// and two days of beats.
func benchWatch(tb testing.TB, st store.Store, accounts int, id string) (*watch, *clock.Mock, []longrun.AccountStatus) {
	tb.Helper()
	clk := clock.NewMock()
	clk.Set(time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC))
	m, err := New(Config{Store: st, InstanceID: "a", Clock: clk, Probes: []Probe{
		{Type: longrun.Outbound, Prober: probetest.NewScript()},
		{Type: longrun.Inbound, Prober: probetest.NewScript()},
		{Type: longrun.Queue, Prober: probetest.NewScript()},
	}})
	if err != nil {
		tb.Fatal(err)
	}
	m.stats.start(clk.Now())
	lease, err := m.lock.Acquire(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	m.alarms.begin()
	w := newWatch(m.alarms, lease)
	slot := longrun.SlotAt(clk.Now(), time.Minute)
	w.recent.Advance(clk.Now())
	for s := slot - 2880; s <= slot; s++ {
		w.recent.Fill(s)
	}
	for _, j := range m.probes.jobs {
		for range maxRecentProbes {
			j.recent = append(j.recent, longrun.Probe{Type: j.Type, TS: clk.Now(), Result: longrun.ProbeResult(probe.Pass)})
		}
	}
	m.probes.loaded = true
	all := make([]longrun.AccountStatus, accounts)
	for i := range all {
		all[i] = longrun.AccountStatus{ID: fmt.Sprintf(id, i), Since: clk.Now()}
	}
	return w, clk, all
}

func calls(st *storetest.Faulty) int {
	return st.Calls(storetest.Get) + st.Calls(storetest.Scan) + st.Calls(storetest.Commit)
}

// lookOnce has the rules judge the next slot.
func lookOnce(w *watch, clk *clock.Mock, accounts []longrun.AccountStatus) {
	clk.Add(time.Minute)
	h := longrun.Beat(clk.Now(), time.Minute)
	h.ConnectedCount = int64(len(accounts))
	w.a.made(look{h, accounts})
	w.judge(context.Background())
}

// One slot's evaluation with 200 accounts and all rules. At rest it asks the
// store for nothing and writes nothing.
func BenchmarkSlotWithAlarms(b *testing.B) {
	for _, c := range []struct{ name, id string }{{"plain names", "account-%03d"}, {"masked numbers", "4071234%04d"}} {
		b.Run(c.name, func(b *testing.B) {
			st := storetest.Wrap(memstore.New(nil))
			w, clk, accounts := benchWatch(b, st, 200, c.id)
			lookOnce(w, clk, accounts)
			asked := calls(st)
			b.ReportAllocs()
			for b.Loop() {
				w.a.made(look{longrun.Beat(clk.Now(), time.Minute), accounts})
				w.judged = -1
				w.judge(context.Background())
			}
			if asked = calls(st) - asked; asked > 0 || len(w.dirty) > 0 {
				b.Fatalf("%d calls of the store, %d alarms to write", asked, len(w.dirty))
			}
		})
	}
	b.Run("all fire", func(b *testing.B) {
		w, clk, accounts := benchWatch(b, memstore.New(nil), 200, "account-%03d")
		for i := range accounts {
			accounts[i].LoggedOut, accounts[i].Since = true, clk.Now()
		}
		lookOnce(w, clk, accounts)
		clear(w.dirty)
		b.ReportAllocs()
		for b.Loop() {
			w.a.made(look{longrun.Beat(clk.Now(), time.Minute), accounts})
			w.judged = -1
			w.judge(context.Background())
		}
		if len(w.dirty) > 0 {
			b.Fatal("what goes on firing is written again and again")
		}
	})
}

// What a slot costs is bounded well above what it takes here, so that a busy
// machine does not fail it, and well below what a store call takes.
func TestASlotWithAlarmsIsCheapAndAsksNoStore(t *testing.T) {
	st := storetest.Wrap(memstore.New(nil))
	w, clk, accounts := benchWatch(t, st, 200, "account-%03d")
	lookOnce(w, clk, accounts)
	asked := calls(st)
	allocs := testing.AllocsPerRun(100, func() { lookOnce(w, clk, accounts) })
	if allocs > 60 {
		t.Errorf("%v allocations for a slot", allocs)
	}
	if asked = calls(st) - asked; asked > 0 {
		t.Errorf("%d calls of the store at rest", asked)
	}
	if len(w.dirty) > 0 || len(w.board) > 0 {
		t.Errorf("at rest %d alarms, %d to write", len(w.board), len(w.dirty))
	}
}

package monitor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

func TestARunWhoseFirstReplyWasLostIsOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		own := storetest.Wrap(mem)
		lost := 0
		own.Inject(storetest.Fault{After: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit && c.Key.Collection == "wa_metrics/longrun/runs" && lost == 0 {
				lost++
				return errors.New("reply lost")
			}
			return nil
		}})
		n := start(t, own, "a")
		time.Sleep(10 * time.Minute)
		n.end()
		all := allRuns(t, mem)
		require.Len(t, all, 1)
		require.Equal(t, longrun.Stopped, all[0].Ended)
	})
}

func TestTwoRunsOfOneNameInOneSecondAreTwoDocuments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		a := start(t, mem, "same")
		time.Sleep(10 * time.Millisecond)
		b := start(t, mem, "same")
		time.Sleep(10 * time.Minute)
		a.end()
		b.end()
		all := allRuns(t, mem)
		require.Len(t, all, 2)
		for _, r := range all {
			require.Equal(t, longrun.Stopped, r.Ended)
		}
	})
}

func TestARunDeletedByHandIsWrittenAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		n := start(t, mem, "a")
		time.Sleep(10 * time.Minute)
		_, err := mem.Commit(t.Context(), store.Delete(n.Ledger().Key(ledger.Runs, n.Status().RunID)))
		require.NoError(t, err)
		n.end()
		require.Len(t, allRuns(t, mem), 1)
	})
}

func TestMangledDocumentsNeverStopTheMonitorAndFillNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		l, err := ledger.New(mem, "")
		require.NoError(t, err)
		bad := map[string]any{"ts": time.Now().Add(15 * time.Minute), "end": 7, "instanceId": []string{"x"}, "epoch": "one"}
		worse := map[string]any{"ts": time.Now().Add(17 * time.Minute), "epoch": "two"}
		taken := longrun.SlotAt(time.Now(), time.Minute) + 17
		_, err = mem.Commit(t.Context(),
			store.Set(l.Key(ledger.Runs, "RUN_bad"), bad),
			// Both lie in slots of the outage below; one has the slot's own ID.
			store.Set(l.Key(ledger.Heartbeats, "bad"), bad),
			store.Set(l.Key(ledger.Heartbeats, taken.ID(time.Minute)), worse))
		require.NoError(t, err)

		own := storetest.Wrap(mem)
		a := start(t, own, "a")
		time.Sleep(10*time.Minute + time.Second)
		heal := cut(own)
		time.Sleep(10 * time.Minute)
		heal()
		time.Sleep(10 * time.Minute)
		require.Equal(t, 2, a.log.count("a mangled document is passed over"), "once each")
		require.Zero(t, a.Status().Waiting)
		b := start(t, mem, "b")
		time.Sleep(time.Minute)
		kill(a, own)
		time.Sleep(10 * time.Minute)
		b.end()
		require.Equal(t, 1, b.log.count("mangled"))

		filled := map[longrun.Slot]bool{}
		for e, err := range l.Heartbeats(t.Context(), ledger.Page{}) {
			if _, mangled := errors.AsType[*ledger.DocumentError](err); mangled {
				continue
			}
			require.NoError(t, err)
			filled[e.Value.Slot(time.Minute)] = true
		}
		require.True(t, filled[taken-2], "a beat lies beside the document that is none")
		require.False(t, filled[taken], "nothing is overwritten")
		require.Len(t, filled, 42-2, "all slots but that, and that of the crash")
		there, err := mem.Get(t.Context(), l.Key(ledger.Heartbeats, taken.ID(time.Minute)))
		require.NoError(t, err)
		var doc map[string]any
		require.NoError(t, there.Decode(&doc))
		require.Equal(t, "two", doc["epoch"])
	})
}

func TestBeatsThatAStoreRefusesAreReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New(nil)
		own := storetest.Wrap(mem)
		n := start(t, own, "a")
		time.Sleep(10*time.Minute + time.Second)
		heal := own.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit && len(c.Ops) > 1 {
				return fmt.Errorf("%w: %s", store.ErrInvalid, c.Ops[1].Key)
			}
			return nil
		}})
		time.Sleep(10 * time.Minute)
		require.Equal(t, 1, n.log.count("beats cannot be stored"), n.log)
		heal()
		time.Sleep(10 * time.Minute)
		require.Len(t, beats(t, mem), 21)
		own.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Commit && len(c.Ops) > 1 {
				return store.ErrInvalid
			}
			return nil
		}})
		time.Sleep(10 * time.Minute)
		require.Equal(t, 2, n.log.count("beats cannot be stored"), "it began again")
		n.end()
	})
}

// A beat that was made is not missed however long it waits; one that waited and is given
// up is, in the same lead: what was told the rules of it is taken back.
func TestBeatsThatAreGivenUpAreMissed(t *testing.T) {
	of := func(c storetest.Call) bool {
		return c.Method == storetest.Commit && len(c.Ops) > 1 && strings.HasSuffix(c.Ops[1].Key.Collection, "/heartbeats")
	}
	for name, fault := range map[string]func(storetest.Call) error{
		"the store takes none such": func(c storetest.Call) error {
			if of(c) {
				return store.ErrInvalid
			}
			return nil
		},
		"too many wait": func(c storetest.Call) error {
			if c.Method == storetest.Commit {
				return errors.New("the disk is full")
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec := &alerttest.Recorder{}
				own := storetest.Wrap(memstore.New(nil))
				n := start(t, own, "a", toldBy(rec), func(c *monitor.Config) { c.Lease, c.Backlog = time.Hour, 5 })
				time.Sleep(10*time.Minute + time.Second)
				heal := own.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error { return fault(c) }})
				time.Sleep(25 * time.Minute)
				heal()
				time.Sleep(10 * time.Minute)
				var said []string
				for _, title := range titles(rec.Messages()) {
					if strings.HasSuffix(title, string(rules.MissedHeartbeats)) {
						said = append(said, title)
					}
				}
				require.Equal(t, []string{"firing missed_heartbeats", "resolved missed_heartbeats"}, said, n.log)
				n.end()
			})
		})
	}
}

func allRuns(t *testing.T, st store.Store) []longrun.Run {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	var out []longrun.Run
	for e, err := range l.Runs(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		out = append(out, e.Value)
	}
	return out
}

package probing_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

type storeOp = store.Op

var errAway = errors.New("away")

// shifted is a clock that a test sets.
type shifted struct {
	clock.Clock
	ahead atomic.Int64
}

func (s *shifted) Now() time.Time { return s.Clock.Now().Add(time.Duration(s.ahead.Load())) }

func TestProbesAreMadeOnTheirScheduleAndStored(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		p := probetest.NewScript()
		queue := every(p)
		queue.Type, queue.Every = longrun.Queue, 24*time.Hour
		n := newNode(t, st, nil, nil, every(p), queue)
		n.begin()
		time.Sleep(59 * time.Second)
		synctest.Wait()
		require.Zero(t, p.Calls(), "the host settles first")
		time.Sleep(24 * time.Hour)
		require.NoError(t, n.end())
		require.Equal(t, []string{
			"OUT_20000101T00 PASS ", "QUEUE_20000101T00 PASS ", "OUT_20000101T06 PASS ", "OUT_20000101T12 PASS ", "OUT_20000101T18 PASS ",
		}, told(results(t, st)))
		require.Len(t, n.stored, 5)
		require.EqualValues(t, 7, results(t, st)[0].Epoch)
	})
}

// The results of a take-over are read in as many tries as it takes, each of which
// goes on where the one before was broken off; people's probes do not wait for it.
func TestATakeOverReadsEachResultOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mem := memstore.New(nil)
		began := time.Now()
		time.Sleep(20 * time.Hour)
		for i := range 1000 {
			put(t, mem, longrun.Probe{ProbeKey: fmt.Sprint("x", i), Type: "other", TS: began.Add(time.Duration(i) * time.Minute), Result: longrun.Pass})
		}
		put(t, mem, longrun.Probe{ProbeKey: "y", Type: longrun.Outbound, TS: began, Result: longrun.Fail, Trigger: longrun.Scheduled})
		st := storetest.Wrap(mem)
		var reads, scans atomic.Int64
		st.Inject(storetest.Fault{Record: func(ctx context.Context, c storetest.Call, nth int) error {
			if nth == 1 {
				scans.Add(1)
			}
			select {
			case <-time.After(100 * time.Millisecond):
				reads.Add(1)
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
		p := every(probetest.NewScript())
		p.Every = 20 * time.Hour // 41 hours back
		n := newNode(t, st, nil, nil, p)
		n.begin()
		time.Sleep(time.Second)
		_, known := n.Seen(nil)
		require.False(t, known)
		byHand, err := n.RunProbe(t.Context(), longrun.NamedProbe{Type: longrun.Outbound})
		require.NoError(t, err)
		require.Less(t, time.Since(began)-20*time.Hour, 30*time.Second, "by hand, meanwhile")
		time.Sleep(30 * time.Minute)
		require.LessOrEqual(t, reads.Load(), int64(1001+20), "each once, but for those that were broken off")
		require.Greater(t, scans.Load(), int64(9))
		seen, known := n.Seen(nil)
		require.True(t, known)
		require.Equal(t, "y", seen[0].Recent[0].ProbeKey)
		require.Equal(t, byHand.ProbeKey, seen[0].Recent[1].ProbeKey, "what was made meanwhile is known")
		require.NoError(t, n.end())
	})
}

// A read that fails for an hour costs some sixty tries, and is one line.
func TestATakeOverBacksOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := storetest.Wrap(memstore.New(nil))
		var scans atomic.Int64
		heal := st.Inject(storetest.Fault{Before: func(_ context.Context, c storetest.Call) error {
			if c.Method == storetest.Scan {
				scans.Add(1)
				return errAway
			}
			return nil
		}})
		p := probetest.NewScript()
		n := newNode(t, st, nil, nil, every(p))
		n.begin()
		time.Sleep(time.Hour)
		require.Zero(t, p.Calls(), "nobody knows what is due")
		require.Less(t, scans.Load(), int64(90))
		require.Greater(t, scans.Load(), int64(50))
		synctest.Wait()
		require.Equal(t, 1, n.lines.Count("earlier probes cannot be read"))
		heal()
		time.Sleep(2 * time.Minute)
		require.Equal(t, 1, p.Calls())
		require.NoError(t, n.end())
	})
}

// The store takes no result for a month: so many wait, the newest, and the tries
// become rare.
func TestResultsThatWaitAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		p := every(probetest.NewScript())
		p.Every = time.Hour
		n := newNode(t, st, nil, nil, p)
		var tries atomic.Int64
		var away atomic.Bool
		away.Store(true)
		n.lead.Fault = func(context.Context, []store.Op) error {
			tries.Add(1)
			if away.Load() {
				return errAway
			}
			return nil
		}
		n.begin()
		time.Sleep(30 * 24 * time.Hour)
		require.Less(t, tries.Load(), int64(30*24*(1+8)), "each result once, and one every ten minutes")
		require.Equal(t, 1, n.lines.Count("the oldest are lost"))
		away.Store(false)
		time.Sleep(time.Hour)
		got := results(t, st)
		require.InDelta(t, 101, len(got), 1)
		require.Equal(t, "OUT_20000126T20", got[0].ProbeKey)
		for i := 1; i < len(got); i++ {
			require.Equal(t, time.Hour, got[i].TS.Sub(got[i-1].TS), "none is missing behind it")
		}
		require.NoError(t, n.end())
	})
}

// What waits when the lead ends is stored in the time that the end leaves; not when
// the lease is lost.
func TestTheEndStoresWhatWaits(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprint(lost), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				st := memstore.New(nil)
				n := newNode(t, st, nil, nil, every(probetest.NewScript()))
				var away atomic.Bool
				away.Store(true)
				n.lead.Fault = func(context.Context, []store.Op) error {
					if away.Load() {
						return errAway
					}
					return nil
				}
				n.begin()
				time.Sleep(2 * time.Minute)
				require.Empty(t, results(t, st))
				away.Store(false)
				if lost {
					n.lead.Lose(lock.ErrLost)
				}
				began := time.Now()
				require.NoError(t, n.end())
				require.LessOrEqual(t, time.Since(began), 2*time.Second)
				require.Len(t, results(t, st), map[bool]int{false: 1, true: 0}[lost])
			})
		})
	}
}

// A commit that landed and whose reply was lost conflicts with itself.
func TestAResultThatLandedUnheardIsNotTaken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		n := newNode(t, st, nil, nil, every(probetest.NewScript()))
		n.lead.Fault = func(ctx context.Context, ops []store.Op) error { // Firestore's client retries by itself
			_, err := st.Commit(ctx, ops...)
			require.NoError(t, err)
			return nil
		}
		n.begin()
		time.Sleep(10 * time.Second)
		p, err := n.RunProbe(t.Context(), longrun.NamedProbe{Type: longrun.Outbound})
		require.NoError(t, err)
		require.Contains(t, told(results(t, st)), p.ProbeKey+" PASS ")
		require.NoError(t, n.end())
	})
}

// Results that a clock which was ahead left behind neither starve a probe nor hide
// from the rules what came after them.
func TestResultsOfTheFuture(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		now := time.Now().UTC()
		time.Sleep(24 * time.Hour)
		ahead := longrun.Probe{ProbeKey: "ahead", Type: longrun.Outbound, TS: now.AddDate(1, 0, 0), Result: longrun.Fail, Trigger: longrun.Scheduled}
		put(t, st, ahead) // written now, by the store's clock
		time.Sleep(10 * time.Minute)
		past := longrun.Probe{ProbeKey: "past", Type: longrun.Outbound, TS: time.Now().UTC(), Result: longrun.Pass, Trigger: longrun.ByHand}
		put(t, st, past)
		time.Sleep(10 * time.Minute)
		n := newNode(t, st, nil, nil, every(probetest.NewScript()))
		n.begin()
		time.Sleep(time.Second)
		seen, _ := n.Seen(nil)
		require.Equal(t, []string{"ahead FAIL ", "past PASS "}, told(seen[0].Recent), "in the order in which they were made")
		require.Equal(t, "past", n.Status()[0].Last.ProbeKey)
		require.Equal(t, now.Add(25*time.Hour), n.Status()[0].Due, "an hour after the one that failed, as the store wrote it")
		time.Sleep(time.Hour)
		require.NoError(t, n.end())
		require.Len(t, results(t, st), 3)
	})
}

// The clock is set back while it runs: the schedule goes on from then.
func TestAClockThatIsSetBackStarvesNoProbe(t *testing.T) {
	bubble(t, func(t *testing.T) {
		clk := &shifted{Clock: clock.New()}
		clk.ahead.Store(int64(100 * time.Hour))
		p := probetest.NewScript()
		n := newNode(t, memstore.New(nil), clk, nil, every(p))
		n.begin()
		time.Sleep(2 * time.Minute)
		require.Equal(t, 1, p.Calls())
		clk.ahead.Store(0)
		time.Sleep(12*time.Hour + 2*time.Minute)
		require.Equal(t, 3, p.Calls())
		require.NoError(t, n.end())
	})
}

// Nor where the store's clock was ahead as well.
func TestResultsOfTheStoresFuture(t *testing.T) {
	bubble(t, func(t *testing.T) {
		clk := &shifted{Clock: clock.New()}
		st := memstore.New(&memstore.Options{Clock: clk})
		clk.ahead.Store(int64(1000 * time.Hour))
		put(t, st, longrun.Probe{ProbeKey: "ahead", Type: longrun.Outbound, TS: clk.Now().UTC(), Result: longrun.Fail, Trigger: longrun.Scheduled})
		clk.ahead.Store(0)
		p := probetest.NewScript()
		n := newNode(t, st, clk, nil, every(p))
		n.begin()
		time.Sleep(65 * time.Minute)
		require.Equal(t, 1, p.Calls(), "it counts as of now")
		time.Sleep(12 * time.Hour)
		require.NoError(t, n.end())
		require.Equal(t, 3, p.Calls())

		m := newNode(t, st, clk, nil, every(p))
		m.begin()
		time.Sleep(time.Second)
		seen, _ := m.Seen(nil)
		require.Equal(t, "OUT_20000101T01 PASS ", told(seen[0].Recent)[0], "it is not the newest for ever")
		require.Len(t, seen[0].Recent, 3)
		require.NoError(t, m.end())
	})
}

func TestTheRulesSeeNotMoreThanTheyLookAt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		p := every(probetest.NewScript())
		p.Every, p.Retry = time.Minute, time.Minute
		n := newNode(t, st, nil, func(d *room.Deps) { d.Self.Interval = time.Second }, p)
		n.begin()
		time.Sleep(3*time.Hour + 30*time.Second)
		seen, _ := n.Seen(nil)
		require.Len(t, seen[0].Recent, 50)
		require.NoError(t, n.end())
		require.Len(t, results(t, st), 180)

		m := newNode(t, st, nil, nil, p)
		m.begin()
		time.Sleep(time.Second)
		seen, _ = m.Seen(nil)
		require.Len(t, seen[0].Recent, 50)
		require.NoError(t, m.end())
	})
}

func TestWithoutProbesTheTaskOnlyWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNode(t, memstore.New(nil), nil, nil)
		n.begin()
		time.Sleep(time.Hour)
		select {
		case err := <-n.ended:
			t.Fatal(err)
		default:
		}
		seen, known := n.Seen(nil)
		require.True(t, known)
		require.Empty(t, seen)
		require.NoError(t, n.end())
	})
}

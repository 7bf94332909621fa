package alarming_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/storehealth"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// outage has the store be away since now, and over ends that.
func (b *bench) outage() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.health = storehealth.Health{Since: time.Now()}
}

func (b *bench) over() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.health = storehealth.Health{Ended: time.Now(), Reachable: true}
}

func (b *bench) standsBy() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers, b.leader = false, "b"
}

// looks passes slots in which only the store is looked at.
func (b *bench) looks(n int) {
	for range n {
		b.board.LookAtStore(b.t.Context())
		time.Sleep(time.Minute)
	}
}

func storeState(b *bench) (rules.Phase, string) {
	for _, a := range b.board.Status().Alarms {
		if a.Rule == rules.StoreUnreachable {
			return a.Phase, a.Muted
		}
	}
	return "", ""
}

// The leader has died, and then the store goes away: nobody can take over, and the
// follower is the only one that lives.
func TestAFollowerTellsOfTheStoreWhenTheLeadersLeaseIsOver(t *testing.T) {
	t.Parallel()
	for name, lease := range map[string]time.Duration{"a short one": 2 * time.Minute, "a long one": 10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.deps.Self.Lease = lease
				b.restart()
				b.standsBy()
				b.looks(3)
				b.outage()
				began := time.Now()
				for b.rec.Messages() == nil && time.Since(began) < time.Hour {
					if time.Since(began) < lease {
						require.Empty(t, b.rec.Messages())
						if phase, muted := storeState(b); phase == rules.Firing {
							require.Equal(t, "the leader tells of it", muted)
						}
					}
					b.looks(1)
				}
				require.Equal(t, []string{"firing store_unreachable"}, b.said())
				require.LessOrEqual(t, time.Since(began), lease+2*time.Minute)
				b.looks(30)
				require.Len(t, b.said(), 1, "once in a throttle")
				b.over()
				b.looks(2)
				require.Equal(t, []string{"firing store_unreachable", "resolved store_unreachable"}, b.said())
			})
		})
	}
}

// The clock is set back by a day in the outage: the slots that come count.
func TestNoClockKeepsAFollowerSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.standsBy()
		b.mu.Lock()
		b.health = storehealth.Health{Since: time.Now().Add(24 * time.Hour)} // as a clock that was ahead had it
		b.mu.Unlock()
		b.looks(2)
		require.Empty(t, b.said())
		b.looks(10)
		require.Equal(t, []string{"firing store_unreachable"}, b.said())
		require.WithinDuration(t, time.Now(), b.rec.Messages()[0].Since, 15*time.Minute)
	})
}

// The process did not run for most of the outage.
func TestAFollowerThatSleptTellsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.deps.Self.Lease = 10 * time.Minute
		b.restart()
		b.standsBy()
		b.outage()
		b.looks(1)
		time.Sleep(time.Hour)
		b.looks(1)
		require.Equal(t, []string{"firing store_unreachable"}, b.said())
	})
}

func TestAShortOutageIsToldByTheLeaderAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.deps.Self.Lease = 10 * time.Minute
		b.restart()
		b.standsBy()
		b.outage()
		b.looks(8)
		b.over()
		b.looks(30)
		require.Empty(t, b.said())
		b.mu.Lock()
		b.answers = true
		b.mu.Unlock()
		b.outage()
		b.looks(4)
		require.Equal(t, []string{"firing store_unreachable"}, b.said())
	})
}

// What a follower saw of an outage is recorded when it leads, unless somebody
// wrote beats meanwhile.
func TestAnOutageIsRecordedByWhoLeadsNext(t *testing.T) {
	t.Parallel()
	for _, alone := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t)
			b.standsBy()
			b.outage()
			began := time.Now()
			b.looks(20)
			b.over()
			b.looks(2)
			if alone { // it was out of this one's reach alone
				for m := range 20 {
					h := longrun.Beat(began.Add(time.Duration(m)*time.Minute), time.Minute)
					b.put(ledger.Heartbeats, h.BucketID, h)
				}
			}
			b.begin()
			b.slots(3, calm)
			b.end()
			n := 0
			for _, i := range documents[longrun.Incident](b, ledger.Incidents) {
				if i.Rule == rules.StoreUnreachable {
					n++
					require.InDelta(t, 20*60, *i.MTTRSec, 121)
				}
			}
			require.Equal(t, map[bool]int{false: 1, true: 0}[alone], n)
		})
	}
}

// A store that comes and goes while the channel is away: what waits is bounded.
func TestMessagesAboutTheStoreAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.settings.AlertThresholds.ThrottleSec = 1
		require.True(t, b.channel.Take()) // somebody else's message hangs
		for range 100 {
			b.outage()
			b.looks(3)
			b.over()
			b.looks(1)
		}
		require.LessOrEqual(t, b.board.Direct(), 50)
		b.channel.GiveBack()
		b.looks(3)
		require.Zero(t, b.board.Direct())
		require.LessOrEqual(t, len(b.said()), 51)
	})
}

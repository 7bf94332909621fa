package storehealth_test

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/storehealth"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// setClock is a clock that can be set; its timers go by elapsed time.
type setClock struct {
	clock.Clock
	ahead atomic.Int64
}

func newSetClock() *setClock { return &setClock{Clock: clock.New()} }

func (c *setClock) Now() time.Time       { return c.Clock.Now().Add(time.Duration(c.ahead.Load())) }
func (c *setClock) set(by time.Duration) { c.ahead.Add(int64(by)) }

// class is that of an error of Trusted or Settled; empty for none.
func class(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	untrusted, ok := errors.AsType[*storehealth.UntrustedError](err)
	require.True(t, ok, "%v", err)
	require.NotEmpty(t, untrusted.Reason)
	return untrusted.Class
}

// waited is how long a clock must go on as it should after a jump.
func waited(jump time.Duration) time.Duration {
	return max(10*time.Minute, min(24*time.Hour, jump.Abs()/10))
}

// The clock is set at random, a second after half past each minute that Time looks
// at it, by a little, by much, ahead and back, often and seldom.
func TestAJumpIsWaitedOut(t *testing.T) {
	t.Parallel()
	type jump struct {
		seen time.Time // by elapsed time
		wait time.Duration
	}
	trusted, untrusted := 0, 0
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 3))
			clk := newSetClock()
			tm := storehealth.NewTime(clk)
			tm.Start()
			defer tm.Stop()
			begin, rare := time.Now(), 1+r.IntN(200)
			sizes := []time.Duration{10 * time.Second, 2 * time.Minute, 3 * time.Hour, 1000 * time.Hour}
			var jumps []jump
			var last time.Time
			var longest time.Duration
			for minute := range 3000 {
				time.Sleep(time.Until(begin.Add(time.Duration(minute)*time.Minute + 31*time.Second)))
				var by time.Duration
				if r.IntN(rare) == 0 {
					by = time.Duration(r.Int64N(int64(2*sizes[r.IntN(len(sizes))]))) - sizes[0]
					if r.IntN(2) == 0 {
						by = -by
					}
					clk.set(by)
				}
				if by.Abs() > 30*time.Second {
					last = begin.Add(time.Duration(minute+1) * time.Minute)
					longest = max(longest, waited(by))
					jumps = append(jumps, jump{last, waited(by)})
				}
				time.Sleep(time.Second)
				now, err := tm.Trusted()
				require.Equal(t, clk.Now(), now)
				if by.Abs() > 90*time.Second {
					require.Equal(t, "jump", class(t, err), "seed %d, minute %d: set by %v a second ago", seed, minute, by)
				}
				at := time.Now()
				for _, j := range jumps {
					if !at.Before(j.seen) && at.Before(j.seen.Add(j.wait)) {
						require.Equal(t, "jump", class(t, err), "seed %d, minute %d: it is not waited out", seed, minute)
					}
				}
				if last.IsZero() && by == 0 || at.After(last.Add(longest+time.Minute)) { // it is counted in whole minutes
					require.NoError(t, err, "seed %d, minute %d", seed, minute)
				}
				if err == nil {
					trusted++
				} else {
					untrusted++
				}
			}
		})
	}
	require.Greater(t, trusted, 1000)
	require.Greater(t, untrusted, 1000)
}

func TestTimeThatIsStoppedLooksNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clk := newSetClock()
		tm := storehealth.NewTime(clk)
		tm.Start()
		time.Sleep(time.Hour)
		clk.set(time.Hour)
		tm.Stop()
		tm.Stop()
		time.Sleep(time.Hour)
		tm.Start() // another run knows nothing of it
		_, err := tm.Trusted()
		require.NoError(t, err)
		tm.Stop()
	})
}

func TestTheStoresClockIsAWitness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		theirs := newSetClock()
		st := storehealth.New(memstore.New(&memstore.Options{Clock: theirs}), clock.New(), func(storehealth.Change, storehealth.Outage) {}, func() {})
		st.Time().Start()
		defer st.Time().Stop()
		key := store.Key{Collection: "c", ID: "d"}
		write := func() {
			_, err := st.Commit(t.Context(), store.Set(key, map[string]any{"n": 1}))
			require.NoError(t, err)
		}
		read := func() {
			_, err := st.Get(t.Context(), key)
			require.NoError(t, err)
		}
		write()
		for _, act := range []func(){write, read} {
			for _, by := range []time.Duration{301 * time.Second, -301 * time.Second} {
				theirs.set(by)
				act()
				_, err := st.Time().Trusted()
				require.Equal(t, "skew", class(t, err))
				theirs.set(-by)
				act()
				_, err = st.Time().Trusted()
				require.NoError(t, err)
			}
			theirs.set(299 * time.Second)
			act()
			_, err := st.Time().Trusted()
			require.NoError(t, err)
			theirs.set(-299 * time.Second)
		}
		theirs.set(time.Hour)
		_, err := st.Commit(t.Context(), store.Delete(key)) // says no time
		require.NoError(t, err)
		_, err = st.Time().Trusted()
		require.NoError(t, err)
	})
}

func TestBeatsBearOutTheTime(t *testing.T) {
	t.Parallel()
	first := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		silence, since time.Duration
		settled        bool
	}{
		"no silence":                   {0, 0, true},
		"two days":                     {2 * day, 0, true},
		"more":                         {2*day + 1, 0, false},
		"more, waited out":             {2*day + 10, (2*day + 10) / 10, true},
		"nearly":                       {3 * day, 3*day/10 - 1, false},
		"a tenth":                      {3 * day, 3 * day / 10, true},
		"a year is waited for a day":   {365 * day, day, true},
		"a year, a little less":        {365 * day, day - 1, false},
		"the clock was set back since": {3 * day, -day, false},
		"beats of before lie ahead":    {-5 * day, 0, true},
	} {
		err := storehealth.Settled(first.Add(-c.silence), first, first.Add(c.since))
		if want := "silence"; c.settled {
			require.NoError(t, err, name)
		} else {
			require.Equal(t, want, class(t, err), name)
		}
	}
	require.NoError(t, storehealth.Settled(time.Time{}, first, first))
	require.NoError(t, storehealth.Settled(first, time.Time{}, first))
}

package probing_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/probing"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// crowd are the attempts of probes of many accounts, as they happen.
type crowd struct {
	took func(account string) time.Duration
	fail func(account string) bool

	mu       sync.Mutex
	underway map[string]int
	most     int // at once
	begun    []time.Time
	times    map[string][]time.Time
	shared   bool // two of one account were under way together
}

func newCrowd() *crowd {
	return &crowd{
		underway: map[string]int{}, times: map[string][]time.Time{},
		took: func(string) time.Duration { return 2500 * time.Millisecond }, fail: func(string) bool { return false },
	}
}

// probe is one of an account.
func (c *crowd) probe(t longrun.ProbeType, name, account string) probing.Probe {
	p := every(probe.Func(func(ctx context.Context) (probe.Result, error) {
		now := time.Now()
		c.mu.Lock()
		c.underway[account]++
		c.shared = c.shared || c.underway[account] > 1
		sum := 0
		for _, n := range c.underway {
			sum += n
		}
		c.most = max(c.most, sum)
		c.begun = append(c.begun, now)
		c.times[account] = append(c.times[account], now)
		c.mu.Unlock()
		defer func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.underway[account]--
		}()
		select {
		case <-time.After(c.took(account)):
		case <-ctx.Done():
			return probe.Failed("acked_not_delivered", "not in time"), nil
		}
		if c.fail(account) {
			return probe.Failed("acked_not_delivered", "nobody got it"), nil
		}
		return probe.Result{Status: probe.Pass, Latency: time.Millisecond}, nil
	}))
	p.Type, p.Name, p.Account, p.Confirm = t, name, account, 10*time.Second
	return p
}

func (c *crowd) all(n int) (all []probing.Probe) {
	for i := range n {
		name := fmt.Sprint("ops-", i)
		all = append(all, c.probe(longrun.Outbound, name, name), c.probe(longrun.Inbound, name, name))
	}
	return all
}

// made is how many attempts of an account, or of all, have begun.
func (c *crowd) made(account string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if account == "*" {
		return len(c.begun)
	}
	return len(c.times[account])
}

// closest is how near two attempts of all began to each other.
func (c *crowd) closest() time.Duration {
	slices.SortFunc(c.begun, time.Time.Compare)
	least := time.Hour
	for i := 1; i < len(c.begun); i++ {
		least = min(least, c.begun[i].Sub(c.begun[i-1]))
	}
	return least
}

// A hundred accounts with two probes each, for two days: never more than four
// at once, none of one account together, two seconds between any two, and in no
// quarter of an hour much more than its share; each stored under its own ID, and
// none made less often than a period and a quarter.
func TestProbesOfManyAccountsAreSpread(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		c := newCrowd()
		n := newNode(t, st, nil, nil, c.all(100)...)
		began := time.Now()
		n.begin()
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		require.Equal(t, 200, c.made("*"), "all are made soon after the first start")
		time.Sleep(54 * time.Hour)
		require.NoError(t, n.end())
		require.Greater(t, c.begun[199].Sub(c.begun[0]), 9*time.Minute, "and not at once")
		require.LessOrEqual(t, c.most, 4)
		require.False(t, c.shared, "one of an account at a time")
		require.GreaterOrEqual(t, c.closest(), probing.Apart)
		quarters := map[time.Duration]int{}
		for _, at := range c.begun {
			if age := at.Sub(began); age > 36*time.Hour {
				quarters[age/(15*time.Minute)]++
			}
		}
		for at, n := range quarters {
			require.Less(t, n, 4*200/24, "in quarter %d; 8 are its share", at)
		}
		require.Len(t, results(t, st), len(c.begun), "each has its own document")
		byProbe := map[longrun.NamedProbe]time.Time{}
		for _, p := range results(t, st) {
			if before, ok := byProbe[p.Named()]; ok {
				require.GreaterOrEqual(t, p.TS.Sub(before), 6*time.Hour-time.Second)
				require.LessOrEqual(t, p.TS.Sub(before), 7*time.Hour+30*time.Minute+time.Minute)
			}
			byProbe[p.Named()] = p.TS
		}
		require.Len(t, byProbe, 200)
		seen, known := n.Seen(nil)
		require.False(t, known)
		require.Empty(t, seen)
	})
}

// Ten accounts whose every attempt takes all its time, of two hundred: the others
// are probed as often as ever.
func TestSlowProbesOfSomeStarveNobody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCrowd()
		slow := func(account string) bool { return len(account) == len("ops-0") }
		c.took = func(account string) time.Duration {
			if slow(account) {
				return time.Hour
			}
			return time.Second
		}
		var all []probing.Probe
		for i := range 200 {
			p := c.probe(longrun.Inbound, fmt.Sprint("ops-", i), fmt.Sprint("ops-", i))
			p.Every, p.Retry = time.Hour, 10*time.Minute
			all = append(all, p)
		}
		n := newNode(t, memstore.New(nil), nil, nil, all...)
		n.begin()
		time.Sleep(12 * time.Hour)
		require.NoError(t, n.end())
		for account, times := range c.times {
			if slow(account) {
				require.Greater(t, len(times), 100, "%s is tried again every ten minutes, twice each time", account)
			} else {
				require.GreaterOrEqual(t, len(times), 9, account)
			}
			for i := 1; i < len(times); i++ {
				require.Less(t, times[i].Sub(times[i-1]), 80*time.Minute, account)
			}
		}
		require.LessOrEqual(t, c.most, 4)
	})
}

// All two hundred fail, each after all its time: the pauses of those that are to be
// confirmed are others' turns.
func TestWhenAllFailAllAreMadeInTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		c := newCrowd()
		c.took = func(string) time.Duration { return time.Hour }
		var all []probing.Probe
		for i := range 200 {
			p := c.probe(longrun.Inbound, fmt.Sprint("ops-", i), fmt.Sprint("ops-", i))
			p.Confirm = 2 * time.Minute
			all = append(all, p)
		}
		n := newNode(t, st, nil, nil, all...)
		n.begin()
		time.Sleep(60 * time.Minute) // 400 attempts of 30 s, four at once: 50 minutes
		require.NoError(t, n.end())
		require.Greater(t, len(results(t, st)), 195)
		for _, p := range results(t, st) {
			require.Equal(t, longrun.Fail, p.Result)
			require.Len(t, p.Attempts, 2)
		}
	})
}

// Those of one account take turns, whatever their types and names; so do those of
// none.
func TestProbesOfOneAccountTakeTurns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCrowd()
		c.took = func(string) time.Duration { return 20 * time.Second }
		n := newNode(t, memstore.New(nil), nil, nil,
			c.probe(longrun.Outbound, "", ""), c.probe(longrun.Inbound, "", ""), c.probe(longrun.Queue, "", ""),
			c.probe(longrun.Outbound, "a", "ops"), c.probe(longrun.Outbound, "b", "ops"), c.probe("web", "", "ops"))
		n.begin()
		time.Sleep(30 * time.Minute)
		require.Equal(t, 3, c.made("ops"))
		require.Equal(t, 3, c.made(""))
		require.NoError(t, n.end())
		require.False(t, c.shared)
		require.LessOrEqual(t, c.most, 2)
	})
}

// A person's probe goes ahead of what is due, waits for its own account alone, and
// is not made when nobody waits for it any more.
func TestAProbeByHandOfAnAccountWaitsForThatAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCrowd()
		c.took = func(account string) time.Duration {
			if account == "slow" {
				return 25 * time.Second
			}
			return time.Second
		}
		st := memstore.New(nil)
		n := newNode(t, st, nil, nil, c.probe(longrun.Outbound, "slow", "slow"), c.probe(longrun.Outbound, "ops", "ops"), c.probe(longrun.Outbound, "", ""))
		n.begin()
		time.Sleep(30 * time.Second)
		slow, ops := longrun.NamedProbe{Type: longrun.Outbound, Name: "slow"}, longrun.NamedProbe{Type: longrun.Outbound, Name: "ops"}
		first := make(chan error, 1)
		go func() {
			_, err := n.RunProbe(t.Context(), slow)
			first <- err
		}()
		time.Sleep(3 * time.Second)
		impatient, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		second := make(chan error, 1)
		go func() {
			_, err := n.RunProbe(impatient, slow)
			second <- err
		}()
		began := time.Now()
		p, err := n.RunProbe(t.Context(), ops)
		require.NoError(t, err)
		require.Less(t, time.Since(began), 4*time.Second)
		require.Equal(t, "ops", p.Name)
		require.Regexp(t, `^OUT_20000101T0000\d\d_ops$`, p.ProbeKey)
		require.ErrorIs(t, <-second, context.DeadlineExceeded)
		require.NoError(t, <-first)
		time.Sleep(10 * time.Second)
		require.Equal(t, 1, c.made("slow"), "nobody waited for the second one")
		_, err = n.RunProbe(t.Context(), longrun.NamedProbe{Type: longrun.Outbound, Name: "nobody"})
		require.ErrorIs(t, err, probing.ErrUnknownProbe)
		require.NoError(t, n.end())
	})
}

// What one leader stored of each probe the next one knows, whatever else has the
// type; and what was due meanwhile it makes within minutes, none of them at once.
func TestATakeOverKnowsProbesByTheirNames(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memstore.New(nil)
		c := newCrowd()
		n := newNode(t, st, nil, nil, c.all(50)...)
		n.begin()
		time.Sleep(15 * time.Minute)
		require.NoError(t, n.end())
		require.Equal(t, 100, c.made("*"))

		m := newNode(t, st, nil, nil, c.all(50)...)
		m.begin()
		time.Sleep(5 * time.Minute)
		require.Equal(t, 100, c.made("*"), "none is repeated")
		seen, known := m.Seen(nil)
		require.True(t, known)
		require.Len(t, seen, 100)
		for _, p := range seen {
			require.Len(t, p.Recent, 1, p.Target)
			require.Equal(t, p.Named(), p.Recent[0].Named())
		}
		require.NoError(t, m.end())

		time.Sleep(20 * time.Hour)
		m.begin()
		time.Sleep(25 * time.Minute)
		require.Equal(t, 200, c.made("*"))
		require.NoError(t, m.end())
		require.GreaterOrEqual(t, c.closest(), probing.Apart)
	})
}

// Restarts at any pace starve no probe: within a day each is made once and again.
func TestRestartsStarveNoProbe(t *testing.T) {
	t.Parallel()
	for _, pace := range []time.Duration{3 * time.Minute, 10 * time.Minute, 17 * time.Minute} {
		t.Run(pace.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				st := memstore.New(nil)
				c := newCrowd()
				for began := time.Now(); time.Since(began) < 24*time.Hour; {
					n := newNode(t, st, nil, nil, c.all(20)...)
					n.begin()
					time.Sleep(pace)
					require.NoError(t, n.end())
				}
				last := map[longrun.NamedProbe]int{}
				for _, p := range results(t, st) {
					last[p.Named()]++
				}
				require.Len(t, last, 40)
				for n, times := range last {
					require.GreaterOrEqual(t, times, 3, n)
				}
			})
		})
	}
}

package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// crew is servers on one database, one of which leads.
type crew struct {
	b      book
	launch func(name string) *process
	all    []*process // that live
	made   int
	took   []time.Duration // from what befell a leader to the next one's word
}

func newCrew(b book, launch func(name string) *process) *crew {
	c := &crew{b: b, launch: launch}
	c.recruit()
	b.await("", 2)
	for range 2 {
		c.recruit().says("standing by")
	}
	return c
}

func (c *crew) recruit() *process {
	c.made++
	p := c.launch(fmt.Sprintf("n%d", c.made))
	c.all = append(c.all, p)
	return p
}

var leads = regexp.MustCompile(` leading epoch=(\d+) `)

// leader is whoever says the highest epoch. On a machine that is too busy for its
// database it changes by itself.
func (c *crew) leader() (leader *process, epoch int) {
	for _, p := range c.all {
		for _, found := range leads.FindAllStringSubmatch(p.said(), -1) {
			if n, _ := strconv.Atoi(found[1]); n > epoch {
				leader, epoch = p, n
			}
		}
	}
	return leader, epoch
}

// succeed waits until another leads than the one that something befell, and writes.
func (c *crew) succeed(struck *process, epoch int) {
	c.b.t.Helper()
	began := time.Now()
	require.Eventually(c.b.t, func() bool {
		p, now := c.leader()
		return p != struck && now > epoch
	}, patience, 2*time.Millisecond, "nobody leads after %s", struck.name)
	c.took = append(c.took, time.Since(began))
	c.b.await("", len(c.b.beats())+1)
}

func (c *crew) kill() {
	struck, epoch := c.leader()
	struck.signal(syscall.SIGKILL)
	c.succeed(struck, epoch)
	<-struck.done
	c.all = slices.DeleteFunc(c.all, func(p *process) bool { return p == struck })
	c.recruit().says("standing by")
}

func (c *crew) freeze() {
	struck, epoch := c.leader()
	lost := strings.Count(struck.said(), "lease lost")
	c.b.freeze(struck)
	c.succeed(struck, epoch)
	struck.signal(syscall.SIGCONT)
	require.Eventually(c.b.t, func() bool {
		said := struck.said()
		return strings.Count(said, "lease lost") > lost && strings.LastIndex(said, "standing by holder=") > strings.LastIndex(said, "lease lost")
	}, patience, 20*time.Millisecond, "%s does not stand by", struck.name)
}

// tally is what the rounds have cost, and what they must not.
func (c *crew) tally(what string, rounds int) {
	c.b.t.Helper()
	for _, p := range c.all {
		p.signal(syscall.SIGTERM)
		require.Zero(c.b.t, p.ended())
		require.NotContains(c.b.t, p.said(), "panic")
	}
	coverage := c.b.coverage()
	bySlot, bySeq := map[time.Time]int{}, map[int64]longrun.Heartbeat{}
	doubled, stale := 0, 0
	for _, h := range c.b.beats() {
		if bySlot[h.TS.Truncate(time.Second)]++; bySlot[h.TS.Truncate(time.Second)] > 1 {
			doubled++
		}
		bySeq[h.ChainSeq] = h
	}
	for seq := int64(2); seq <= int64(len(bySeq)); seq++ {
		if bySeq[seq].Epoch < bySeq[seq-1].Epoch {
			stale++
		}
	}
	slices.Sort(c.took)
	c.b.t.Logf("| %s | %d | %d of %d | %d | %d | %v | %v |", what, rounds, coverage.Expected-coverage.Written, coverage.Expected, doubled, stale,
		c.took[len(c.took)/2].Round(time.Millisecond), c.took[len(c.took)-1].Round(time.Millisecond))
	require.Zero(c.b.t, doubled, "slots with two beats")
	require.Zero(c.b.t, stale, "beats of an older epoch behind those of a newer one")
	c.b.requireFenced()
	for _, g := range coverage.Gaps {
		require.NotEmpty(c.b.t, g.Cause, "a gap that nobody explains: %+v", g)
	}
}

// TestRoundsOfKillsAndFreezes kills and freezes whoever leads of three, again and again,
// on each database, and counts. A machine that is busy loses slots, and is not asked how
// many; what no machine may do is asserted.
//
//	go test ./examples/server -run Rounds -seeds=50 -timeout=1h -v | grep '| '
func TestRoundsOfKillsAndFreezes(t *testing.T) {
	seedtest.Long(t)
	t.Parallel()
	rounds := seedtest.Histories(6)
	onEach(t, func(t *testing.T, b book, launch func(string, ...string) *process) {
		var env []string
		if _, sqlite := b.store.(*sqlitestore.Store); !sqlite {
			env = append(env, "LONGRUN_WITNESS="+t.TempDir())
		}
		for _, way := range []struct {
			name   string
			strike func(*crew)
		}{{"SIGKILL", (*crew).kill}, {"SIGSTOP", (*crew).freeze}} {
			root := "rounds/" + way.name
			l, err := ledger.New(b.store, root)
			require.NoError(t, err)
			c := newCrew(book{t, b.store, l}, func(name string) *process {
				return launch(name, append(env, "LONGRUN_ROOT="+root)...)
			})
			for range rounds {
				way.strike(c)
			}
			c.tally(t.Name()+" "+way.name, rounds)
		}
	})
}

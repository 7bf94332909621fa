package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// long is a lease that no story of this file waits for: whoever leads in it was told
// of a death.
const long = "LONGRUN_LEASE=1h"

// deaths are the incidents of rule instance_died.
func (b book) deaths() (out []longrun.Incident) {
	b.t.Helper()
	for e, err := range b.Incidents(b.t.Context(), ledger.Page{}) {
		require.NoError(b.t, err)
		if e.Value.Rule == rules.InstanceDied {
			out = append(out, e.Value)
		}
	}
	return out
}

// found waits until the death of the instance is on record: its run is marked, and an
// incident names it.
func (b book) found(instance string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		for _, r := range b.runs() {
			if r.InstanceID != instance || r.Ended != longrun.Lost {
				continue
			}
			for _, d := range b.deaths() {
				if slices.Contains(d.Instances, instance) {
					return true
				}
			}
		}
		return false
	}, patience, 100*time.Millisecond, "the death of %s is not on record", instance)
}

func newBook(t *testing.T) (book, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "longrun.db")
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return openBook(t, st), path
}

func TestAKilledLeaderIsFollowedAtOnceAndItsDeathIsTold(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b book, launch func(string, ...string) *process) {
		env := []string{long}
		if _, told := b.store.(store.Witness); !told {
			env = append(env, "LONGRUN_WITNESS="+t.TempDir())
		}
		one, next, other := b.threeServers(
			func(name string) *process { return launch(name, env...) },
			func(one *process) { one.signal(syscall.SIGKILL) },
		)
		next.says("after=died")
		next.says("a run was found dead")
		b.found(one.name)
		b.await(next.name, 3)
		for _, p := range []*process{other, next} {
			p.signal(syscall.SIGTERM)
			require.Zero(t, p.ended())
		}
		b.requireFenced()
		require.Len(t, b.deaths(), 1)
	})
}

func TestAServerThatIsStartedAgainAfterACrashDoesNotWaitForItsOwnLease(t *testing.T) {
	t.Parallel()
	b, path := newBook(t)
	env := []string{"LONGRUN_STORE=sqlite:" + path, long}
	one := launch(t, "one", env...)
	b.await("one", 3)
	one.signal(syscall.SIGKILL)
	<-one.done
	again := launch(t, "one", env...)
	again.says("after=died")
	again.says("a run was found dead")
	b.found("one")
	again.signal(syscall.SIGTERM)
	require.Zero(t, again.ended())
	b.requireFenced()
	require.Len(t, b.runs(), 2)
}

func TestAFrozenLeaderIsNotTakenForDead(t *testing.T) {
	t.Parallel()
	b, path := newBook(t)
	start := func(name string) *process { return launch(t, name, "LONGRUN_STORE=sqlite:"+path) }
	one := start("one")
	b.await("one", 2)
	two := start("two")
	two.says("standing by holder=one")
	b.freeze(one)
	two.says("leading epoch=2 after=expired")
}

// TestManyKillsLoseNoSlot kills whoever leads, at any moment of a slot, with a standby
// beside it. It counts what a machine too busy to start a process in a second loses,
// and asserts what no machine may do: that a slot has two writers.
func TestManyKillsLoseNoSlot(t *testing.T) {
	t.Parallel()
	b, path := newBook(t)
	start := func(n int) *process {
		return launch(t, fmt.Sprintf("n%d", n), "LONGRUN_STORE=sqlite:"+path, long, "LONGRUN_LOG_LEVEL=info")
	}
	leader := start(0)
	b.await("n0", 2)
	kills := seedtest.Histories(9)
	for n := range kills {
		next := start(n + 1)
		next.says("standing by holder=" + leader.name)
		leader.signal(syscall.SIGKILL)
		next.says("after=died")
		<-leader.done
		b.await(next.name, 1)
		leader = next
	}
	b.found(fmt.Sprintf("n%d", kills-1))
	leader.signal(syscall.SIGTERM)
	require.Zero(t, leader.ended())
	b.requireFenced()
	c := b.coverage()
	t.Logf("%d kills: %d of %d slots missed", kills, c.Expected-c.Written, c.Expected)
	for _, g := range c.Gaps {
		t.Logf("gap %s of %d: %s, from %s to %s", g.From.Format(time.TimeOnly), g.Missed, g.Cause, g.Before, g.After)
	}
	dead := 0
	for _, r := range b.runs() {
		if r.Ended == longrun.Lost {
			dead++
		}
	}
	require.Equal(t, kills, dead, "each dead run is marked")
}

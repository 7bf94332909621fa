package main

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/internal/postgrestest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// onEach runs a story on every database that several processes can share.
func onEach(t *testing.T, story func(t *testing.T, b book, launch func(name string, env ...string) *process)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "longrun.db")
		st, err := sqlitestore.Open(t.Context(), path, nil)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, st.Close()) })
		story(t, openBook(t, st), func(name string, env ...string) *process {
			return launch(t, name, append(env, "LONGRUN_STORE=sqlite:"+path)...)
		})
	})
	t.Run("firestore", func(t *testing.T) {
		t.Parallel()
		host, project := firestoretest.Host(t), firestoretest.Project()
		st, err := firestorestore.New(firestoretest.Connect(t, host, project), &firestorestore.Options{Timeout: time.Minute}) // a busy machine
		require.NoError(t, err)
		story(t, openBook(t, st), func(name string, env ...string) *process {
			return launch(t, name, append(env, "LONGRUN_STORE=firestore:"+project, "FIRESTORE_EMULATOR_HOST="+host)...)
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		address := postgresAddress(t, postgrestest.DSN(t))
		story(t, openBook(t, openPostgres(t, address)), func(name string, env ...string) *process {
			return launch(t, name, append(env, "LONGRUN_STORE="+address)...)
		})
	})
}

func TestATerminatedLeaderHandsOverWithoutAnEmptySlot(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b book, launch func(string, ...string) *process) {
		_, next, other := b.threeServers(plainly(launch), func(one *process) {
			one.signal(syscall.SIGTERM)
			require.Zero(t, one.ended())
		})
		b.await(next.name, 4)
		other.signal(syscall.SIGTERM)
		require.Zero(t, other.ended())
		next.signal(syscall.SIGTERM)
		require.Zero(t, next.ended())

		c := b.coverage()
		require.Empty(t, c.Gaps)
		require.Equal(t, c.Expected, c.Written)
		b.requireFenced()
		for _, r := range b.runs() {
			require.Equal(t, longrun.Stopped, r.Ended, r.InstanceID)
		}
	})
}

// Without what tells of a death, the lease decides.
func TestAKilledLeaderLeavesAGapOfAtMostTheLeaseAndOneSlot(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b book, launch func(string, ...string) *process) {
		alone := func(name string) *process { return launch(name, "LONGRUN_WITNESS=none") }
		one, next, other := b.threeServers(alone, func(one *process) { one.signal(syscall.SIGKILL) })
		next.says("after=expired")
		b.await(next.name, 3)
		next.says("a run was found dead")
		for _, p := range []*process{other, next} {
			p.signal(syscall.SIGTERM)
			require.Zero(t, p.ended())
		}

		c := b.coverage()
		require.Len(t, c.Gaps, 1)
		require.Equal(t, longrun.Crash, c.Gaps[0].Cause)
		require.LessOrEqual(t, c.Gaps[0].Missed, 4+1)
		require.Equal(t, one.name, c.Gaps[0].Before)
		require.Equal(t, next.name, c.Gaps[0].After)
		b.requireFenced()
	})
}

func TestAStoppedLeaderThatWakesWritesNothingAndStandsBy(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b book, launch func(string, ...string) *process) {
		one, next, other := b.threeServers(plainly(launch), b.freeze)
		b.await(next.name, 2)
		one.signal(syscall.SIGCONT)
		one.says("lease lost, standing by")
		one.says("standing by holder=" + next.name)
		before := len(b.beats())
		b.await(next.name, before+3) // some slots on: who writes now?
		for _, p := range []*process{other, next} {
			p.signal(syscall.SIGTERM)
			require.Zero(t, p.ended())
		}
		one.says("leading epoch=3") // it stood by, and takes over
		one.signal(syscall.SIGTERM)
		require.Zero(t, one.ended())

		b.requireFenced()
		for _, h := range b.beats() {
			require.Equal(t, map[int64]string{1: one.name, 2: next.name, 3: one.name}[h.Epoch], h.InstanceID)
		}
		for _, r := range b.runs() {
			require.Equal(t, longrun.Stopped, r.Ended, "what was given up as lost took that back")
		}
	})
}

// plainly launches with nothing more to say.
func plainly(launch func(string, ...string) *process) func(string) *process {
	return func(name string) *process { return launch(name) }
}

// threeServers starts three, has something happen to the leader, and returns it
// with the one that leads then and the one that still stands by.
func (b book) threeServers(launch func(string) *process, strike func(*process)) (leader, next, other *process) {
	b.t.Helper()
	leader = launch("one")
	b.await("one", 3)
	two, three := launch("two"), launch("three")
	two.says("standing by holder=one")
	three.says("standing by holder=one")
	strike(leader)
	if waitEither(b.t, two, three, "leading epoch=2") == two {
		return leader, two, three
	}
	return leader, three, two
}

// recovery is how soon after the return of its store a server writes again.
const recovery = 10 * time.Second

func TestServersOutliveTheDeathOfTheEmulator(t *testing.T) {
	t.Parallel()
	emulator, project := firestoretest.Start(t), firestoretest.Project()
	env := []string{"LONGRUN_STORE=firestore:" + project, "FIRESTORE_EMULATOR_HOST=" + emulator.Host()}
	st, err := firestorestore.New(firestoretest.Connect(t, emulator.Host(), project), &firestorestore.Options{Timeout: time.Minute}) // a busy machine
	require.NoError(t, err)
	b := openBook(t, st)
	one := launch(t, "one", env...)
	b.await("one", 3)
	two := launch(t, "two", env...)
	two.says("standing by holder=one")

	emulator.Kill()
	one.says("store unreachable")
	two.says("store unreachable")
	emulator.Restart(t) // empty: it keeps nothing
	b.awaitWithin(recovery, "", 1)
	b.await("", 3)
	require.Contains(t, one.said()+two.said(), "the store has lost the lock's document")
	for _, p := range []*process{one, two} {
		p.says("store reachable again")
		p.signal(syscall.SIGTERM)
		require.Zero(t, p.ended())
		require.NotContains(t, p.said(), "panic")
	}
}

// waitEither returns the first of two servers that says the text.
func waitEither(t *testing.T, a, b *process, text string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	first := make(chan *process, 2)
	for _, p := range []*process{a, b} {
		go func() {
			if p.mutters(ctx, text) {
				first <- p
			}
		}()
	}
	select {
	case p := <-first:
		return p
	case <-ctx.Done():
		t.Fatalf("neither %s nor %s said %q", a.name, b.name, text)
		return nil
	}
}

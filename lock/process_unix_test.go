//go:build unix

package lock_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
)

// processEnv makes the test binary one of the competing processes: it holds where
// the database is, the name of the process, its lease, and whether it starts a child
// that outlives it.
const processEnv = "LOCK_TEST_PROCESS"

func TestMain(m *testing.M) {
	if env := os.Getenv(processEnv); env != "" {
		if err := compete(strings.Split(env, "\n")); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// link is one document of a chain that leaders write: its ID is its number, and
// the number of the last is the lock's note.
type link struct {
	TS    time.Time `json:"ts" firestore:"ts"`
	By    string    `json:"by" firestore:"by"`
	Epoch int64     `json:"epoch" firestore:"epoch"`
}

// compete leads whenever it can, and says on standard output what it does.
func compete(args []string) error {
	place, name := args[0], args[1]
	lease, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	st, end, err := join(ctx, place)
	if err != nil {
		return err
	}
	l, err := lock.New(st, lockKey, &lock.Options{Lease: lease, InstanceID: name})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	for ctx.Err() == nil {
		err := lock.Run(ctx, l, func(ctx context.Context, held *lock.Lease) error {
			if len(args) > 3 { // what it has open by now, a child must not inherit
				child := exec.Command("sleep", "600")
				if err := child.Start(); err != nil {
					return err
				}
				fmt.Println("child", child.Process.Pid)
			}
			_, how := held.Previous()
			fmt.Println("how", how)
			fmt.Println("leading", held.Token().Epoch)
			return extend(ctx, held, name)
		})
		if err != nil && !errors.Is(err, lock.ErrLost) {
			return err
		}
		if err != nil {
			fmt.Println("lost", err)
		}
	}
	return end()
}

func extend(ctx context.Context, held *lock.Lease, name string) error {
	for {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return nil
		}
		was := held.Note()
		n, err := strconv.Atoi("0" + was)
		if err != nil {
			return err
		}
		id := strconv.Itoa(n + 1)
		err = held.CommitNote(ctx, was, id, store.Create(docKey(id), link{TS: time.Now(), By: name, Epoch: held.Token().Epoch}))
		switch {
		case err == nil:
			fmt.Println("wrote", id)
		case ctx.Err() == nil:
			return err
		}
	}
}

// process is one of them, as its parent sees it.
type process struct {
	t     testing.TB
	cmd   *exec.Cmd
	name  string
	lines chan string
	wrote map[string]bool // acknowledged
	epoch string          // of its last term …
	how   string          // … and how it came about
	child int             // the process that it started
}

func start(tb testing.TB, place, name string, options ...string) *process {
	exe, err := os.Executable()
	require.NoError(tb, err)
	p := &process{t: tb, name: name, lines: make(chan string, 1<<16), wrote: map[string]bool{}}
	p.cmd = exec.Command(exe)
	if len(options) == 0 {
		options = []string{"3s"}
	}
	p.cmd.Env = append(os.Environ(), processEnv+"="+strings.Join(append([]string{place, name}, options...), "\n"))
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	require.NoError(tb, err)
	require.NoError(tb, p.cmd.Start())
	tb.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	p.until("ready")
	return p
}

func (p *process) signal(sig os.Signal) { require.NoError(p.t, p.cmd.Process.Signal(sig)) }

// freeze stops the process, but not in the middle of a transaction on SQLite: that
// would keep the whole file from everybody until it goes on, as SQLite must.
func (p *process) freeze(st store.Store) {
	for range 1000 {
		p.signal(syscall.SIGSTOP)
		var status syscall.WaitStatus
		_, err := syscall.Wait4(p.cmd.Process.Pid, &status, syscall.WUNTRACED, nil)
		require.NoError(p.t, err)
		require.True(p.t, status.Stopped())
		ctx, cancel := context.WithTimeout(p.t.Context(), time.Second)
		_, err = st.Commit(ctx, store.Set(store.Key{Collection: "w/l/probe", ID: "writable"}, link{}))
		cancel()
		if err == nil {
			return
		}
		p.signal(syscall.SIGCONT)
	}
	require.Fail(p.t, "always in the middle of a transaction")
}

// until reads what the process says up to a line that begins so; "" is its end.
func (p *process) until(begin string) {
	limit := time.After(time.Minute)
	for {
		select {
		case line, open := <-p.lines:
			if !open {
				require.Empty(p.t, begin, "%s ended", p.name)
				return
			}
			what, rest, _ := strings.Cut(line, " ")
			switch what {
			case "wrote":
				p.wrote[rest] = true
			case "leading":
				p.epoch = rest
			case "how":
				p.how = rest
			case "child":
				p.child, _ = strconv.Atoi(rest)
				child, err := os.FindProcess(p.child)
				require.NoError(p.t, err)
				p.t.Cleanup(func() { _ = child.Kill() })
			case "failed":
				require.Fail(p.t, "it failed", "%s: %s", p.name, rest)
			}
			if begin != "" && what == begin {
				return
			}
		case <-limit:
			require.Fail(p.t, "nothing happened", "%s did not come to say %q", p.name, begin)
		}
	}
}

// writes waits for it to have written some more.
func (p *process) writes() {
	for range 25 {
		p.until("wrote")
	}
}

// TestScenario40 is told in stored documents and in what the processes say of
// themselves, never in durations.
func TestScenario40ProcessesThatAreFrozenAndKilledLeaveOneChain(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes two leases of real time")
	}
	onEach(t, 40, func(t *testing.T, g *ground) {
		place, st := g.share(t)
		freezeAndKill(t, place, st)
	})
}

func freezeAndKill(t *testing.T, place string, st store.Store) {
	t.Helper()
	a := start(t, place, "a")
	a.writes()
	b := start(t, place, "b")

	a.freeze(st) // for more than its lease: until b leads
	b.until("leading")
	require.NotEqual(t, string(lock.Died), b.how, "what is frozen is not dead")
	b.writes()
	a.signal(syscall.SIGCONT)
	a.until("lost")
	b.writes()

	b.signal(syscall.SIGKILL) // at whatever it is doing
	a.until("leading")
	a.writes()

	c := start(t, place, "c")
	a.signal(syscall.SIGTERM)
	c.until("leading")
	c.writes()
	c.signal(syscall.SIGTERM)
	for _, p := range []*process{a, b, c} {
		p.until("")
	}
	require.NoError(t, a.cmd.Wait())
	require.NoError(t, c.cmd.Wait())

	rec, err := st.Get(t.Context(), lockKey)
	require.NoError(t, err)
	row, err := lock.ReadRow(rec)
	require.NoError(t, err)
	require.Empty(t, row.Owner)
	require.GreaterOrEqual(t, row.Epoch, int64(4))
	last, err := strconv.Atoi(row.Note)
	require.NoError(t, err)

	writers := map[int64]string{}
	epoch := int64(1)
	for n := 1; n <= last; n++ {
		id := strconv.Itoa(n)
		var d link
		rec, err := st.Get(t.Context(), docKey(id))
		require.NoError(t, err, "link %d of %d is missing", n, last)
		require.NoError(t, rec.Decode(&d))
		require.GreaterOrEqual(t, d.Epoch, epoch, "link %d is of an older epoch than the one before", n)
		epoch = d.Epoch
		if by, known := writers[epoch]; known {
			require.Equal(t, by, d.By, "two wrote in epoch %d", epoch)
		}
		writers[epoch] = d.By
		for _, p := range []*process{a, b, c} {
			require.True(t, !p.wrote[id] || d.By == p.name, "%s was told that link %d is its own", p.name, n)
		}
	}
	for _, p := range []*process{a, b, c} {
		require.NotEmpty(t, p.wrote)
		for id := range p.wrote {
			n, err := strconv.Atoi(id)
			require.NoError(t, err)
			require.LessOrEqual(t, n, last, "%s was told that link %d is stored", p.name, n)
		}
	}
	_, err = st.Get(t.Context(), docKey(strconv.Itoa(last+1)))
	require.ErrorIs(t, err, store.ErrNotFound)
	t.Logf("%d links, epochs %v", last, writers)
}

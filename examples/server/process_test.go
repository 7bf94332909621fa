package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/servertest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// patience bounds every wait of these tests. It is no expectation: a healthy
// machine needs a fraction of it.
const patience = 90 * time.Second

// binary is the server, built once for all tests of this package.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "longwatch-server-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "server")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	flag.Parse()
	// Nearly all that these tests do is to wait for slots and leases of servers that
	// do nothing meanwhile.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue && runtime.GOMAXPROCS(0) < 4 {
		_ = flag.Set(parallel.Name, "4") // it takes any number above 0
	}
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// process is one running server.
type process struct {
	t    *testing.T
	name string
	addr string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended

	mu      sync.Mutex
	out     bytes.Buffer
	changed chan struct{} // replaced at each write
}

// launch starts a server with one-second slots and a lease of four.
func launch(t *testing.T, name string, env ...string) *process {
	t.Helper()
	path, err := binary()
	require.NoError(t, err)
	p := &process{t: t, name: name, addr: freeAddr(t), done: make(chan struct{}), changed: make(chan struct{})}
	p.cmd = exec.Command(path)
	p.cmd.Env = append([]string{
		"HOME=" + t.TempDir(), "LONGRUN_INTERVAL=1s", "LONGRUN_LEASE=4s",
		"LONGRUN_INSTANCE_ID=" + name, "LONGRUN_COMMIT=c1", "LONGRUN_ADDR=" + p.addr,
	}, env...)
	p.cmd.Stderr, p.cmd.Stdout = p, p
	require.NoError(t, p.cmd.Start())
	go func() { defer close(p.done); _ = p.cmd.Wait() }()
	t.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGCONT)
		_ = p.cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.said())
		}
	})
	return p
}

func freeAddr(t *testing.T) string {
	t.Helper()
	addr, err := servertest.FreePort()
	require.NoError(t, err)
	return addr
}

// Write takes what the server prints.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.changed)
	p.changed = make(chan struct{})
	return p.out.Write(b)
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// says waits until the server has printed the text.
func (p *process) says(text string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	if !p.mutters(ctx, text) {
		p.t.Fatalf("%s does not say %q", p.name, text)
	}
}

// mutters waits until the server has printed the text, and reports false when it
// ends, or ctx does, without having done so.
func (p *process) mutters(ctx context.Context, text string) bool {
	for {
		p.mu.Lock()
		have, changed := strings.Contains(p.out.String(), text), p.changed
		p.mu.Unlock()
		if have {
			return true
		}
		select {
		case <-changed:
		case <-p.done:
			return strings.Contains(p.said(), text)
		case <-ctx.Done():
			return false
		}
	}
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(s))
}

// ended waits until the server has ended and returns its exit code.
func (p *process) ended() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("%s does not end", p.name)
	}
	return p.cmd.ProcessState.ExitCode()
}

// book reads what the servers wrote.
type book struct {
	t     *testing.T
	store store.Store
	*ledger.Ledger
}

func openBook(t *testing.T, st store.Store) book {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	return book{t, st, l}
}

func (b book) beats() []longrun.Heartbeat {
	b.t.Helper()
	var out []longrun.Heartbeat
	for e, err := range b.Heartbeats(b.t.Context(), ledger.Page{}) {
		require.NoError(b.t, err)
		out = append(out, e.Value)
	}
	return out
}

func (b book) runs() []longrun.Run {
	b.t.Helper()
	var out []longrun.Run
	for e, err := range b.Runs(b.t.Context(), ledger.Page{}) {
		require.NoError(b.t, err)
		out = append(out, e.Value)
	}
	return out
}

// await polls the store until an instance, or with an empty name all of them
// together, has n beats.
func (b book) await(instance string, n int) {
	b.t.Helper()
	b.awaitWithin(patience, instance, n)
}

// awaitWithin is await with another bound, for what is promised.
func (b book) awaitWithin(limit time.Duration, instance string, n int) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), limit)
	defer cancel()
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	for {
		have := 0
		for e, err := range b.Heartbeats(ctx, ledger.Page{}) {
			if err == nil && (instance == "" || e.Value.InstanceID == instance) {
				have++
			}
		}
		if have >= n {
			return
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("after %v %q has %d beats, not %d", limit, instance, have, n)
		case <-every.C:
		}
	}
}

// freeze stops a server, but not in the middle of a transaction on SQLite: that
// would keep the whole file from everybody until it goes on, as SQLite must.
func (b book) freeze(p *process) {
	b.t.Helper()
	for range 20 {
		p.signal(syscall.SIGSTOP)
		ctx, cancel := context.WithTimeout(b.t.Context(), time.Second)
		_, err := b.store.Commit(ctx, store.Set(store.Key{Collection: "tests", ID: "probe"}, map[string]any{"of": p.name}))
		cancel()
		if err == nil {
			return
		}
		p.signal(syscall.SIGCONT)
	}
	b.t.Fatalf("%s was always met in the middle of a transaction", p.name)
}

// coverage measures from the first beat to the last.
func (b book) coverage() longrun.Coverage {
	b.t.Helper()
	beats := b.beats()
	require.NotEmpty(b.t, beats)
	to := beats[len(beats)-1].TS.Truncate(time.Second).Add(time.Second)
	return coverage.Of(beats, longrun.Window{From: beats[0].TS, To: to}, time.Second, to, b.runs()...)
}

// requireFenced checks that of two instances the one with the later epoch wrote
// everything that was committed after its first beat.
func (b book) requireFenced() {
	b.t.Helper()
	bySeq := make(map[int64]longrun.Heartbeat)
	for _, h := range b.beats() {
		bySeq[h.ChainSeq] = h
	}
	var head evidence.Head
	var epoch int64
	for seq := int64(1); seq <= int64(len(bySeq)); seq++ {
		h := bySeq[seq]
		require.GreaterOrEqual(b.t, h.Epoch, epoch, "epochs never fall in the order of commits")
		epoch = h.Epoch
		var err error
		head, err = head.Check(h)
		require.NoError(b.t, err)
	}
}

package longwatch_test

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// patience bounds the waits of this test. It is shorter than the lease of a start,
// two minutes, so that whoever has to wait for one is late.
const patience = time.Minute

// readmeAddr is where the README's start listens.
const readmeAddr = "127.0.0.1:8080"

// buildStart builds the first program of the README in a module of its own, as a
// reader does, but for the address.
func buildStart(t *testing.T, addr string) (binary string) {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(readme), "\n## A start\n")
	require.True(t, found)
	block := regexp.MustCompile("(?s)```go\n(package main.*?)```").FindStringSubmatch(section)
	require.NotNil(t, block)
	require.Contains(t, block[1], readmeAddr)
	lines := strings.Count(block[1][strings.Index(block[1], "func main"):], "\n")
	require.LessOrEqual(t, lines, 33, "it is a start, and no manual")

	dir, checkout := t.TempDir(), must(os.Getwd())(t)
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("main.go", strings.ReplaceAll(block[1], readmeAddr, addr))
	mod := string(must(os.ReadFile("go.mod"))(t))
	_, rest, _ := strings.Cut(mod, "\n")
	write("go.mod", "module start\n"+rest+"\nrequire github.com/seed-13dc028d/longwatch v0.0.0\nreplace github.com/seed-13dc028d/longwatch => "+checkout+"\n")
	write("go.sum", string(must(os.ReadFile("go.sum"))(t)))
	binary = filepath.Join(dir, "start")
	build := exec.Command("go", "build", "-mod=mod", "-o", binary, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return binary
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		require.NoError(t, err)
		return v
	}
}

// started is a run of the README's program.
type started struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  bytes.Buffer
	done chan struct{}
	addr string
}

func start(t *testing.T, binary, dir, addr string) *started {
	t.Helper()
	s := &started{t: t, cmd: exec.Command(binary), done: make(chan struct{}), addr: addr}
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = dir, &s.out, &s.out
	require.NoError(t, s.cmd.Start())
	go func() { defer close(s.done); _ = s.cmd.Wait() }()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.done
	})
	return s
}

// leads waits until it does.
func (s *started) leads() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		response, err := http.Get("http://" + s.addr + "/api/admin/longrun/status")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		var body struct {
			Status struct {
				State monitor.State `json:"state"`
			} `json:"status"`
		}
		return json.NewDecoder(response.Body).Decode(&body) == nil && body.Status.State == monitor.Leading
	}, patience, 50*time.Millisecond)
}

func (s *started) stops(with os.Signal) {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(with))
	select {
	case <-s.done:
	case <-time.After(patience):
		s.t.Fatalf("it does not end after %v", with)
	}
	require.Zero(s.t, s.cmd.ProcessState.ExitCode(), "%s", &s.out)
}

func TestTheReadmesStartHandsOverWhenItIsTerminated(t *testing.T) {
	t.Parallel()
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	binary, dir := buildStart(t, addr), t.TempDir()
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt, syscall.SIGTERM} {
		s := start(t, binary, dir, addr)
		s.leads() // long before a lease that was not released would end
		s.stops(signal)
	}
	st := must(sqlitestore.Open(t.Context(), filepath.Join(dir, "longrun.db"), nil))(t)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	book := must(ledger.New(st, ""))(t)
	runs := 0
	for e, err := range book.Runs(t.Context(), ledger.Page{}) {
		require.NoError(t, err)
		require.Equal(t, longrun.Stopped, e.Value.Ended, "no run is taken for a crash")
		runs++
	}
	require.Equal(t, 3, runs)
}

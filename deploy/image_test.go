package deploy_test

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

const (
	patience = time.Minute      // bounds waits that nothing is promised of
	stops    = 10 * time.Second // what Cloud Run and docker stop wait, the shortest of all
	maxImage = 60 << 20         // bytes
	nobody   = 65534
	token    = "a-token-of-the-tests"
)

// server is the binary that the Dockerfile builds, built once.
var server = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		return "", err
	}
	line := regexp.MustCompile(`(?m)^RUN CGO_ENABLED=0 go build (.*) -o /out/server (\S+)$`).FindSubmatch(text)
	if line == nil {
		return "", errors.New("the Dockerfile does not build the server as expected here")
	}
	dir, err := os.MkdirTemp("", "longwatch-image-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "server")
	args := append([]string{"build", "-buildvcs=false"}, strings.Fields(string(line[1]))...)
	build := exec.Command("go", append(args, "-o", path, string(line[2]))...)
	build.Dir = ".."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, os.Chmod(dir, 0o755) //nolint:gosec // nobody has to find it
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built {
		if path, err := server(); err == nil {
			_ = os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(code)
}

var built bool // by a test, before TestMain looks

// binary skips unless the flags ask for what takes long: all of the binary is built anew,
// with other settings than everything else.
func binary(t *testing.T) string {
	t.Helper()
	seedtest.Long(t)
	built = true
	path, err := server()
	require.NoError(t, err)
	return path
}

func TestTheBinaryNeedsNothingBesideIt(t *testing.T) {
	path := binary(t)
	info, err := os.Stat(path)
	require.NoError(t, err)
	t.Logf("%.1f MB", float64(info.Size())/(1<<20))
	require.Less(t, info.Size(), int64(maxImage-1<<20), "with certificates beside it")
	file, err := elf.Open(path)
	if err != nil {
		t.Skip("no ELF file here: ", err)
	}
	defer file.Close()
	for _, part := range file.Progs {
		require.NotEqual(t, elf.PT_INTERP, part.Type, "it asks for a dynamic linker")
	}
	libraries, err := file.ImportedLibraries()
	require.NoError(t, err)
	require.Empty(t, libraries)
}

// image is a root file system as the Dockerfile makes it, seen by one process.
type image struct {
	t    *testing.T
	root string // read-only inside
	data string // the volume
}

func newImage(t *testing.T) *image {
	t.Helper()
	path := binary(t)
	for _, program := range []string{"unshare", "chroot", "mount", "sh"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here: Linux with util-linux and coreutils shows what happens in a container", program)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may make a root file system: sudo go test ./deploy")
	}
	dir, err := os.MkdirTemp("", "longwatch-root-") //nolint:usetesting // t.TempDir is closed to nobody
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	i := &image{t, filepath.Join(dir, "root"), filepath.Join(dir, "volume")}
	for _, d := range []string{i.root, filepath.Join(i.root, "data"), i.data} {
		require.NoError(t, os.Mkdir(d, 0o755))
	}
	require.NoError(t, os.Chown(i.data, nobody, nobody))
	require.NoError(t, exec.Command("cp", path, filepath.Join(i.root, "server")).Run())
	if out, err := i.command(t.Context(), nil, "-help").CombinedOutput(); err != nil {
		t.Skipf("mounts are not allowed here: %v: %.200s", err, out)
	}
	return i
}

// enter makes the root file system read-only but for its volume, and becomes the
// server there, as nobody and with the same process ID.
const enter = `set -e
mount --make-rprivate /
mount --bind "$0" "$0"
mount --bind "$1" "$0/data"
mount -o remount,bind,ro "$0"
root=$0; shift
exec chroot --userspec=65534:65534 --groups= "$root" /server "$@"`

func (i *image) command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "unshare", append([]string{"-m", "--", "sh", "-c", enter, i.root, i.data}, args...)...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	return cmd
}

// running is a server in an image.
type running struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  bytes.Buffer
	done chan struct{}
	env  []string
	port string
}

func (i *image) start(env ...string) *running {
	i.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(i.t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(i.t, err)
	require.NoError(i.t, l.Close())
	env = append([]string{
		"LONGRUN_STORE=sqlite:/data/longrun.db", "LONGRUN_JOURNAL=/data/longrun.journal", "LONGRUN_LOG_FORMAT=json",
		"PORT=" + port, "ADMIN_TOKEN=" + token,
	}, env...)
	r := &running{t: i.t, cmd: i.command(context.WithoutCancel(i.t.Context()), env), done: make(chan struct{}), env: env, port: port}
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.out
	require.NoError(i.t, r.cmd.Start())
	go func() { defer close(r.done); _ = r.cmd.Wait() }()
	i.t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		<-r.done
		if i.t.Failed() {
			i.t.Logf("it said:\n%s", &r.out)
		}
	})
	return r
}

// await polls until it is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	over := time.After(patience)
	for !so() {
		select {
		case <-every.C:
		case <-over:
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

// answers waits until a path does so with 200.
func (r *running) answers(path string) {
	r.t.Helper()
	await(r.t, path+" answers 200", func() bool {
		response, err := http.Get("http://127.0.0.1:" + r.port + path)
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// read opens the volume's file, and closes it again.
func (i *image) read(look func(*sqlitestore.Store, *ledger.Ledger)) {
	i.t.Helper()
	st, err := sqlitestore.Open(i.t.Context(), filepath.Join(i.data, "longrun.db"), &sqlitestore.Options{ReadOnly: true})
	require.NoError(i.t, err)
	defer func() { require.NoError(i.t, st.Close()) }()
	book, err := ledger.New(st, "")
	require.NoError(i.t, err)
	look(st, book)
}

// hasBeat reports whether the leader has written.
func (i *image) hasBeat() (has bool) {
	i.t.Helper()
	i.read(func(_ *sqlitestore.Store, book *ledger.Ledger) {
		for _, err := range book.Heartbeats(i.t.Context(), ledger.Page{Limit: 1}) {
			has = err == nil
		}
	})
	return has
}

func TestInAReadOnlyImageItServesAndEndsInTime(t *testing.T) {
	i := newImage(t)
	r := i.start("LONGRUN_INTERVAL=1s", "LONGRUN_LEASE=1h") // a lease that only its release ends
	r.answers("/readyz")
	r.answers("/livez")
	await(t, "a heartbeat", i.hasBeat)
	out, err := i.command(t.Context(), r.env, "-healthcheck").CombinedOutput()
	require.NoError(t, err, "%s", out)

	require.NoError(t, r.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-r.done:
	case <-time.After(stops):
		t.Fatalf("it goes on for longer than %v after SIGTERM", stops)
	}
	require.Zero(t, r.cmd.ProcessState.ExitCode())
	out, err = i.command(t.Context(), r.env, "-healthcheck").CombinedOutput()
	require.Error(t, err, "nobody is there: %s", out)

	i.read(func(st *sqlitestore.Store, book *ledger.Ledger) {
		record, err := st.Get(t.Context(), book.LockKey())
		require.NoError(t, err)
		row, err := lock.ReadRow(record)
		require.NoError(t, err)
		require.False(t, row.Held(), "the lease was not given back: %+v", row)
		runs := 0
		for e, err := range book.Runs(t.Context(), ledger.Page{}) {
			require.NoError(t, err)
			require.Equal(t, longrun.Stopped, e.Value.Ended)
			runs++
		}
		require.Equal(t, 1, runs)
	})
}

// What the test above shows is worth something only where nothing else can be written.
func TestNothingButTheVolumeCanBeWritten(t *testing.T) {
	i := newImage(t)
	out, err := i.command(t.Context(), []string{"LONGRUN_STORE=sqlite:/longrun.db", "LONGRUN_ADDR=127.0.0.1:0"}).CombinedOutput()
	failed, ok := errors.AsType[*exec.ExitError](err)
	require.True(t, ok, "it starts: %s", out)
	require.Equal(t, 2, failed.ExitCode(), "%s", out)
	require.Contains(t, string(out), "LONGRUN_STORE")
}

package firestoretest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
)

// asChild makes this test binary start an emulator, say where, and hang.
const asChild = "FIRESTORETEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) == "" {
		os.Exit(m.Run())
	}
	os.Args = append(os.Args[:1], "-test.run=^TestHangsWithAnEmulator$", "-test.v")
	os.Exit(m.Run())
}

func TestHangsWithAnEmulator(t *testing.T) {
	if os.Getenv(asChild) == "" {
		t.Skip("for the child process only")
	}
	fmt.Println("host", firestoretest.Start(t).Host())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestProjectsAreApartAndEmpty(t *testing.T) {
	t.Parallel()
	a, b := firestoretest.Client(t), firestoretest.Client(t)
	_, err := a.Doc("c/d").Set(t.Context(), map[string]any{"x": 1})
	require.NoError(t, err)
	_, err = a.Doc("c/d").Get(t.Context())
	require.NoError(t, err)
	_, err = b.Doc("c/d").Get(t.Context())
	require.Equal(t, codes.NotFound, status.Code(err))
}

func TestTheEmulatorIsSharedWithinABinary(t *testing.T) {
	t.Parallel()
	first := firestoretest.Host(t)
	require.Equal(t, first, firestoretest.Host(t))
}

func TestRestartServesOnTheSamePortAndForgets(t *testing.T) {
	t.Parallel()
	e := firestoretest.Start(t)
	project := firestoretest.Project()
	host := e.Host()

	_, err := firestoretest.Connect(t, host, project).Doc("c/d").Create(t.Context(), map[string]any{"x": 1})
	require.NoError(t, err)
	e.Kill()
	requireClosed(t, host)
	e.Kill() // twice is no error

	e.Restart(t)
	require.Equal(t, host, e.Host())
	_, err = get(t, host, project)
	require.Equal(t, codes.NotFound, status.Code(err))
}

// The test binary may be killed by a time-out, an operator or the system. An
// emulator left behind each time would eat the machine's memory.
func TestNoEmulatorOutlivesAKilledTestBinary(t *testing.T) {
	t.Parallel()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), asChild+"=1")
	stdin, err := child.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	host := hostOf(t, stdout)
	if host == "" {
		_ = child.Wait()
		firestoretest.Start(t) // skips or fails for the child's reason
	}
	_, err = get(t, host, firestoretest.Project())
	require.Equal(t, codes.NotFound, status.Code(err), "the child's emulator serves")

	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())
	requireClosed(t, host)
}

func get(t *testing.T, host, project string) (*firestore.DocumentSnapshot, error) {
	t.Helper()
	return firestoretest.Connect(t, host, project).Doc("c/d").Get(t.Context())
}

// hostOf returns what the child says, or nothing when it ends without a word.
func hostOf(t *testing.T, out io.Reader) string {
	t.Helper()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, host, ok := strings.Cut(lines.Text(), "host "); ok {
			return host
		}
	}
	return ""
}

// requireClosed returns when nobody listens on host any more. A connection that
// is held sees the end of its server; one that is made after it is refused.
func requireClosed(t *testing.T, host string) {
	t.Helper()
	for {
		var d net.Dialer
		conn, err := d.DialContext(t.Context(), "tcp", host)
		if err != nil {
			require.NoError(t, t.Context().Err(), "still served when the test timed out")
			return
		}
		_, _ = io.Copy(io.Discard, conn)
		require.NoError(t, conn.Close())
	}
}

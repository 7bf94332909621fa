package firestoretest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
)

// Emulator is a server of a test's own, which may be killed and started again.
// It keeps documents in memory only: a new start finds none.
type Emulator struct {
	java, jar, host string

	mu     sync.Mutex
	server *server // nil while down
}

// errTaken says that another process took the port before the emulator did, and
// errHangs that it neither runs nor ends.
var (
	errTaken = errors.New("firestoretest: the port was taken")
	errHangs = errors.New("firestoretest: the emulator did not start")
)

// maxStarts is how often a start is tried that ends with one of these.
const maxStarts = 4

func again(err error) bool { return errors.Is(err, errTaken) || errors.Is(err, errHangs) }

// Start runs an emulator for one test, which ends with the test. It skips the
// test where that is not possible; FIRESTORE_EMULATOR_HOST is no help here,
// since that server is not ours to kill.
func Start(tb testing.TB) *Emulator {
	tb.Helper()
	e, err := start()
	orSkip(tb, err)
	tb.Cleanup(e.Kill)
	return e
}

// Host returns host:port; it stays the same over Kill and Restart.
func (e *Emulator) Host() string { return e.host }

// Kill ends the emulator at once, as SIGKILL does, and returns when its port is
// closed. Killing a dead one is no error.
func (e *Emulator) Kill() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server != nil {
		e.server.kill()
		e.server = nil
	}
}

// Restart kills the emulator where it still runs, starts it again on the same
// port, and returns when it serves.
func (e *Emulator) Restart(tb testing.TB) {
	tb.Helper()
	e.Kill()
	e.mu.Lock()
	defer e.mu.Unlock()
	for n := 1; ; n++ {
		s, err := serve(e.java, e.jar, e.host)
		if err == nil {
			e.server = s
			return
		}
		if n == maxStarts || !again(err) {
			tb.Fatalf("firestoretest: restart, tried %d times: %v", n, err)
		}
	}
}

// start runs an emulator on a free port. Between finding a port and the
// emulator's taking it somebody else may: then the next one is tried.
func start() (*Emulator, error) {
	jar, err := findJar()
	if err != nil {
		return nil, err
	}
	java, err := findJava()
	if err != nil {
		return nil, err
	}
	for range maxStarts {
		var host string
		if host, err = freePort(); err != nil {
			return nil, err
		}
		var s *server
		if s, err = serve(java, jar, host); err == nil {
			return &Emulator{java: java, jar: jar, host: host, server: s}, nil
		}
		if !again(err) {
			return nil, err
		}
	}
	return nil, err
}

// failure is why an emulator ended that said words.
func failure(words string) error {
	if strings.Contains(words, "already in use") {
		return errTaken
	}
	return fmt.Errorf("firestoretest: the emulator ended at its start:\n%s", words)
}

// freePort finds a port, since the emulator does not tell which one it got for
// port 0. It lies below those that systems give to whoever does not ask for one:
// while an emulator is down, its port must not become the near end of somebody's
// connection, such as that of a client that tries to reach it.
func freePort() (string, error) {
	var err error
	for range 100 {
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprint("127.0.0.1:", 20_000+rand.IntN(12_000))); err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", fmt.Errorf("firestoretest: no free port: %w", err)
}

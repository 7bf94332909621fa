package firestoretest

import (
	"errors"
	"sync"
	"testing"

	"github.com/seed-13dc028d/longwatch/internal/servertest"
)

// Emulator is a server of a test's own, which may be killed and started again.
// It keeps documents in memory only: a new start finds none.
type Emulator struct {
	java, jar, host string

	mu     sync.Mutex
	server *server // nil while down
}

// maxStarts is how often a start is tried that may end otherwise the next time.
const maxStarts = 4

func again(err error) bool {
	return errors.Is(err, servertest.ErrTaken) || errors.Is(err, servertest.ErrHangs)
}

// Start runs an emulator for one test, which ends with the test. It skips the
// test where that is not possible; FIRESTORE_EMULATOR_HOST is no help here,
// since that server is not ours to kill.
func Start(tb testing.TB) *Emulator {
	tb.Helper()
	e, err := start()
	need.OrSkip(tb, err)
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
		if host, err = servertest.FreePort(); err != nil {
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

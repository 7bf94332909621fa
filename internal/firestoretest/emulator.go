package firestoretest

import (
	"errors"
	"fmt"
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

// errTaken says that another process took the port before the emulator did.
var errTaken = errors.New("firestoretest: the port was taken")

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
	s, err := serve(e.java, e.jar, e.host)
	if err != nil {
		tb.Fatalf("firestoretest: restart: %v", err)
	}
	e.server = s
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
	for range 5 {
		var host string
		if host, err = freePort(); err != nil {
			return nil, err
		}
		var s *server
		if s, err = serve(java, jar, host); err == nil {
			return &Emulator{java: java, jar: jar, host: host, server: s}, nil
		}
		if !errors.Is(err, errTaken) {
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

// freePort asks the system for a port: the emulator itself does not tell which
// one it got for port 0.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("firestoretest: no free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

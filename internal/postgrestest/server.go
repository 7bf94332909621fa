package postgrestest

import (
	"errors"
	"sync"
	"testing"

	"github.com/seed-13dc028d/longwatch/internal/servertest"
)

// Server is a server of a test's own, which may be stopped and started again. Its
// data lasts as long as the test does.
type Server struct {
	programs, dir, host string
	settings            []string

	mu  sync.Mutex
	run *run // nil while down
}

// maxStarts is how often a start is tried whose port was taken.
const maxStarts = 4

// Start runs a server for one test, which ends with the test. It skips the test
// where that is not possible; LONGRUN_TEST_POSTGRES is no help here, since that
// server is not ours to stop. settings are lines of postgresql.conf, such as
// "fsync=on".
func Start(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	s, err := start(settings)
	need.OrSkip(tb, err)
	tb.Cleanup(func() {
		s.Stop()
		s.remove()
	})
	return s
}

// Host returns host:port; it stays the same over Stop and Restart.
func (s *Server) Host() string { return s.host }

// DSN returns the server's address for the user postgres, who may do anything.
func (s *Server) DSN() string { return s.As("postgres") }

// As returns the server's address for another user. It asks for no password.
func (s *Server) As(user string) string {
	return "postgres://" + user + "@" + s.host + "/postgres?sslmode=disable"
}

// Stop ends the server at once, as a crash or pg_ctl's immediate mode does, and
// returns when nothing of it runs. Stopping a stopped one is no error.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run != nil {
		s.run.stop()
		s.run = nil
	}
}

// Restart stops the server where it still runs, starts it again on the same port
// and data, and returns when it serves.
func (s *Server) Restart(tb testing.TB, settings ...string) {
	tb.Helper()
	s.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = append(s.settings, settings...)
	for n := 1; ; n++ {
		r, err := serve(s)
		if err == nil {
			s.run = r
			return
		}
		if n == maxStarts || !errors.Is(err, servertest.ErrTaken) {
			tb.Fatalf("postgrestest: restart, tried %d times: %v", n, err)
		}
	}
}

// Follow restarts the server as a standby of nobody: it answers, and takes no writes.
func (s *Server) Follow(tb testing.TB) {
	tb.Helper()
	s.Stop()
	if err := s.follow(); err != nil {
		tb.Fatalf("postgrestest: %v", err)
	}
	s.Restart(tb)
}

// Replica runs a standby of the server for one test: it follows what the server
// writes, as it comes, by the way of via, a host and port that lead to the server. The
// server does not wait for it. settings are those of Start.
func (s *Server) Replica(tb testing.TB, via string, settings ...string) *Server {
	tb.Helper()
	r := &Server{programs: s.programs, settings: settings}
	var err error
	if r.dir, err = copyOf(s.programs, via); err == nil {
		err = r.first()
	}
	need.OrSkip(tb, err)
	tb.Cleanup(func() {
		r.Stop()
		r.remove()
	})
	return r
}

// Promote makes a standby a server that takes writes, and returns when it does.
func (s *Server) Promote(tb testing.TB) {
	tb.Helper()
	Exec(tb, s.DSN(), "SELECT pg_promote()") // waits for it
}

// start makes a server's data and runs it.
func start(settings []string) (*Server, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	s := &Server{programs: programs, settings: settings}
	if s.dir, err = initialise(programs); err != nil {
		return nil, err
	}
	if err := s.first(); err != nil {
		return nil, err
	}
	return s, nil
}

// first runs a server on a free port. Between finding a port and the server's taking
// it somebody else may: then the next one is tried.
func (s *Server) first() (err error) {
	for range maxStarts {
		if s.host, err = servertest.FreePort(); err != nil {
			break
		}
		if s.run, err = serve(s); !errors.Is(err, servertest.ErrTaken) {
			break
		}
	}
	if err != nil {
		s.remove()
	}
	return err
}

package servertest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os/exec"
	"strings"
	"sync"
	"time"
)

var (
	// ErrTaken says that somebody else took the port before the server did: the next
	// one is worth a try.
	ErrTaken = errors.New("servertest: the port was taken")
	// ErrHangs says that the server neither ran nor ended in time.
	ErrHangs = errors.New("servertest: the server did not start")
)

// Child is a server that was started.
type Child struct {
	// Stdin is its input. Whoever has this end holds it open for as long as the server
	// is to run: the system closes it when the tests end, in whatever way.
	Stdin io.WriteCloser
	// Gone is closed when nothing of it is left, nor of what it started.
	Gone <-chan struct{}
	// PID is its process's.
	PID int
}

// Run starts a command whose input and output nobody uses yet, and returns when it has
// said ready within a line. Beside an error of a server that was started the Child is
// there too, and is to be ended.
func Run(cmd *exec.Cmd, ready string, within time.Duration) (*Child, error) {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("servertest: start the server: %w", err)
	}
	gone := make(chan struct{})
	return &Child{Stdin: stdin, Gone: gone, PID: cmd.Process.Pid}, await(cmd, said, ready, within, gone)
}

// await returns when the server says that it is ready. Its own words are the only
// proof: on a port taken by another server, that one would answer.
func await(cmd *exec.Cmd, said io.Reader, ready string, within time.Duration, gone chan<- struct{}) error {
	running := make(chan error, 1)
	var mu sync.Mutex
	var words strings.Builder
	so := func() string {
		mu.Lock()
		defer mu.Unlock()
		return words.String()
	}
	go func() {
		defer close(gone)
		lines := bufio.NewScanner(said)
		for lines.Scan() {
			if strings.Contains(lines.Text(), ready) {
				running <- nil
				break
			}
			mu.Lock()
			words.WriteString(lines.Text() + "\n")
			mu.Unlock()
		}
		_, _ = io.Copy(io.Discard, said) // until all of them are gone
		_ = cmd.Wait()
		select {
		case running <- ended(so()):
		default: // it ran
		}
	}()
	select {
	case err := <-running:
		return err
	case <-time.After(within):
		return fmt.Errorf("%w within %v:\n%s", ErrHangs, within, so())
	}
}

// ended is why a server ended that said words.
func ended(words string) error {
	if strings.Contains(words, "already in use") {
		return ErrTaken
	}
	return fmt.Errorf("servertest: the server ended at its start:\n%s", words)
}

// FreePort finds host:port for a server that does not tell which port it got for port
// 0. It lies below those that systems give to whoever does not ask for one: while the
// server is down, its port must not become the near end of somebody's connection, such
// as that of a client that tries to reach it. Somebody may take it before the server
// does, which is ErrTaken.
func FreePort() (string, error) {
	var err error
	for range 100 {
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprint("127.0.0.1:", 20_000+rand.IntN(12_000))); err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", fmt.Errorf("servertest: no free port: %w", err)
}

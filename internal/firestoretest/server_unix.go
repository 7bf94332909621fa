//go:build unix

package firestoretest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// guard is a shell that runs its arguments and kills them when its standard
// input ends. The test binary holds the other end and never writes: the system
// closes it when the binary ends, in whatever way, SIGKILL included.
const guard = `exec 3<&0
"$@" 3<&- </dev/null &
java=$!
{ read -r _ <&3; kill -9 $java; } 2>/dev/null &
wait $java`

// startTimeout is far above what a busy machine needs, about 8 s. A start that
// takes longer hangs, and is tried again.
const startTimeout = 40 * time.Second

// server is one run of the emulator: the shell above and its java, in a process
// group of their own so that they are killed together.
type server struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	done  chan struct{} // closed when nothing of the group is left
}

// serve starts the emulator and returns when it answers on host.
func serve(java, jar, host string) (*server, error) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		return nil, absent("no sh to run it: %v", err)
	}
	address, port, err := net.SplitHostPort(host)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(sh, "-c", guard, "firestore-emulator", // lives longer than any context
		java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m",
		"-Duser.language=en", // it speaks no other
		"-cp", jar, "com.google.cloud.datastore.emulator.firestore.CloudFirestore",
		"--host", address, "--port", port)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s := &server{cmd: cmd, done: make(chan struct{})}
	if s.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("firestoretest: start the emulator: %w", err)
	}
	if err := s.await(said); err != nil {
		s.kill()
		return nil, err
	}
	return s, nil
}

// await returns when the emulator says that it runs. Its own words are the only
// proof: on a port taken by another emulator, that one would answer a request.
func (s *server) await(said io.Reader) error {
	running := make(chan error, 1)
	var mu sync.Mutex
	var words strings.Builder
	so := func() string {
		mu.Lock()
		defer mu.Unlock()
		return words.String()
	}
	go func() {
		defer close(s.done)
		lines := bufio.NewScanner(said)
		for lines.Scan() {
			if strings.Contains(lines.Text(), "is now running") {
				running <- nil
				break
			}
			mu.Lock()
			words.WriteString(lines.Text() + "\n")
			mu.Unlock()
		}
		_, _ = io.Copy(io.Discard, said) // until all of the group are gone
		_ = s.cmd.Wait()
		select {
		case running <- failure(so()):
		default: // it ran
		}
	}()
	select {
	case err := <-running:
		return err
	case <-time.After(startTimeout):
		return fmt.Errorf("%w within %v:\n%s", errHangs, startTimeout, so())
	}
}

// kill ends the whole group and waits for it.
func (s *server) kill() {
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // gone already is fine
	_ = s.stdin.Close()
	<-s.done
}

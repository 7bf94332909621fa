package leading

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// role tells a process of this binary that it is an instance, and which; its arguments
// are in the variables with numbers.
const role = "LEADING_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(role) == "" {
		os.Exit(m.Run())
	}
	var args []string
	for n := range 4 {
		args = append(args, os.Getenv(fmt.Sprint(role, n)))
	}
	stop := make(chan struct{})
	go func() {
		if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
			os.Exit(1) // the parent is gone
		}
		close(stop)
	}()
	if err := instance(os.Getenv(role), args, stop); err != nil {
		fmt.Println("failed:", strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
	os.Exit(0)
}

// instance lives until it is told to stop.
func instance(kind string, args []string, stop <-chan struct{}) error {
	switch kind {
	case "holder":
		return hold(args[0], args[1], args[2], stop)
	case "ticker":
		return tick(args[0], args[1], args[2], args[3])
	}
	return fmt.Errorf("no role %q", kind)
}

// hold joins, says when it leads, and gives that back when it is told to.
func hold(name, addr, who string, stop <-chan struct{}) error {
	s, err := find(name)
	if err != nil {
		return err
	}
	fmt.Println("begun")
	release, err := s.join(context.Background(), addr, who)
	if err != nil {
		return err
	}
	fmt.Println("led")
	<-stop
	return release()
}

// process is an instance in a process of its own.
type process struct {
	tb    testing.TB
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string
	// stderr is read when it is over.
	stderr bytes.Buffer
}

func start(tb testing.TB, kind string, args ...string) *process {
	tb.Helper()
	p := &process{tb: tb, cmd: exec.Command(os.Args[0]), lines: make(chan string, 10)} //nolint:gosec // this test itself
	p.cmd.Env = append(os.Environ(), role+"="+kind)
	for n, a := range args {
		p.cmd.Env = append(p.cmd.Env, fmt.Sprint(role, n)+"="+a)
	}
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(tb, err)
	p.stdin, err = p.cmd.StdinPipe()
	require.NoError(tb, err)
	require.NoError(tb, p.cmd.Start())
	go func() {
		defer close(p.lines)
		for in := bufio.NewScanner(stdout); in.Scan(); {
			p.lines <- in.Text()
		}
	}()
	tb.Cleanup(p.kill)
	return p
}

// until waits for a line.
func (p *process) until(line string) {
	p.tb.Helper()
	select {
	case got := <-p.lines:
		require.Equal(p.tb, line, got)
	case <-time.After(time.Minute):
		p.kill()
		require.Fail(p.tb, "an instance does not say: "+line, p.stderr.String())
	}
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// kill ends it as nothing in it can prevent.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	_ = p.cmd.Wait()
}

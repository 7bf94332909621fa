//go:build unix

package postgrestest

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/servertest"
)

// guard is a shell that runs its arguments but the first, and stops them at once
// when its standard input ends. The test binary holds the other end: the system
// closes it when the binary ends, in whatever way, SIGKILL included, and then the
// data in the first argument is of no more use. A binary that only stops the
// server writes a word.
const guard = `dir=$1; shift
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
{
	read -r _ <&3 && said=yes
	kill -QUIT $server
	if [ -z "$said" ]; then
		while kill -0 $server; do sleep 0.05; done
		rm -rf "$dir"
	fi
} >/dev/null 2>&1 &
wait $server`

// startTimeout is far above what a busy machine needs, about 5 s.
const startTimeout = time.Minute

// run is one run of a server: the shell above and its children.
type run struct{ *servertest.Child }

// account is who the programs run as: nil for ourselves.
func account() (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, need.Absent("it does not run as root, and there is no user postgres")
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, nil
}

// environment names no server of the user's own.
func environment(dir string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C", "TZ=UTC"}
}

// initialise makes the data of a new server and returns the folder around it.
func initialise(programs string) (dir string, err error) {
	return fill(filepath.Join(programs, "initdb"), "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D")
}

// copyOf makes the data of a standby of the server at host, which follows it by that
// way.
func copyOf(programs, host string) (dir string, err error) {
	address, port, err := net.SplitHostPort(host)
	if err != nil {
		return "", err
	}
	return fill(filepath.Join(programs, "pg_basebackup"), "--no-sync", "--checkpoint=fast", "--write-recovery-conf",
		"-h", address, "-p", port, "-U", "postgres", "-D")
}

// fill has a program make data in a new folder, which is its last argument, and
// returns the folder around that.
func fill(program string, args ...string) (dir string, err error) {
	attr, err := account()
	if err != nil {
		return "", err
	}
	// Not the test's own folder: root's is closed to the user postgres.
	if dir, err = os.MkdirTemp("", "postgrestest-"); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	if c := attr.Credential; c != nil {
		if err := os.Chown(dir, int(c.Uid), int(c.Gid)); err != nil {
			return "", err
		}
	}
	cmd := exec.Command(program, append(args, filepath.Join(dir, "data"))...)
	cmd.SysProcAttr, cmd.Dir, cmd.Env = attr, dir, environment(dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("postgrestest: %s: %w:\n%s", filepath.Base(program), err, out)
	}
	return dir, nil
}

// serve starts the server and returns when it answers on its port.
func serve(s *Server) (*run, error) {
	attr, err := account()
	if err != nil {
		return nil, err
	}
	address, port, err := net.SplitHostPort(s.host)
	if err != nil {
		return nil, err
	}
	args := []string{
		"-c", guard, "postgrestest", s.dir, filepath.Join(s.programs, "postgres"), "-D", filepath.Join(s.dir, "data"), "-p", port,
	}
	for _, setting := range append([]string{
		"listen_addresses=" + address, "unix_socket_directories=", "fsync=off", "max_connections=60",
		"shared_buffers=32MB", "log_min_messages=warning", "timezone=UTC",
	}, s.settings...) {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command("/bin/sh", args...) // lives longer than any context
	cmd.SysProcAttr, cmd.Dir, cmd.Env = attr, s.dir, environment(s.dir)
	child, err := servertest.Run(cmd, "database system is ready to accept", startTimeout)
	if child == nil {
		return nil, err
	}
	r := &run{child}
	if err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

// stop ends the server and waits for all of it.
func (r *run) stop() {
	_, _ = io.WriteString(r.Stdin, "stop\n") // it may have ended
	<-r.Gone
	_ = r.Stdin.Close()
}

// follow makes the data those of a standby.
func (s *Server) follow() error {
	return os.WriteFile(filepath.Join(s.dir, "data", "standby.signal"), nil, 0o644)
}

// remove deletes the data of a stopped server.
func (s *Server) remove() { _ = os.RemoveAll(s.dir) }

//go:build unix

package firestoretest

import (
	"net"
	"os/exec"
	"syscall"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/servertest"
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
type server struct{ *servertest.Child }

// serve starts the emulator and returns when it answers on host.
func serve(java, jar, host string) (*server, error) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		return nil, need.Absent("no sh to run it: %v", err)
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
	child, err := servertest.Run(cmd, "is now running", startTimeout)
	if child == nil {
		return nil, err
	}
	s := &server{child}
	if err != nil {
		s.kill()
		return nil, err
	}
	return s, nil
}

// kill ends the whole group and waits for it.
func (s *server) kill() {
	_ = syscall.Kill(-s.PID, syscall.SIGKILL) // gone already is fine
	_ = s.Stdin.Close()
	<-s.Gone
}

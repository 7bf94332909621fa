package disktest

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// inside says to a process that it is the one in the namespace.
const inside = "LONGRUN_DISKTEST_INSIDE"

// On runs the story on a disk of so many bytes. It must be the whole of a test.
func On(t *testing.T, size int, story func(t *testing.T, disk Disk)) {
	t.Helper()
	if os.Getenv(inside) == t.Name() {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
			t.Skipf("disktest: mount: %v", err)
		}
		t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
		story(t, Disk{Dir: dir, tb: t})
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var name []string
	for part := range strings.SplitSeq(t.Name(), "/") {
		name = append(name, "^"+regexp.QuoteMeta(part)+"$")
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run="+strings.Join(name, "/"), "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), inside+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	text := string(out)
	switch {
	case cmd.ProcessState == nil:
		t.Skipf("disktest: no namespace: %v", err)
	case err != nil:
		t.Fatalf("on a disk of %d bytes: %v\n%s", size, err, text)
	case strings.Contains(text, "--- SKIP"):
		t.Skip(text)
	case !strings.Contains(text, "--- PASS: "+t.Name()):
		t.Fatalf("it did not run:\n%s", text)
	}
	t.Log(text)
}

//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package linking

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// fileLock is the right to use a device file, held by a lock of the operating
// system on another file beside it. It ends with the process, however that ends.
// The other file stays behind: to delete it would let two in at once.
type fileLock struct{ file *os.File }

// lockDevice takes the lock for the device file at path, alone or with others that
// share it, or says at once who has it. Two opens in one process exclude each other,
// too.
func lockDevice(path string, shared bool) (*fileLock, error) {
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	file, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("whatsappprobe: locking the device file: %w", err)
	}
	for {
		err = syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer file.Close()
		return nil, fmt.Errorf("%w: %s, by %s", ErrDeviceInUse, path, holder(file))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("whatsappprobe: locking %s: %w", file.Name(), err), file.Close())
	}
	// For people only: the lock itself says whether this is still true.
	if err := file.Truncate(0); err == nil {
		_, _ = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return &fileLock{file: file}, nil
}

// holder reads who wrote into a lock's file last.
func holder(file *os.File) string {
	text, _ := io.ReadAll(io.LimitReader(file, 20))
	id, err := strconv.Atoi(strings.TrimSpace(string(text)))
	switch {
	case err != nil:
		return "another process"
	case id == os.Getpid():
		return "this process"
	}
	return "process " + strconv.Itoa(id)
}

func (l *fileLock) release() error { return l.file.Close() }

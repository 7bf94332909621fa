package filelock

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
)

// identity tells a file from every other one on this machine.
type identity struct{ device, inode uint64 }

// file is one open sign.
type file struct {
	path string
	fd   int
	id   identity
}

// again repeats a system call that a signal interrupted.
func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// create makes a file that is not there. Programs that this one starts do not get it.
func create(path string) (*file, error) { return openFile(path, syscall.O_CREAT|syscall.O_EXCL) }

// open opens a file that is there, and no link to one.
func open(path string) (*file, error) { return openFile(path, 0) }

func openFile(path string, flags int) (*file, error) {
	f := &file{path: path}
	var stat syscall.Stat_t
	err := again(func() (err error) {
		f.fd, err = syscall.Open(path, flags|syscall.O_RDWR|syscall.O_CLOEXEC|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
		return err
	})
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	err = again(func() error { return syscall.Fstat(f.fd, &stat) })
	if err == nil && stat.Mode&syscall.S_IFMT != syscall.S_IFREG {
		err = errors.New("no regular file")
	}
	if err != nil {
		f.close()
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	f.id = identityOf(&stat)
	return f, nil
}

func identityOf(stat *syscall.Stat_t) identity {
	return identity{device: uint64(stat.Dev), inode: uint64(stat.Ino)} //nolint:unconvert // not on every architecture
}

// lock takes the file for this descriptor alone, and reports whether that was free.
func (f *file) lock() (free bool, err error) {
	err = again(func() error { return syscall.Flock(f.fd, syscall.LOCK_EX|syscall.LOCK_NB) })
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return false, nil
	case err != nil:
		return false, &os.PathError{Op: "flock", Path: f.path, Err: err}
	}
	return true, nil
}

// named reports whether the path still shows this file.
func (f *file) named() bool {
	var stat syscall.Stat_t
	err := again(func() error { return syscall.Lstat(f.path, &stat) })
	return err == nil && identityOf(&stat) == f.id
}

// remove removes the file, unless its name shows another. The caller has its lock.
func (f *file) remove() {
	if f.named() {
		_ = syscall.Unlink(f.path) // it is swept later
	}
}

func (f *file) close() { _ = syscall.Close(f.fd) } // also where it is interrupted, on Linux

// ender closes the file once, and removes it before where it is of no use any more.
func (f *file) ender() func(spent bool) {
	var once sync.Once
	return func(spent bool) {
		once.Do(func() {
			if spent {
				f.remove()
			}
			f.close()
		})
	}
}

// The file systems on which a lock is this kernel's own affair, by their magic
// numbers. Any other may be a server's, which may give a lock away.
var localTypes = map[uint32]bool{ //nolint:gochecknoglobals // a table
	0xEF53:     true, // ext2, ext3, ext4
	0x58465342: true, // xfs
	0x9123683E: true, // btrfs
	0x01021994: true, // tmpfs
	0x794C7630: true, // overlay
	0x2FC12FC1: true, // zfs
	0xF2F52010: true, // f2fs
}

// local is an error unless the file lies on one of them.
func (f *file) local() error {
	var stat syscall.Statfs_t
	if err := again(func() error { return syscall.Fstatfs(f.fd, &stat) }); err != nil {
		return &os.PathError{Op: "statfs", Path: f.path, Err: err}
	}
	if kind := uint32(stat.Type); !localTypes[kind] { //nolint:gosec // the number's bits, on every architecture
		return fmt.Errorf("filelock: %s: a file system of type %#x, whose locks are not known to be this machine's own", f.path, kind)
	}
	return nil
}

// bootID is the kernel's name for one start of this machine.
func bootID() (string, error) {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("filelock: %w", err)
	}
	id := strings.TrimSpace(string(text))
	if len(id) < 32 || len(id) > 64 || strings.ContainsAny(id, " \n") {
		return "", errors.New("filelock: the kernel gives no boot ID")
	}
	return id, nil
}

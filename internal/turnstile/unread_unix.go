//go:build unix

package turnstile

import (
	"net"
	"syscall"
)

// unread reports whether a connection has something that its server has not read:
// then it is not the caller who is late.
func unread(conn net.Conn) bool {
	file, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return false
	}
	n := 0
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		n, _, _ = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return err == nil && n > 0
}

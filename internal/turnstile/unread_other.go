//go:build !unix

package turnstile

import "net"

// unread cannot be told here.
func unread(net.Conn) bool { return false }

// Package turnstile bounds what callers of an HTTP server can take of its
// process: connections, work that goes on at once, and how often a thing is done.
//
// It does not tell callers apart: whoever comes counts the same. It starts no
// goroutine and makes nobody wait; what has no room is refused at once.
package turnstile

package tap

import (
	"sync/atomic"

	waBinary "go.mau.fi/whatsmeow/binary"
	waLog "go.mau.fi/whatsmeow/util/log"
)

// Logger is a client's logger that listens. What it is given goes on to another one.
// Give it to NewClient.
type Logger struct {
	next   waLog.Logger
	module module
	ear    *ear // the same in all loggers that were made of one
}

type module uint8

const (
	base module = iota
	received
	sent
	other
)

// ear is what the loggers of one client share.
type ear struct {
	clients  atomic.Int32 // how many were made with it
	listener atomic.Pointer[Listener]
	unlink   atomic.Pointer[string] // the query by which the host unlinks the account
}

// New returns a Logger that passes all on to next.
func New(next waLog.Logger) *Logger { return &Logger{next: next, ear: &ear{}} }

var _ waLog.Logger = (*Logger)(nil)

// Listen has the facts told to l, and to no other from now on. One logger is for one
// client.
func (l *Logger) Listen(to Listener) { l.ear.listener.Store(&to) }

// Shared reports whether more than one client was made with the logger, so that nobody
// can say whose its facts are. None is told any more.
func (l *Logger) Shared() bool { return l.ear.clients.Load() > 1 }

func (e *ear) tell(f Fact) {
	if e.clients.Load() > 1 {
		return
	}
	if to := e.listener.Load(); to != nil && *to != nil {
		(*to)(f)
	}
}

// Debugf implements waLog.Logger.
func (l *Logger) Debugf(format string, args ...any) {
	if format == "%s" && len(args) == 1 && (l.module == received || l.module == sent) {
		if n, ok := args[0].(*waBinary.Node); ok && n != nil {
			l.ear.stanza(n, l.module == sent)
		}
	}
	l.next.Debugf(format, args...)
}

// Infof implements waLog.Logger.
func (l *Logger) Infof(format string, args ...any) { l.next.Infof(format, args...) }

// Warnf implements waLog.Logger.
func (l *Logger) Warnf(format string, args ...any) {
	l.ear.line(format, args)
	l.next.Warnf(format, args...)
}

// Errorf implements waLog.Logger.
func (l *Logger) Errorf(format string, args ...any) {
	l.ear.line(format, args)
	l.next.Errorf(format, args...)
}

// Sub implements waLog.Logger.
func (l *Logger) Sub(name string) waLog.Logger {
	sub := &Logger{next: l.next.Sub(name), module: other, ear: l.ear}
	if l.module == base {
		switch name {
		case "Recv": // which each client asks for once
			sub.module = received
			l.ear.clients.Add(1)
		case "Send":
			sub.module = sent
		}
	}
	return sub
}

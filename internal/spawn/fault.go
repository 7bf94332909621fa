package spawn

import (
	"runtime"
)

// maxStack bounds the stack of a Fault.
const maxStack = 8 << 10

// Fault says that guarded code did not return: it panicked, or it called
// runtime.Goexit. Nothing of the panic's value is kept but its text.
type Fault struct { //nolint:errname // it is what happened, and the field calls it so
	// Name is what was called.
	Name string
	// Text says what happened, as "panic: …" or "runtime.Goexit".
	Text string
	// Stack is where it happened, cut to 8 KB. It is for logs.
	Stack string
}

const goexit = "runtime.Goexit"

// Error implements error.
func (f *Fault) Error() string { return f.Name + ": " + f.Text }

// Guard runs fn on this goroutine. A panic of fn is a *Fault. A runtime.Goexit
// cannot be stopped: it ends the goroutine of Guard's caller.
func Guard(name string, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked(name, p)
		}
	}()
	return fn()
}

// panicked is what became of code whose panic was recovered just now.
func panicked(name string, p any) *Fault {
	return &Fault{Name: name, Text: "panic: " + text(p), Stack: stack()}
}

func stack() string {
	buf := make([]byte, maxStack)
	return clean(string(buf[:runtime.Stack(buf, false)]))
}

package store

import (
	"context"
	"errors"
)

// ErrAlive is what Witness.Seize returns while whoever is behind a sign lives.
var ErrAlive = errors.New("store: whoever is behind the sign is alive")

// Witness is an optional ability of a Store, found by type assertion: to tell that
// a process is gone, sooner than its silence would. What it says may be wrong.
// Nothing may rest on it but when something is tried; whether it succeeds is
// Commit's to say. Both methods are safe for concurrent use. Where there is
// nothing of the kind, as the store is configured, their error is
// errors.ErrUnsupported.
type Witness interface {
	// Hold makes a sign of life under a name that is never used twice, of capital
	// letters and digits. It lasts until end is called, or this process has ended,
	// however that comes about. mark is what others need beside the name, at most
	// 256 bytes. end is called once; spent tells that nobody will look for the sign
	// any more.
	Hold(ctx context.Context, name string) (mark string, end func(spent bool), err error)

	// Seize succeeds when the sign of that name and mark has ended, and then for
	// nobody else until done is called, once; won tells that nobody need look for the
	// sign any more. Before, it is ErrAlive or, with wait, waits for that until ctx
	// ends. Any other error means that nothing can be told: of a sign that is not
	// there, was made on another machine, or before this one was started again.
	Seize(ctx context.Context, name, mark string, wait bool) (done func(won bool), err error)
}

// Lapser is an optional ability of a Witness, found by type assertion: of one whose
// signs may end while their process lives, such as those that need a connection.
type Lapser interface {
	// Lapsed returns a channel that is closed when the sign of that name, which Hold
	// has made, has ended by itself. nil means that it never does. Its end is called all
	// the same, and then Hold may make another one of that name, with another mark.
	Lapsed(name string) <-chan struct{}
}

// Lapsed is what w's own Lapsed says, and nil where w is no Lapser.
func Lapsed(w Witness, name string) <-chan struct{} {
	if l, ok := w.(Lapser); ok {
		return l.Lapsed(name)
	}
	return nil
}

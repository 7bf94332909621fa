package firestorestore_test

import (
	"testing"
	"time"
)

// longWait bounds every wait of these tests. It is no expectation: a hang shall
// be a failure with a name.
const longWait = time.Minute

// signalled waits for a watch to say something, and reports whether it is still
// open. A watch is only a hint, so a change may be made again until one is told;
// again may be nil.
func signalled(t *testing.T, changed <-chan struct{}, what string, again func()) (open bool) {
	t.Helper()
	over := time.NewTimer(longWait)
	defer over.Stop()
	repeat := time.NewTicker(5 * time.Second)
	defer repeat.Stop()
	for {
		select {
		case _, open = <-changed:
			return open
		case <-repeat.C:
			if again != nil {
				again()
			}
		case <-over.C:
			t.Fatalf("after %v the watch has not told %s", longWait, what)
		}
	}
}

// drained waits until a watch is closed and returns how many signals it had left.
func drained(t *testing.T, changed <-chan struct{}) int {
	t.Helper()
	over := time.NewTimer(longWait)
	defer over.Stop()
	for n := 0; ; n++ {
		select {
		case _, open := <-changed:
			if !open {
				return n
			}
		case <-over.C:
			t.Fatalf("after %v the watch is not closed, though its context ended", longWait)
		}
	}
}

// until repeats look until it reports true.
func until(t *testing.T, what string, look func() bool) {
	t.Helper()
	for end := time.Now().Add(longWait); !look(); {
		if time.Now().After(end) {
			t.Fatalf("after %v still not: %s", longWait, what)
		}
	}
}

// received waits for a value.
func received[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(longWait):
		t.Fatalf("after %v still no %s", longWait, what)
		panic("unreachable")
	}
}

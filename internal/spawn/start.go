package spawn

// Start runs fn on a goroutine of its own. The channel delivers exactly one
// value, always, and is not closed: what fn returned, or a *Fault. It is
// buffered, so that nobody need wait.
func Start(name string, fn func() error) <-chan error {
	done := make(chan error, 1)
	begin(name, fn, func(err error) { done <- err })
	return done
}

// begin runs fn on a goroutine of its own, and then, whatever became of it, end.
func begin(name string, fn func() error, end func(error)) {
	go func() {
		// Stands unless Guard returns: also where a panic's value exits when it
		// is asked for its text.
		var err error = &Fault{Name: name, Text: goexit}
		defer func() { end(err) }()
		err = Guard(name, fn)
	}()
}

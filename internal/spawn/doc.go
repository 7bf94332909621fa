// Package spawn is the one way to start a goroutine here, and the one way to
// call code that is not ours: guarded, named, waited for.
//
// # What it does not guarantee
//
// It cannot end a call. Code that ignores its context runs on, with all that it
// holds; what this package does is to stop waiting for it, to say so, and to
// bound how many such calls there are (Door). Guard alone cannot stop
// runtime.Goexit, which ends the goroutine that Guard runs on; Start, Group and
// Call can, since the goroutine is theirs. And there are ends that no Go code
// survives: os.Exit, a stack that overflows, two writes of one map at once.
//
// # What it does
//
// A panic or a runtime.Goexit of guarded code is an error, a *Fault. Its text is
// made inside the guard, since a panic value's own Error may panic too, and is
// cut before anything else is done with it. Plain does the same to the errors of
// foreign code: what comes out of it can be printed, kept and compared for ever.
package spawn

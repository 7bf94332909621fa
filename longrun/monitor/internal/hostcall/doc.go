// Package hostcall is the one way in which the engine calls its host: the status
// function, probers, the alerter, AfterBeat, Leading, the logger, the clock. The store
// is guarded likewise, in internal/guardstore.
//
// # What it does not guarantee
//
// It cannot end a call. A function that ignores its context runs on, and is
// called again only when it has returned; so of each at most one goroutine is
// left behind. It does not make an answer true. A logger that blocks loses lines:
// what the log does not hold has happened all the same. And of a host's clock only
// Now and AfterFunc are guarded, which are all that the engine uses.
//
// # What it does
//
// One call at a time, each within its time (but for Leading, which lasts as long as a
// lead, and has its time after the end of its context), on a goroutine of package spawn: a
// panic or a runtime.Goexit is an error. What a function returns is made ours
// before its goroutine ends: errors become text (a typed nil and an Error that
// panics included), what callers branch on is kept, slices are cloned, texts and
// numbers bounded. So nothing of the host's is touched outside the guard.
package hostcall

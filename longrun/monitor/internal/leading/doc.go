// Package leading waits for the lease and, while this instance has it, runs what
// a leader does: the writer of beats, and tasks beside it.
//
// # What it does not guarantee
//
// That only one instance believes to lead: what holds is that only one can write
// (package lock). A task that ignores the end of its context holds up the release
// of the lease, for as long as the budget of the end allows. And a task that has
// failed is started again, later and later, and not mended: its state says so.
//
// # What the host does with it
//
// Host is a task, too: what the host does for as long as its instance leads. The
// lease is given back when it has ended, or a share of the budget later, and it is
// never called twice at once.
//
// # The lease in others' hands
//
// Nobody gets the lease itself. A task has a Lead: its commits are fenced, and
// take turns at no more than one a second in all, since each of them writes the
// lock's document, of which a database takes about one a second for long. Beats
// have a Term, and never wait.
package leading

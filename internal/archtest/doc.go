// Package archtest holds the repository to its own map: which package may
// import which, where the clock and the environment may be read, and what every
// package and file owes its reader. It is tests only, and nothing imports it.
//
// It does not judge what the compiler and the linters judge already, it follows
// no import into other modules (the licence test, which asks the go command,
// aside), and it leaves tests free to import any package of ours: a store's
// test runs the lock's kit, and that is no arrow. Names are read from the
// syntax alone, so a local variable named time would fool it.
//
// The map is the table in arrows_test.go. A new package gets a row there, which
// is where the decision is made and reviewed; a package without a row fails.
// The rules are in rules_test.go, and each has a plant in plants_test.go that
// it must catch: a rule that cannot fail proves nothing.
//
// The tests read the files themselves. Asking `go list` would be shorter, but
// the go command keeps test results, and what a child process read is not part
// of their key: a wrong import planted after a green run would stay green.
package archtest

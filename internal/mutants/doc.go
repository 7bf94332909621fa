// Command mutants breaks the library on purpose, one place at a time, and shows that a
// test notices each: a test that cannot fail is none.
//
//	go -C internal/mutants run .                  each, by the tests that its list names
//	go -C internal/mutants run . -only fence      those whose name has it; -not, -from and -until choose, too
//	go -C internal/mutants run . -keep FILE       and go on where a run before was stopped
//	go -C internal/mutants run . -list            what there is, and run nothing
//	go -C internal/mutants run . -pkg ./internal/sim -run TestNoPlan -- -shrink=0     by the simulator alone
//
// It writes nothing into the checkout: the go command reads the changed files from
// beside it. All mutants that are within a function are in one build, and the environment
// of a process says which is at work; so the tests are compiled once a package, and run
// once with none at work, since they must pass then.
//
// What it prints is a line for each mutant, killed, by which test, or survived, and a
// table at the end. It exits with 1 where one was not killed, and with 2 where nothing
// could be tried.
//
// It does not guarantee that the tests notice other mistakes. The list has what would
// hurt most where it was wrong: the lock and its fence, proof of death, the turns of
// commits, the supervisor, beats, rules, the outbox, the chain and its log, and rollups.
// What the last run found is in README.md.
package main

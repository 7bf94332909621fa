// Command mutants breaks the library on purpose, one place at a time, and shows that a
// test notices each: a test that cannot fail is none.
//
//	go -C internal/mutants run .                  each, by the tests that its list names
//	go -C internal/mutants run . -only fence      those whose name has it
//	go -C internal/mutants run . -list            what there is, and run nothing
//
// It writes nothing into the checkout: the go command reads the changed file from
// beside it. What it prints is a line for each mutant: killed, by which test; or
// survived, and then it exits with 1.
//
// It does not guarantee that the tests notice other mistakes. The list has what would
// hurt most where it was wrong: the lock and its fence, proof of death, the turns of
// commits, the supervisor, beats, rules, the outbox, the chain and its log, and rollups.
package main

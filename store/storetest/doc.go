// Package storetest is what tests of a store need: Run, the conformance kit
// that every implementation of store.Store passes, and Faulty, a store that
// fails as it is told.
//
// The kit does not prove durability (that a document outlives its process) and
// measures nothing: both depend on the database and are tested beside each
// implementation. It shows that the contract holds in the situations it knows,
// which is less than that it always holds.
//
// No production file imports this package.
package storetest

// Package probetest is for the tests of whoever uses or writes a probe.Prober: a
// prober that follows a script, and a kit that holds an implementation to the
// contract.
//
// The kit does not prove that a prober probes: whether a PASS means anything,
// only a test against the real thing shows. It proves that the prober ends when
// it should, never passes what it could not see, and stores nothing that should
// not be read by others.
package probetest

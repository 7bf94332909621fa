// Package chain reads the beats of a ledger, decoded and hashed, and joins them
// into the pieces of the chain that they form.
//
// It judges nothing: that two pieces do not fit, and what that means, is said by
// the checks that ask.
package chain

// Package storehealth is the store as the engine uses it: it knows since when the
// store answers, and whether the time that everyone goes by can be trusted.
//
// # What it does not guarantee
//
// A store that answers may have lost what it acknowledged. An outage is seen by
// whoever calls: an instance that asks seldom learns of one late. And no clock is
// proven right: Time says that those at hand agree, and that nothing has jumped.
// Two clocks that are wrong alike, for longer than a jump is waited out, pass.
package storehealth

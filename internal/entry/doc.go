// Package entry says who may come in: who shows the one token, or who reaches this
// machine by a loopback address.
//
// It does not know users, and does not end TLS; it keeps nothing and counts nothing.
// Whoever asks answers the caller, and bounds how often one may guess; see package
// turnstile.
package entry

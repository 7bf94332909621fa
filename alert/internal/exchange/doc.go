// Package exchange is how the channels that speak HTTP ask their service, once:
// with a deadline, without following a redirect, reading a bounded part of the
// answer, and with an error that says what became of the message and none of what
// is secret.
//
// It does not guarantee that a message arrives, or arrives once: it asks one time,
// and whoever called it decides about the next. It trusts the status of an answer,
// as far as a channel's Dialect says nothing else. It makes no text: what a service
// is sent is the channel's.
package exchange

// Package alerttest is for the tests of whoever uses or writes an
// alert.Alerter: an alerter that records and follows a script, a Telegram Bot
// API server on the loopback interface, a Service that answers over HTTP as it is
// told, kits that hold an implementation to the contract (Run), to what its vendor
// documents of each answer (RunAnswers) and through kills (RunCrashes), and
// LeaksNoSecret, which reads what was said for what must not be.
//
// None of it proves that a message reaches people: only the real service shows
// that. Nor does the Telegram server here know all of the Bot API: it takes
// sendMessage, and answers it as the real one was seen to.
package alerttest

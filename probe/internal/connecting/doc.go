// Package connecting follows how a probe reaches a server, part by part, and says in
// the words of package probe where it ended and whose fault that is.
//
// It makes no connection itself, and says nothing that it did not make up: no text of a
// client or of a server, which may have a secret in it, is in what it returns.
package connecting

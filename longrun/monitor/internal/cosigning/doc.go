// Package cosigning has witnesses cosign the newest checkpoint of the evidence, and
// keeps what they sign beside it.
//
// It does not say that a witness answers: what it did not cosign before this lead
// ended, the next leader asks for, or the next day's checkpoint covers. It keeps
// nothing up, but a commit of its own each time. A witness that says it has cosigned
// another history, or more of this one, is the reason for it all: that is told to
// people, and stands in the status as long as the witness says so.
package cosigning

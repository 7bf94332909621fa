// Package memory keeps in a file what a restart must not forget of accounts.
//
// It is no record: it holds the last state alone, and may be an hour old in what
// changes all the time. Of two processes that write it in the same moment, one is lost.
package memory

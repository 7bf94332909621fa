// Package memory keeps in a file what a restart must not forget of accounts.
//
// It is no record: it holds the last state alone, and may be an hour old in what
// changes all the time. Two processes that use one file write over each other.
package memory

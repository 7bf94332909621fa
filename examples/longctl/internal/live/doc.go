// Package live has the commands that show and change what goes on: over a store, or over
// the admin API of a running server.
//
// Both are asked the same way: over a store the commands make the API themselves, without
// a monitor that runs, so that what is said is the same. It runs no probe over a store:
// only a server has any.
package live

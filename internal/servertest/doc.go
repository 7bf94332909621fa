// Package servertest starts the servers that tests talk to, such as a database or its
// emulator, and knows what to do where there is none.
//
// It does not end them: whoever starts one says how, in the command or by its input,
// so that nothing is left of it when the tests end, however they end. And it takes a
// server's own words for proof that it runs, so it has to be told them.
package servertest

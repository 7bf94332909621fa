// Package reply is how the admin API answers: as JSON or, to a browser, as a page;
// with a stored document in it, with many, or with what went wrong.
//
// It does not decide what is answered, and tells nobody what failed inside: whoever
// calls it chooses the words. What it writes is kept by no cache, and of a page
// nothing runs.
package reply

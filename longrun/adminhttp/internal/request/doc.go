// Package request reads what a caller of the admin API asks: parameters, the page
// of a list, the fields of a body.
//
// It does not look at what is stored or let anybody in. It guesses nothing: a name
// that it does not know, and a value that makes no sense, are told with the name of
// their field, all of them at once.
package request

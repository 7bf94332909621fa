// Package session keeps who is signed in to the dashboard: in the browser's cookie,
// signed, and nowhere else.
//
// It cannot take one session back before its end, and tells no two people apart: a
// change of the token ends all. It does not know how a cookie is sent.
package session

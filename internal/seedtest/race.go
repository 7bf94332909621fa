//go:build race

package seedtest

// raced: the detector makes each history take ten times as long, and what it looks for
// shows in few of them.
const raced = true

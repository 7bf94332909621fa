// Package replay judges whether one message that was sent while an account was
// away came when the account was back: WhatsApp keeps such messages, replays them
// at the next connection, and says when it has.
//
// It hears nothing by itself, guards nothing, and has no clock: whoever holds a
// Watch locks it, and says what happened when. It knows of one message at a time,
// and forgets it with the process.
package replay

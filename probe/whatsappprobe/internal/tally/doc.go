// Package tally counts what becomes of one account's messages, in memory of a fixed
// size.
//
// It is no book of messages: it knows the last 32 that were sent, the 28 chats that it
// knows best, and an hour's numbers in steps of five minutes; of more than that it
// forgets the oldest. It keeps hashes in place of names, of 32 bits: two chats may
// look like one. It has no clock and no lock: whoever holds a Tally says what time it
// is, and locks it.
package tally

import (
	"hash/maphash"
	"time"
)

// Hash stands for a message's ID or a chat in a Tally; it means nothing in another
// process. It is never 0.
func Hash(text string) uint32 { return max(uint32(maphash.String(seed, text)), 1) } //nolint:gosec // half of it is enough

var seed = maphash.MakeSeed() //nolint:gochecknoglobals // one for the process

// second is a time as a Tally keeps it: seconds since 1970, for as long as 32 bits
// last, to 2106. What lies outside is 0, which is no time.
func second(t time.Time) uint32 {
	s := t.Unix()
	if s <= 0 || s > 1<<32-1 {
		return 0
	}
	return uint32(s)
}

func moment(s uint32) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}

// within reports whether a time lies in so long before now; a time ahead of now does
// not, but for the minutes by which clocks differ.
func within(at, now uint32, seconds uint32) bool {
	if at == 0 {
		return false
	}
	if at > now {
		return at-now <= 300
	}
	return now-at < seconds
}

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
)

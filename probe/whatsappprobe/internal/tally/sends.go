package tally

// What is known of a message that was sent.
const (
	acked uint8 = 1 << iota
	delivered
	reliable // its chat nearly always answered, when it was sent
	settled  // its chat knows what became of it
	companion
	group
)

const (
	maxSends = 32
	// unconfirmed is how long the server may take to confirm a message, and
	// unanswered how long a receiver's device may.
	unconfirmed = minute
	unanswered  = 15 * minute
)

// sends is the messages that were sent last, in a ring.
type sends struct {
	next   uint8
	ids    [maxSends]uint32 // 0 is an empty place
	chats  [maxSends]uint32
	at     [maxSends]uint32
	states [maxSends]uint8
}

func (s *sends) put(id, chat, now uint32, state uint8) {
	s.ids[s.next], s.chats[s.next], s.at[s.next], s.states[s.next] = id, chat, now, state
	s.next = (s.next + 1) % maxSends
}

// find returns the place of a message, and -1 where it is not known.
func (s *sends) find(id uint32) int {
	for i := range s.ids {
		if s.ids[i] == id {
			return i
		}
	}
	return -1
}

// newest calls see with the places from the last message on, until it returns false.
func (s *sends) newest(see func(place int) bool) {
	for n := range maxSends {
		i := (int(s.next) + 2*maxSends - 1 - n) % maxSends
		if s.ids[i] == 0 || !see(i) {
			return
		}
	}
}

// unacked returns how many of the last messages in a row were not confirmed in time,
// and when the first of them was sent.
func (s *sends) unacked(now uint32) (n int64, since uint32) {
	s.newest(func(i int) bool {
		switch {
		case s.states[i]&(acked|delivered) != 0:
			return false
		case now < s.at[i] || now-s.at[i] < unconfirmed:
			return true // it is too early, or a clock was set back behind it
		}
		n++
		since = s.at[i]
		return true
	})
	return n, since
}

// undelivered returns how many of the last messages in a row reached nobody, of those
// to chats that nearly always answer, to how many such chats, and when the first of
// them was sent.
func (s *sends) undelivered(now uint32) (n, chats int64, since uint32) {
	var seen [maxSends]uint32
	s.newest(func(i int) bool {
		switch {
		case s.states[i]&delivered != 0:
			return false
		case s.states[i]&reliable == 0, s.states[i]&acked == 0, now < s.at[i] || now-s.at[i] < unanswered:
			return true // it says nothing, or nothing yet
		}
		n++
		since = s.at[i]
		for c := range chats {
			if seen[c] == s.chats[i] {
				return true
			}
		}
		seen[chats] = s.chats[i]
		chats++
		return true
	})
	return n, chats, since
}

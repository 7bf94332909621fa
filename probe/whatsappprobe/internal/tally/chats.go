package tally

import "math"

const (
	maxChats = 28
	// enough is of how many messages a chat is known to answer, and nearlyAlways in
	// which share of them.
	enough       = 3
	nearlyAlways = 0.8
	// weight is that of the last message.
	weight = 0.25
	// A chat whose phone said nothing to so many messages, over so long, while another
	// device did, is one whose phone gets no copy.
	silentSends = 3
	silentFor   = 2 * hour
)

// chat is what is known of one.
type chat struct {
	key      uint32 // 0 is an empty place
	seen     uint32 // when something last went there or came
	wrote    uint32 // when it last wrote
	silent   uint32 // since when its phone says nothing, while another device does
	answers  uint8  // how often it answers, of 255
	sends    uint8  // how many messages are settled, at most 255
	missed   uint8  // messages that its other devices have and its phone has not
	hasPhone bool   // its phone said something before
}

// chats is those that are known best.
type chats [maxChats]chat

// of returns the place of a chat, for one that is not known a new one where make says
// so. It takes that of a chat which is known less, the one of which nothing was heard
// for longest.
func (c *chats) of(key uint32, make bool) *chat {
	weakest := 0
	for i := range c {
		if c[i].key == key {
			return &c[i]
		}
		a, b := &c[i], &c[weakest]
		if known, other := a.sends >= enough, b.sends >= enough; known != other && !known || known == other && a.seen < b.seen {
			weakest = i
		}
	}
	if !make {
		return nil
	}
	c[weakest] = chat{key: key}
	return &c[weakest]
}

// answered takes in what became of a message to it.
func (c *chat) answered(yes bool) {
	got := 0.0
	if yes {
		got = math.MaxUint8
	}
	if c.sends == 0 {
		c.answers = uint8(got)
	} else {
		c.answers = uint8(math.Round((1-weight)*float64(c.answers) + weight*got))
	}
	c.sends = min(c.sends, math.MaxUint8-1) + 1
}

func (c *chat) reliable() bool {
	return c.sends >= enough && float64(c.answers) >= nearlyAlways*math.MaxUint8
}

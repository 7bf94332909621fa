package tap

import "time"

// Kind is what a Fact is about.
type Kind uint8

// The kinds of facts.
const (
	// Alive: a stanza came that a connection gets which is logged in.
	Alive Kind = iota
	// LoggedIn: the server took the login of a new connection.
	LoggedIn
	// Sent: a message of the account went out. ID, Chat, Group; ToNobody where no
	// device of the other side can read it.
	Sent
	// Acked: the server answered a message; Code is its refusal, or 0. ID.
	Acked
	// Arrived: a message came, before the client looked at it. ID; Waited where it
	// waited while the client was away.
	Arrived
	// Preview: the server announced Count messages that waited.
	Preview
	// ReplayOver: the server said that all which waited has come.
	ReplayOver
	// NoPhone: a message could not be encrypted for somebody's phone. Chat.
	NoPhone
	// StoreError: the client's own store refused a call; Broken where that does not
	// pass by itself. ID is the message that could not be read for it, if one could not.
	StoreError
	// Slow: the host took that long over one stanza. Took.
	Slow
	// Restricted: the server forbade the account to write to strangers, in a form of which
	// the client shows nothing. Until.
	Restricted
	// Unlinked: the account's own client unlinked it, as its host asked for.
	Unlinked
)

// Fact is one thing that was heard.
type Fact struct {
	Kind Kind
	// ID is the message's, and Chat the user part of the address that it went to.
	ID, Chat string
	// Group tells that the chat is not one person's.
	Group bool
	// ToNobody, Waited and Broken are as their kinds say.
	ToNobody, Waited, Broken bool
	// Code and Count are as their kinds say.
	Code, Count int
	Took        time.Duration
	Until       time.Time
}

// Listener takes facts. It is called where the client reads and writes, and must
// neither wait nor keep anything of it for long.
type Listener func(Fact)

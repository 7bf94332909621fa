package whatsapptest

import (
	"errors"
	"fmt"

	waBinary "go.mau.fi/whatsmeow/binary"
)

// Errors of Send.
var (
	// ErrAway means that no client of the number is logged in.
	ErrAway = errors.New("whatsapptest: the number is not connected")
	// ErrStanza means that a node cannot be written.
	ErrStanza = errors.New("whatsapptest: not a stanza")
)

// Send writes a stanza as it is to the clients of number that are logged in, for
// what no other method makes: rare notifications, malformed ones, those of next
// year. Nothing is added, and it is not sent again. JIDs in attributes are values
// of types.JID, all else strings. The error is ErrAway or ErrStanza.
func (s *Server) Send(number string, stanza waBinary.Node) error {
	if err := writable(stanza); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	away := true
	for c := range s.conns {
		if c.device != nil && !c.over && c.at.within([]string{number}) {
			c.send(stanza)
			away = false
		}
	}
	if away {
		return ErrAway
	}
	return nil
}

// writable tells whether the encoder can make something of a node. It panics
// where it cannot.
func writable(n node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrStanza, r)
		}
	}()
	if _, err := waBinary.Marshal(n); err != nil {
		return fmt.Errorf("%w: %w", ErrStanza, err)
	}
	return nil
}

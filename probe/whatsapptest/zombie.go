package whatsapptest

// HoldMessages makes the open connections of these accounts, or of everybody,
// deaf: no message is written to them any more, while pings, acks, receipts and
// what the client sends go on as ever. This is the "zombie" of public reports, a
// client that is connected for hours and hears nothing. The client sees nothing.
// The messages wait: the next connection that the client makes gets them, as
// those of an absence, and hears again; so does this one after Heal. The senders'
// clients get acks, and no receipts of these devices.
//
// A connection that is made later is not deaf: connect before.
func (s *Server) HoldMessages(numbers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.open(numbers) {
		c.holds = true
	}
}

package whatsapptest

// PhoneOff takes the phones of these accounts, or of everybody, off the network
// until Heal, as an empty battery does. WhatsApp keeps what is for them. A client
// that writes to such an account gets its ack and the receipts of the linked
// devices, and none of device 0; that comes after Heal. Its own phone's receipts,
// of type "sender", stay away when it is the own phone that is off. Linked
// devices go on for 14 days without their phone at WhatsApp, and for ever here.
func (s *Server) PhoneOff(numbers ...string) {
	s.set(numbers, func(f *faults) { f.phoneOff = true })
}

// CompanionOnly lets no copy of a message reach the phones of these accounts, or
// of anybody, until Heal, and none is kept: only linked devices have the message.
// This is how users find that a chat on the phone lacks what the computer shows.
// The sender's client gets its ack and the linked devices' receipts, which looks
// like success to whoever takes the first one; a receipt of device 0 never comes.
func (s *Server) CompanionOnly(numbers ...string) {
	s.set(numbers, func(f *faults) { f.companionOnly = true })
}

// WithholdPhoneKeys answers 404 to whoever asks for the keys of these accounts'
// phones, or of anybody's, until Heal: sessions with them cannot begin, and those
// that exist go on. The sender's client encrypts for all other devices, which it
// says in a line of its log alone (ErrNoSession, with the JID of device 0), and
// SendMessage returns no error. For the rest it is as CompanionOnly.
func (s *Server) WithholdPhoneKeys(numbers ...string) {
	s.set(numbers, func(f *faults) { f.withholdsPhoneKey = true })
}

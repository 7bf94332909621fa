package whatsapptest

import "time"

// LoseAcks makes no server ack reach these accounts, or anybody, until Heal.
// What they send is delivered all the same. The client's SendMessage ends with
// ErrMessageTimedOut, after 75 seconds unless it was told otherwise, and until
// then every other send waits behind it. A receipt shows that the server had a
// message all the same: who counts unconfirmed ones, as whatsappprobe.Accounts does
// for the rule no_ack, counts them only with LoseReceipts or LoseMessages besides.
func (s *Server) LoseAcks(numbers ...string) {
	s.set(numbers, func(f *faults) { f.losesAcks = true })
}

// DelayAcks makes each server ack come d later to these accounts, or to
// everybody, until Heal. What they send is delivered at once, so that the
// receipt may come before SendMessage returns.
func (s *Server) DelayAcks(d time.Duration, numbers ...string) {
	s.set(numbers, func(f *faults) { f.ackDelay = d })
}

// RefuseMessages acks each message that these accounts send, or anybody, with
// an error code, and delivers none, until Heal. SendMessage returns
// ErrServerReturnedError. The code of an account that may not write to
// strangers is 463; see Restrict.
func (s *Server) RefuseMessages(code int, numbers ...string) {
	s.set(numbers, func(f *faults) { f.messageError = code })
}

// LoseMessages lets no message reach these accounts, or anybody, until Heal,
// and nothing brings a lost one back. The sender's client sees success, the
// server acks before it loses, and no receipt of who loses: of a number, neither
// of its clients nor of its phone. With LoseAcks for the sender besides, a message
// is lost on its way to the server.
func (s *Server) LoseMessages(numbers ...string) {
	s.set(numbers, func(f *faults) { f.losesMessages = true })
}

// DelayMessages makes each message come d later to these accounts, or to
// everybody, until Heal. Acks are not delayed. An order among messages is kept
// as long as d stays the same.
func (s *Server) DelayMessages(d time.Duration, numbers ...string) {
	s.set(numbers, func(f *faults) { f.messageDelay = d })
}

// LoseReceipts lets no receipt reach these accounts, or anybody, until Heal.
// The sender's client never learns that its message arrived; a message that
// could not be read is never sent again.
func (s *Server) LoseReceipts(numbers ...string) {
	s.set(numbers, func(f *faults) { f.losesReceipts = true })
}

// MutePings leaves the keepalives of these accounts, or of everybody, without
// an answer until Heal. The client sees KeepAliveTimeout, and after three
// minutes connects anew, while messages come and go.
func (s *Server) MutePings(numbers ...string) {
	s.set(numbers, func(f *faults) { f.mutesPings = true })
}

// MuteUsync leaves these accounts, or everybody, without an answer when they
// ask for the devices of others, until Heal. The first SendMessage to a number
// ends with ErrIQTimedOut after 75 seconds; later ones know the answer already.
func (s *Server) MuteUsync(numbers ...string) {
	s.set(numbers, func(f *faults) { f.mutesUsync = true })
}

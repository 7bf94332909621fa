package whatsapptest

// URL is the address of the websocket that clients open: for those that are not
// whatsmeow's, which have no Redirect. It is plain, "ws://127.0.0.1:…": no
// listener is on the way. A server of NewPipeServer has none, and returns "".
//
// Nothing else is needed but RootKey: such a client is paired by the text of its
// QR code, with Scan, or by a code, with TypeCode. Until its login, the server
// does not know whose it is, and faults of its number do not reach it.
func (s *Server) URL() string {
	if s.address == "" {
		return ""
	}
	return "ws://" + s.address + chatPath
}

// RootKey is the public key that the server's certificates end at, for clients
// that check them: whatsmeow, of any process, has it in WACertPubKey (done by
// itself in this process), Baileys in WA_CERT_DETAILS. All servers of a process
// have the same, and each process another.
func (s *Server) RootKey() [32]byte { return s.authority.root }

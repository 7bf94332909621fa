package whatsapptest

// RunOutOfPrekeys takes all but left of the one-time prekeys that linked devices
// of these accounts, or of everybody, have here, as many new contacts at once do,
// and tells those that are connected. It happens once. A client that has less
// than five uploads fifty more, one that is away when it comes back; it emits no
// event. Without prekeys, others still reach the device.
func (s *Server) RunOutOfPrekeys(left int, numbers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.accounts {
		for _, d := range a.sorted() {
			if d.at().within(numbers) {
				d.keys.oneTime = d.keys.oneTime[:min(max(left, 0), len(d.keys.oneTime))]
				d.tellPrekeys()
			}
		}
	}
	s.notify()
}

// RefusePrekeys answers each upload of prekeys of these accounts, or of
// everybody, with an error code such as 503, until Heal. The client emits no
// event and goes on; it writes an error to its log ("Failed to send request to
// upload prekeys"), and its count here, Stats.Prekeys, stays what it was.
func (s *Server) RefusePrekeys(code int, numbers ...string) {
	s.set(numbers, func(f *faults) { f.prekeyError = code })
}

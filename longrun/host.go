package longrun

// HostStatus is what a host says of itself at one moment; a heartbeat carries
// it.
type HostStatus struct {
	// Connected, Reconnecting and NeedsQR count the host's accounts by state.
	Connected, Reconnecting, NeedsQR int64
	// QueueDepth is how many messages wait to be sent.
	QueueDepth int64
	// Healthy is the host's own word: it can do its work now. The share of
	// healthy slots is the availability.
	Healthy bool
}

package longrun

import "time"

// HostStatus is what a host says of itself at one moment; a heartbeat carries
// its numbers.
type HostStatus struct {
	// Connected, Reconnecting and NeedsQR count the host's accounts by state.
	Connected, Reconnecting, NeedsQR int64
	// QueueDepth is how many messages wait to be sent.
	QueueDepth int64
	// Healthy is the host's own word: it can do its work now. The share of
	// healthy slots is the availability.
	Healthy bool
	// Accounts are the accounts one by one, for the rules about them. They stand
	// in no heartbeat. A host that names none is judged by its numbers.
	Accounts []AccountStatus
}

// AccountStatus is what a host says of one account at one moment.
type AccountStatus struct {
	// ID names the account in incidents and messages: no telephone number.
	ID string
	// LoggedOut says that the account is out until a person does something: pairs
	// it again, updates the client, lifts a ban.
	LoggedOut bool
	// Since is when the account came into its present state, and Reason is why,
	// in a word.
	Since  time.Time
	Reason string
	// Reconnects counts how often it reconnected in the last hour,
	// FirstReconnect and LastReconnect are when it first and last did in it.
	Reconnects                    int64
	FirstReconnect, LastReconnect time.Time
}

// Package witnessed keeps what a witness has seen of the logs of others in a ledger,
// beside the ledger's own history and apart from it.
//
// It does not guarantee that a witness remembers: one whose store is set back, as from
// a backup, has forgotten what it saw since, and would cosign another history of that
// time.
package witnessed

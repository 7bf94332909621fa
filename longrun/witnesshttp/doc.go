// Package witnesshttp is the protocol between logs and witnesses over HTTP, both ends of
// it: POST add-checkpoint of C2SP's tlog-witness. The rule is package witness's.
//
// It authenticates nobody, as the standard has it: what a request may do is decided by
// the log's signature on its checkpoint. A Handler is made to be open to everybody, and
// bounds what each takes of it; it does not keep somebody who asks all the time from
// using up its rate, and logs ask again later. What goes over the wire is no secret.
package witnesshttp

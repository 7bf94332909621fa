// Package sending has the parts that every probe is made of: the client as a prober
// sees it, the turn and the allowance to send, a message on its way to the server,
// and the marker that it is known by.
//
// It judges no probe: what an ack, an arrival or a silence means is said by the
// prober that waited for it.
package sending

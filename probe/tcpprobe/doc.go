// Package tcpprobe connects to a TCP port once, and says part by part how long that
// took: a database, a mail server, a broker, whatever is no HTTP server.
//
// What it does not do: it speaks no protocol. It can send a few bytes and look for some
// in what comes back; without that, a PASS says only that somebody took the connection,
// which a kernel does for a process that hangs.
//
// # Stages
//
//	dns         the name is looked up; not there for an address
//	connect     the connection is made
//	tls         the handshake, with Options.TLS
//	first_byte  from the connection, and what is sent, to the first byte of an answer
//	body        the rest, until what is looked for is there
//
// # Classes
//
// The classes of a FAIL are those of package httpprobe, up to the connection:
// dns_not_found, connect_refused, connect_timeout, connect_failed, unreachable,
// tls_timeout, tls_failed and certificate_…; and where an answer is looked for:
//
//	no_answer        nothing came in time
//	connection_lost  it ended before a first byte
//	body_timeout     something came, and what was looked for did not in time
//	body_cut         something came, and the connection broke off
//	body_mismatch    something else came, to its end or to Options.MaxAnswer
//
// The classes of what could not be told are dns_unavailable and network_unavailable,
// which are this side's trouble, beside those of package probe.
package tcpprobe

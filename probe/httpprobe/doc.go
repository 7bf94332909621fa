// Package httpprobe asks an HTTP server once, as its clients do, and says part by part
// how long that took.
//
// What it does not do: it runs no script, keeps no cookie and no connection, and follows
// no redirect unless it is told to. A PASS says what one answer was like, seen from here.
// It reads no environment, so it knows no proxy but that of Options.Transport, whose
// stages dns and connect then are.
//
// # Stages
//
//	dns         the name is looked up; not there for an address
//	connect     the connection is made
//	tls         the handshake, the certificate's check with it
//	first_byte  from the request's end to the answer's first byte
//	body        the rest, or as much as is read of it
//
// Each probe makes a connection of its own, so that all of them are tried each time.
// Where redirects are followed, each is the sum of all requests.
//
// # Classes
//
// The classes of a FAIL:
//
//	dns_not_found           there is no such name
//	connect_refused         nobody listens
//	unreachable             no route to the host
//	connect_timeout         no connection in time
//	connect_failed          no connection, otherwise
//	tls_timeout             connected, and no handshake in time
//	tls_failed              the handshake failed, or the server speaks none
//	certificate_expired     or not valid yet, of the server's or of one above it
//	certificate_expiring    it ends within Options.CertificateLeft
//	certificate_untrusted   signed by nobody who is trusted
//	certificate_wrong_name  for another name
//	certificate_invalid     anything else about it
//	no_answer               the request was sent, and nothing came in time
//	connection_lost         it ended before an answer
//	malformed_answer        what came is no HTTP
//	status_404 …            another status than was asked for, with its code
//	redirect_refused        too many redirects, or one from https to http
//	body_timeout            the answer began, and did not end in time
//	body_cut                the answer broke off
//	body_mismatch           it has not what was asked for
//
// The classes of what could not be told, beside those of package probe, are for what is
// this side's trouble: dns_unavailable, when the resolver does not answer, and
// network_unavailable, when there is no way out.
//
// # Secrets
//
// What a Result or an error says has nothing of the URL but its scheme and host, nothing
// of the headers, and nothing that the server said but its status.
package httpprobe

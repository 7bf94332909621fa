// Package whatsappprobe tries a WhatsApp account for real, over the host's own
// *whatsmeow.Client, and tells the states of accounts from what the client says
// itself.
//
// What it does not do: it connects, reconnects and logs out no client, and it
// answers no message. It cannot tell why WhatsApp did what it did, and it proves
// nothing of groups, media or calls. Its probes send real messages: to an
// account that you own, few of them, see README.md. A program that imports it
// links go.mau.fi/libsignal, which is GPL-3.0.
//
// # Accounts
//
// Track follows clients by their events. IsConnected and IsLoggedIn stay true on
// a dead link and after a logout, and may block for seconds, so they are not
// asked.
//
//	            Connected                     KeepAliveTimeout
//	reconnecting ────────▶ connected ◀──────────────────────▶ degraded
//	     ▲ ▲                  │          KeepAliveRestored       │
//	     │ └──────────────────┴─────────── Disconnected ─────────┘
//	     │ PairSuccess
//	needs_qr ◀── QR, LoggedOut      outdated ◀── ClientOutdated
//	                                stopped  ◀── StreamReplaced, TemporaryBan,
//	                                             ConnectFailure
//
// The lower three do not come back by themselves: only a new connection leaves
// them.
//
// # Probes
//
//	Outbound  the account sends; PASS at the delivery receipt, or at the
//	          server's ack where that is asked for
//	Inbound   another account sends; PASS when this account's own client shows it
//	Queue     several messages, through the host's queue where it has one; PASS
//	          when each arrives once, in order, in time
//	Ring      many accounts, each of which sends to the next: an Inbound for each
//	          without another account, that tells which of the two is to blame
//
// Each gives up with its context, even where the client does not. A message that
// the server took and nobody got is a FAIL: the ack alone proves little. What is
// the fault of the other account is no FAIL but an error.
//
// The classes of a FAIL, beside what package probe says:
//
//	not_connected         no connection, or it broke and did not come back
//	logged_out            the device is unlinked, or was never paired
//	client_outdated       the server refuses this version of whatsmeow
//	stopped               the stream was replaced, or the account banned
//	send_blocked          another send of the account held the lock
//	not_sent              the other's devices or keys were not to be had
//	number_unknown        the number is not on WhatsApp
//	ack_refused_463 …     the server refused the message, with its code
//	no_ack                the server did not answer: a dead link, mostly
//	acked_not_delivered   it answered, and the message arrived nowhere
//	undecryptable         it arrived, and could not be read
//	arrived_late          it arrived after its time was over
//	out_of_order, duplicate, missing, queue_depth, enqueue_failed, enqueue_blocked
//	send_failed           anything else
//
// For Inbound and Queue, whose other end is yours too, what its client could not
// do is an error of class "sender_…" or "receiver_…", as far as that client knows:
// one whose connection has just died does not.
//
// # Rooms
//
// Package linking, below this one, pairs the device of an account and keeps its
// file. The internal ones: tracker follows one client, sending has what every
// probe is made of, silence knows when an account is quiet for longer than it is
// used to be, masking hides telephone numbers.
//
// # Markers
//
// A probe's text is recognised by IsProbe: have the host ignore such messages,
// so that no bot answers and no operator wonders.
package whatsappprobe

// Package whatsappprobe tries a WhatsApp account for real, over the host's own
// *whatsmeow.Client, and tells the states of accounts from what the client says
// itself.
//
// What it does not do: it connects, reconnects and logs out no client (package owning,
// below it, does, for the instance that leads), and it answers no message. It cannot
// tell why WhatsApp did what it did, and it proves nothing of groups, media or calls.
// Its probes send real messages: to an account that you own, few of them, see
// README.md. A program that imports it links go.mau.fi/libsignal, which is GPL-3.0.
//
// # Accounts
//
// Track follows clients by their events, by their log where it is a Tap, and by asking
// them where Run runs. IsConnected and IsLoggedIn stay true on a dead link and may block
// for seconds: that a client says no is believed, that it says yes proves nothing alone.
//
//	            Connected                     KeepAliveTimeout
//	reconnecting ────────▶ connected ◀──────────────────────▶ degraded
//	     ▲ ▲                  │          KeepAliveRestored       │
//	     │ └──────────────────┴── Disconnected, or it says no ───┘
//	     │ PairSuccess
//	needs_qr ◀── QR, LoggedOut,     outdated ◀── ClientOutdated
//	             Logout by the host stopped  ◀── StreamReplaced, TemporaryBan,
//	                                             ConnectFailure
//
// The lower three do not come back by themselves: only a new connection leaves
// them. An event that comes late does not hold an account back: a sign of life from the
// server, or a client that says yes for 45 seconds, makes it connected.
//
// Traffic counts what becomes of an account's messages: what comes and cannot be read,
// what waited and was lost. What the account sends is in the client's log alone: make
// the client with ClientLogger or Tap, and messages without an answer, without a
// receipt, for nobody, without a copy for the phone, and the errors of the device store
// are counted, too.
//
// # Probes
//
//	Outbound  the account sends; PASS at the delivery receipt of the receiver's
//	          phone, or at the server's ack where that is asked for
//	Inbound   another account sends; PASS when this account's own client shows it,
//	          or when the host says that it has it, where there is a Host
//	Queue     several messages, through the host's queue where it has one; PASS
//	          when each arrives once, in order, in time
//	Ring      many accounts, each of which sends to the next: an Inbound for each
//	          without another account, that tells which of the two is to blame
//
// Each gives up with its context, even where the client does not; what came by
// the end of its time counts, and what came later does not. A message that the
// server took and nobody got is a FAIL: the ack alone proves little, and so does
// the receipt of a linked device. What is the fault of the other account is no
// FAIL but an error.
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
//	partly_delivered      a linked device of the receiver has it; its phone, which
//	                      is awake, has not
//	undecryptable         it arrived, and could not be read
//	arrived_late          it arrived after its time was over
//	replay_lost           it was sent while the account was away, and did not come
//	                      when the account was back
//	host_missed           the account's client has it, the host has not
//	out_of_order, duplicate, missing, queue_depth, enqueue_failed, enqueue_blocked
//	send_failed           anything else
//
// The classes of what could not be told, beside those of package probe:
//
//	sender_…, receiver_…    what the other account's client could not do
//	receiver_phone_offline  of Outbound: only a linked device of the receiver has
//	                        the message, and its phone may be off
//	recipient_offline       of Outbound: nobody has it, and Receiver was away
//	host_not_awaited        the message came too late for the host to confirm it
//	queue_depth_unknown     the host did not say how many messages wait
//	rate_limited            more probes than are safe to send
//
// The other end of Inbound and Queue is yours too, and that of Outbound where it
// is given the Receiver: it is to blame as far as its client knows. One whose
// connection has just died does not.
//
// # Rooms
//
// Package linking, below this one, pairs the device of an account and keeps its
// file; package owning has one instance of many own the connections. The internal
// ones: tracker follows one client, tap listens to its log, tally counts its messages,
// silence knows when an account is quiet for longer than it is used to be, sending has
// what every probe is made of, replay judges what was sent while an account was away,
// memory keeps what a restart must not forget, masking hides telephone numbers.
//
// # Markers
//
// A probe's text is recognised by IsProbe: have the host ignore such messages,
// so that no bot answers and no operator wonders. Where there is a Host, it is
// told first, when the message is stored.
package whatsappprobe

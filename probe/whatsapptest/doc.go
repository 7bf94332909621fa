// Package whatsapptest is a WhatsApp server for tests, in process: unmodified
// *whatsmeow.Clients connect to it, are paired with it, and exchange messages
// through it, encrypted end to end. So does any other client of WhatsApp's
// protocol for several devices. Everything a network, a server, a phone or a disk
// can do to them can be done to them here.
//
// # What it does not guarantee
//
// That a client which works here works with WhatsApp. The server knows what
// clients send and accept, and nothing of what WhatsApp enforces: rate limits,
// bans for what is sent to whom, privacy tokens, the rules for versions of
// clients. Restrict and Ban do what WhatsApp does, when the test says so and for
// no other reason. It proves the code around the client, and the client's part in
// it.
//
// There are no groups, broadcasts, channels, statuses or calls, no media, no app
// state, no history, no passkeys, no profile pictures, and nobody sees who is
// online or typing. Such queries are answered with an error (501), so that
// nothing hangs. Phones link devices, get messages and say so; they read none,
// write none, and answer no request of their devices.
//
// Nothing is kept: accounts, devices and waiting messages end with the Server.
//
// A time that depends on goroutines of the client is not repeatable, in a bubble
// neither: whatsmeow draws its intervals at random.
//
// It makes every client of the process distrust the real WhatsApp: whatsmeow
// looks up the root of its certificates in a global, whatsmeow.WACertPubKey, and
// the first Server of a process puts a key of its own there, once. A client that
// connects at that very moment is a data race.
//
// # How to use it
//
// Make a Server, clients, and let them talk:
//
//	srv := whatsapptest.NewServer(t)
//	alice, bob := srv.NewClient(t, "491700000001"), srv.NewClient(t, "491700000002")
//	alice.AddEventHandler(…)
//	err := alice.Connect()
//	err = srv.AwaitOnline(t.Context(), "491700000001")
//
// An account is a phone number in the international form, digits only. It exists
// from the moment on at which a device is linked to it. NewClient links one at
// once, as if it had been paired long ago. NewUnpairedClient leaves that to the
// test: Scan takes the text of a QR code, TypeCode that of PairPhone. Programs
// that make their own stores and clients use Seed and Redirect. What a client says in
// its log goes where Options.ClientLog says. All are real
// clients with all their habits: they connect again by themselves, answer
// messages with receipts, and keep their keys in a store.
//
// # Accounts, devices and phones
//
// An account has a phone, device 0, and linked devices, from 1 on; each client is
// one of those. A message is encrypted for every device of both sides, and each
// says for itself that it got its copy. Who writes to an account with two clients
// sees three receipts of it, and the own phone's and devices':
//
//	Sender.Device 0, Type ""            the other side's phone
//	Sender.Device n, Type "inactive"    its clients; "" if they are shown as online
//	IsFromMe, Type "sender"             the own phone (0) and own other clients (n)
//
// The server plays the phones, which are on unless PhoneOff is said. Where only
// the clients matter, PhoneOff is a way to be rid of their receipts.
//
// Methods that take numbers take "491700000001" for an account with all of its
// devices, "491700000001:2" for its device 2, and "491700000001:0" for its phone.
// None at all is everybody.
//
// # Faults
//
// Faults are methods of the Server. They may be called at any time. What they
// name is always who goes without: acks that do not reach it, messages and
// receipts that do not reach it. Those marked with a 1 happen once, to what is
// there; all others last until Heal, or until their number is used up. In the
// order of what operators report, with what a client of whatsmeow shows:
//
//	a connection that hears nothing (zombie)
//	  HoldMessages       1  nothing: pings, acks, own sends and receipts as ever;
//	                        the next connection gets what was held
//	  DelayMessages         nothing; Message comes late, acks in time
//	own messages that do not arrive
//	  LoseAcks              ErrMessageTimedOut after 75 s, others wait; it arrives
//	  DelayAcks             SendMessage is slow, receipts may come first
//	  LoseMessages          success, and no receipt of who loses
//	  LoseReceipts          success, and no receipts at all; no retries either
//	  RefuseMessages        ErrServerReturnedError with the code
//	  MuteUsync             the first message to a number: ErrIQTimedOut after 75 s
//	restricted
//	  Restrict, Lift        NotifyAccountReachoutTimelock; 463 for strangers
//	logged out
//	  LogOut             1  LoggedOut, 401; the store is deleted
//	  FailLogins(401 …)     LoggedOut at the next login
//	on the computer, not on the phone
//	  CompanionOnly         success; receipts, but none of device 0
//	  WithholdPhoneKeys     the same, and a line in the log: ErrNoSession, device 0
//	cannot be read
//	  CorruptMessages       UndecryptableMessage, then Message with a RetryCount;
//	                        the sender's: Receipt "retry", then delivered
//	  RuinMessages          UndecryptableMessage, five times, and no Message
//	  CorruptHidden         UndecryptableMessage with DecryptFailMode "hide"
//	  MakeUnavailable       UndecryptableMessage with IsUnavailable
//	lost while away
//	  LoseOffline           OfflineSyncPreview counts more than comes
//	  NoOfflineEnd          OfflineSyncPreview, and no OfflineSyncCompleted
//	another process has the account
//	  Replace            1  StreamReplaced; it does not come back
//	                        (so does a second client on one device store)
//	outdated
//	  FailLogins(405)       ClientOutdated, at the next login; who is in stays in
//	the phone is not seen
//	  PhoneOff              no receipts of device 0; they come after Heal
//	banned
//	  Ban                   Disconnected, TemporaryBan with Code and Expire
//	the device store
//	  SlowStore             messages come in late; SendMessage is slow
//	  LockStore          1  SendMessage: success, for nobody; UndecryptableMessage
//	not connected
//	  Drop               1  Disconnected, Connected
//	  Freeze             1  KeepAliveTimeout within 40 s, Connected after 3 min
//	  Stall                 KeepAliveTimeout, KeepAliveRestored after Heal
//	  MutePings             the same, while messages come and go
//	  Refuse                Connect fails; after Drop: Disconnected, once
//	  FailLogins(503)       Disconnected, again and again
//	  EndStreams         1  Disconnected, Connected; StreamError if unknown
//	prekeys
//	  RunOutOfPrekeys    1  nothing; it uploads more
//	  RefusePrekeys         a line in the log
//	anything else
//	  Send               1  what the stanza makes it show
//
// Two kinds of failure are not the server's to make: a host that loses what its
// client gave it, and memory that runs out.
//
// Stats says what happened so far, Await blocks until it has: a test needs no
// sleep.
//
// # In a bubble
//
// Clients measure in minutes: they ping twice in one, give up a connection after
// three, and an answer after 75 seconds. In a testing/synctest bubble this time
// passes at once, a day in a second. Make everything inside of the bubble, with
// NewPipeServer in place of NewServer. Two things hang a bubble that do not hang
// a test, because a bubble does not see that a goroutine waits for a mutex: a
// SendMessage while another one waits for its ack, and IsConnected while a
// connection is being made or closed.
//
// # Clients that are not whatsmeow's
//
// Any client that opens URL and trusts RootKey can be paired and talk; it runs in
// a process and a language of its own. Those of Baileys are held against this
// server in its tests, with their own Signal library: pairing by QR code and by
// a typed code, messages and receipts both ways, what is asked for again, and
// what the faults show. In Baileys,
//
//	WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(rootKeyInHex, 'hex')
//	makeWASocket({ waWebSocketUrl: url, … })
//
// What is not known before a login is not there for such a client: Stats counts
// its connections under no number, and Refuse ends them after the login.
//
// # What to know of the clients
//
// Since 2026, whatsmeow addresses everybody by a hidden identity (LID), and so
// are receipts: match by the message's ID. Receipts of a client that is not
// shown as online are of the type "inactive". Offline messages may be handled
// before the event Connected. Disconnect leaks a goroutine if a frame arrives in
// that moment, which a bubble reports as a deadlock: Server.Disconnect does not.
// libsignal prints to standard output when a message cannot be decrypted.
//
// Two data races are whatsmeow's own, and the race detector finds them when a
// connection ends while the client makes it, or while the client waits for an
// answer (a SendMessage without its ack, the first milliseconds until Connected).
// Tests that run under the detector drop connections that are quiet.
package whatsapptest

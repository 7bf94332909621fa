// Package whatsapptest is a WhatsApp server for tests, in process: unmodified
// *whatsmeow.Clients connect to it, are paired with it, and exchange messages
// through it, encrypted end to end. Everything a network or a server can do to
// them can be done to them here.
//
// # What it does not guarantee
//
// That a client which works here works with WhatsApp. The server knows what
// whatsmeow sends and accepts, and nothing of what WhatsApp enforces: rate
// limits, bans for what is sent to whom, privacy tokens, the rules for versions
// of clients. It proves the code around the client, and the client's part in it.
//
// There are no groups, broadcasts, channels, statuses or calls, no media, no app
// state, no history, no passkeys, no profile pictures, and nobody sees who is
// online or typing. Such queries are answered with an error (501), so that
// nothing hangs. Phones link devices but read no messages and send no receipts.
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
// that make their own stores and clients use Seed and Redirect. All are real
// clients with all their habits: they connect again by themselves, answer
// messages with receipts, and keep their keys in a store.
//
// Faults are methods of the Server. They may be called at any time, take the
// numbers of the accounts that are hit (none is everybody), and say what a client
// sees of them. A number is always that of the account that goes without: acks
// that do not reach it, messages and receipts that do not reach it. Drop, Freeze,
// LogOut, Replace and EndStreams happen once, to the connections that are open;
// all others last until Heal.
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

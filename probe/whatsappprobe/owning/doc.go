// Package owning has one instance of many own the connections of WhatsApp accounts:
// the one that leads. It connects them when the lead begins, keeps them connected
// while it lasts, and lets them go at its end.
//
// # What it does not guarantee
//
// It is no lock: whoever calls Lead says that this instance leads, and when it does
// no more. It cannot keep out what does not ask the same lease: another program on
// the same device store, or a copy of one. It does not make a message arrive that a
// process had in its hands when it died (EnableDecryptedEventBuffer does). It pairs
// no device, and says nothing of how accounts are: whatsappprobe.Accounts does. And it
// cannot make a client forget: one that led, and leads again when another owner had
// the account meanwhile, still knows which devices its chats had then. A first message
// to a chat may miss a device that is new, and those to a group do for as long as the
// client lives. Whoever minds makes the clients anew in each lead, or ends the process
// after a lead that was lost.
//
// # One session, one owner
//
// WhatsApp has one connection for each linked device, and gives it to whoever logs in
// last. The other is told StreamReplaced; and two that both come back throw each
// other out many times a second. So: the lease first, then Connect; at the end
// Disconnect first, then the lease is given back. That is what Lead does, between a
// lease's begin and its end:
//
//	owner := owning.New(nil)
//	err := owner.Add("support", cli) // before the client connects
//	m, err := monitor.New(monitor.Config{…, Leading: owner.Lead})
//
// From Add on the client belongs to the Owner: the host calls neither Connect nor
// Disconnect. Its own reconnecting is switched off (EnableAutoReconnect), since that
// asks no clock: a process that was stopped for longer than its lease would take the
// account back from its new owner when it wakes up. The Owner looks before each
// Connect.
//
//	left alone ── paired, and the lead begins ──▶ connecting ── Connected ──▶ connected
//	                                               ▲      ▲                      │
//	                                       in time │      └──────────────────────┘
//	                                               │      Disconnected, or for 2.5 minutes
//	                                               │      no keepalive was answered
//	                                            waiting ◀── a try failed, TemporaryBan,
//	                                                        a login was refused
//	taken ◀── StreamReplaced; until the next lead, or Reclaim
//
// What fails is tried again after 1 s, then twice as long each time, up to a minute.
// A ban is waited for until its end and 1 to 10 minutes more, an hour where no end
// was told; other refusals of a login for 1 hour, then longer, up to 6. These waits
// outlast a lead. What is connected and not logged in after 10 minutes is
// disconnected, and tried again.
//
// # Cost
//
// One goroutine for each account while this instance leads, and none while it does
// not. Nothing is asked of a client: all is known by its events.
package owning

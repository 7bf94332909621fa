// Package fifteen has no code but its test, which shows what is told of each of the
// fifteen ways in which a WhatsApp back end fails that operators report:
//
//	go test ./probe/whatsappprobe/internal/fifteen -run TestTheFifteen -v
//
// It does not show that WhatsApp fails in these ways and no other, or as often as one
// would think: the server is whatsapptest's, and time is a bubble's. All else is what a
// host runs: whatsmeow's clients, their logs tapped, owned by the instance that leads,
// followed and probed, under a monitor with its default settings and minutes.
//
// Each row has an hour in which all is well, and nothing may be told; the fault; hours
// in which it lasts, and one message may be told of it, and its reminders; what an
// operator does; and hours in which its end must be told, and nothing else.
package fifteen

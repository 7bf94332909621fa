package rules

import "github.com/seed-13dc028d/longwatch/longrun"

// meaning says in words what a failed probe of a messaging account found, and where that
// is likely to be mended; nothing of a class that it does not know.
func meaning(p *longrun.Probe) string {
	if p.ErrorClass == "acked_not_delivered" && p.Type == longrun.Inbound {
		return "the server took the message, and the account, which seems connected, never got it; connect it anew"
	}
	return meanings[p.ErrorClass]
}

// meanings are those of the classes, by the names that package whatsappprobe has for
// them.
var meanings = map[string]string{ //nolint:gochecknoglobals // a table, never changed
	"acked_not_delivered": "the server took the message, and nobody got it",
	"ack_refused_463":     "the account may not write to people who do not know it",
	"arrived_late":        "the message came after its time",
	"client_outdated":     "the server refuses this version of the client library",
	"duplicate":           "a message came twice",
	"host_missed":         "the account's client has the message, and the host behind it did not take it; look at its handler, its queue, its database",
	"logged_out":          "the account is unlinked; pair it again",
	"missing":             "messages did not come",
	"no_ack":              "the server did not confirm the message",
	"not_connected":       "the account has no connection",
	"not_sent":            "the keys of the other account's devices were not to be had",
	"number_unknown":      "the number is not on the service",
	"out_of_order":        "messages came in another order",
	"partly_delivered":    "a linked device of the receiver has the message, and its phone, which is awake, has not",
	"replay_lost":         "what was sent while the account was away did not come when it was back",
	"send_blocked":        "another send of the account holds it up",
	"stopped":             "the account's session was ended or refused",
	"undecryptable":       "the message came, and could not be read",
}

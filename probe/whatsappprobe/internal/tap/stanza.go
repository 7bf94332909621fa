package tap

import (
	"strconv"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// stanza tells what one stanza says. It reads the node, and keeps nothing of it but
// texts.
func (e *ear) stanza(n *waBinary.Node, out bool) {
	switch {
	case out && n.Tag == "message":
		e.outgoing(n)
	case out && n.Tag == "iq":
		if unlinks(n) {
			id := attr(n, "id")
			e.unlink.Store(&id)
		}
	case out:
	default:
		e.incoming(n)
	}
}

func (e *ear) incoming(n *waBinary.Node) {
	switch n.Tag {
	case "success":
		e.tell(Fact{Kind: LoggedIn})
		return
	case "failure", "stream:error", "xmlstreamend":
		return
	}
	e.tell(Fact{Kind: Alive})
	switch n.Tag {
	case "notification":
		if until, is := odd(n); is {
			e.tell(Fact{Kind: Restricted, Until: until})
		}
	case "message":
		e.tell(Fact{Kind: Arrived, ID: attr(n, "id"), Waited: n.Attrs["offline"] != nil})
	case "ack":
		if attr(n, "class") == "message" {
			code, _ := strconv.Atoi(attr(n, "error"))
			e.tell(Fact{Kind: Acked, ID: attr(n, "id"), Code: code})
		}
	case "ib":
		e.waiting(n)
	case "iq":
		id := e.unlink.Load()
		if id == nil || *id == "" || *id != attr(n, "id") {
			return
		}
		e.unlink.Store(nil)
		if attr(n, "type") == "result" {
			e.tell(Fact{Kind: Unlinked})
		}
	}
}

// waiting tells of what waited while the client was away.
func (e *ear) waiting(n *waBinary.Node) {
	for _, child := range children(n) {
		switch child.Tag {
		case "offline_preview":
			if count, err := strconv.Atoi(attr(&child, "message")); err == nil {
				e.tell(Fact{Kind: Preview, Count: count})
			}
		case "offline":
			e.tell(Fact{Kind: ReplayOver})
		}
	}
}

// outgoing tells of a message that goes out. One that is sent again, to one device
// that could not read it, is not one: it has no list of devices. Neither is what the
// account's devices say to each other, nor what changes an earlier message.
func (e *ear) outgoing(n *waBinary.Node) {
	if attr(n, "category") == "peer" || n.Attrs["edit"] != nil {
		return
	}
	if kind := attr(n, "type"); kind != "text" && kind != "media" {
		return
	}
	to, ok := n.Attrs["to"].(types.JID)
	if !ok {
		return
	}
	f := Fact{Kind: Sent, ID: attr(n, "id"), Chat: to.User, Group: !isPerson(to.Server)}
	listed, forAll, copies := false, false, 0
	theirs, strangers := false, false
	for _, child := range children(n) {
		switch child.Tag {
		case "participants":
			listed = true
			for _, device := range children(&child) {
				jid, ok := device.Attrs["jid"].(types.JID)
				if !ok {
					continue
				}
				copies++
				theirs = theirs || jid.User == to.User
				strangers = strangers || jid.Server != to.Server
			}
		case "enc": // for a whole group at once
			forAll = forAll || f.Group
		}
	}
	if !listed && !forAll {
		return
	}
	// Copies for the account's own devices alone reach nobody either. Where the two
	// sides are addressed differently, that cannot be told.
	f.ToNobody = !f.Group && (copies == 0 || !theirs && !strangers)
	e.tell(f)
}

func isPerson(server string) bool {
	return server == types.DefaultUserServer || server == types.HiddenUserServer || server == types.HostedServer || server == types.HostedLIDServer
}

// unlinks reports whether a query is that by which an account's own client gives it up.
func unlinks(n *waBinary.Node) bool {
	for _, child := range children(n) {
		if child.Tag == "remove-companion-device" {
			return attr(n, "id") != ""
		}
	}
	return false
}

func attr(n *waBinary.Node, name string) string {
	text, _ := n.Attrs[name].(string)
	return text
}

func children(n *waBinary.Node) []waBinary.Node {
	nodes, _ := n.Content.([]waBinary.Node)
	return nodes
}

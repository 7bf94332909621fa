package whatsapptest

import (
	"maps"
	"slices"
	"strconv"

	"go.mau.fi/whatsmeow/types"
)

// device is a client that is linked to an account.
type device struct {
	account *account
	id      uint16
	noise   [32]byte // what it proves itself with at login
	keys    keyset
	conn    *conn // its connection, nil while it is away
	active  bool  // it asked for live traffic
	queue   []*item
	delayed []node // messages that DelayMessages holds back, oldest first
}

// item is a message, receipt or notification that waits for the device to
// confirm it. It is written once to each connection that the device makes.
type item struct {
	node node
	sent *conn // where it was written last
}

// at is the device as faults and counters know it.
func (d *device) at() place { return placeOf(d.account.number, d.id) }

func (d *device) pn() types.JID  { return d.account.jid(types.DefaultUserServer, d.id) }
func (d *device) lid() types.JID { return d.account.jid(types.HiddenUserServer, d.id) }

// push hands a stanza to the device: now if it is there, and else when it
// comes.
func (d *device) push(n node) {
	it := &item{node: n}
	d.queue = append(d.queue, it)
	if d.reachable() {
		it.sent = d.conn
		d.conn.send(n)
	}
}

// reachable tells whether what is written to the device now has a chance.
func (d *device) reachable() bool {
	return d.conn != nil && d.active && !d.conn.server.fault(d.at()).stalls
}

// unsent are the items that the present connection has not seen.
func (d *device) unsent() []*item {
	return slices.DeleteFunc(slices.Clone(d.queue), func(it *item) bool { return it.sent == d.conn })
}

// catchUp writes what was held back from a connection.
func (d *device) catchUp() {
	for _, it := range d.unsent() {
		it.sent = d.conn
		d.conn.send(it.node)
	}
}

// sendOffline writes an item that waited, and says so in it.
func (d *device) sendOffline(it *item, index int) {
	it.sent = d.conn
	n := it.node
	n.Attrs = maps.Clone(n.Attrs)
	n.Attrs["offline"] = strconv.Itoa(index)
	d.conn.send(n)
}

// confirm drops what an ack or a receipt of the device is about.
func (d *device) confirm(reply *node) (confirmed int) {
	class := text(reply, "class")
	if reply.Tag == "receipt" {
		class = "message" // a receipt is a message's better ack
	}
	before := len(d.queue)
	d.queue = slices.DeleteFunc(d.queue, func(it *item) bool {
		return it.node.Tag == class &&
			text(&it.node, "id") == text(reply, "id") &&
			address(&it.node, "from") == address(reply, "to") &&
			(class == "message" || text(&it.node, "type") == text(reply, "type"))
	})
	return before - len(d.queue)
}

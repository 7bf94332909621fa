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
	delayed []node          // messages that DelayMessages holds back, oldest first
	ruined  map[string]bool // messages that arrive spoilt each time
}

// item is a message, receipt or notification that waits for the device to
// confirm it. It is written once to each connection that the device makes.
type item struct {
	node node
	sent *conn // where it was written last
	// acked is a message whose receipt may still come.
	acked bool
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
	if d.reachable() && !d.conn.withholds(it) {
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
	return slices.DeleteFunc(slices.Clone(d.queue), func(it *item) bool { return it.acked || it.sent == d.conn })
}

// catchUp writes what was held back from a connection.
func (d *device) catchUp() {
	for _, it := range d.unsent() {
		if !d.conn.withholds(it) {
			it.sent = d.conn
			d.conn.send(it.node)
		}
	}
}

// drop forgets an item that waits.
func (d *device) drop(it *item) {
	d.queue = slices.DeleteFunc(d.queue, func(other *item) bool { return other == it })
}

// sendOffline writes an item that waited, and says so in it.
func (d *device) sendOffline(it *item, index int) {
	it.sent = d.conn
	n := it.node
	n.Attrs = maps.Clone(n.Attrs)
	n.Attrs["offline"] = strconv.Itoa(index)
	d.conn.send(n)
}

// confirm drops what a receipt of the device is about, and keeps from being
// written again what an ack is about. Clients differ: some send both of them for a
// message, in either order, and some name the sender's account without its device.
func (d *device) confirm(reply *node) (confirmed int) {
	class := text(reply, "class")
	if reply.Tag == "receipt" {
		class = "message" // a receipt is a message's better ack
	}
	to := address(reply, "to")
	d.queue = slices.DeleteFunc(d.queue, func(it *item) bool {
		if it.node.Tag != class || text(&it.node, "id") != text(reply, "id") ||
			!d.conn.server.same(address(&it.node, "from"), to) ||
			class != "message" && text(&it.node, "type") != text(reply, "type") {
			return false
		}
		if class == "message" && reply.Tag == "ack" {
			it.acked = true
			return false
		}
		confirmed++
		return true
	})
	return confirmed
}

// pending are the items that the device has not confirmed.
func (d *device) pending() (n int) {
	for _, it := range d.queue {
		if !it.acked {
			n++
		}
	}
	return n
}

// settle forgets what a connection that has ended acked and will say no more of.
func (d *device) settle() {
	d.queue = slices.DeleteFunc(d.queue, func(it *item) bool { return it.acked })
}

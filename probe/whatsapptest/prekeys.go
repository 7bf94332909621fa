package whatsapptest

import (
	"strconv"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
)

// servePrekeys answers how many one-time prekeys a client has left here, or
// hands out what it needs to begin sessions with others.
func (s *Server) servePrekeys(c *conn, query *node) {
	if _, ok := query.GetOptionalChildByTag("count"); ok {
		c.answer(query, node{Tag: "count", Attrs: attrs{"value": strconv.Itoa(len(c.device.keys.oneTime))}})
		return
	}
	if _, ok := query.GetOptionalChildByTag("digest"); ok {
		c.answer(query, node{Tag: "digest", Content: c.device.keys.digest()})
		return
	}
	wanted, ok := query.GetOptionalChildByTag("key")
	if !ok {
		c.refuse(query, "501", "feature-not-implemented")
		return
	}
	var users []node
	for _, user := range wanted.GetChildren() {
		users = append(users, s.bundle(&user))
	}
	c.answer(query, node{Tag: "list", Content: users})
}

// bundle is what a client needs to begin a session with the device that it
// named. The phone is asked for like any other.
func (s *Server) bundle(user *node) node {
	jid := address(user, "jid")
	reply := node{Tag: "user", Attrs: attrs{"jid": jid, "t": now()}}
	a := s.find(jid)
	switch {
	case a != nil && jid.Device == 0 && s.fault(placeOf(a.number, 0)).withholdsPhoneKey:
		reply.Content = []node{itemNotFound()}
	case a != nil && jid.Device == 0:
		reply.Content = a.phone.keys.take()
	case a != nil && a.devices[jid.Device] != nil:
		d := a.devices[jid.Device]
		reply.Content = d.keys.take()
		d.askForPrekeys()
	default:
		reply.Content = []node{itemNotFound()}
	}
	return reply
}

func itemNotFound() node {
	return node{Tag: "error", Attrs: attrs{"code": "404", "text": "item-not-found"}}
}

// digest is what a device asks to see whether its keys are here as it has them.
func (k *keyset) digest() []node {
	ids := make([]node, len(k.oneTime))
	for i, one := range k.oneTime {
		ids[i] = node{Tag: "id", Content: one.id}
	}
	return append(k.head(), k.signed.node("skey"), node{Tag: "list", Content: ids})
}

// head is what does not change of the keys.
func (k *keyset) head() []node {
	return []node{
		{Tag: "registration", Content: k.registration},
		{Tag: "type", Content: []byte{ecc.DjbType}},
		{Tag: "identity", Content: k.identity},
	}
}

// take returns the keys as nodes and uses up a one-time prekey, if there is one
// left: a session can begin without.
func (k *keyset) take() []node {
	bundle := k.head()
	if len(k.oneTime) > 0 {
		bundle = append(bundle, k.oneTime[0].node("key"))
		k.oneTime = k.oneTime[1:]
	}
	return append(bundle, k.signed.node("skey"))
}

func (p *prekey) node(tag string) node {
	parts := []node{{Tag: "id", Content: p.id}, {Tag: "value", Content: p.value}}
	if p.signature != nil {
		parts = append(parts, node{Tag: "signature", Content: p.signature})
	}
	return node{Tag: tag, Content: parts}
}

// askForPrekeys tells a device that it runs out of prekeys.
func (d *device) askForPrekeys() {
	if len(d.keys.oneTime) == whatsmeow.MinPreKeyCount-1 {
		d.tellPrekeys()
	}
}

// tellPrekeys tells a device how many prekeys it has left, if it is there.
func (d *device) tellPrekeys() {
	if d.reachable() {
		d.conn.send(node{
			Tag:     "notification",
			Attrs:   attrs{"from": types.ServerJID, "id": newID(), "type": "encrypt", "t": now()},
			Content: []node{{Tag: "count", Attrs: attrs{"value": strconv.Itoa(len(d.keys.oneTime))}}},
		})
	}
}

// storePrekeys keeps what a client uploads. One-time prekeys are added to those
// that are left, and the rest replaces what was there.
func (s *Server) storePrekeys(c *conn, query *node) {
	if code := s.fault(c.at).prekeyError; code != 0 {
		c.refuse(query, strconv.Itoa(code), "refused")
		return
	}
	if rotate, ok := query.GetOptionalChildByTag("rotate"); ok {
		s.rotate(c, query, rotate)
		return
	}
	signed, ok := readPrekey(query.GetChildByTag("skey"))
	uploaded := keyset{
		registration: content(query, "registration"),
		identity:     content(query, "identity"),
		signed:       signed,
		oneTime:      c.device.keys.oneTime,
	}
	ok = ok && len(uploaded.registration) == 4 && len(uploaded.identity) == 32 && len(signed.signature) == 64
	list := query.GetChildByTag("list")
	for _, child := range list.GetChildren() {
		one, whole := readPrekey(child)
		uploaded.oneTime = append(uploaded.oneTime, one)
		ok = ok && whole
	}
	if !ok {
		c.refuse(query, "406", "not-acceptable")
		return
	}
	c.device.keys = uploaded
	c.answer(query)
	s.notify()
}

// rotate puts another signed prekey in the place of a device's.
func (s *Server) rotate(c *conn, query *node, wanted node) {
	signed, ok := readPrekey(wanted.GetChildByTag("skey"))
	if !ok || len(signed.signature) != 64 {
		c.refuse(query, "406", "not-acceptable")
		return
	}
	c.device.keys.signed = signed
	c.answer(query)
}

func readPrekey(n node) (prekey, bool) {
	p := prekey{id: content(&n, "id"), value: content(&n, "value"), signature: content(&n, "signature")}
	return p, len(p.id) == 3 && len(p.value) == 32
}

package whatsapptest

import (
	"slices"
	"strconv"
	"strings"

	"go.mau.fi/whatsmeow/types"
)

// usync tells a client what is known about other numbers: their hidden
// identities and their devices. Numbers that are not on WhatsApp are left out.
func (s *Server) usync(c *conn, query *node) {
	if s.fault(c.at).mutesUsync {
		return
	}
	asked := query.GetChildByTag("usync")
	facts := asked.GetChildByTag("query")
	list := asked.GetChildByTag("list")
	var users []node
	for _, user := range list.GetChildren() {
		jid := address(&user, "jid")
		if phone := content(&user, "contact"); phone != nil {
			users = append(users, s.lookUp(phone, facts.GetChildren()))
		} else if a := s.find(jid); a != nil {
			users = append(users, node{Tag: "user", Attrs: attrs{"jid": jid}, Content: a.describe(facts.GetChildren())})
		}
	}
	c.answer(query, node{
		Tag: "usync",
		Attrs: attrs{
			"sid": text(&asked, "sid"), "mode": text(&asked, "mode"), "context": text(&asked, "context"),
			"index": "0", "last": "true",
		},
		Content: []node{{Tag: "result"}, {Tag: "list", Content: users}},
	})
}

// lookUp tells whether a phone number, as a contact is asked for, is on
// WhatsApp, and what else is asked of it. It is named by the number, as it was
// asked for, unless the asker says that it wants hidden identities.
func (s *Server) lookUp(phone []byte, facts []node) node {
	number, _, _ := strings.Cut(strings.TrimPrefix(string(phone), "+"), "@")
	pn := types.NewJID(number, types.DefaultUserServer)
	a := s.find(pn)
	if a == nil {
		return node{Tag: "user", Attrs: attrs{"jid": pn, "pn_jid": pn}, Content: []node{
			{Tag: "contact", Attrs: attrs{"type": "out"}, Content: phone},
		}}
	}
	user := attrs{"jid": pn, "pn_jid": pn}
	if slices.ContainsFunc(facts, func(n node) bool {
		return n.Tag == "contact" && text(&n, "addressing_mode") == "lid"
	}) {
		user["jid"] = a.jid(types.HiddenUserServer, 0)
	}
	contact := node{Tag: "contact", Attrs: attrs{"type": "in"}, Content: phone}
	return node{Tag: "user", Attrs: user, Content: append([]node{contact}, a.describe(facts)...)}
}

func (a *account) describe(facts []node) []node {
	var known []node
	for _, fact := range facts {
		switch fact.Tag {
		case "devices":
			known = append(known, node{Tag: "devices", Content: []node{a.deviceList()}})
		case "lid":
			known = append(known, node{Tag: "lid", Attrs: attrs{"val": a.jid(types.HiddenUserServer, 0)}})
		}
	}
	return known
}

// deviceList names the phone, which is number 0, and the linked devices.
func (a *account) deviceList() node {
	list := []node{{Tag: "device", Attrs: attrs{"id": "0"}}}
	for _, d := range a.sorted() {
		id := strconv.Itoa(int(d.id))
		list = append(list, node{Tag: "device", Attrs: attrs{"id": id, "key-index": id}})
	}
	return node{Tag: "device-list", Attrs: attrs{"hash": "2:" + strconv.Itoa(len(list))}, Content: list}
}

package whatsapptest

import (
	"strconv"

	"go.mau.fi/whatsmeow/types"
)

// usync tells a client what is known about other numbers: their hidden
// identities and their devices. Numbers that are not on WhatsApp are left out.
func (s *Server) usync(c *conn, query *node) {
	if s.fault(c.number).mutesUsync {
		return
	}
	asked := query.GetChildByTag("usync")
	facts := asked.GetChildByTag("query")
	list := asked.GetChildByTag("list")
	var users []node
	for _, user := range list.GetChildren() {
		jid := address(&user, "jid")
		if a := s.find(jid); a != nil {
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

func (a *account) describe(facts []node) []node {
	var known []node
	for _, fact := range facts {
		switch fact.Tag {
		case "devices":
			known = append(known, node{Tag: "devices", Content: []node{a.deviceList()}})
		case "lid":
			known = append(known, node{Tag: "lid", Attrs: attrs{"val": a.jid(types.HiddenUserServer, 0)}})
		case "contact":
			known = append(known, node{Tag: "contact", Attrs: attrs{"type": "in"}})
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

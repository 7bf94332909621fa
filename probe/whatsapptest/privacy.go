package whatsapptest

import (
	"maps"
	"slices"
)

// privacy is what an account lets others see. Clients send other receipts by it:
// where read receipts are "none", or where a client cannot find out, the sender
// is not told that a message was read.
type privacy map[string]string

// usualPrivacy is what an account has that never changed it.
func usualPrivacy() privacy {
	return privacy{
		"readreceipts": "all", "profile": "all", "status": "all", "online": "all", "last": "all",
		"groupadd": "all", "calladd": "all", "messages": "all", "defense": "off", "stickers": "all",
	}
}

func (p privacy) describe() node {
	n := node{Tag: "privacy"}
	var categories []node
	for _, name := range slices.Sorted(maps.Keys(p)) {
		categories = append(categories, node{Tag: "category", Attrs: attrs{"name": name, "value": p[name]}})
	}
	n.Content = categories
	return n
}

// setPrivacy changes what a client asks for, if it is there to be changed. What
// else clients set here, tokens for whom they write to, is taken and forgotten.
func (s *Server) setPrivacy(c *conn, n *node) {
	request, ok := n.GetOptionalChildByTag("privacy")
	if !ok {
		c.answer(n)
		return
	}
	own := c.device.account.privacy
	for _, category := range request.GetChildrenByTag("category") {
		name, value := text(&category, "name"), text(&category, "value")
		if _, known := own[name]; !known || value == "" {
			c.refuse(n, "400", "bad-request")
			return
		}
		own[name] = value
	}
	c.answer(n, own.describe())
}

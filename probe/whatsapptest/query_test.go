package whatsapptest

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

// mallory is a device whose client is a test that makes its stanzas by hand, as
// clients that are not whatsmeow's make them.
type mallory struct {
	t *testing.T
	s *Server
	c *conn
}

func newMallory(t *testing.T, s *Server) *mallory {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.accountOf(eve)
	require.NoError(t, err)
	d := a.newDevice()
	identity := keys.NewKeyPair()
	d.keys = keyset{registration: []byte("1234"), identity: identity.Pub[:], signed: newPrekey(identity.CreateSignedPreKey(7))}
	s.link(d)
	c := &conn{server: s, wire: new(wire), out: newOutbox(), at: d.at(), device: d}
	d.conn, d.active = c, true
	return &mallory{t, s, c}
}

// reply is the next stanza that the server wrote.
func (m *mallory) reply() *node {
	m.t.Helper()
	m.c.out.mu.Lock()
	defer m.c.out.mu.Unlock()
	require.NotEmpty(m.t, m.c.out.nodes)
	n := m.c.out.nodes[0]
	m.c.out.nodes = m.c.out.nodes[1:]
	return &n
}

func (m *mallory) ask(kind, xmlns string, content ...node) *node {
	m.t.Helper()
	q := node{Tag: "iq", Attrs: attrs{"id": "1", "xmlns": xmlns, "to": types.ServerJID}}
	if kind != "" {
		q.Attrs["type"] = kind
	}
	if len(content) > 0 {
		q.Content = content
	}
	m.s.hear(m.c, &q)
	n := m.reply()
	require.Equal(m.t, "iq", n.Tag)
	require.Equal(m.t, "1", text(n, "id"))
	return n
}

func (m *mallory) is(want string, n *node) {
	m.t.Helper()
	require.Equal(m.t, want, text(n, "type"))
}

// lookedUp is what a client is told of a number.
func (m *mallory) lookedUp(number string, facts ...node) *node {
	m.t.Helper()
	n := m.ask("get", "usync", node{Tag: "usync", Attrs: attrs{"sid": "2", "mode": "query", "context": "interactive"}, Content: []node{
		{Tag: "query", Content: facts},
		{Tag: "list", Content: []node{{Tag: "user", Content: []node{{Tag: "contact", Content: []byte(number)}}}}},
	}})
	list := n.GetChildByTag("usync", "list")
	users := list.GetChildren()
	require.Len(m.t, users, 1)
	return &users[0]
}

func TestANumberIsNamedAsItWasAskedFor(t *testing.T) {
	t.Parallel()
	m := newMallory(t, NewServer(t))
	pn, lid := types.NewJID(eve, types.DefaultUserServer), types.NewJID(lidPrefix+eve, types.HiddenUserServer)

	plain := m.lookedUp("+"+eve, node{Tag: "contact"})
	require.Equal(t, pn, address(plain, "jid"))
	contact := plain.GetChildByTag("contact")
	m.is("in", &contact)

	hidden := m.lookedUp("+"+eve, node{Tag: "contact", Attrs: attrs{"addressing_mode": "lid"}})
	require.Equal(t, lid, address(hidden, "jid"))
	require.Equal(t, pn, address(hidden, "pn_jid"))

	more := m.lookedUp(eve+"@s.whatsapp.net", node{Tag: "contact"}, node{Tag: "lid"}, node{Tag: "devices"})
	known := more.GetChildByTag("lid")
	require.Equal(t, lid, address(&known, "val"))
	devices := more.GetChildByTag("devices", "device-list")
	require.Len(t, devices.GetChildren(), 2)

	none := m.lookedUp("+491709999999", node{Tag: "contact"}, node{Tag: "lid"})
	contact = none.GetChildByTag("contact")
	m.is("out", &contact)
	_, found := none.GetOptionalChildByTag("lid")
	require.False(t, found)
}

func TestPrivacyHasCategoriesThatCanBeChanged(t *testing.T) {
	t.Parallel()
	m := newMallory(t, NewServer(t))
	setting := func(name string) (value string) {
		n := m.ask("get", "privacy", node{Tag: "privacy"})
		list := n.GetChildByTag("privacy")
		for _, category := range list.GetChildrenByTag("category") {
			if text(&category, "name") == name {
				value = text(&category, "value")
			}
		}
		return value
	}
	change := func(name, value string) *node {
		return m.ask("set", "privacy", node{Tag: "privacy", Content: []node{
			{Tag: "category", Attrs: attrs{"name": name, "value": value}},
		}})
	}
	require.Equal(t, "all", setting("readreceipts"))
	m.is("result", change("readreceipts", "none"))
	require.Equal(t, "none", setting("readreceipts"))
	require.Equal(t, "all", setting("last"))
	m.is("error", change("unheard-of", "all"))
	m.is("result", m.ask("set", "privacy", node{Tag: "tokens"}))
}

func TestADeviceComparesAndRotatesItsKeys(t *testing.T) {
	t.Parallel()
	m := newMallory(t, NewServer(t))
	n := m.ask("get", "encrypt", node{Tag: "digest"})
	require.Equal(t, m.c.device.keys.identity, content(n, "digest", "identity"))
	require.Equal(t, []byte("1234"), content(n, "digest", "registration"))
	require.Equal(t, []byte{0, 0, 7}, content(n, "digest", "skey", "id"))
	_, listed := n.GetOptionalChildByTag("digest", "list")
	require.True(t, listed)

	next := newPrekey(keys.NewKeyPair().CreateSignedPreKey(8))
	m.is("result", m.ask("set", "encrypt", node{Tag: "rotate", Content: []node{next.node("skey")}}))
	require.Equal(t, next, m.c.device.keys.signed)
	m.is("error", m.ask("set", "encrypt", node{Tag: "rotate"}))
	next.signature = bytes.Repeat([]byte{1}, 3)
	m.is("error", m.ask("set", "encrypt", node{Tag: "rotate", Content: []node{next.node("skey")}}))
}

func TestWhatOtherClientsAskAtLoginIsAnswered(t *testing.T) {
	t.Parallel()
	m := newMallory(t, NewServer(t))
	m.is("result", m.ask("get", "abt", node{Tag: "props"}))
	m.is("result", m.ask("get", "blocklist"))
	m.is("result", m.ask("set", "urn:xmpp:whatsapp:dirty", node{Tag: "clean"}))
	m.is("result", m.ask("", "w:stats", node{Tag: "add"}))
	m.is("error", m.ask("get", "w:biz"))
}

// Some clients ack a message and send a receipt, in either order, and name the
// account where others name the device.
func TestAMessageIsConfirmedByAnyClientsReceipt(t *testing.T) {
	t.Parallel()
	s := NewServer(t)
	m := newMallory(t, s)
	sender := types.JID{User: eve, Device: 1, Server: types.DefaultUserServer}
	message := func(id string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		m.c.device.push(node{Tag: "message", Attrs: attrs{"id": id, "from": sender}})
	}
	say := func(tag, id string, to types.JID) {
		n := node{Tag: tag, Attrs: attrs{"id": id, "to": to}}
		if tag == "ack" {
			n.Attrs["class"] = "message"
		}
		s.hear(m.c, &n)
	}
	account, hidden := sender.ToNonAD(), types.NewJID(lidPrefix+eve, types.HiddenUserServer)
	for i, to := range []types.JID{sender, account, hidden} {
		message("a")
		require.Equal(t, 1, s.Stats(eve).Pending)
		say("ack", "a", to)
		require.Zero(t, s.Stats(eve).Pending)
		say("receipt", "a", to)
		require.Equal(t, i+1, s.Stats(eve).Delivered)
	}
	message("b")
	say("receipt", "b", types.JID{User: eve, Device: 9, Server: types.DefaultUserServer})
	say("receipt", "b", types.NewJID("491709999999", types.DefaultUserServer))
	say("receipt", "another", account)
	require.Equal(t, 1, s.Stats(eve).Pending, "of another device, account or message")
	say("receipt", "b", account)
	say("ack", "b", account)
	require.Zero(t, s.Stats(eve).Pending)
	require.Equal(t, 4, s.Stats(eve).Delivered)

	message("c")
	say("ack", "c", account)
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Empty(t, m.c.device.unsent(), "what is acked is not written again")
	s.detach(m.c)
	require.Empty(t, m.c.device.queue)
}

package whatsapptest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/binary/token"
	"go.mau.fi/whatsmeow/socket"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

const eve = "491700000009"

// within bounds a wait on a real network.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// dialRaw opens a websocket to the server by hand.
func dialRaw(t *testing.T, s *Server) *websocket.Conn {
	t.Helper()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx) }
	//nolint:bodyclose // the body is the websocket, or none
	ws, _, err := websocket.Dial(within(t), "ws://test"+chatPath, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: dial}},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = ws.CloseNow() })
	return ws
}

func TestGarbageEndsItsConnectionAndNoOther(t *testing.T) {
	t.Parallel()
	s := NewServer(t)
	witness := s.NewClient(t, eve)
	require.NoError(t, witness.Connect())
	require.NoError(t, s.AwaitOnline(within(t), eve))

	header := "WA\x06\x03"
	for name, garbage := range map[string]string{
		"no header":        "GET / HTTP/1.1\r\n\r\n",
		"an old header":    "WA\x06\x02\x00\x00\x01x",
		"an empty frame":   header + "\x00\x00\x00",
		"a huge frame":     header + "\xff\xff\xff",
		"no protobuf":      header + "\x00\x00\x03abc",
		"an empty hello":   header + "\x00\x00\x02\x12\x00",
		"a short key":      header + "\x00\x00\x05\x12\x03\x0a\x01x",
		"a weak key":       header + "\x00\x00\x24\x12\x22\x0a\x20" + strings.Repeat("\x00", 32),
		"a finish at once": header + "\x00\x00\x02\x22\x00",
	} {
		ws := dialRaw(t, s)
		require.NoError(t, ws.Write(within(t), websocket.MessageText, []byte("texts are skipped")), name)
		require.NoError(t, ws.Write(within(t), websocket.MessageBinary, []byte(garbage)), name)
		_, _, err := ws.Read(within(t))
		require.Error(t, err, name)
		require.NotErrorIs(t, err, context.DeadlineExceeded, name)
	}
	require.Equal(t, 1, s.Stats(eve).Logins)
	require.Equal(t, 1, s.Stats(eve).Online)
}

func TestOnlyTheChatIsServed(t *testing.T) {
	t.Parallel()
	s := NewServer(t)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx) }
	h := &http.Client{Transport: &http.Transport{DialContext: dial}}
	for path, want := range map[string]int{"/": http.StatusNotFound, chatPath: http.StatusUpgradeRequired} {
		r, err := http.NewRequestWithContext(within(t), http.MethodGet, "http://test"+path, nil)
		require.NoError(t, err)
		reply, err := h.Do(r)
		require.NoError(t, err)
		require.NoError(t, reply.Body.Close())
		require.Equal(t, want, reply.StatusCode, path)
	}
}

// noisyConn flips a bit of what a client writes, once when told to.
type noisyConn struct {
	net.Conn
	noisy *atomic.Bool
}

func (c *noisyConn) Write(p []byte) (int, error) {
	if c.noisy.CompareAndSwap(true, false) {
		p = append([]byte(nil), p...)
		p[len(p)-1] ^= 1
	}
	return c.Conn.Write(p)
}

func TestAFrameThatDoesNotDecryptEndsItsConnection(t *testing.T) {
	t.Parallel()
	s := NewServer(t)
	cli := s.NewClient(t, eve)
	var noisy atomic.Bool
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := s.dial(ctx)
		return &noisyConn{conn, &noisy}, err
	}
	cli.SetWebsocketHTTPClient(&http.Client{Transport: &http.Transport{DialTLSContext: dial}})
	require.NoError(t, cli.Connect())
	require.NoError(t, s.AwaitOnline(within(t), eve))
	noisy.Store(true)
	require.NoError(t, cli.SendChatPresence(within(t), types.NewJID(eve, types.DefaultUserServer), types.ChatPresenceComposing, ""))
	require.NoError(t, s.Await(within(t), func(st Stats) bool { return st.Connections > 1 && st.Online == 1 }))
}

func TestASecretDoesNotLetTheWrongDeviceIn(t *testing.T) {
	t.Parallel()
	s := NewServer(t)
	cli := s.NewClient(t, eve)
	cli.Store.NoiseKey = keys.NewKeyPair()
	require.NoError(t, cli.Connect())
	require.NoError(t, s.Await(within(t), func(st Stats) bool { return st.Refused == 1 }, eve))
	require.Zero(t, s.Stats(eve).Logins)
}

func TestAClientThatIsBeingDisconnectedIsNotLetIn(t *testing.T) {
	t.Parallel()
	s := NewServer(t)
	cli := s.NewClient(t, eve)
	s.mu.Lock()
	s.leaving[clientID(cli)] = 1
	s.mu.Unlock()
	require.ErrorContains(t, cli.Connect(), "503")
	s.mu.Lock()
	delete(s.leaving, clientID(cli))
	s.mu.Unlock()
	require.NoError(t, cli.Connect())
	require.NoError(t, s.AwaitOnline(within(t), eve))
}

// Not parallel: it looks at all goroutines of the process.
func TestCloseLeavesNoGoroutine(t *testing.T) {
	s, err := Start(nil)
	require.NoError(t, err)
	for range 3 {
		cli, err := s.Client(eve)
		require.NoError(t, err)
		require.NoError(t, cli.Connect())
	}
	require.NoError(t, s.Await(within(t), func(st Stats) bool { return st.Online == 3 }))
	_, err = net.Dial("tcp", s.listener.Addr().String()) // it never says a word
	require.NoError(t, err)
	_ = dialRaw(t, s)
	s.DelayAcks(time.Hour)
	waiting := make(chan error)
	go func() { waiting <- s.Await(context.Background(), func(Stats) bool { return false }) }()
	s.Close()
	require.ErrorIs(t, <-waiting, ErrClosed)
	s.Close()

	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		require.False(t, strings.Contains(stack, "whatsapptest.(*") && !strings.Contains(stack, "testing."), stack)
	}
	_, err = s.Client(eve)
	require.ErrorIs(t, err, ErrClosed)
	require.ErrorIs(t, s.Await(t.Context(), func(Stats) bool { return false }), ErrClosed)
	other := NewServer(t).NewClient(t, eve)
	s.Redirect(other)
	require.ErrorIs(t, other.Connect(), socket.ErrDialFailed)
}

// ---- fuzzing ----

// words are nodes such as clients send, and some that none would.
func words() []node {
	jid := types.JID{User: eve, Device: 1, Server: types.DefaultUserServer}
	lid := types.JID{User: lidPrefix + eve, Device: 1, Server: types.HiddenUserServer}
	iq := func(kind, space string, content ...node) node {
		return node{Tag: "iq", Attrs: attrs{"id": "1", "type": kind, "xmlns": space}, Content: content}
	}
	enc := node{Tag: "enc", Attrs: attrs{"type": "msg", "v": "2"}, Content: []byte("0123456789")}
	return []node{
		iq("get", "w:p"), iq("result", ""), iq("error", ""), iq("get", "w:g2"), iq("set", "passive", node{Tag: "active"}), iq("set", "passive"),
		iq("get", "encrypt", node{Tag: "count"}), iq("get", "encrypt"), iq("set", "encrypt"),
		iq("get", "encrypt", node{Tag: "key", Content: []node{{Tag: "user", Attrs: attrs{"jid": jid}}, {Tag: "user", Attrs: attrs{"jid": lid}}}}),
		iq("set", "encrypt", node{Tag: "registration", Content: make([]byte, 4)}, node{Tag: "identity", Content: make([]byte, 32)},
			node{Tag: "skey", Content: []node{{Tag: "id", Content: make([]byte, 3)}, {Tag: "value", Content: make([]byte, 32)}, {Tag: "signature", Content: make([]byte, 64)}}}),
		iq("get", "usync", node{Tag: "usync", Content: []node{
			{Tag: "query", Content: []node{{Tag: "devices"}, {Tag: "lid"}, {Tag: "status"}}},
			{Tag: "list", Content: []node{{Tag: "user", Attrs: attrs{"jid": jid}}, {Tag: "user", Content: []node{{Tag: "contact", Content: []byte("+" + eve + "@c.us")}}}}},
		}}),
		iq("set", "md", node{Tag: "remove-companion-device", Attrs: attrs{"jid": jid}}), iq("set", "md"), iq("get", "privacy"), iq("set", "privacy"),
		iq("set", "privacy", node{Tag: "privacy", Content: []node{{Tag: "category", Attrs: attrs{"name": "last", "value": "none"}}}}),
		iq("get", "w:mex", node{Tag: "query", Attrs: attrs{"query_id": timelockQuery}}), iq("get", "w:mex", node{Tag: "query", Attrs: attrs{"query_id": newChatsQuery}}), iq("get", "w:mex"),
		iq("get", "encrypt", node{Tag: "digest"}), iq("set", "encrypt", node{Tag: "rotate"}),
		iq("get", "abt"), iq("get", "blocklist"), iq("set", "urn:xmpp:whatsapp:dirty"),
		{Tag: "iq", Attrs: attrs{"xmlns": "w:stats"}},
		iq("set", "md", node{Tag: "link_code_companion_reg", Attrs: attrs{"stage": "companion_hello", "jid": jid.ToNonAD()}, Content: []node{
			{Tag: "link_code_pairing_wrapped_companion_ephemeral_pub", Content: make([]byte, 80)},
		}}),
		iq("set", "md", node{Tag: "link_code_companion_reg", Attrs: attrs{"stage": "companion_finish"}, Content: []node{
			{Tag: "link_code_pairing_wrapped_key_bundle", Content: make([]byte, 150)},
		}}),
		iq("result", "md", node{Tag: "pair-device-sign", Content: []node{{Tag: "device-identity", Content: []byte("x")}}}),
		{Tag: "message", Attrs: attrs{"id": "m", "to": lid.ToNonAD(), "type": "text"}, Content: []node{
			{Tag: "participants", Content: []node{{Tag: "to", Attrs: attrs{"jid": lid}, Content: []node{enc}}, {Tag: "to", Attrs: attrs{"jid": jid}, Content: []node{enc}}}},
			{Tag: "device-identity", Content: []byte("x")},
		}},
		{Tag: "message", Attrs: attrs{"id": "m", "to": lid}, Content: []node{enc}},
		{Tag: "message", Attrs: attrs{"id": "m", "to": "nobody"}},
		{Tag: "message", Attrs: attrs{"id": "m", "to": lid.ToNonAD(), "category": "peer"}, Content: []node{enc}},
		{Tag: "message", Attrs: attrs{"id": "m", "to": lid}, Content: []node{{Tag: "enc", Content: []byte("without attributes")}}},
		{Tag: "message"},
		{Tag: "receipt", Attrs: attrs{"id": "m", "to": lid, "type": "retry"}, Content: []node{{Tag: "retry", Attrs: attrs{"count": "1"}}}},
		{Tag: "receipt", Attrs: attrs{"id": "m", "to": jid, "recipient": jid}},
		{Tag: "receipt"},
		{Tag: "ack", Attrs: attrs{"id": "m", "class": "message", "to": lid}},
		{Tag: "ack"},
		{Tag: "presence"},
		{Tag: "x"},
	}
}

// hostile are inputs that would hurt whatsmeow's decoder: it would panic,
// recurse a million times, or ask for memory without end.
func hostile() map[string][]byte {
	nested := strings.Repeat(string([]byte{token.List8, 2, 5, token.List16, 0xff, 0xff}), 10_000)
	return map[string][]byte{
		"nothing":             {},
		"only a flag":         {0},
		"compressed":          {2, 0x78, 0x9c},
		"a tag that is none":  {0, token.List8, 1, token.ListEmpty},
		"a list for a tag":    {0, token.List8, 1, token.List8, 0},
		"an odd nothing":      {0, token.List8, 1, token.Nibble8, 0x80},
		"a list for a user":   {0, token.List8, 3, 5, 6, token.ADJID, 0, 0, token.List8, 0},
		"a list for a server": {0, token.List8, 3, 5, 6, token.JIDPair, 5, token.List8, 0},
		"addresses in a row": []byte("\x00" + string([]byte{token.List8, 3, 5, 6}) +
			strings.Repeat(string([]byte{token.JIDPair}), 1000) + strings.Repeat("\x05", 1001)),
		"lists in lists": []byte("\x00" + nested),
	}
}

func TestHostileNodesAreRefused(t *testing.T) {
	t.Parallel()
	for name, input := range hostile() {
		_, err := decode(input)
		require.Error(t, err, name)
		if len(input) > 1000 {
			require.Equal(t, errNode, err, "%s: not even given to the decoder", name)
		}
	}
	for _, want := range words() {
		plain, err := waBinary.Marshal(want)
		require.NoError(t, err)
		got, err := decode(plain)
		require.NoError(t, err, want.Tag)
		require.Equal(t, want.Tag, got.Tag)
		require.Len(t, got.GetChildren(), len(want.GetChildren()))
	}
}

// Whatever decodes can be encoded, since parts of it are passed on. It need not
// be the same then: whatsmeow's encoder means something else by the tag "0".
func FuzzDecode(f *testing.F) {
	for _, input := range hostile() {
		if len(input) < 1000 {
			f.Add(input)
		}
	}
	for _, n := range words() {
		plain, err := waBinary.Marshal(n)
		require.NoError(f, err)
		f.Add(plain)
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		n, err := decode(plain)
		if err != nil {
			return
		}
		_, err = waBinary.Marshal(*n)
		require.NoError(t, err)
	})
}

// However the stream is cut into pieces, the frames are the same.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("WA\x06\x03\x00\x00\x03abc\x00\x00\x01x"), uint8(2))
	f.Add([]byte("WA\x06\x03\x00\x00\x00"), uint8(1))
	f.Add([]byte("WA\x06\x03\xff\xff\xff"), uint8(200))
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		errEnd := errors.New("end")
		all := func(size int) (list [][]byte, err error) {
			rest := stream
			reader := &frames{next: func() ([]byte, error) {
				if len(rest) == 0 {
					return nil, errEnd
				}
				n := min(size, len(rest))
				next := rest[:n:n]
				rest = rest[n:]
				return next, nil
			}}
			for {
				one, err := reader.read()
				if err != nil {
					return list, err
				}
				list = append(list, one)
			}
		}
		whole, wholeErr := all(len(stream) + 1)
		cut, cutErr := all(int(piece) + 1)
		require.True(t, reflect.DeepEqual(whole, cut))
		require.Equal(t, wholeErr, cutErr)
	})
}

// No node that a client may send, linked or not, makes the server panic or say
// what cannot be encoded, whatever is wrong.
func FuzzNodes(f *testing.F) {
	for _, n := range words() {
		plain, err := waBinary.Marshal(n)
		require.NoError(f, err)
		f.Add(plain, plain)
	}
	wrongs := []func(*Server){
		func(*Server) {},
		func(s *Server) { s.CorruptHidden(10); s.PhoneOff() },
		func(s *Server) { s.RuinMessages(10); s.Restrict(time.Time{}, "any"); s.WithholdPhoneKeys() },
		func(s *Server) { s.MakeUnavailable("any"); s.RefusePrekeys(503) },
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		for _, wrong := range wrongs {
			hearBoth(t, wrong, first, second)
		}
	})
}

// hearBoth lets a device and a client that waits to be one say two things.
func hearBoth(t *testing.T, wrong func(*Server), first, second []byte) {
	t.Helper()
	s, err := Start(&Options{Pipe: true})
	require.NoError(t, err)
	defer s.Close()
	client, server := net.Pipe()
	defer func() { _ = client.Close() }()
	linked := &conn{server: s, wire: &wire{Conn: server}, out: newOutbox(), at: placeOf(eve, 1)}
	waiting := &conn{server: s, wire: &wire{Conn: server}, out: newOutbox()}
	func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		a, err := s.accountOf(eve)
		require.NoError(t, err)
		d := a.newDevice()
		d.keys = a.phone.keys
		d.conn, linked.device = linked, d
		s.link(d)
		waiting.pairing = &pairing{keys: a.phone.keys, link: &linkCode{number: eve, phone: a.phone.identity, client: a.phone.identity.Pub[:]}}
		require.NoError(t, s.propose(waiting, a, nil))
		waiting.pairing.query = "1"
		d.active = true
	}()
	wrong(s)

	for _, plain := range [][]byte{first, second} {
		if n, err := decode(plain); err == nil {
			s.hear(linked, n)
			s.hear(waiting, n)
		}
	}
	s.Heal()
	for _, said := range append(linked.out.nodes, waiting.out.nodes...) {
		_, err := waBinary.Marshal(said)
		require.NoError(t, err)
	}
}

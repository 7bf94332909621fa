package tap_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
	waLog "go.mau.fi/whatsmeow/util/log"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tap"
)

// The lines that the tap knows, and how many arguments of them it looks at.
var lines = map[string]int{
	"Failed to encrypt %s for %s: %v":                      3,
	"Error decrypting message %s from %s: %v":              3,
	"Failed to handle retry receipt for %s/%s from %s: %v": 4,
	"Failed to get prekeys to upload: %v":                  1,
	"Node handling took %s for %s":                         2,
	"Node handling is taking long for %s (started %s ago)": 2,
}

// whatsmeow says these lines, word by word, in the version that is built with; and it
// passes every stanza through its loggers Recv and Send.
func TestTheClientStillSaysWhatTheTapKnows(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-json", "go.mau.fi/whatsmeow").Output()
	require.NoError(t, err)
	var module struct {
		Dir string `json:"Dir"`
	}
	require.NoError(t, json.Unmarshal(out, &module))
	files, err := filepath.Glob(filepath.Join(module.Dir, "*.go"))
	require.NoError(t, err)
	said := map[string]int{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			if text, ok := call.Args[0].(*ast.BasicLit); ok && text.Kind == token.STRING {
				if format, err := strconv.Unquote(text.Value); err == nil {
					said[format] = len(call.Args) - 1
				}
			}
			return true
		})
	}
	for line, args := range lines {
		require.Contains(t, said, line)
		require.Equal(t, args, said[line], line)
	}
	require.Contains(t, said, "Recv")
	require.Contains(t, said, "Send")
}

// heard taps a client that says something, and returns the facts.
func heard(say func(log waLog.Logger)) (facts []tap.Fact) {
	log := tap.New(waLog.Noop)
	log.Listen(func(f tap.Fact) { facts = append(facts, f) })
	say(log)
	return facts
}

// coded is an error as the drivers of SQLite and Postgres make them.
type coded struct {
	error
	code int
}

func (c coded) Code() int { return c.code }

type stated struct{ error }

func (stated) SQLState() string { return "53100" }

func TestLinesAreFacts(t *testing.T) {
	t.Parallel()
	phone, other := types.JID{User: "1", Server: types.HiddenUserServer}, types.JID{User: "1", Server: types.HiddenUserServer, Device: 3}
	noSession := fmt.Errorf("%w with 1:0", whatsmeow.ErrNoSession)
	busy, full := coded{errors.New("busy"), 5 | 2<<8}, coded{errors.New("full"), 13}
	for name, c := range map[string]struct {
		format string
		args   []any
		want   []tap.Fact
	}{
		"no copy for a phone":        {"Failed to encrypt %s for %s: %v", []any{"A", phone, noSession}, []tap.Fact{{Kind: tap.NoPhone, ID: "A", Chat: "1"}}},
		"no copy for another device": {"Failed to encrypt %s for %s: %v", []any{"A", other, noSession}, nil},
		"no copy, busy":              {"Failed to encrypt %s for %s: %v", []any{"A", phone, fmt.Errorf("put: %w", busy)}, []tap.Fact{{Kind: tap.StoreError}}},
		"no copy, for other reasons": {"Failed to encrypt %s for %s: %v", []any{"A", phone, errors.New("cipher")}, nil},
		"not read, full":             {"Error decrypting message %s from %s: %v", []any{"A", "b", full}, []tap.Fact{{Kind: tap.StoreError, ID: "A", Broken: true}}},
		"not read, Postgres is full": {"Error decrypting message %s from %s: %v", []any{"A", "b", stated{errors.New("x")}}, []tap.Fact{{Kind: tap.StoreError, ID: "A", Broken: true}}},
		"not read, named":            {"Error decrypting message %s from %s: %v", []any{"A", "b", errors.New("put: database is locked (5)")}, []tap.Fact{{Kind: tap.StoreError, ID: "A"}}},
		"not read, keys":             {"Error decrypting message %s from %s: %v", []any{"A", "b", errors.New("bad MAC")}, nil},
		"prekeys":                    {"Failed to get prekeys to upload: %v", []any{errors.New("disk I/O error")}, []tap.Fact{{Kind: tap.StoreError, Broken: true}}},
		"a retry":                    {"Failed to handle retry receipt for %s/%s from %s: %v", []any{"a", "b", "c", busy}, []tap.Fact{{Kind: tap.StoreError}}},
		"slow":                       {"Node handling took %s for %s", []any{7 * time.Second, &waBinary.Node{}}, []tap.Fact{{Kind: tap.Slow, Took: 7 * time.Second}}},
		"still slow":                 {"Node handling is taking long for %s (started %s ago)", []any{&waBinary.Node{}, time.Minute}, []tap.Fact{{Kind: tap.Slow, Took: time.Minute}}},
		"another line":               {"Failed to parse message: %v", []any{busy}, nil},
		"a line with fewer words":    {"Failed to encrypt %s for %s: %v", []any{"A"}, nil},
		"a line with others":         {"Failed to encrypt %s for %s: %v", []any{1, 2, 3}, nil},
		"a line with none":           {"Node handling took %s for %s", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, heard(func(log waLog.Logger) { log.Warnf(c.format, c.args...) }))
			require.Equal(t, c.want, heard(func(log waLog.Logger) { log.Sub("X").Errorf(c.format, c.args...) }))
			require.Empty(t, heard(func(log waLog.Logger) { log.Infof(c.format, c.args...) }))
		})
	}
}

// node makes a stanza.
func node(tag string, attrs waBinary.Attrs, content ...waBinary.Node) *waBinary.Node {
	n := &waBinary.Node{Tag: tag, Attrs: attrs}
	if len(content) > 0 {
		n.Content = content
	}
	return n
}

func TestStanzasAreFacts(t *testing.T) {
	t.Parallel()
	lid := func(user string, device uint16) types.JID {
		return types.JID{User: user, Device: device, Server: types.HiddenUserServer}
	}
	to := func(j types.JID) waBinary.Node { return *node("to", waBinary.Attrs{"jid": j}) }
	message := func(attrs waBinary.Attrs, content ...waBinary.Node) *waBinary.Node {
		all := waBinary.Attrs{"id": "A", "to": lid("1", 0), "type": "text"}
		maps.Copy(all, attrs)
		return node("message", all, content...)
	}
	devices := func(all ...types.JID) waBinary.Node {
		n := *node("participants", nil)
		for _, j := range all {
			n = *node("participants", nil, append(children(n), to(j))...)
		}
		return n
	}
	alive := tap.Fact{Kind: tap.Alive}
	sent := tap.Fact{Kind: tap.Sent, ID: "A", Chat: "1"}
	nobody := sent
	nobody.ToNobody = true
	group := sent
	group.Group = true
	for name, c := range map[string]struct {
		module string
		node   *waBinary.Node
		want   []tap.Fact
	}{
		"sent":                      {"Send", message(nil, devices(lid("1", 0), lid("9", 0))), []tap.Fact{sent}},
		"sent to nobody":            {"Send", message(nil, devices()), []tap.Fact{nobody}},
		"sent to own devices alone": {"Send", message(nil, devices(lid("9", 0), lid("9", 2))), []tap.Fact{nobody}},
		"sent to a number":          {"Send", message(waBinary.Attrs{"to": types.NewJID("1", types.DefaultUserServer)}, devices(lid("7", 0))), []tap.Fact{sent}},
		"sent to a group":           {"Send", message(waBinary.Attrs{"to": types.NewJID("1", types.GroupServer)}, *node("enc", nil)), []tap.Fact{group}},
		"sent again":                {"Send", message(nil, *node("enc", nil)), nil},
		"sent to a peer":            {"Send", message(waBinary.Attrs{"category": "peer"}, devices(lid("9", 0))), nil},
		"an edit":                   {"Send", message(waBinary.Attrs{"edit": "1"}, devices(lid("1", 0))), nil},
		"a reaction":                {"Send", message(waBinary.Attrs{"type": "reaction"}, devices(lid("1", 0))), nil},
		"no address":                {"Send", node("message", waBinary.Attrs{"type": "text"}), nil},
		"an ack":                    {"Recv", node("ack", waBinary.Attrs{"class": "message", "id": "A"}), []tap.Fact{alive, {Kind: tap.Acked, ID: "A"}}},
		"a refusal":                 {"Recv", node("ack", waBinary.Attrs{"class": "message", "id": "A", "error": "463"}), []tap.Fact{alive, {Kind: tap.Acked, ID: "A", Code: 463}}},
		"an ack of a receipt":       {"Recv", node("ack", waBinary.Attrs{"class": "receipt", "id": "A"}), []tap.Fact{alive}},
		"a message":                 {"Recv", node("message", waBinary.Attrs{"id": "A"}), []tap.Fact{alive, {Kind: tap.Arrived, ID: "A"}}},
		"one that waited":           {"Recv", node("message", waBinary.Attrs{"id": "A", "offline": "0"}), []tap.Fact{alive, {Kind: tap.Arrived, ID: "A", Waited: true}}},
		"a preview":                 {"Recv", node("ib", nil, *node("offline_preview", waBinary.Attrs{"message": "7"})), []tap.Fact{alive, {Kind: tap.Preview, Count: 7}}},
		"the end of a replay":       {"Recv", node("ib", nil, *node("offline", waBinary.Attrs{"count": "7"})), []tap.Fact{alive, {Kind: tap.ReplayOver}}},
		"a login":                   {"Recv", node("success", nil), []tap.Fact{{Kind: tap.LoggedIn}}},
		"a failed login":            {"Recv", node("failure", nil), nil},
		"an end":                    {"Recv", node("stream:error", nil), nil},
		"anything":                  {"Recv", node("iq", waBinary.Attrs{"id": 7}), []tap.Fact{alive}},
		"an empty stanza":           {"Recv", &waBinary.Node{}, []tap.Fact{alive}},
		"none":                      {"Recv", nil, nil},
		"of another logger":         {"Database", node("success", nil), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, heard(func(log waLog.Logger) { log.Sub(c.module).Debugf("%s", c.node) }))
		})
	}
}

func children(n waBinary.Node) []waBinary.Node {
	nodes, _ := n.Content.([]waBinary.Node)
	return nodes
}

// A restriction whose end is a number is dropped by the client, and not here.
func TestARestrictionThatTheClientDropsIsAFact(t *testing.T) {
	t.Parallel()
	said := func(ends string) []tap.Fact {
		update := node("update", waBinary.Attrs{"op_name": "NotificationUserReachoutTimelockUpdate"})
		update.Content = []byte(`{"data":{"xwa2_notify_account_reachout_timelock":{"is_active":true,"time_enforcement_ends":` + ends + `}}}`)
		return heard(func(log waLog.Logger) {
			log.Sub("Recv").Debugf("%s", node("notification", waBinary.Attrs{"type": "mex"}, *update))
		})[1:]
	}
	require.Equal(t, []tap.Fact{{Kind: tap.Restricted, Until: time.Unix(1788414761, 0).UTC()}}, said("1788414761"))
	require.Equal(t, []tap.Fact{{Kind: tap.Restricted}}, said("0"))
	require.Empty(t, said(`"1788414761"`), "the client shows that")
	require.Empty(t, said("{"))
}

func TestAnUnlinkingOfTheHostsOwnIsAFact(t *testing.T) {
	t.Parallel()
	unlink := node("iq", waBinary.Attrs{"id": "7"}, *node("remove-companion-device", nil))
	for kind, want := range map[string][]tap.Fact{"result": {{Kind: tap.Alive}, {Kind: tap.Alive}, {Kind: tap.Unlinked}}, "error": {{Kind: tap.Alive}, {Kind: tap.Alive}}} {
		require.Equal(t, want, heard(func(log waLog.Logger) {
			received := log.Sub("Recv")
			log.Sub("Send").Debugf("%s", unlink)
			received.Debugf("%s", node("iq", waBinary.Attrs{"id": "6", "type": "result"}))
			received.Debugf("%s", node("iq", waBinary.Attrs{"id": "7", "type": kind}))
		}))
	}
}

func TestNobodyNeedListen(t *testing.T) {
	t.Parallel()
	log := tap.New(waLog.Noop)
	received := log.Sub("Recv")
	received.Debugf("%s", node("success", nil))
	log.Listen(nil)
	received.Debugf("%s", node("success", nil))
}

func BenchmarkStanza(b *testing.B) {
	log := tap.New(waLog.Noop)
	log.Listen(func(tap.Fact) {})
	recv, n := log.Sub("Recv"), any(node("ack", waBinary.Attrs{"class": "message", "id": "3EB0A"}))
	b.ReportAllocs()
	for b.Loop() {
		recv.Debugf("%s", n)
	}
}

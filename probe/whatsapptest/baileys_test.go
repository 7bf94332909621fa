package whatsapptest_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// baileysDir names the folder with a node_modules that has Baileys, a client in
// plain JavaScript, with a Signal library that is not ours either. Nothing here
// needs it but this test, which is skipped without it:
//
//	npm install --ignore-scripts --prefix DIR baileys@7.0.0-rc14
//	LONGRUN_BAILEYS=DIR go test ./probe/whatsapptest -run Baileys
const baileysDir = "LONGRUN_BAILEYS"

// said is what the client says of what it sees.
type said struct {
	Kind   string          `json:"kind"`
	Code   string          `json:"code"`
	ID     string          `json:"id"`
	Text   string          `json:"text"`
	Order  string          `json:"order"`
	Error  string          `json:"error"`
	Reason int             `json:"reason"`
	Status int             `json:"status"`
	Key    json.RawMessage `json:"key"`
	Lock   struct {
		IsActive            bool   `json:"isActive"`
		EnforcementType     string `json:"enforcementType"`
		TimeEnforcementEnds string `json:"timeEnforcementEnds"`
	} `json:"lock"`
	Me struct {
		ID  string `json:"id"`
		LID string `json:"lid"`
	} `json:"me"`
	Categories map[string]string `json:"categories"`
	List       []struct {
		JID    string `json:"jid"`
		Exists bool   `json:"exists"`
	} `json:"list"`
}

// javascript is a client of Baileys in a process of its own.
type javascript struct {
	t      *testing.T
	orders io.Writer
	heard  chan said
	past   []said
}

func startBaileys(t *testing.T, srv *whatsapptest.Server) *javascript {
	t.Helper()
	dir := os.Getenv(baileysDir)
	node, err := exec.LookPath("node")
	if dir == "" || err != nil {
		t.Skip("no node, or " + baileysDir + " is not set")
	}
	dir, err = filepath.Abs(dir)
	require.NoError(t, err)
	root := srv.RootKey()
	ctx, cancel := context.WithCancel(context.Background())
	run := exec.CommandContext(ctx, node, filepath.Join("testdata", "baileys", "client.mjs"), srv.URL(), hex.EncodeToString(root[:]))
	run.Env = append(os.Environ(), baileysDir+"="+dir)
	run.Stderr = os.Stderr
	orders, err := run.StdinPipe()
	require.NoError(t, err)
	out, err := run.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, run.Start())
	j := &javascript{t: t, orders: orders, heard: make(chan said, 1000)}
	go func() {
		defer close(j.heard)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var s said
			if json.Unmarshal(lines.Bytes(), &s) == nil { // all else is somebody's print
				j.heard <- s
			}
		}
	}()
	t.Cleanup(func() {
		_ = orders.Close()
		cancel()
		for range j.heard { // until its output ends
		}
		_ = run.Wait()
	})
	return j
}

// hears waits for what the client says of a kind, or of any, and takes it out.
func (j *javascript) hears(kind string, like ...func(said) bool) said {
	j.t.Helper()
	is := func(s said) bool {
		if kind != "" && s.Kind != kind {
			return false
		}
		for _, l := range like {
			if !l(s) {
				return false
			}
		}
		return true
	}
	for i, s := range j.past {
		if is(s) {
			j.past = append(j.past[:i:i], j.past[i+1:]...)
			return s
		}
	}
	late := time.After(30 * time.Second)
	for {
		select {
		case s, ok := <-j.heard:
			require.True(j.t, ok, "the client ended; it said %+v", j.past)
			if is(s) {
				return s
			}
			j.past = append(j.past, s)
		case <-late:
			require.FailNow(j.t, "the client does not say "+kind, "%+v", j.past)
		}
	}
}

// do gives an order and waits until it is done.
func (j *javascript) do(order string, with map[string]any) said {
	j.t.Helper()
	line := map[string]any{"do": order}
	maps.Copy(line, with)
	text, err := json.Marshal(line)
	require.NoError(j.t, err)
	_, err = j.orders.Write(append(text, '\n'))
	require.NoError(j.t, err)
	done := j.hears("done", func(s said) bool { return s.Order == order })
	return done
}

// delivered waits until the client shows that a message of its own arrived.
func (j *javascript) delivered(id string) {
	j.t.Helper()
	const delivered = 3
	j.hears("", func(s said) bool { return s.ID == id && s.Status >= delivered })
}

// ends waits until the client's connection ends for a reason.
func (j *javascript) ends(reason int) {
	j.t.Helper()
	j.hears("close", func(s said) bool { return s.Reason == reason })
}

func TestAClientOfBaileysIsServedAsOneOfWhatsmeow(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	j := startBaileys(t, srv)
	b := online(t, srv, bob)

	require.NoError(t, srv.Scan(t.Context(), j.hears("qr").Code, alice))
	require.Contains(t, j.hears("open").Me.ID, alice)
	j.hears("caught-up")
	require.NoError(t, srv.AwaitOnline(t.Context(), alice))
	require.Positive(t, srv.Stats(alice).Prekeys)

	known := j.do("known", map[string]any{"number": bob}).List
	require.Len(t, known, 1)
	require.True(t, known[0].Exists)
	require.Equal(t, bob+"@s.whatsapp.net", known[0].JID, "it asks for the number, not for the hidden identity")

	id := j.do("send", map[string]any{"to": bob + "@s.whatsapp.net", "text": "from plain JavaScript"}).ID
	m := b.hears("from plain JavaScript")
	require.Equal(t, id, m.Info.ID)
	j.delivered(id)

	id = b.say(alice, "to plain JavaScript")
	got := j.hears("message", func(s said) bool { return s.Text == "to plain JavaScript" })
	next(b, ofPhone)
	b.receives(id, types.ReceiptTypeDelivered, inactive)
	require.Equal(t, "all", j.do("privacy", nil).Categories["readreceipts"])
	j.do("read", map[string]any{"key": got.Key})
	b.receives(id, types.ReceiptTypeRead)

	j.do("digest", nil)
	j.do("rotate", nil)
	require.NoError(t, srv.Await(t.Context(), func(st whatsapptest.Stats) bool { return st.Pending == 0 }))
}

// What the faults show to a client that shares no code with whatsmeow.
func TestFaultsShowToAClientOfBaileys(t *testing.T) {
	t.Parallel()
	srv := whatsapptest.NewServer(t)
	j := startBaileys(t, srv)
	b := online(t, srv, bob)
	// By a code this time, as on a phone that cannot scan.
	j.hears("qr")
	code := j.do("code", map[string]any{"number": alice}).Code
	var err error
	require.Eventually(t, func() bool { // it shows its code before the server has heard of it
		err = srv.TypeCode(t.Context(), alice, code)
		return !errors.Is(err, whatsapptest.ErrCode)
	}, patience(), 10*time.Millisecond)
	require.NoError(t, err)
	j.hears("open")
	j.hears("caught-up")

	// A restriction: told, refused, asked for, lifted.
	known := func(words string) bool {
		b.say(alice, words)
		return j.hears("message", func(s said) bool { return s.Text == words }).Text == words
	}
	srv.Restrict(time.Now().Add(time.Hour), "RESTRICT_ALL_COMPANIONS", alice)
	require.True(t, j.hears("timelock").Lock.IsActive)
	require.True(t, j.do("timelock", nil).Lock.IsActive)
	refused := j.do("send", map[string]any{"to": bob + "@s.whatsapp.net", "text": "stranger"}).ID
	j.hears("", func(s said) bool { return s.ID == refused && s.Error == "463" })
	require.True(t, known("now you know me"))
	sent := j.do("send", map[string]any{"to": bob + "@s.whatsapp.net", "text": "I do"}).ID
	b.hears("I do")
	j.delivered(sent)
	srv.Lift(alice)
	j.hears("timelock", func(s said) bool { return !s.Lock.IsActive })

	// A copy that cannot be read is asked for again, in both directions.
	srv.CorruptMessages(1, alice)
	require.True(t, known("spoilt once"))
	srv.CorruptMessages(1, bob)
	sent = j.do("send", map[string]any{"to": bob + "@s.whatsapp.net", "text": "spoilt too"}).ID
	next[*events.UndecryptableMessage](b)
	b.hears("spoilt too")
	j.delivered(sent)

	// A zombie hears nothing until it connects anew.
	srv.HoldMessages(alice)
	b.say(alice, "held")
	require.NoError(t, srv.Await(t.Context(), func(st whatsapptest.Stats) bool { return st.Pending == 1 }, alice))
	srv.Drop(alice)
	j.ends(428)
	j.hears("open")
	j.hears("message", func(s said) bool { return s.Text == "held" })

	srv.EndStreams(503, alice)
	j.ends(503)
	j.hears("open")
	srv.LogOut(alice)
	j.ends(401)
}

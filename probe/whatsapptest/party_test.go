package whatsapptest_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// The numbers of those who talk in these tests.
const (
	alice = "491700000001"
	bob   = "491700000002"
)

// party is a client whose events are kept until somebody asks for them.
type party struct {
	*whatsmeow.Client
	t *testing.T

	mu      sync.Mutex
	events  []any
	changed chan struct{}
}

func newParty(t *testing.T, cli *whatsmeow.Client) *party {
	t.Helper()
	p := &party{Client: cli, t: t, changed: make(chan struct{})}
	cli.AddEventHandler(func(event any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.events = append(p.events, event)
		close(p.changed)
		p.changed = make(chan struct{})
	})
	return p
}

// online connects a paired client and waits until it is logged in.
func online(t *testing.T, srv *whatsapptest.Server, number string) *party {
	t.Helper()
	p := newParty(t, srv.NewClient(t, number))
	require.NoError(t, p.Connect())
	next[*events.Connected](p)
	return p
}

// pair connects alice and bob.
func pair(t *testing.T, srv *whatsapptest.Server) (a, b *party) {
	t.Helper()
	return online(t, srv, alice), online(t, srv, bob)
}

// next waits for the earliest event of type T that is like what is asked for,
// and takes it and all of T before it out.
func next[T any](p *party, like ...func(T) bool) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience())
	defer cancel()
	for {
		p.mu.Lock()
		for i, event := range p.events {
			e, ok := event.(T)
			if ok && !slices.ContainsFunc(like, func(is func(T) bool) bool { return !is(e) }) {
				p.events = slices.Delete(p.events, i, i+1)
				p.mu.Unlock()
				return e
			}
		}
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			p.t.Fatalf("no %v; there were %v", reflect.TypeFor[T](), p.seen())
		}
	}
}

// patience is above what anything here takes. In a bubble, whose clock starts in
// the year 2000, it costs nothing.
func patience() time.Duration {
	if time.Now().Year() < 2010 {
		return 24 * time.Hour
	}
	return 20 * time.Second
}

// count is how many events of type T that are like what is asked for were not
// taken yet.
func count[T any](p *party, like ...func(T) bool) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, event := range p.events {
		e, ok := event.(T)
		if ok && !slices.ContainsFunc(like, func(is func(T) bool) bool { return !is(e) }) {
			n++
		}
	}
	return n
}

func (p *party) seen() (names []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, event := range p.events {
		names = append(names, fmt.Sprintf("%T", event))
	}
	return names
}

func text(s string) *waE2E.Message { return &waE2E.Message{Conversation: new(s)} }

func to(number string) types.JID { return types.NewJID(number, types.DefaultUserServer) }

// say sends a text that must be acked.
func (p *party) say(number, words string) string {
	p.t.Helper()
	sent, err := p.SendMessage(p.t.Context(), to(number), text(words))
	require.NoError(p.t, err)
	return sent.ID
}

// hears waits for a text, in either of the forms that clients give it.
func (p *party) hears(words string) *events.Message {
	p.t.Helper()
	return next(p, func(m *events.Message) bool {
		return m.Message.GetConversation() == words || m.Message.GetExtendedTextMessage().GetText() == words
	})
}

// receives waits for a receipt of one of the types about the message id.
func (p *party) receives(id string, kinds ...types.ReceiptType) *events.Receipt {
	p.t.Helper()
	return next(p, func(r *events.Receipt) bool {
		return slices.Contains(r.MessageIDs, id) && slices.Contains(kinds, r.Type)
	})
}

// ofCompanion is what receipts of linked devices are, and those of phones are not.
func ofCompanion(r *events.Receipt) bool { return r.Sender.Device != 0 }

func ofPhone(r *events.Receipt) bool { return r.Sender.Device == 0 }

// arrives sends a text and waits until it is read, and known to be.
func arrives(from, at *party, number, words string) {
	from.t.Helper()
	id := from.say(number, words)
	at.hears(words)
	next(from, ofCompanion, func(r *events.Receipt) bool {
		return slices.Contains(r.MessageIDs, id) && (r.Type == types.ReceiptTypeDelivered || r.Type == inactive)
	})
}

const inactive = types.ReceiptTypeInactive

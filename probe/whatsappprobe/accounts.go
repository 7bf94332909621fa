package whatsappprobe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/masking"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/memory"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/sending"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tap"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

var (
	// ErrTracked is returned by Accounts.Add for an ID that is taken.
	ErrTracked = errors.New("whatsappprobe: an account of this ID is tracked already")
	// ErrSharedTap is returned by Accounts.Add for a client whose Tap another client
	// was made with, too, so that nobody can say which of them sent what.
	ErrSharedTap = errors.New("whatsappprobe: the client's Tap is another client's, too; make one for each")
)

// AccountsOptions are the optional settings of NewAccounts.
type AccountsOptions struct {
	// QueueDepth tells how many messages wait to be sent, for Status. Default:
	// none; Status says 0.
	QueueDepth func(ctx context.Context) (int64, error)
	// Healthy decides, from all accounts in the order they were added, whether
	// the host calls itself healthy. Default: there is one, and all are
	// Connected.
	Healthy func([]Account) bool
	// Memory is a file in which Run keeps what a restart must not forget: when each
	// phone was last seen, restrictions and bans. Processes that take turns may share
	// one. Default: none.
	Memory string
	// Logger takes a line where Memory cannot be read or written. Default: silence.
	Logger *slog.Logger
	// Clock is the time. Default: the wall clock.
	Clock clock.Clock
}

// Accounts follows the states of many accounts, and what becomes of their messages.
// It costs the clients a lock that nobody holds for long, and never waits. It is safe
// for concurrent use.
type Accounts struct {
	opts   AccountsOptions
	memory *memory.File

	mu      sync.Mutex
	tracked []*tracked
	readers map[chan Account]struct{}
}

// tracked is one account with its client.
type tracked struct {
	id     string
	client asked // nil where it cannot be asked

	mu       sync.Mutex
	follower tracker.Follower
	remove   func()    // ends it; nil until the client has the handler
	ask      time.Time // when the client is to be asked next
	asking   bool
	kept     tracker.Memory // as it was looked at last, to be kept
}

// NewAccounts returns Accounts without any; opts may be nil.
func NewAccounts(opts *AccountsOptions) *Accounts {
	a := &Accounts{readers: make(map[chan Account]struct{})}
	if opts != nil {
		a.opts = *opts
	}
	if a.opts.Clock == nil {
		a.opts.Clock = clock.New()
	}
	if a.opts.Logger == nil {
		a.opts.Logger = slog.New(slog.DiscardHandler)
	}
	a.memory = memory.New(a.opts.Memory, a.opts.Logger)
	return a
}

// Track returns Accounts that follow these clients, each under its masked
// number, for hosts that have no names for them. Call it before Connect. A nil
// client is passed over, and so is a Tap that clients share.
func Track(clients ...*whatsmeow.Client) *Accounts {
	a := NewAccounts(nil)
	for i, cli := range clients {
		if cli == nil {
			continue
		}
		id := fmt.Sprintf("account-%d", i+1)
		if own := cli.Store.ID; own != nil {
			id = Mask(own.User)
		}
		for n, name := 2, id; errors.Is(a.add(id, cli, tapOf(cli)), ErrTracked); n++ {
			id = fmt.Sprintf("%s-%d", name, n)
		}
	}
	return a
}

// Add follows a client under an ID of the host's, which stands in documents and
// messages: no telephone number. Call it before the client connects, and before any
// other handler is added, or a slow one delays what is known here; of a client that is
// connected already, that is believed. An ID that is empty or too long is an
// error, one that is taken ErrTracked.
//
// What the account sends is seen where the client was made with a logger of
// ClientLogger or Tap, one for each client. Of others, Traffic knows what comes alone.
func (a *Accounts) Add(id string, cli Events) error {
	if id == "" || len(id) > 100 || strings.ContainsAny(id, "/\n") {
		return fmt.Errorf("whatsappprobe: account ID %.20q is not 1 to 100 bytes without slashes and line feeds", masking.Text(id))
	}
	if spawn.Nothing(cli) {
		return errors.New("whatsappprobe: no client")
	}
	log := tapOf(cli)
	if log != nil && log.Shared() {
		return ErrSharedTap
	}
	return a.add(id, cli, log)
}

func (a *Accounts) add(id string, cli Events, log *tap.Logger) error {
	t := &tracked{id: id, follower: tracker.Begin(id, cli, a.opts.Clock)}
	t.client, _ = cli.(asked)
	t.follower.Count(a.opts.Clock.Now())
	known, _ := a.memory.Read()
	if m, ok := known[id]; ok {
		t.follower.Recall(m, a.opts.Clock.Now())
	}
	if a.memory.Is() {
		t.kept = t.follower.Remember(a.opts.Clock.Now()).Heard()
	}
	a.mu.Lock()
	if slices.ContainsFunc(a.tracked, func(o *tracked) bool { return o.id == id }) {
		a.mu.Unlock()
		return ErrTracked
	}
	a.tracked = append(a.tracked, t)
	a.mu.Unlock()
	if log != nil && !log.Shared() {
		log.Listen(func(fact tap.Fact) {
			a.change(t, func(f *tracker.Follower, now time.Time) bool { return f.Hear(fact, now) })
		})
	}
	handler := cli.AddEventHandler(func(event any) { a.take(t, event) })
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remove = func() {
		cli.RemoveEventHandler(handler)
		if log != nil {
			log.Listen(nil)
		}
	}
	t.follower.CatchUp(cli, a.opts.Clock)
	return nil
}

// Remove forgets an account. It waits for handlers of the client that run, so it
// must not be called from one.
func (a *Accounts) Remove(id string) {
	a.mu.Lock()
	i := slices.IndexFunc(a.tracked, func(t *tracked) bool { return t.id == id })
	if i < 0 {
		a.mu.Unlock()
		return
	}
	t := a.tracked[i]
	a.tracked = slices.Delete(a.tracked, i, i+1)
	a.mu.Unlock()
	t.mu.Lock()
	remove := t.remove
	t.mu.Unlock()
	if remove != nil {
		remove()
	}
}

// take is the client's event handler. It waits for nobody.
func (a *Accounts) take(t *tracked, event any) {
	if m, ok := event.(*events.Message); ok {
		isProbe := sending.IsMessage(m)
		a.change(t, func(f *tracker.Follower, now time.Time) bool { return f.FollowMessage(m, isProbe, now) })
		return
	}
	a.change(t, func(f *tracker.Follower, now time.Time) bool { return f.Follow(event, now) })
}

// change tells an account's follower something, and who reads of a change of its state.
func (a *Accounts) change(t *tracked, by func(*tracker.Follower, time.Time) (changed bool)) {
	now := a.opts.Clock.Now()
	t.mu.Lock()
	changed := by(&t.follower, now)
	var account Account
	if changed {
		account = t.follower.View(now)
		t.ask = now.Add(askSoon)
	}
	t.mu.Unlock()
	if !changed {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for ch := range a.readers {
		select {
		case ch <- account:
		default: // whoever is that slow reads List
		}
	}
}

// List returns all accounts in the order they were added.
func (a *Accounts) List() []Account {
	all := a.all()
	now := a.opts.Clock.Now()
	out := make([]Account, len(all))
	for i, t := range all {
		t.mu.Lock()
		out[i] = t.follower.View(now)
		t.mu.Unlock()
	}
	return out
}

func (a *Accounts) all() []*tracked {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.tracked)
}

// Changes returns a channel of the accounts whose State changed, for a log: one
// that is not read loses what 64 places do not hold. It is closed when ctx ends.
func (a *Accounts) Changes(ctx context.Context) <-chan Account {
	ch := make(chan Account, 64)
	a.mu.Lock()
	a.readers[ch] = struct{}{}
	a.mu.Unlock()
	context.AfterFunc(ctx, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.readers, ch)
		close(ch)
	})
	return ch
}

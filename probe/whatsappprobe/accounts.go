package whatsappprobe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/benbjohnson/clock"
	"go.mau.fi/whatsmeow"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

// ErrTracked is returned by Accounts.Add for an ID that is taken.
var ErrTracked = errors.New("whatsappprobe: an account of this ID is tracked already")

// AccountsOptions are the optional settings of NewAccounts.
type AccountsOptions struct {
	// QueueDepth tells how many messages wait to be sent, for Status. Default:
	// none; Status says 0.
	QueueDepth func(ctx context.Context) (int64, error)
	// Healthy decides, from all accounts in the order they were added, whether
	// the host calls itself healthy. Default: there is one, and all are
	// Connected.
	Healthy func([]Account) bool
	// Clock is the time. Default: the wall clock.
	Clock clock.Clock
}

// Accounts follows the states of many accounts. It costs the clients a lock that
// nobody holds for long, and never waits. It is safe for concurrent use.
type Accounts struct {
	opts AccountsOptions

	mu      sync.Mutex
	tracked []*tracked
	readers map[chan Account]struct{}
}

// tracked is one account with its client.
type tracked struct {
	id string

	mu       sync.Mutex
	follower tracker.Follower
	remove   func() // ends it; nil until the client has the handler
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
	return a
}

// Track returns Accounts that follow these clients, each under its masked
// number, for hosts that have no names for them. Call it before Connect. A nil
// client is passed over.
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
		for n, name := 2, id; a.Add(id, cli) != nil; n++ {
			id = fmt.Sprintf("%s-%d", name, n)
		}
	}
	return a
}

// Add follows a client under an ID of the host's, which stands in documents and
// messages: no telephone number. Call it before the client connects; of one that
// is connected already, that is believed. An ID that is empty or too long is an
// error, one that is taken ErrTracked.
func (a *Accounts) Add(id string, cli Events) error {
	if id == "" || len(id) > 100 || strings.ContainsAny(id, "/\n") {
		return fmt.Errorf("whatsappprobe: account ID %.20q is not 1 to 100 bytes without slashes and line feeds", id)
	}
	if isNil(cli) {
		return errors.New("whatsappprobe: no client")
	}
	t := &tracked{id: id, follower: tracker.Begin(id, cli, a.opts.Clock)}
	a.mu.Lock()
	if slices.ContainsFunc(a.tracked, func(o *tracked) bool { return o.id == id }) {
		a.mu.Unlock()
		return ErrTracked
	}
	a.tracked = append(a.tracked, t)
	a.mu.Unlock()
	handler := cli.AddEventHandler(func(event any) { a.take(t, event) })
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remove = func() { cli.RemoveEventHandler(handler) }
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
	t.mu.Lock()
	changed := t.follower.Follow(event, a.opts.Clock.Now())
	var now Account
	if changed {
		now = t.follower.View(a.opts.Clock.Now())
	}
	t.mu.Unlock()
	if !changed {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for ch := range a.readers {
		select {
		case ch <- now:
		default: // whoever is that slow reads List
		}
	}
}

// List returns all accounts in the order they were added.
func (a *Accounts) List() []Account {
	a.mu.Lock()
	all := slices.Clone(a.tracked)
	a.mu.Unlock()
	now := a.opts.Clock.Now()
	out := make([]Account, len(all))
	for i, t := range all {
		t.mu.Lock()
		out[i] = t.follower.View(now)
		t.mu.Unlock()
	}
	return out
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

// Status is what a heartbeat says of the accounts, for monitor.Config.Status.
// Degraded accounts count as reconnecting; outdated and stopped ones stand in no
// count, and make the host unhealthy; like those that need a QR code they are
// LoggedOut in Accounts. The error is that of QueueDepth.
func (a *Accounts) Status(ctx context.Context) (longrun.HostStatus, error) {
	all := a.List()
	s := longrun.HostStatus{Accounts: make([]longrun.AccountStatus, 0, len(all))}
	for _, account := range all {
		switch account.State {
		case Connected:
			s.Connected++
		case Reconnecting, Degraded:
			s.Reconnecting++
		case NeedsQR:
			s.NeedsQR++
		case Outdated, Stopped:
		}
		s.Accounts = append(s.Accounts, longrun.AccountStatus{
			ID: account.ID, LoggedOut: tracker.IsFinal(account.State), Since: account.Since, Reason: account.Reason,
			Reconnects: int64(account.Reconnects), FirstReconnect: account.FirstReconnect, LastReconnect: account.LastReconnect,
		})
	}
	s.Healthy = len(all) > 0 && s.Connected == int64(len(all))
	if a.opts.Healthy != nil {
		s.Healthy = a.opts.Healthy(all)
	}
	if a.opts.QueueDepth != nil {
		depth, err := a.opts.QueueDepth(ctx)
		if err != nil {
			return longrun.HostStatus{}, fmt.Errorf("queue depth: %w", err)
		}
		s.QueueDepth = depth
	}
	return s, nil
}

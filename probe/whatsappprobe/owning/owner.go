package owning

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"
	"go.mau.fi/whatsmeow"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/masking"
)

// Errors of an Owner.
var (
	// ErrOwned is returned by Add for an ID or a client that it has already.
	ErrOwned = errors.New("owning: this ID or client is owned already")
	// ErrUnknown is returned for an ID that it does not have.
	ErrUnknown = errors.New("owning: no account of this ID")
	// ErrLeading is returned by Lead while another call of it goes on.
	ErrLeading = errors.New("owning: it leads already")
)

// Client is what is needed of a client to own it. *whatsmeow.Client is one. The end
// of the context that a connection was made with ends the connection.
type Client interface {
	AddEventHandler(whatsmeow.EventHandler) uint32
	RemoveEventHandler(uint32) bool
	ConnectContext(ctx context.Context) error
	Disconnect()
}

// Options are the optional settings of New.
type Options struct {
	// AtOnce is how many clients connect at the same time. Default: 8.
	AtOnce int
	// EndTimeout is how long Lead takes at most for its end, in which all clients
	// disconnect side by side. It must be less than the time that the lease is kept
	// for it: 3/16 of monitor.Config.StopTimeout. Default: 1 s.
	EndTimeout time.Duration
	// Logger takes a line when an account cannot be connected, is banned or refused,
	// or its session is taken, once until it is well again. Default: silence.
	Logger *slog.Logger
	// Clock is the time. Default: the wall clock.
	Clock clock.Clock
}

const (
	defaultAtOnce     = 8
	defaultEndTimeout = time.Second
)

// Owner has clients of accounts, and connects them for as long as its instance
// leads. Its methods are safe for concurrent use.
type Owner struct {
	opts    Options
	gate    chan struct{} // holds a token for each client that connects
	leading atomic.Bool

	mu       sync.Mutex
	sessions []*session
	added    chan struct{} // closed with the next Add
}

// New returns an Owner without accounts, which does nothing; opts may be nil.
func New(opts *Options) *Owner {
	o := &Owner{added: make(chan struct{})}
	if opts != nil {
		o.opts = *opts
	}
	if o.opts.AtOnce <= 0 {
		o.opts.AtOnce = defaultAtOnce
	}
	if o.opts.EndTimeout <= 0 {
		o.opts.EndTimeout = defaultEndTimeout
	}
	if o.opts.Logger == nil {
		o.opts.Logger = slog.New(slog.DiscardHandler)
	}
	if o.opts.Clock == nil {
		o.opts.Clock = clock.New()
	}
	o.gate = make(chan struct{}, o.opts.AtOnce)
	return o
}

// Add takes a client over, under an ID of the host's for the log, which is no
// telephone number: one would be masked there. It is called before the client connects,
// and before those that the host has handlers of its own on. Of a *whatsmeow.Client it switches
// EnableAutoReconnect off. One that is not paired is left alone until it is: the host
// connects it to pair it, on the instance that leads. While the instance leads, the
// client is connected at once. The error is ErrOwned, or says what is wrong with the
// ID or the client.
func (o *Owner) Add(id string, cli Client) error {
	if id == "" || len(id) > 100 || strings.ContainsAny(id, "/\n") {
		return fmt.Errorf("owning: account ID %.20q is not 1 to 100 bytes without slashes and line feeds", masking.Text(id))
	}
	if spawn.Nothing(cli) {
		return errors.New("owning: no client")
	}
	s := &session{Owner: o, id: id, cli: cli, door: make(chan struct{}, 1), kept: make(chan struct{}, 1), changed: make(chan struct{})}
	s.gone, s.remove = context.WithCancel(context.Background())
	if o.has(s) {
		return ErrOwned
	}
	if real, ok := cli.(*whatsmeow.Client); ok {
		real.EnableAutoReconnect = false
		s.outlook.unpaired = real.Store.ID == nil
	}
	s.handler = cli.AddEventHandler(s.take)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.hasLocked(s) {
		return ErrOwned // meanwhile; the handler is of no harm
	}
	o.sessions = append(o.sessions, s)
	close(o.added)
	o.added = make(chan struct{})
	return nil
}

func (o *Owner) has(s *session) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.hasLocked(s)
}

func (o *Owner) hasLocked(s *session) bool {
	return slices.ContainsFunc(o.sessions, func(other *session) bool { return other.id == s.id || other.cli == s.cli })
}

// Remove gives a client back to the host, with EnableAutoReconnect off: disconnected,
// if this instance leads and the client returns from that within Options.EndTimeout. It
// waits for that, and for handlers of the client that run, so it must not be called
// from one. The error is ErrUnknown.
func (o *Owner) Remove(id string) error {
	s := o.cut(id)
	if s == nil {
		return ErrUnknown
	}
	s.remove()
	s.kept <- struct{}{} // and nobody keeps it any more
	s.cli.RemoveEventHandler(s.handler)
	return nil
}

// cut takes an account out of the list; nil where it is not there.
func (o *Owner) cut(id string) *session {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.sessions, func(s *session) bool { return s.id == id })
	if i < 0 {
		return nil
	}
	s := o.sessions[i]
	o.sessions = slices.Delete(o.sessions, i, i+1)
	return s
}

// Reclaim has an account connect again at once that is held back: another client took
// its session, a login was refused, or a ban was lifted before its end. It is for a
// person who knows that the reason is gone. On an instance that does not lead it
// forgets the reason. The error is ErrUnknown.
func (o *Owner) Reclaim(id string) error {
	o.mu.Lock()
	i := slices.IndexFunc(o.sessions, func(s *session) bool { return s.id == id })
	if i < 0 {
		o.mu.Unlock()
		return ErrUnknown
	}
	s := o.sessions[i]
	o.mu.Unlock()
	s.with(func(l *outlook, _ time.Time) {
		l.taken, l.barred, l.refusals = false, time.Time{}, 0
		l.after, l.tries = time.Time{}, 0
	})
	return nil
}

// Lead connects all clients and keeps them connected until ctx ends, which is the end
// of the lead; then it disconnects them, side by side, and returns nil within
// Options.EndTimeout. The connections have ended with ctx by then, also those of
// clients that do not return: these are left behind and said. It is what
// monitor.Config.Leading is set to. Whoever calls it otherwise has a context whose
// end, and whose Err, come before another instance can lead. The error is ErrLeading,
// or tells of a fault.
func (o *Owner) Lead(ctx context.Context) error {
	if !o.leading.CompareAndSwap(false, true) {
		return ErrLeading
	}
	defer o.leading.Store(false)
	var left atomic.Int64
	group := spawn.Group{OnFault: func(f *spawn.Fault) {
		o.opts.Logger.ErrorContext(ctx, "an account's owner failed", "error", f.Error(), "stack", f.Stack)
	}}
	begun := make(map[*session]bool)
	for ctx.Err() == nil {
		o.mu.Lock()
		sessions, added := slices.Clone(o.sessions), o.added
		o.mu.Unlock()
		maps.DeleteFunc(begun, func(s *session, _ bool) bool { return !slices.Contains(sessions, s) })
		for _, s := range sessions {
			if !begun[s] {
				begun[s] = true
				group.Go("an account's owner", func() error {
					if !s.lead(ctx) {
						left.Add(1)
					}
					return nil
				})
			}
		}
		select {
		case <-ctx.Done():
		case <-added:
		}
	}
	err := group.Wait()
	if n := left.Load(); n > 0 {
		o.opts.Logger.WarnContext(ctx, "clients did not return from being disconnected and were left behind; their connections have ended", "clients", n)
	}
	return err
}

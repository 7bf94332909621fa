// Package demo is the demonstration of the reference server: a WhatsApp server in this
// process, an account that is watched, people who write to it, and a way to break each
// thing that breaks in real life, with what was told of it and how fast.
//
// It proves nothing of WhatsApp. Its limits are far shorter than those of real life, so
// that a person can watch. And whoever reaches its address may break it: it belongs on
// a loopback address.
package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	waLog "go.mau.fi/whatsmeow/util/log"

	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/owning"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// The accounts of the demonstration. They exist in this process only.
const (
	Number = "491700000001" // that is watched
	Sender = "491700000002" // that probes

	// Account is what the watched one is called.
	Account = "demo"
)

// people are those who write to the account, and are answered.
var people = []string{"491700000011", "491700000012", "491700000013"}

// Options are the optional settings of Start.
type Options struct {
	// Owner connects the account and the one that probes, which whoever starts the
	// demonstration has added to it. Default: none; that one connects them.
	Owner *owning.Owner
	// Pace is how often somebody writes to the account, and the account to somebody.
	// Default: 1.5 s.
	Pace time.Duration
	// Pipe has the server reached over pipes in memory, as a testing/synctest bubble
	// needs. Default: false; it is on the loopback.
	Pipe bool
	// StoreTimeout is how long a client waits for its device store, where somebody has
	// locked it. Default: 1 s.
	StoreTimeout time.Duration
	// Held is how many bytes hold-memory holds. Default: 384 MiB.
	Held int64
	// Clock is the time in which it is told how fast something was. Default: the wall
	// clock.
	Clock clock.Clock
}

// Demo is one demonstration. It is safe for concurrent use.
type Demo struct {
	opts     Options
	server   *whatsapptest.Server
	accounts *whatsappprobe.Accounts
	sender   *whatsmeow.Client
	people   []*whatsmeow.Client
	host     *host
	limit    int64 // of memory
	watched  atomic.Pointer[linked]
	probers  func(*whatsmeow.Client) []probe.Prober // of a client of the account
	told     *told
	status   func() monitor.Status // nil: not known

	talk talk

	mu   sync.Mutex // one thing is broken or mended at a time
	away *time.Timer
	held []byte
}

// linked is the account's device as it is linked now: a new one, once it was logged out.
type linked struct {
	cli     *whatsmeow.Client
	device  string // how the server calls it
	probers []probe.Prober
}

// Start starts the server and makes its clients; none connects before Run. opts may be
// nil. Close ends it.
func Start(opts *Options) (*Demo, error) {
	d := &Demo{talk: make(talk, talkers)}
	if opts != nil {
		d.opts = *opts
	}
	if d.opts.Pace <= 0 {
		d.opts.Pace = 1500 * time.Millisecond
	}
	if d.opts.StoreTimeout <= 0 {
		d.opts.StoreTimeout = time.Second
	}
	if d.opts.Held <= 0 {
		d.opts.Held = 384 << 20
	}
	if d.opts.Clock == nil {
		d.opts.Clock = clock.New()
	}
	d.host, d.told, d.limit = &host{}, newTold(d.opts.Clock), roomFor(d.opts.Held)
	d.accounts = whatsappprobe.NewAccounts(&whatsappprobe.AccountsOptions{QueueDepth: d.host.depth, Clock: d.opts.Clock})
	srv, err := whatsapptest.Start(&whatsapptest.Options{
		Pipe: d.opts.Pipe, StoreTimeout: d.opts.StoreTimeout,
		ClientLog: func(string) waLog.Logger { return whatsappprobe.Tap(nil) },
	})
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	d.server = srv
	if err := d.populate(); err != nil {
		srv.Close()
		return nil, fmt.Errorf("demo: %w", err)
	}
	return d, nil
}

// populate makes the clients.
func (d *Demo) populate() error {
	var errs []error
	client := func(number string) *whatsmeow.Client {
		cli, err := d.server.Client(number)
		errs = append(errs, err)
		return cli
	}
	account := client(Number)
	d.sender = client(Sender)
	for _, number := range people {
		d.people = append(d.people, client(number))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return d.watch(account)
}

// watch has a client of the account followed, and makes it the one that there is.
func (d *Demo) watch(cli *whatsmeow.Client) error {
	if err := d.accounts.Add(Account, cli); err != nil {
		return err
	}
	l := &linked{cli: cli, device: fmt.Sprintf("%s:%d", Number, cli.Store.ID.Device)}
	if d.probers != nil {
		l.probers = d.probers(cli)
	}
	cli.AddEventHandler(d.host.take)
	d.watched.Store(l)
	return nil
}

// Accounts are the accounts that are watched: one.
func (d *Demo) Accounts() *whatsappprobe.Accounts { return d.accounts }

// Clients are the account's and the one that probes, to be connected.
func (d *Demo) Clients() []*whatsmeow.Client {
	return []*whatsmeow.Client{d.watched.Load().cli, d.sender}
}

// Probes returns the account's probes as of makes them of a client of it, the one that
// probes and its address, and the host behind the account. Once the account has a new
// device, of is called again, and the probes go on with that. Call it once, before Run.
func (d *Demo) Probes(of func(account, sender *whatsmeow.Client, to types.JID, host *whatsappprobe.Host) []monitor.Probe) []monitor.Probe {
	made := func(cli *whatsmeow.Client) []monitor.Probe {
		return of(cli, d.sender, types.NewJID(Sender, types.DefaultUserServer), &d.host.Host)
	}
	d.probers = func(cli *whatsmeow.Client) (all []probe.Prober) {
		for _, p := range made(cli) {
			all = append(all, p.Prober)
		}
		return all
	}
	now := *d.watched.Load()
	probes := made(now.cli)
	for i := range probes {
		now.probers = append(now.probers, probes[i].Prober)
		probes[i].Prober = probe.Func(func(ctx context.Context) (probe.Result, error) {
			return d.watched.Load().probers[i].Probe(ctx)
		})
	}
	d.watched.Store(&now)
	return probes
}

// MemoryLimit is how much memory the process is said to have, for its rule.
func (d *Demo) MemoryLimit() int64 { return d.limit }

// Close ends the server, and the clients with it.
func (d *Demo) Close() {
	d.mu.Lock()
	d.back()
	d.mu.Unlock()
	d.server.Close()
}

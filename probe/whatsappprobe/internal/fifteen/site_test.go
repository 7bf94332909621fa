package fifteen_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/owning"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// The numbers of the monitored account and of the one for probes.
const (
	ours   = "491700000001"
	theirs = "491700000002"
)

// customers are people who write to the monitored account every quarter of an hour,
// and are answered.
var customers = []string{"491700000003", "491700000004", "491700000005", "491700000006"}

func jid(number string) types.JID { return types.NewJID(number, types.DefaultUserServer) }

// people write to the monitored account, and more may join while they do.
type people struct {
	mu  sync.Mutex
	all []*whatsmeow.Client
}

func (p *people) join(cli *whatsmeow.Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, cli)
}

func (p *people) none() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.all) == 0
}

// nth goes round among them.
func (p *people) nth(i int) *whatsmeow.Client {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[i%len(p.all)]
}

// site is a service in a bubble: a host with two accounts, and its customers.
type site struct {
	*whatsapptest.Server
	t           *testing.T
	store       *memstore.Store
	inbox       *inbox
	every       time.Duration // of its probes
	memoryLimit int64
	unprobed    bool
	people      people

	// The process, which may be started anew.
	devices     [2]*store.Device // of the monitored account, and of the one for probes
	ours        *whatsmeow.Client
	theirs      *whatsmeow.Client
	owner       *owning.Owner
	stop        func()
	lives       int
	losesOrders atomic.Bool // its handler drops what it is given
	kept        [][]byte
	leaking     chan struct{}
}

// open opens a service whose accounts are connected.
func open(t *testing.T, m *mode) *site {
	t.Helper()
	srv, err := whatsapptest.Start(&whatsapptest.Options{Pipe: true, StoreTimeout: m.storeTimeout})
	require.NoError(t, err)
	t.Cleanup(func() { time.Sleep(time.Minute) }) // in which whatsmeow's timers run out
	t.Cleanup(srv.Close)
	s := &site{Server: srv, t: t, store: memstore.New(nil), inbox: &inbox{}, every: m.every, memoryLimit: m.memoryLimit, unprobed: m.unprobed}
	if s.every == 0 {
		s.every = time.Hour
	}
	if s.memoryLimit == 0 {
		s.memoryLimit = -1 // that of the machine, which runs other tests too, says nothing
	}
	s.devices = [2]*store.Device{srv.NewClient(t, ours).Store, srv.NewClient(t, theirs).Store}
	if !m.idle {
		for _, number := range customers {
			cli := srv.NewClient(t, number)
			require.NoError(t, cli.Connect())
			s.people.join(cli)
		}
	}
	s.start(!m.unasked)
	s.online()
	return s
}

// start begins the host's process.
func (s *site) start(asks bool) {
	s.t.Helper()
	s.lives++
	host := new(whatsappprobe.Host)
	orders := make(chan *events.Message, 1000)
	accounts := whatsappprobe.NewAccounts(nil)
	s.owner = owning.New(nil)
	for i, name := range []string{"support", "probe"} {
		cli := whatsmeow.NewClient(s.devices[i], whatsappprobe.Tap(nil))
		cli.ManualHistorySyncDownload = true
		cli.EnableDecryptedEventBuffer = true
		s.Redirect(cli)
		require.NoError(s.t, accounts.Add(name, cli))
		require.NoError(s.t, s.owner.Add(name, cli))
		if i == 0 {
			s.ours = cli
		} else {
			s.theirs = cli
		}
	}
	s.ours.AddEventHandler(func(event any) {
		if m, ok := event.(*events.Message); ok && !m.Info.IsFromMe && !s.losesOrders.Load() {
			orders <- m
		}
	})
	var probes []monitor.Probe
	if !s.unprobed {
		probes = []monitor.Probe{
			{Type: longrun.Outbound, Account: "support", Every: s.every, Prober: whatsappprobe.Outbound(s.ours, jid(theirs), &whatsappprobe.OutboundOptions{Receiver: s.theirs, AskPhone: true})},
			{Type: longrun.Inbound, Account: "support", Every: s.every, Prober: whatsappprobe.Inbound(s.theirs, s.ours, &whatsappprobe.InboundOptions{Host: host})},
		}
	}
	m, err := monitor.New(monitor.Config{
		Store: s.store, Service: "acme-whatsapp", InstanceID: fmt.Sprintf("api-%d", s.lives), CommitHash: "4f1c2ab",
		Status: accounts.Status, Leading: s.owner.Lead, Alerter: s.inbox, MemoryLimit: s.memoryLimit, Probes: probes,
	})
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(s.t.Context())
	var parts sync.WaitGroup
	parts.Go(func() {
		if err := m.Run(ctx); err != nil {
			s.t.Error(err)
		}
	})
	if asks {
		parts.Go(func() { accounts.Run(ctx) })
	}
	parts.Go(func() { s.work(ctx, orders, host) })
	if !s.people.none() {
		parts.Go(func() { s.trade(ctx) })
	}
	var once sync.Once
	s.stop = func() {
		once.Do(func() {
			cancel()
			parts.Wait()
		})
	}
	s.t.Cleanup(s.stop)
}

// work is the host: it stores each message, and answers those of people, as trade does
// when nothing else happens.
func (s *site) work(ctx context.Context, orders <-chan *events.Message, host *whatsappprobe.Host) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-orders:
			text := m.Message.GetConversation()
			host.Seen(text)
			if !whatsappprobe.IsProbe(text) {
				time.Sleep(time.Second) // until the client has taken in all that came with it
				_, _ = s.ours.SendMessage(ctx, m.Info.Chat.ToNonAD(), &waE2E.Message{Conversation: new("thank you")})
			}
		}
	}
}

// trade is what people do, one after the other: a device store in which two things
// happen at once waits by the bubble's clock, which stands still then.
func (s *site) trade(ctx context.Context) {
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(15 * time.Minute / time.Duration(len(customers))):
		}
		_, _ = s.people.nth(i).SendMessage(ctx, jid(ours), &waE2E.Message{Conversation: new("an order")})
	}
}

// leak keeps so many bytes more each hour, until mendLeak.
func (s *site) leak(bytes int) {
	s.leaking = make(chan struct{})
	end := s.leaking
	go func() {
		for {
			page, err := take(bytes)
			if err != nil {
				s.t.Error(err)
				return
			}
			for i := range page {
				page[i] = 1 // or it is no memory
			}
			s.kept = append(s.kept, page)
			select {
			case <-end:
				end <- struct{}{}
				return
			case <-time.After(time.Hour):
			}
		}
	}()
}

func (s *site) mendLeak() {
	s.leaking <- struct{}{}
	<-s.leaking
	for _, page := range s.kept {
		require.NoError(s.t, give(page))
	}
	s.kept = nil
}

// online waits until both accounts are, and their first queries are over.
func (s *site) online() {
	s.t.Helper()
	for _, number := range []string{ours, theirs} {
		require.NoError(s.t, s.AwaitOnline(s.t.Context(), number))
	}
	time.Sleep(time.Minute)
	synctest.Wait()
}

// write has each of some people write once, one after the other.
func (s *site) write(n int) {
	for i := range n {
		_, err := s.people.nth(i).SendMessage(s.t.Context(), jid(ours), &waE2E.Message{Conversation: new("an order")})
		require.NoError(s.t, err)
		time.Sleep(time.Second)
	}
}

// halfPast sleeps until the middle of a minute, d or a little more from now: what is
// found at the begin of a minute is told half a minute later, whatever goroutines do.
func halfPast(d time.Duration) {
	at := time.Now().Add(d).Truncate(time.Minute).Add(90 * time.Second)
	time.Sleep(time.Until(at))
	synctest.Wait()
}

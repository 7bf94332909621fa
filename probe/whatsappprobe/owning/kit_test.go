package owning_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/owning"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// The numbers of the account and of somebody who writes to it.
const (
	ours   = "491700000001"
	theirs = "491700000002"
)

var errAway = errors.New("away")

// ear keeps what a client says.
type ear struct {
	mu     sync.Mutex
	events []any
}

func hear(cli *whatsmeow.Client) *ear {
	e := &ear{}
	cli.AddEventHandler(func(event any) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.events = append(e.events, event)
	})
	return e
}

// count is how many events of a type were heard.
func count[T any](e *ear) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.events {
		if _, ok := event.(T); ok {
			n++
		}
	}
	return n
}

// lines is a log that tests can read.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.buf.String() }

func (l *lines) count(text string) int { return strings.Count(l.String(), text) }

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// house is one account on one WhatsApp server, and one file under the monitors of all
// instances.
type house struct {
	*whatsapptest.Server
	t     *testing.T
	path  string
	first *whatsmeow.Client // its device store is everybody's
}

func newHouse(t *testing.T, srv *whatsapptest.Server) *house {
	t.Helper()
	return &house{Server: srv, t: t, path: filepath.Join(t.TempDir(), "longrun.db"), first: srv.NewClient(t, ours)}
}

// client is another client on the account's one identity, as a second process on the
// same device store has it.
func (h *house) client() *whatsmeow.Client {
	h.t.Helper()
	cli := whatsmeow.NewClient(h.first.Store, nil)
	cli.ManualHistorySyncDownload = true
	h.Redirect(cli)
	h.t.Cleanup(func() { h.Disconnect(cli) })
	return cli
}

// instance is a process of the service: its monitor, its own handle on the file, its
// client.
type instance struct {
	*monitor.Monitor
	h     *house
	name  string
	net   *storetest.Faulty
	clock *stoppedClock
	cli   *whatsmeow.Client
	ear   *ear
	log   *lines
	stop  context.CancelFunc
	done  chan error
}

func (h *house) start(name string) *instance {
	h.t.Helper()
	st, err := sqlitestore.Open(h.t.Context(), h.path, &sqlitestore.Options{WatchEvery: 200 * time.Millisecond}) // or its looks are all that a bubble does
	require.NoError(h.t, err)
	i := &instance{h: h, name: name, net: storetest.Wrap(st), clock: &stoppedClock{Clock: clock.New()}, cli: h.client(), log: &lines{}, done: make(chan error, 1)}
	owner := owning.New(&owning.Options{Logger: i.log.logger(), Clock: i.clock})
	require.NoError(h.t, owner.Add("support", i.cli))
	i.ear = hear(i.cli)
	cfg := monitor.Config{Store: i.net, InstanceID: name, Leading: owner.Lead, Logger: i.log.logger(), Clock: i.clock}
	i.Monitor, err = monitor.New(cfg)
	require.NoError(h.t, err)
	ctx, stop := context.WithCancel(h.t.Context())
	i.stop = stop
	go func() {
		err := i.Run(ctx)
		_ = st.Close()
		i.done <- err
	}()
	h.t.Cleanup(stop)
	return i
}

// end stops the instance as an operator does.
func (i *instance) end() {
	i.h.t.Helper()
	began := time.Now()
	i.stop()
	require.NoError(i.h.t, <-i.done)
	require.LessOrEqual(i.h.t, time.Since(began), 8*time.Second)
}

// kill ends the instance without a word to the store.
func (i *instance) kill() {
	i.h.t.Helper()
	i.cut()
	i.end()
}

// cut keeps the instance from its store until the end of what it returns.
func (i *instance) cut() (heal func()) {
	return i.net.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error { return errAway }})
}

// leads waits until the instance leads and its account is online.
func (i *instance) leads() {
	i.h.t.Helper()
	for n := 0; i.Status().State != monitor.Leading; n++ {
		require.Less(i.h.t, n, 1000, "%s does not lead", i.name)
		time.Sleep(time.Second)
	}
	require.NoError(i.h.t, i.h.AwaitOnline(i.h.t.Context(), ours))
	i.h.calm()
	require.True(i.h.t, i.online(), "%s leads and is not connected: %s", i.name, i.log)
}

// online asks the client itself; nothing is under way when it is called.
func (i *instance) online() bool { return i.cli.IsConnected() && i.cli.IsLoggedIn() }

// calm lets what is on its way arrive, the client's own queries too.
func (h *house) calm() {
	time.Sleep(2 * time.Second)
	synctest.Wait()
}

// online is how many connections are, once the server has seen those end that clients ended.
func (h *house) online(numbers ...string) int {
	synctest.Wait()
	return h.Stats(numbers...).Online
}

// inBubble runs a test on a house in a bubble.
func inBubble(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, newHouse(t, whatsapptest.NewPipeServer(t))) })
}

// stoppedClock is the clock of a process that can be stopped: its timers do not run
// while it is, and run late. It tells the time all the same, for who wakes up.
type stoppedClock struct {
	clock.Clock
	mu      sync.Mutex
	stopped bool
	late    []func()
}

func (c *stoppedClock) AfterFunc(d time.Duration, fn func()) *clock.Timer {
	return c.Clock.AfterFunc(d, func() {
		c.mu.Lock()
		if c.stopped {
			c.late = append(c.late, fn)
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		fn()
	})
}

func (c *stoppedClock) freeze() { c.mu.Lock(); defer c.mu.Unlock(); c.stopped = true }

// wake runs what is late.
func (c *stoppedClock) wake() {
	c.mu.Lock()
	late := c.late
	c.stopped, c.late = false, nil
	c.mu.Unlock()
	for _, fn := range late {
		fn()
	}
}

// lead is a lead without a lease: its context ends, and its Err says so from when it
// is over.
type lead struct {
	context.Context
	end  context.CancelFunc
	over atomic.Bool
}

func newLead(t *testing.T) *lead {
	t.Helper()
	l := &lead{}
	l.Context, l.end = context.WithCancel(t.Context())
	return l
}

func (l *lead) Err() error {
	if l.over.Load() {
		l.end()
	}
	return l.Context.Err()
}

func jid(number string) types.JID { return types.NewJID(number, types.DefaultUserServer) }

func send(t *testing.T, from *whatsmeow.Client, text string) {
	t.Helper()
	_, err := from.SendMessage(t.Context(), jid(ours), &waE2E.Message{Conversation: &text})
	require.NoError(t, err)
}

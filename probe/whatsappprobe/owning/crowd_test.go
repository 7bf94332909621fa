package owning_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/owning"
)

// crowd is what many clients have in common.
type crowd struct {
	connecting, most, connects, disconnects atomic.Int64
}

// member is a client whose calls do what a test says.
type member struct {
	*crowd
	connect    func(ctx context.Context) error // nil: well
	disconnect func()

	mu      sync.Mutex
	handler whatsmeow.EventHandler
	online  bool
}

func (m *member) AddEventHandler(h whatsmeow.EventHandler) uint32 { m.handler = h; return 1 }
func (m *member) RemoveEventHandler(uint32) bool                  { return true }

func (m *member) ConnectContext(ctx context.Context) error {
	m.connects.Add(1)
	if n := m.connecting.Add(1); n > m.most.Load() {
		m.most.Store(n)
	}
	defer m.connecting.Add(-1)
	if m.connect != nil {
		return m.connect(ctx)
	}
	time.Sleep(300 * time.Millisecond)
	m.set(true)
	m.handler(&events.Connected{})
	context.AfterFunc(ctx, func() {
		m.set(false)
		m.handler(&events.Disconnected{})
	})
	return nil
}

func (m *member) Disconnect() {
	m.disconnects.Add(1)
	if m.disconnect != nil {
		m.disconnect()
	}
	m.set(false)
}

func (m *member) set(online bool) { m.mu.Lock(); defer m.mu.Unlock(); m.online = online }
func (m *member) is() bool        { m.mu.Lock(); defer m.mu.Unlock(); return m.online }

func TestTwoHundredAccountsConnectAFewAtATimeAndLeaveTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{}
		let := make(chan struct{})
		hang := func() { <-let }
		odd := map[int]*member{
			3:   {crowd: c, disconnect: hang},
			50:  {crowd: c, disconnect: func() { panic("boom") }},
			51:  {crowd: c, disconnect: runtime.Goexit},
			100: {crowd: c, connect: func(context.Context) error { <-let; return nil }},
			101: {crowd: c, connect: func(context.Context) error { panic("boom") }},
			102: {crowd: c, connect: func(context.Context) error { runtime.Goexit(); return nil }},
			103: {crowd: c, connect: func(context.Context) error { return errors.New("no route to 491700000001") }},
			104: {crowd: c, connect: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, disconnect: hang},
		}
		log := &lines{}
		owner := owning.New(&owning.Options{Logger: log.logger()})
		var all []*member
		for n := range 200 {
			m := odd[n]
			if m == nil {
				m = &member{crowd: c}
			}
			all = append(all, m)
			require.NoError(t, owner.Add(fmt.Sprint("account-", n), m))
		}
		lead, done := newLead(t), make(chan error, 1)
		go func() { done <- owner.Lead(lead) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		require.EqualValues(t, 8, c.most.Load())
		well := func() (n int) {
			for _, m := range all {
				if m.is() {
					n++
				}
			}
			return n
		}
		require.Equal(t, 195, well())
		time.Sleep(time.Hour) // those that hang hold nobody up, and are not called twice at once
		require.Equal(t, 195, well())

		began := time.Now()
		lead.end()
		require.NoError(t, <-done)
		require.LessOrEqual(t, time.Since(began), time.Second)
		require.Zero(t, well(), "their connections have ended, whatever hangs")
		require.Equal(t, 1, log.count("left behind"))
		require.NotContains(t, log.String(), "491700000001")
		require.Equal(t, 1, log.count("no route to"), "said once")

		// The next lead has them again, as soon as they return.
		lead, done = newLead(t), make(chan error, 1)
		go func() { done <- owner.Lead(lead) }()
		time.Sleep(10 * time.Minute)
		require.Equal(t, 194, well(), "one still hangs in Disconnect")
		close(let)
		time.Sleep(2 * time.Minute)
		require.Equal(t, 195, well())
		lead.end()
		require.NoError(t, <-done)
		require.Zero(t, well())
	})
}

func TestAnEndBeforeTheBeginConnectsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{}
		owner := owning.New(&owning.Options{AtOnce: 1, EndTimeout: time.Minute})
		for n := range 20 {
			require.NoError(t, owner.Add(fmt.Sprint("account-", n), &member{crowd: c}))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, owner.Lead(ctx))
		require.Zero(t, c.connects.Load())

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		require.NoError(t, owner.Lead(ctx))
		require.EqualValues(t, 4, c.connects.Load(), "one after the other, until the end")
		require.EqualValues(t, 1, c.most.Load())
	})
}

func BenchmarkTraffic(b *testing.B) {
	m := &member{crowd: &crowd{}}
	owner := owning.New(nil)
	require.NoError(b, owner.Add("support", m))
	event := any(&events.Message{})
	b.ReportAllocs()
	for b.Loop() {
		m.handler(event)
	}
}

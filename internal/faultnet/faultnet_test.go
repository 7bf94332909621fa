package faultnet_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/faultnet"
)

func TestBytesPassUnchangedAndAreCounted(t *testing.T) {
	t.Parallel()
	p := faultnet.New(t, echo(t).addr)
	sent := make([]byte, 3<<20) // many chunks, more than the buffers of a socket
	_, _ = rand.Read(sent)

	conn := dial(t, p)
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = conn.Write(sent)
		_ = conn.CloseWrite()
	})
	got, err := io.ReadAll(conn)
	require.NoError(t, err, "a polite end arrives as one")
	wg.Wait()
	require.True(t, bytes.Equal(sent, got))
	require.NoError(t, conn.Close())

	s := p.Stats()
	require.Equal(t, 1, s.Accepted)
	require.Equal(t, int64(len(sent)), s.Requests)
	require.Equal(t, int64(len(sent)), s.Replies)
	require.Zero(t, s.Lost)
}

func TestRefuseTurnsNewConnectionsAwayUntilHealed(t *testing.T) {
	t.Parallel()
	p := faultnet.New(t, echo(t).addr)
	old := dial(t, p)
	ask(t, old, "before")

	p.Refuse()
	_, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	ask(t, old, "still there")

	p.Heal()
	ask(t, dial(t, p), "after")
}

func TestBlackholeHoldsBothWaysAndDeliversLate(t *testing.T) {
	t.Parallel()
	server := echo(t)
	p := faultnet.New(t, server.addr)
	old := dial(t, p)
	ask(t, old, "before")

	p.Blackhole()
	fresh := dial(t, p)
	for _, c := range []*net.TCPConn{old, fresh} {
		say(t, c, "late")
		requireSilent(t, c)
	}
	require.Equal(t, "before", server.heard(), "nothing reached the server")

	p.Heal()
	for _, c := range []*net.TCPConn{old, fresh} {
		hear(t, c, "late")
	}
}

func TestBlackholeOfRepliesLetsRequestsThrough(t *testing.T) {
	t.Parallel()
	server := echo(t)
	p := faultnet.New(t, server.addr)
	conn := dial(t, p)

	p.Blackhole(faultnet.Replies)
	say(t, conn, "done")
	require.Equal(t, "done", server.await(4))
	requireSilent(t, conn)

	p.Heal()
	hear(t, conn, "done")
	require.Zero(t, p.Stats().Lost)
}

func TestStallSilencesOldConnectionsForEverAndNoNewOnes(t *testing.T) {
	t.Parallel()
	p := faultnet.New(t, echo(t).addr)
	old := dial(t, p)
	ask(t, old, "before")

	p.Stall()
	say(t, old, "anyone?")
	requireSilent(t, old)
	ask(t, dial(t, p), "new")

	p.Heal()
	requireSilent(t, old)
	p.Reset()
	requireReset(t, old)
}

func TestResetEndsOldConnectionsAndNoNewOnes(t *testing.T) {
	t.Parallel()
	p := faultnet.New(t, echo(t).addr)
	old := dial(t, p)
	ask(t, old, "before")
	require.Equal(t, 1, p.Stats().Open)

	p.Reset()
	requireReset(t, old)
	require.Zero(t, p.Stats().Open)
	ask(t, dial(t, p), "new")
}

func TestLostRepliesWereServedAndNeverComeBack(t *testing.T) {
	t.Parallel()
	server := echo(t)
	p := faultnet.New(t, server.addr)
	conn := dial(t, p)
	ask(t, conn, "before")

	p.LoseReplies()
	say(t, conn, "order")
	require.Equal(t, "beforeorder", server.await(11), "the server did its work")
	requireSilent(t, conn)

	p.Heal()
	requireReset(t, conn) // never the bytes behind a hole
	require.Equal(t, int64(5), p.Stats().Lost)
	ask(t, dial(t, p), "new")
}

func TestLostRequestsNeverReachTheServer(t *testing.T) {
	t.Parallel()
	server := echo(t)
	p := faultnet.New(t, server.addr)
	conn := dial(t, p)
	p.LoseRequests()
	say(t, conn, "order")
	requireSilent(t, conn)
	p.Heal()
	requireReset(t, conn)
	require.Empty(t, server.heard())
}

func TestAnAbsentServerLooksLikeAReset(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())

	// The reset may overtake the connection's being made.
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", faultnet.New(t, l.Addr().String()).Addr())
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
		require.NoError(t, conn.Close())
	}
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestFaultsMayComeFromAnyGoroutine(t *testing.T) {
	t.Parallel()
	p := faultnet.New(t, echo(t).addr)
	var wg sync.WaitGroup
	for _, fault := range []func(){
		func() { p.Blackhole() }, p.LoseReplies, p.LoseRequests, p.Stall, p.Reset,
		func() { _ = p.Stats() },
		func() {
			if c, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr()); err == nil {
				_, _ = c.Write([]byte("x"))
				_ = c.Close()
			}
		},
	} {
		wg.Go(func() {
			for range 50 {
				fault()
			}
		})
	}
	wg.Wait()
	p.Heal()
	ask(t, dial(t, p), "whole again")
}

// listener answers with what it hears, and remembers it.
type listener struct {
	addr string

	mu  sync.Mutex
	new *sync.Cond
	all []byte
}

func echo(t *testing.T) *listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &listener{addr: l.Addr().String()}
	s.new = sync.NewCond(&s.mu)
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				_, _ = io.Copy(c, io.TeeReader(c, s))
			})
		}
	})
	return s
}

func (s *listener) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, b...)
	s.new.Broadcast()
	return len(b), nil
}

func (s *listener) heard() string { return s.await(0) }

// await returns what was heard once it is at least n bytes.
func (s *listener) await(n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.all) < n {
		s.new.Wait()
	}
	return string(s.all)
}

func dial(t *testing.T, p *faultnet.Proxy) *net.TCPConn {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	tcp, ok := c.(*net.TCPConn)
	require.True(t, ok)
	return tcp
}

func say(t *testing.T, c net.Conn, words string) {
	t.Helper()
	_, err := io.WriteString(c, words)
	require.NoError(t, err)
}

func hear(t *testing.T, c net.Conn, words string) {
	t.Helper()
	got := make([]byte, len(words))
	require.NoError(t, c.SetReadDeadline(time.Time{}))
	_, err := io.ReadFull(c, got)
	require.NoError(t, err)
	require.Equal(t, words, string(got))
}

func ask(t *testing.T, c net.Conn, words string) {
	t.Helper()
	say(t, c, words)
	hear(t, c, words)
}

// requireSilent gives a reply time enough to arrive on a loopback. It cannot
// fail on a slow machine, only overlook a reply there.
func requireSilent(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

func requireReset(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Time{}))
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

package tcpprobe_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
	"github.com/seed-13dc028d/longwatch/probe/tcpprobe"
)

func newProber(t *testing.T, address string, opts *tcpprobe.Options) *tcpprobe.Prober {
	t.Helper()
	p, err := tcpprobe.New(address, opts)
	require.NoError(t, err)
	return p
}

// serve has do talk with everybody who connects, and hang up.
func serve(t *testing.T, do func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			do(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

func says(text string) func(net.Conn) {
	return func(conn net.Conn) { _, _ = io.WriteString(conn, text) }
}

func stages(r probe.Result) string {
	names := make([]string, 0, len(r.Stages))
	for _, s := range r.Stages {
		names = append(names, s.Name)
	}
	return strings.Join(names, " ")
}

func TestTheProberKeepsTheContract(t *testing.T) {
	t.Parallel()
	probetest.Run(t, func(t *testing.T) probetest.Subject {
		var silent atomic.Bool
		address := serve(t, func(conn net.Conn) {
			if silent.Load() {
				_, _ = io.Copy(io.Discard, conn) // until it is given up
				return
			}
			_, _ = io.ReadFull(conn, make([]byte, len("AUTH s3cret\n")))
			_, _ = io.WriteString(conn, "+OK s3cret\n")
		})
		p := newProber(t, address, &tcpprobe.Options{Send: []byte("AUTH s3cret\n"), Expect: "+OK"})
		return probetest.Subject{Prober: p, Break: func() { silent.Store(true) }, Secrets: []string{"s3cret"}}
	})
}

func TestAConnectionIsJudgedByWhatComes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		server        func(net.Conn)
		opts          tcpprobe.Options
		class, stages string
	}{
		"it is there":        {says(""), tcpprobe.Options{}, "", "connect"},
		"it takes":           {func(c net.Conn) { _, _ = c.Read(make([]byte, 9)) }, tcpprobe.Options{Send: []byte("x")}, "", "connect"},
		"it greets":          {says("220 mail.example"), tcpprobe.Options{Expect: "220 "}, "", "connect first_byte body"},
		"it greets wrongly":  {says("554 s3cret"), tcpprobe.Options{Expect: "220 "}, "body_mismatch", "connect first_byte"},
		"behind the bound":   {says("abcdef"), tcpprobe.Options{Expect: "ef", MaxAnswer: 4}, "body_mismatch", "connect first_byte"},
		"it hangs up":        {says(""), tcpprobe.Options{Expect: "220 "}, "connection_lost", "connect"},
		"it speaks no TLS":   {says("220 mail.example"), tcpprobe.Options{TLS: &tls.Config{}}, "tls_failed", "connect"},
		"it hangs up on TLS": {says(""), tcpprobe.Options{TLS: &tls.Config{}}, "tls_failed", "connect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, test.server)
			r, err := newProber(t, address, &test.opts).Probe(t.Context())
			require.NoError(t, err)
			require.Equal(t, test.class, r.Class, r.Detail)
			require.Equal(t, map[bool]probe.Status{true: probe.Pass, false: probe.Fail}[test.class == ""], r.Status)
			require.Equal(t, test.stages, stages(r))
			require.Equal(t, address, r.Target)
			require.NotContains(t, fmt.Sprint(r), "s3cret")
		})
	}
}

// What hangs fails when the time is over, by where it hangs; and tells nothing when the
// probe is called off.
func TestWhatHangsFailsByWhereItHangs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		begins string
		opts   tcpprobe.Options
		class  string
	}{
		"before the handshake": {"", tcpprobe.Options{TLS: &tls.Config{}}, "tls_timeout"},
		"before an answer":     {"", tcpprobe.Options{Send: []byte("x"), Expect: "yz"}, "no_answer"},
	} {
		for over, cause := range map[string]error{" too long": context.DeadlineExceeded, " until it is called off": context.Canceled} {
			t.Run(name+over, func(t *testing.T) {
				t.Parallel()
				ctx, end := context.WithCancelCause(t.Context())
				address := serve(t, func(conn net.Conn) {
					_, _ = conn.Read(make([]byte, 4096))
					end(cause)
					_, _ = io.Copy(io.Discard, conn)
				})
				r, err := newProber(t, address, &test.opts).Probe(ctx)
				if errors.Is(cause, context.Canceled) {
					require.Equal(t, probe.ClassInterrupted, probe.ClassOf(err))
					return
				}
				require.NoError(t, err)
				require.Equal(t, test.class, r.Class)
			})
		}
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	r, err := newProber(t, l.Addr().String(), nil).Probe(t.Context())
	require.NoError(t, err)
	require.Equal(t, "connect_refused", r.Class)
	require.Positive(t, r.Latency)
}

func TestACertificateIsHeldAgainstItsTime(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	until := srv.Certificate().NotAfter
	for left, class := range map[time.Duration]string{30 * time.Hour: "", 10 * time.Hour: "certificate_expiring", -time.Hour: "certificate_expired"} {
		now := clock.NewMock()
		now.Set(until.Add(-left))
		r, err := newProber(t, srv.Listener.Addr().String(), &tcpprobe.Options{
			TLS: &tls.Config{RootCAs: roots}, CertificateLeft: 20 * time.Hour, Clock: now,
		}).Probe(t.Context())
		require.NoError(t, err)
		require.Equal(t, class, r.Class, r.Detail)
	}
}

func TestEachMistakeIsNamed(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "host", "host:", ":80", "a:b:c"} {
		_, err := tcpprobe.New(address, nil)
		require.ErrorContains(t, err, "tcpprobe: address", address)
	}
	_, err := tcpprobe.New("h:1", &tcpprobe.Options{MaxAnswer: -1, CertificateLeft: -1})
	require.ErrorContains(t, err, "Options.MaxAnswer")
	require.ErrorContains(t, err, "Options.CertificateLeft")
}

func BenchmarkProbe(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	p, err := tcpprobe.New(l.Addr().String(), nil)
	require.NoError(b, err)
	for b.Loop() {
		r, err := p.Probe(b.Context())
		require.NoError(b, err)
		require.Equal(b, probe.Pass, r.Status)
	}
}

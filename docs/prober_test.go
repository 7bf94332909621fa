package docs_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/probetest"
)

// Ping asks a server that answers PING with PONG.
type Ping struct{ Addr string }

var _ probe.Prober = Ping{}

// Probe asks once. Whoever calls it owns when, how often and for how long.
func (p Ping) Probe(ctx context.Context) (probe.Result, error) {
	began := time.Now()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.Addr)
	if err != nil {
		return p.failed(ctx, "refused")
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // whatever it waits for
	connected := time.Since(began)
	if _, err := fmt.Fprintln(conn, "PING"); err != nil {
		return p.failed(ctx, "no_answer")
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return p.failed(ctx, "no_answer")
	}
	if answer != "PONG\n" {
		return p.failed(ctx, "wrong_answer")
	}
	return probe.Result{
		Status: probe.Pass, Latency: time.Since(began), Target: p.Addr,
		Stages: []probe.Stage{{Name: "connect", Took: connected}},
	}, nil
}

// failed tells a failure from a call that was called off: of that nothing is known.
func (p Ping) failed(ctx context.Context, class string) (probe.Result, error) {
	if ctx.Err() == context.Canceled {
		return probe.Result{}, context.Cause(ctx)
	}
	r := probe.Failed(class, "asked for PONG")
	r.Target = p.Addr
	return r, nil
}

// pong is a server to ask, and what makes it silent.
func pong(t *testing.T) (addr string, silence func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := make(chan struct{})
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				line, err := bufio.NewReader(conn).ReadString('\n')
				if err != nil {
					return
				}
				select {
				case <-silent:
					_, _ = conn.Read(make([]byte, 1)) // until the other end closes
				default:
					fmt.Fprint(conn, line[:1]+"ONG\n")
				}
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	return l.Addr().String(), sync.OnceFunc(func() { close(silent) })
}

func TestPing(t *testing.T) {
	probetest.Run(t, func(t *testing.T) probetest.Subject {
		addr, silence := pong(t)
		return probetest.Subject{Prober: Ping{addr}, Break: silence}
	})
}

// Nobody listens there, which is a failure and no error.
func ExamplePing() {
	r, err := Ping{"127.0.0.1:1"}.Probe(context.Background())
	fmt.Println(r.Status, r.Class, err)
	// Output: FAIL refused <nil>
}

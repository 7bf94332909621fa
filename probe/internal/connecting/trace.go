package connecting

import (
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/probe"
)

// The stages, in their order.
const (
	DNS       = "dns"
	Connect   = "connect"
	TLS       = "tls"
	FirstByte = "first_byte" // from the request's last byte to the answer's first
	Body      = "body"
)

// Trace notes when the parts of the way begin and end. Where the way is gone several
// times, by redirects, a stage is the sum. Its methods are safe for concurrent use:
// connections are tried beside each other, and go on when nobody waits any more.
type Trace struct {
	clk   clock.Clock
	start time.Time

	mu     sync.Mutex
	stages []probe.Stage        // those that came to their end
	began  map[string]time.Time // those that have not
	at     string               // the one that is waited for; "" before the first
	over   bool                 // what comes now comes too late
}

// New returns a Trace that begins now.
func New(clk clock.Clock) *Trace {
	return &Trace{clk: clk, start: clk.Now(), began: map[string]time.Time{}}
}

// Follow returns a context that has the dialer and the client of net and net/http tell
// the Trace how it goes.
func (t *Trace) Follow(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:  func(string) { t.again() },
		DNSStart: func(httptrace.DNSStartInfo) { t.Enter(DNS) },
		DNSDone: func(info httptrace.DNSDoneInfo) {
			if info.Err == nil {
				t.Leave(DNS)
				t.restart(Connect)
			}
		},
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				t.Leave(Connect)
			}
		},
		TLSHandshakeStart: func() { t.Enter(TLS) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if err == nil {
				t.Leave(TLS)
			}
		},
		GotConn:              func(httptrace.GotConnInfo) { t.Enter(FirstByte) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { t.restart(FirstByte) },
		GotFirstResponseByte: func() { t.Leave(FirstByte); t.Enter(Body) },
	})
}

// again says that a request begins, which may be that of a redirect.
func (t *Trace) again() {
	t.mu.Lock()
	clear(t.began)
	t.mu.Unlock()
	t.Enter(Connect)
}

// Enter says that a stage begins, unless it has.
func (t *Trace) Enter(stage string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return
	}
	t.at = stage
	if _, under := t.began[stage]; !under {
		t.began[stage] = t.clk.Now()
	}
}

// restart has a stage that is waited for count from now.
func (t *Trace) restart(stage string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, under := t.began[stage]; under && !t.over {
		t.began[stage], t.at = t.clk.Now(), stage
	}
}

// Leave says that a stage came to its end.
func (t *Trace) Leave(stage string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	began, under := t.began[stage]
	if t.over || !under {
		return
	}
	delete(t.began, stage)
	took := max(t.clk.Now().Sub(began), 0)
	for i := range t.stages {
		if t.stages[i].Name == stage {
			t.stages[i].Took += took
			return
		}
	}
	t.stages = append(t.stages, probe.Stage{Name: stage, Took: took})
}

// At returns the stage that is waited for.
func (t *Trace) At() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at
}

// Result gives r what the Trace knows: how long it all took, and the stages that came
// to their end. What is told to the Trace afterwards counts no more.
func (t *Trace) Result(r probe.Result) probe.Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	r.Latency, r.Stages = max(t.clk.Now().Sub(t.start), 1), t.stages
	return r
}

// Passed is the result of what went well.
func (t *Trace) Passed() probe.Result { return t.Result(probe.Result{Status: probe.Pass}) }

// Failed is a FAIL of a class.
func (t *Trace) Failed(class, detail string) probe.Result {
	return t.Result(probe.Failed(class, detail))
}

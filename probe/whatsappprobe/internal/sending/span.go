package sending

import (
	"context"
	"time"

	"github.com/benbjohnson/clock"
)

// settling is how long after its end a span waits for what came by then to be
// told: the client's goroutines and the span's own wake in any order.
const settling = 50 * time.Millisecond

// Span is the time of one probe. What came by its end counts, be it at the very
// end, and what came later does not, whoever is the first to say so. But for Over,
// Ended and End, it is used by the probe's own goroutine alone.
type Span struct {
	clock   clock.Clock
	over    chan struct{}
	end     time.Time // set before over is closed
	settled bool
	stop    func() bool
}

// NewSpan begins a span that ends with ctx, for whatever reason. It is closed
// when the probe has its verdict.
func NewSpan(ctx context.Context, clk clock.Clock) *Span {
	s := &Span{clock: clk, over: make(chan struct{})}
	s.stop = context.AfterFunc(ctx, func() {
		s.end = clk.Now()
		close(s.over)
	})
	return s
}

// Close ends the watch over the context.
func (s *Span) Close() { s.stop() }

// Over is closed when the span has ended.
func (s *Span) Over() <-chan struct{} { return s.over }

// Ended reports whether the span has ended.
func (s *Span) Ended() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// End is when the span ended. It may be asked after that alone.
func (s *Span) End() time.Time { return s.end }

// Settle returns when all is told that came by the end, which has been.
func (s *Span) Settle() {
	if !s.settled {
		s.settled = true
		settle(s.clock)
	}
}

func settle(clk clock.Clock) {
	told := make(chan struct{})
	timer := clk.AfterFunc(settling, func() { close(told) })
	defer timer.Stop()
	<-told
}

package probe_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/probe"
)

// A Prober is a function that asks once.
func ExampleFunc() {
	queue := make(chan string, 1)
	p := probe.Func(func(ctx context.Context) (probe.Result, error) {
		queue <- "ping"
		select {
		case got := <-queue:
			if got != "ping" {
				return probe.Failed("wrong_answer", "the queue gave back something else"), nil
			}
			return probe.Result{Status: probe.Pass, Latency: time.Millisecond}, nil
		case <-ctx.Done():
			return probe.Failed("no_answer", "nothing came back"), nil
		}
	})
	r, err := p.Probe(context.Background())
	fmt.Println(r.Status, r.Latency, err)
	// Output: PASS 1ms <nil>
}

func ExampleFailed() {
	r := probe.Failed("ack_refused", "the server answered 463")
	fmt.Println(r.Status, r.Class+":", r.Detail)
	// Output: FAIL ack_refused: the server answered 463
}

// A part that is not there is neither a pass nor a fail.
func ExampleClassOf() {
	fmt.Println(probe.ClassOf(probe.ErrNotConfigured))
	fmt.Println(probe.ClassOf(probe.Inconclusive("sender_not_connected", errors.New("socket closed"))))
	// Output:
	// not_configured
	// sender_not_connected
}

// A Prober that hangs costs its caller the limit and nothing more.
func ExampleTimeout() {
	hung := make(chan struct{})
	defer close(hung)
	p := probe.Timeout(probe.Func(func(context.Context) (probe.Result, error) {
		<-hung
		return probe.Result{Status: probe.Pass}, nil
	}), time.Millisecond)
	_, err := p.Probe(context.Background())
	fmt.Println(errors.Is(err, context.DeadlineExceeded), probe.ClassOf(err))
	// Output: true timeout
}

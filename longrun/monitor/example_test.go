package monitor_test

import (
	"context"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func Example() {
	// A fixed clock, so that the output is; a host leaves it out.
	clk := clock.NewMock()
	clk.Set(time.Date(2025, 12, 29, 22, 14, 29, 0, time.UTC))

	ctx, stop := context.WithCancel(context.Background())
	m, err := monitor.New(monitor.Config{
		Store:      memstore.New(nil), // or sqlitestore, or firestorestore
		InstanceID: "one",
		CommitHash: "3d4adc99",
		Status: func(context.Context) (longrun.HostStatus, error) {
			return longrun.HostStatus{Connected: 4, Healthy: true}, nil
		},
		AfterBeat: func(_ context.Context, h longrun.Heartbeat) {
			fmt.Println("stored", h.BucketID, "epoch", h.Epoch, "connected", h.ConnectedCount)
			stop()
		},
		Clock: clk,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("run:", m.Run(ctx)) // blocks until asked to stop
	fmt.Println("state:", m.Status().State)
	// Output:
	// stored 2025-12-29T22-14-00 epoch 1 connected 4
	// run: <nil>
	// state: stopped
}

// What only one instance may hold, such as the connections of WhatsApp accounts, is
// the leader's.
func ExampleConfig_leading() {
	ctx, stop := context.WithCancel(context.Background())
	m, err := monitor.New(monitor.Config{
		Store: memstore.New(nil),
		Leading: func(ctx context.Context) error {
			fmt.Println("connect")
			stop() // the instance is asked to stop
			<-ctx.Done()
			fmt.Println("disconnect, before the lease is given back")
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("run:", m.Run(ctx))
	// Output:
	// connect
	// disconnect, before the lease is given back
	// run: <nil>
}

func ExampleNew_mistakes() {
	_, err := monitor.New(monitor.Config{Interval: 7 * time.Second, Root: "metrics"})
	fmt.Println(err)
	// Output:
	// monitor: invalid configuration: Store: is required
	// Root: store: invalid: document "metrics" has 1 segments, an even number is needed, such as wa_metrics/longrun
	// Interval: interval 7s does not divide a day
}

// A person asks for a probe now.
func ExampleMonitor_RunProbe() {
	leads := make(chan struct{}, 1)
	m, err := monitor.New(monitor.Config{
		Store: memstore.New(nil),
		Probes: []monitor.Probe{{Type: longrun.Outbound, Prober: probe.Func(func(context.Context) (probe.Result, error) {
			return probe.Failed("no_receipt", "nothing came back"), nil // whatever tries the service for real
		}), Confirm: time.Millisecond}},
		AfterBeat: func(context.Context, longrun.Heartbeat) { leads <- struct{}{} },
	})
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	<-leads

	p, err := m.RunProbe(ctx, longrun.Outbound)
	fmt.Println(p.Result, p.ErrorClass, len(p.Attempts), err)
	stop()
	fmt.Println(<-done)
	// Output:
	// FAIL no_receipt 2 <nil>
	// <nil>
}

// A host with many accounts has a probe for each, and a person asks for one of them.
func ExampleMonitor_RunNamedProbe() {
	leads := make(chan struct{}, 1)
	config := monitor.Config{Store: memstore.New(nil), AfterBeat: func(context.Context, longrun.Heartbeat) { leads <- struct{}{} }}
	for _, account := range []string{"ops-1", "ops-2"} {
		config.Probes = append(config.Probes, monitor.Probe{
			Type: longrun.Outbound, Name: account, // and the Account, as Status names it
			Prober: probe.Func(func(context.Context) (probe.Result, error) {
				return probe.Result{Status: probe.Pass, Latency: time.Second}, nil
			}),
		})
	}
	m, err := monitor.New(config)
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	<-leads

	p, err := m.RunNamedProbe(ctx, longrun.NamedProbe{Type: longrun.Outbound, Name: "ops-2"})
	fmt.Println(p.Named(), p.Result, err)
	stop()
	fmt.Println(<-done)
	// Output:
	// outbound ops-2 PASS <nil>
	// <nil>
}

package monitor_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
)

// meter counts what a client's calls would be billed for.
type meter struct {
	mu                      sync.Mutex
	on                      bool
	calls, writes, readings int
}

func (m *meter) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	m.mu.Lock()
	if m.on {
		m.calls++
		if c, ok := req.(*firestorepb.CommitRequest); ok {
			m.writes += len(c.Writes)
		} else {
			m.readings++
		}
	}
	m.mu.Unlock()
	return invoke(ctx, method, req, reply, cc, opts...)
}

func (m *meter) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	m.mu.Lock()
	if m.on && !strings.HasSuffix(method, "/Listen") {
		m.calls++
		m.readings++
	}
	m.mu.Unlock()
	return open(ctx, desc, cc, method, opts...)
}

func TestADayOnFirestoreIsOneCommitOfTwoWritesASlotAndNoRead(t *testing.T) {
	t.Parallel()
	host, project := firestoretest.Host(t), firestoretest.Project()
	var m meter
	client := firestoretest.Connect(t, host, project, grpc.WithChainUnaryInterceptor(m.unary), grpc.WithChainStreamInterceptor(m.stream))
	watcher := firestoretest.Connect(t, host, project)
	st, err := firestorestore.New(client, &firestorestore.Options{WatchClient: watcher})
	require.NoError(t, err)

	// The clock is moved by hand, a slot at a time, each after the beat of the
	// one before was stored. The emulator's clock is the real one.
	clk := clock.NewMock()
	clk.Set(time.Now().Truncate(time.Minute)) // soon it is ahead of the emulator's, and no day is rolled up on its word
	stored := make(chan longrun.Heartbeat)
	n := start(t, st, "a", func(c *monitor.Config) {
		c.Clock = clk
		c.AfterBeat = func(_ context.Context, h longrun.Heartbeat) { stored <- h }
	})
	<-stored // the first, at the grant
	n.log.await(t, "leading")
	for len(allRuns(t, st)) == 0 || n.Status().Alerts.Judged.IsZero() { // the run is recorded, the rules know the past …
	}
	for range 30 { // … and nothing is closed any more: the clocks differ
		clk.Add(time.Minute)
		<-stored
	}
	m.mu.Lock()
	m.on = true
	m.mu.Unlock()
	day := seedtest.Histories(1440) // slots: a part of them, where there is less time
	for range day {
		clk.Add(time.Minute)
		<-stored
	}
	m.mu.Lock()
	m.on = false
	require.Equal(t, day, m.calls, "%d writes; %s", m.writes, n.log)
	require.Equal(t, 2*day, m.writes)
	require.Zero(t, m.readings)
	m.mu.Unlock()
	n.end()
}

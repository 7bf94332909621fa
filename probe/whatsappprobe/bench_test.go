package whatsappprobe_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// BenchmarkOutbound measures a probe beside the bare client's own send and wait
// for the receipt, in turn on one server. The aim is a p50 within 2 ×.
func BenchmarkOutbound(b *testing.B) {
	srv := whatsapptest.NewServer(b)
	from, at := srv.NewClient(b, ours), srv.NewClient(b, theirs)
	receipts := make(chan string, 100)
	from.AddEventHandler(func(event any) {
		if r, ok := event.(*events.Receipt); ok {
			for _, id := range r.MessageIDs {
				receipts <- id
			}
		}
	})
	require.NoError(b, from.Connect())
	require.NoError(b, at.Connect())
	require.NoError(b, srv.AwaitOnline(b.Context(), ours))
	require.NoError(b, srv.AwaitOnline(b.Context(), theirs))

	bare := func() {
		id := from.GenerateMessageID()
		_, err := from.SendMessage(b.Context(), jid(theirs), &waE2E.Message{Conversation: new("hello")}, whatsmeow.SendRequestExtra{ID: id})
		require.NoError(b, err)
		for <-receipts != id {
			continue
		}
	}
	probed := func() {
		// A new prober for each, since one alone is held to a safe rate.
		r, err := whatsappprobe.Outbound(quiet{from}, jid(theirs), nil).Probe(b.Context())
		require.NoError(b, err)
		require.Empty(b, r.Class)
	}
	bare()
	var own, ref []time.Duration
	for b.Loop() {
		for _, run := range []struct {
			do  func()
			all *[]time.Duration
		}{{bare, &ref}, {probed, &own}} {
			began := time.Now()
			run.do()
			*run.all = append(*run.all, time.Since(began))
		}
	}
	b.ReportMetric(median(own).Seconds()*1e6, "probe-p50-µs")
	b.ReportMetric(median(ref).Seconds()*1e6, "bare-p50-µs")
	b.ReportMetric(float64(median(own))/float64(median(ref)), "ratio")
}

// quiet takes event handlers away with each prober: here there are thousands.
type quiet struct{ *whatsmeow.Client }

func (q quiet) AddEventHandler(h whatsmeow.EventHandler) uint32 { return q.Client.AddEventHandler(h) }

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// BenchmarkHandler measures what the tracker costs a client for each event, with
// 200 accounts tracked. The aim is a p99 under 10 µs.
func BenchmarkHandler(b *testing.B) {
	a := whatsappprobe.NewAccounts(nil)
	clients := make([]*silent, 200)
	for i := range clients {
		clients[i] = &silent{}
		require.NoError(b, a.Add(fmt.Sprint("account-", i), clients[i]))
	}
	all := []any{&events.Connected{}, &events.Message{}, &events.Receipt{}, &events.Disconnected{}, &events.KeepAliveTimeout{}}
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		began := time.Now()
		clients[i%200].handler(all[i%len(all)])
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
}

// silent is a client that only keeps its handler.
type silent struct{ handler whatsmeow.EventHandler }

func (s *silent) AddEventHandler(h whatsmeow.EventHandler) uint32 { s.handler = h; return 1 }
func (s *silent) RemoveEventHandler(uint32) bool                  { return true }

// BenchmarkAccounts states what 200 tracked accounts hold, each after an hour
// with 50 reconnects, and what a heartbeat's counts cost.
func BenchmarkAccounts(b *testing.B) {
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	a := whatsappprobe.NewAccounts(nil)
	for i := range 200 {
		s := &silent{}
		require.NoError(b, a.Add(fmt.Sprint("account-", i), s))
		for range 50 {
			s.handler(&events.Connected{})
		}
	}
	perAccount := float64(live()-before) / 200
	for b.Loop() {
		_, err := a.Status(context.Background())
		require.NoError(b, err)
	}
	b.ReportMetric(perAccount, "B/account")
}

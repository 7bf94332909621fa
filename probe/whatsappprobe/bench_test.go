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
	"go.mau.fi/whatsmeow/types"
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

// BenchmarkHandler measures what following costs a client for each event and each
// stanza, with 200 and 2,000 accounts. The aim is a p99 under 0.5 µs, with what it
// costs to read the clock twice, which is stated beside it.
func BenchmarkHandler(b *testing.B) {
	for _, n := range []int{200, 2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a := whatsappprobe.NewAccounts(nil)
			clients := make([]*silent, n)
			for i := range clients {
				clients[i] = &silent{}
				require.NoError(b, a.Add(fmt.Sprint("account-", i), clients[i]))
				clients[i].handler(&events.Connected{})
			}
			all := make([]any, 0, 1000)
			for i := range 250 {
				source := types.MessageSource{Chat: jid(fmt.Sprint(4917000000 + i%50)), Sender: jid(fmt.Sprint(4917000000 + i%50))}
				id := fmt.Sprintf("3EB0%016X", i)
				all = append(all,
					&events.Message{Info: types.MessageInfo{ID: id, MessageSource: source}, Message: &waE2E.Message{Conversation: new("hello, how are you today?")}},
					&events.Receipt{MessageSource: source, MessageIDs: []string{id}},
					&events.UndecryptableMessage{Info: types.MessageInfo{ID: id, MessageSource: source}},
					&events.Receipt{MessageSource: source, MessageIDs: []string{id}, Type: types.ReceiptTypeRead},
				)
			}
			var took, empty []time.Duration
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				began := time.Now()
				clients[i%n].handler(all[i%len(all)])
				took = append(took, time.Since(began))
				began = time.Now()
				empty = append(empty, time.Since(began))
			}
			slices.Sort(took)
			slices.Sort(empty)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
			b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
			b.ReportMetric(float64(empty[len(empty)*99/100].Nanoseconds()), "clock-p99-ns")
		})
	}
}

// silent is a client that only keeps its handler.
type silent struct{ handler whatsmeow.EventHandler }

func (s *silent) AddEventHandler(h whatsmeow.EventHandler) uint32 { s.handler = h; return 1 }
func (s *silent) RemoveEventHandler(uint32) bool                  { return true }

// BenchmarkAccounts states what each of 200 and 2,000 tracked accounts holds, after a
// bad hour: 50 reconnects, messages to 60 chats, and 100 that cannot be read; and what a
// heartbeat's counts cost. The aim is under 4 KB.
func BenchmarkAccounts(b *testing.B) {
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for _, n := range []int{200, 2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			clients := make([]*silent, n)
			for i := range clients {
				clients[i] = &silent{}
			}
			before := live()
			a := whatsappprobe.NewAccounts(nil)
			for i, s := range clients {
				require.NoError(b, a.Add(fmt.Sprint("account-", i), s))
				for range 50 {
					s.handler(&events.Connected{})
				}
				for m := range 100 {
					source := types.MessageSource{Chat: jid(fmt.Sprint(4917000000 + m%60)), Sender: jid(fmt.Sprint(4917000000 + m%60))}
					s.handler(&events.Message{Info: types.MessageInfo{ID: fmt.Sprint("m", m), MessageSource: source}})
					s.handler(&events.UndecryptableMessage{Info: types.MessageInfo{ID: fmt.Sprint("u", m), MessageSource: source}})
				}
			}
			perAccount := float64(live()-before) / float64(n)
			for b.Loop() {
				_, err := a.Status(context.Background())
				require.NoError(b, err)
			}
			b.ReportMetric(perAccount, "B/account")
		})
	}
}

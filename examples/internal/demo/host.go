package demo

import (
	"context"
	"sync/atomic"

	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
)

// host is the application behind the account: it stores what comes, and has a queue.
type host struct {
	whatsappprobe.Host
	drops   atomic.Bool  // it loses what it is given
	waiting atomic.Int64 // messages in its queue
	stored  atomic.Int64
}

// fullQueue is more messages than may wait.
const fullQueue = 500

// take is the client's event handler.
func (h *host) take(event any) {
	m, ok := event.(*events.Message)
	if !ok || h.drops.Load() {
		return
	}
	h.stored.Add(1)
	h.Seen(m.Message.GetConversation())
}

// depth is how many messages wait.
func (h *host) depth(context.Context) (int64, error) { return h.waiting.Load(), nil }

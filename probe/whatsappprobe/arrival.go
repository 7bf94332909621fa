package whatsappprobe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mau.fi/whatsmeow/types/events"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/sending"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/tracker"
)

// sign is what is heard of a message to the monitored account.
type sign int

const (
	shown    sign = iota // the client showed it
	garbled              // the client could not read it; it is asked for again, and may come yet
	hostSeen             // the host has it
)

type signs = []sending.Heard[sign]

// when returns when a sign first came, if it did.
func when(all signs, s sign) (time.Time, bool) {
	i := slices.IndexFunc(all, func(h sending.Heard[sign]) bool { return h.What == s })
	if i < 0 {
		return time.Time{}, false
	}
	return all[i].At, true
}

// listen records what is heard of a letter, until stop.
func (p *inbound) listen(l letter) (heard *sending.Record[sign], stop func()) {
	heard = sending.NewRecord[sign]()
	p.link.Listen(func(event any, state tracker.State, now time.Time) {
		p.overhear(event, state, now)
		if got, ok := sending.Incoming(event); ok && got == l.marker {
			heard.Add(shown, now)
		}
		if e, ok := event.(*events.UndecryptableMessage); ok && e.Info.ID == l.id {
			heard.Add(garbled, now)
		}
	})
	over := func() {}
	if p.opts.Host != nil {
		over = p.opts.Host.await(l.marker.Series, func() { heard.Add(hostSeen, p.turns.Clock.Now()) })
	}
	return heard, func() {
		over()
		p.link.Listen(p.overhear) // a message that is late is still heard
	}
}

// arrival returns when the message came. What the host has came, though a handler
// before ours may have kept it from us.
func arrival(all signs) (time.Time, bool) {
	at, ok := when(all, shown)
	if seen, has := when(all, hostSeen); has && (!ok || seen.Before(at)) {
		return seen, true
	}
	return at, ok
}

// complete reports whether there is nothing to wait for any more.
func (p *inbound) complete(all signs) bool {
	if p.opts.Host != nil {
		_, ok := when(all, hostSeen)
		return ok
	}
	_, ok := arrival(all)
	return ok
}

// await waits for the message to arrive, and then for the host to have it.
func (p *inbound) await(span *sending.Span, r *sending.Record[sign]) (heard signs, over time.Time) {
	heard, over = r.Await(span, 0, func(all signs) bool { _, ok := arrival(all); return ok })
	at, ok := arrival(heard)
	if !ok || p.complete(heard) || span.Ended() {
		return heard, over
	}
	p.mu.Lock()
	patience := p.pace.patience()
	p.mu.Unlock()
	if patience > 0 {
		patience = max(patience-over.Sub(at), 1)
	}
	return r.Await(span, patience, p.complete)
}

// judge says what was heard of a letter means.
func (p *inbound) judge(ctx context.Context, l letter, ack sending.Ack, heard signs, over time.Time) (probe.Result, error) {
	at, ok := arrival(heard)
	if ok {
		// It came, so it was sent, whatever became of the ack.
		p.missed("", l.start)
		r := probe.Result{
			Status: probe.Pass, Latency: max(at.Sub(l.start), time.Microsecond),
			Stages: append(ack.Stages, probe.Stage{Name: "arrival", Took: max(0, at.Sub(ack.At))}),
		}
		if p.opts.Host == nil {
			return r, nil
		}
		return p.judgeHost(ctx, l, r, heard, at, over)
	}
	if err := sending.CalledOff(ctx); err != nil {
		return probe.Result{}, err
	}
	if !ack.OK() {
		return probe.Result{}, probe.Inconclusive("sender_"+ack.Class, errors.New(ack.Detail))
	}
	away := p.link.StateAt(over) == Reconnecting
	if (away || p.link.StateAt(ack.At) == Reconnecting) && !p.opts.IgnoreReplay {
		p.mu.Lock()
		p.left.Leave(l.marker.Series, l.id)
		p.mu.Unlock()
	}
	r := probe.Result{
		Status: probe.Fail, Latency: over.Sub(l.start), Stages: append(ack.Stages, probe.Stage{Name: "arrival", Took: over.Sub(ack.At)}),
	}
	after := p.missed(l.marker.Series, l.start)
	_, unreadable := when(heard, garbled)
	switch {
	case unreadable:
		r.Class, r.Detail = "undecryptable", "the message arrived, and could not be read"
	case away:
		r.Class, r.Detail = "not_connected", "the account is not connected; the message waits for it"
	case after > 0:
		r.Class, r.Detail = "arrived_late", fmt.Sprintf("not in time; the one before arrived after %v", after.Round(time.Millisecond))
	default:
		r.Class, r.Detail = "acked_not_delivered", "the server took the message, and the account did not show it"
	}
	return r, nil
}

// judgeHost says what became of a message that arrived, in the host.
func (p *inbound) judgeHost(ctx context.Context, l letter, r probe.Result, heard signs, arrived, over time.Time) (probe.Result, error) {
	seen, ok := when(heard, hostSeen)
	p.mu.Lock()
	defer p.mu.Unlock()
	if ok {
		took := max(0, seen.Sub(arrived))
		p.pace.add(took)
		r.Latency = max(seen.Sub(l.start), time.Microsecond)
		r.Stages = append(r.Stages, probe.Stage{Name: "host", Took: took})
		return r, nil
	}
	if err := sending.CalledOff(ctx); err != nil {
		return probe.Result{}, err
	}
	had := over.Sub(arrived)
	if had < max(time.Second, p.pace.slowest()) {
		return probe.Result{}, probe.Inconclusive("host_not_awaited", errors.New("the message came too late in the probe's time for the host to confirm it"))
	}
	r.Status, r.Latency = probe.Fail, over.Sub(l.start)
	r.Class, r.Detail = "host_missed", fmt.Sprintf("the client showed the message, and the host did not confirm it within %v", had.Round(time.Millisecond))
	r.Stages = append(r.Stages, probe.Stage{Name: "host", Took: had})
	return r, nil
}

package dashboard

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
)

const (
	// lookEvery is how often a Status is looked at while pages are open.
	lookEvery = 100 * time.Millisecond
	// tellEvery is how far apart two hints to one page are at least.
	tellEvery = time.Second
	// keepAlive is how often a page hears something at least.
	keepAlive = 15 * time.Second
	// writeTime is how long a page may take to receive a hint.
	writeTime = 10 * time.Second
	// settled is how long after a slot's start its beat is mostly stored: then those
	// parts are told that move with time alone.
	settled = 2 * time.Second
)

// parts is a set of Now's parts, a bit for each of partNames.
type parts uint16

func partsOf(names ...string) (p parts) {
	for i, name := range partNames {
		for _, n := range names {
			if n == name {
				p |= 1 << i
			}
		}
	}
	return p
}

func (p parts) String() string {
	var names []string
	for i, name := range partNames {
		if p&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// live tells open pages which of their parts changed. One goroutine looks, from the
// first page that opens to the last one that closes.
type live struct {
	h *handler

	mu   sync.Mutex
	tabs map[*tab]struct{}
	stop context.CancelFunc
	done <-chan error
}

// tab is an open page.
type tab struct {
	wake    chan struct{} // has one where something is owed
	changed parts         // owed; guarded by live.mu
}

func newLive(h *handler) *live { return &live{h: h, tabs: map[*tab]struct{}{}} }

// open adds a page; nil where there are too many.
func (l *live) open() *tab {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.tabs) >= l.h.Tabs {
		return nil
	}
	t := &tab{wake: make(chan struct{}, 1)}
	l.tabs[t] = struct{}{}
	if len(l.tabs) == 1 {
		ctx, stop := context.WithCancel(context.Background())
		l.stop = stop
		l.done = spawn.Start("the dashboard's look at the status", func() error {
			l.look(ctx)
			return nil
		})
	}
	return t
}

// close takes a page out. The last one waits for the end of the goroutine.
func (l *live) close(t *tab) {
	l.mu.Lock()
	delete(l.tabs, t)
	var done <-chan error
	if len(l.tabs) == 0 {
		l.stop()
		done, l.done = l.done, nil
	}
	l.mu.Unlock()
	if done == nil {
		return
	}
	if err := <-done; err != nil { // it has panicked
		l.h.Logger.Error("the dashboard's look at the status failed", "error", err)
	}
}

// look compares the Status with the one before, until ctx ends.
func (l *live) look(ctx context.Context) {
	ticker := l.h.Clock.Ticker(lookEvery)
	defer ticker.Stop()
	status := l.h.monitor.Status()
	before, slot := fingerprint(status), l.slot(status.Interval)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		status = l.h.monitor.Status()
		var changed parts
		now := fingerprint(status)
		for _, c := range []struct {
			is    bool
			parts parts
		}{
			{now.lead != before.lead, partsOf("verdict", "day", "lead")},
			{now.verdict != before.verdict, partsOf("verdict", "open", "day", "over", "quiet", "messages")},
			{now.accounts != before.accounts, partsOf("verdict", "accounts")},
			{now.probes != before.probes, partsOf("verdict", "day", "probes")},
			{now.messages != before.messages, partsOf("verdict", "messages")},
		} {
			if c.is {
				changed |= c.parts
			}
		}
		if next := l.slot(status.Interval); next != slot {
			slot = next
			changed |= partsOf("verdict", "open", "day", "quiet", "lead")
		}
		before = now
		if changed != 0 {
			l.tell(changed)
		}
	}
}

// slot is the slot whose beat is mostly stored now.
func (l *live) slot(interval time.Duration) longrun.Slot {
	return longrun.SlotAt(l.h.Clock.Now().Add(-min(settled, interval/2)), interval)
}

// tell notes for all pages what changed.
func (l *live) tell(changed parts) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for t := range l.tabs {
		t.changed |= changed
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// owed takes what a page is to be told.
func (l *live) owed(t *tab) parts {
	l.mu.Lock()
	defer l.mu.Unlock()
	owed := t.changed
	t.changed = 0
	return owed
}

// events answers GET /events: the names of the parts that changed, as they do.
func (h *handler) events(w http.ResponseWriter, r *http.Request) {
	t := h.live.open()
	if t == nil {
		w.Header().Set("Retry-After", "60")
		h.fail(w, r, http.StatusServiceUnavailable, "As many pages are open and live as may be at once.")
		return
	}
	defer h.live.close(t)
	out := http.NewResponseController(w)
	_ = out.SetReadDeadline(time.Time{}) // a page says nothing for as long as it is open
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // which some proxies ask for
	write := func(text string) bool {
		_ = out.SetWriteDeadline(time.Now().Add(writeTime))
		_, err := w.Write([]byte(text))
		return err == nil && out.Flush() == nil
	}
	session, _ := r.Cookie(cookieName)
	if !write("retry: 5000\n\n") {
		return
	}
	alive := h.Clock.Ticker(keepAlive)
	defer alive.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-alive.C:
			if session != nil && h.session(r) == "" {
				return // it is over
			}
			if !write(": still here\n\nevent: alive\ndata: .\n\n") {
				return
			}
		case <-t.wake:
			if !write("data: " + h.live.owed(t).String() + "\n\n") {
				return
			}
			over := make(chan struct{})
			pause := h.Clock.AfterFunc(tellEvery, func() { close(over) })
			select {
			case <-r.Context().Done():
			case <-over:
			}
			pause.Stop()
		}
	}
}

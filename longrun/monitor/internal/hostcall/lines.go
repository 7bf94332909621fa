package hostcall

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// maxLines bounds the lines that wait for the host's handler.
const maxLines = 512

// line is one record on its way to the host's handler.
type line struct {
	ctx    context.Context //nolint:containedctx // it carries values only
	record slog.Record
	derive []func(slog.Handler) slog.Handler
}

// lines hands lines to the host's handler, in their order, on a goroutine that
// lives while there are any. A handler that blocks holds that one up; lines that
// have no room then are counted and lost.
type lines struct {
	host slog.Handler

	mu      sync.Mutex
	waiting []line
	lost    int
	idle    chan struct{} // closed when the goroutine has ended; nil without one
}

func (q *lines) put(l line) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) >= maxLines {
		q.lost++
		return
	}
	if q.lost > 0 {
		note := slog.NewRecord(l.record.Time, slog.LevelWarn, "the logger was too slow; lines are lost", 0)
		note.AddAttrs(slog.Int("lines", q.lost))
		q.waiting = append(q.waiting, line{ctx: l.ctx, record: note})
		q.lost = 0
	}
	q.waiting = append(q.waiting, l)
	if q.idle == nil {
		q.begin()
	}
}

// begin is called under the lock.
func (q *lines) begin() {
	idle := make(chan struct{})
	q.idle = idle
	spawn.Start("the logger", func() error {
		// Also when the handler ends this goroutine: the lines behind get another.
		defer close(idle)
		defer q.end()
		for {
			l, ok := q.next()
			if !ok {
				return nil
			}
			_ = spawn.Guard("the logger", func() error { return q.write(l) })
		}
	})
}

func (q *lines) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.idle = nil
	if len(q.waiting) > 0 {
		q.begin()
	}
}

func (q *lines) next() (line, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return line{}, false
	}
	l := q.waiting[0]
	q.waiting = q.waiting[1:]
	return l, true
}

func (q *lines) write(l line) error {
	h := q.host
	for _, derive := range l.derive {
		h = derive(h)
	}
	if !h.Enabled(l.ctx, l.record.Level) {
		return nil
	}
	return h.Handle(l.ctx, l.record)
}

// flush waits until nothing is left, or for ctx.
func (q *lines) flush(ctx context.Context) {
	for {
		q.mu.Lock()
		idle := q.idle
		q.mu.Unlock()
		if idle == nil {
			return
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return
		}
	}
}

// handler is a slog.Handler that hands over and never waits.
type handler struct {
	queue  *lines
	derive []func(slog.Handler) slog.Handler
}

var _ slog.Handler = (*handler)(nil)

// Enabled implements slog.Handler: the host's handler is asked where it cannot
// hold anything up.
func (h *handler) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	h.queue.put(line{context.WithoutCancel(ctx), r.Clone(), h.derive})
	return nil
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.with(func(inner slog.Handler) slog.Handler { return inner.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	return h.with(func(inner slog.Handler) slog.Handler { return inner.WithGroup(name) })
}

func (h *handler) with(derive func(slog.Handler) slog.Handler) slog.Handler {
	return &handler{queue: h.queue, derive: append(slices.Clip(h.derive), derive)}
}

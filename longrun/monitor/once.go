package monitor

import (
	"context"
	"log/slog"
	"sync"
)

// once logs a trouble when it begins, changes or ends, and not each time it is
// met: a store that is down for a night is one line, not five hundred.
type once struct {
	logger *slog.Logger

	mu   sync.Mutex
	last map[string]string // subject → class that was reported
}

func newOnce(l *slog.Logger) *once { return &once{logger: l, last: make(map[string]string)} }

// maxSubjects bounds what once remembers. Beyond it a trouble may be reported
// again; memory does not grow.
const maxSubjects = 1000

// report logs msg unless the last report of subject was of the same class.
func (o *once) report(ctx context.Context, level slog.Level, subject, class, msg string, args ...any) {
	o.mu.Lock()
	known := o.last[subject] == class
	if !known {
		if len(o.last) >= maxSubjects {
			clear(o.last)
		}
		o.last[subject] = class
	}
	o.mu.Unlock()
	if !known {
		o.logger.Log(ctx, level, msg, args...) //nolint:sloglint // the callers give constants
	}
}

// over forgets subject, so that its next trouble is reported, and tells whether
// there was one.
func (o *once) over(subject string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, was := o.last[subject]
	delete(o.last, subject)
	return was
}

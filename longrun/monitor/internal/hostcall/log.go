package hostcall

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
)

// Log is the host's logger as the engine uses it: lines are handed over and
// written behind the engine's back, and a trouble that goes on is one line. It is
// safe for concurrent use.
type Log struct {
	*slog.Logger
	queue *lines // nil where nobody reads
	clock clock.Clock

	mu       sync.Mutex
	subjects map[string]*subject
}

// NewLog returns a Log that writes to l; nil means silence.
func NewLog(l *slog.Logger, clk clock.Clock) *Log {
	log := &Log{Logger: slog.New(slog.DiscardHandler), clock: clk, subjects: make(map[string]*subject)}
	if l != nil {
		log.queue = &lines{host: l.Handler()}
		log.Logger = slog.New(&handler{queue: log.queue})
	}
	return log
}

// Flush returns when every line is written, or with ctx.
func (l *Log) Flush(ctx context.Context) {
	if l.queue != nil {
		l.queue.flush(ctx)
	}
}

// subject is what was said of one thing that may be in trouble.
type subject struct {
	classes []string    // said since it was last well; or the value that it has
	begun   []time.Time // when it was said, as far as that matters
	quiet   time.Time   // until when nothing is said of it
	hidden  bool        // its present trouble was not said
}

const (
	// maxSubjects bounds what is remembered. Beyond it a trouble may be said
	// again; memory does not grow.
	maxSubjects = 1000
	// maxClasses is how many kinds of trouble are said of one subject until it is
	// well again.
	maxClasses = 3
	// A subject that falls ill so often within so long is not spoken of again for
	// as long.
	maxTroubles = 6
	troubleSpan = time.Hour
)

// Once logs a trouble of subject unless one of this class was said since it was
// last well: a store that is down for a night is one line, not five hundred. The
// class is a word of ours or what ClassOf says, never free text. Of a subject
// that comes and goes little is said.
func (l *Log) Once(ctx context.Context, level slog.Level, about, class, msg string, args ...any) {
	now := l.clock.Now()
	l.mu.Lock()
	s := l.subject(about)
	if slices.Contains(s.classes, class) || len(s.classes) >= maxClasses {
		l.mu.Unlock()
		return
	}
	first := len(s.classes) == 0
	s.classes = append(s.classes, class)
	if first {
		s.hidden = now.Before(s.quiet) && s.quiet.Sub(now) <= troubleSpan
		s.begun = slices.DeleteFunc(s.begun, func(t time.Time) bool { return now.Sub(t).Abs() > troubleSpan })
		s.begun = append(s.begun, now)
		if !s.hidden && len(s.begun) >= maxTroubles {
			s.quiet, s.begun = now.Add(troubleSpan), nil
			args = append(slices.Clone(args), "again_and_again", "not told again for "+troubleSpan.String())
		}
	}
	hidden := s.hidden
	l.mu.Unlock()
	if !hidden {
		l.Log(ctx, level, msg, args...) //nolint:sloglint // the callers give constants
	}
}

// Changed logs when subject has another value than when it was last logged.
func (l *Log) Changed(ctx context.Context, level slog.Level, about, value, msg string, args ...any) {
	l.mu.Lock()
	s := l.subject(about)
	known := len(s.classes) == 1 && s.classes[0] == value
	s.classes = append(s.classes[:0], value)
	l.mu.Unlock()
	if !known {
		l.Log(ctx, level, msg, args...) //nolint:sloglint // the callers give constants
	}
}

// subject is called under the lock.
func (l *Log) subject(about string) *subject {
	s := l.subjects[about]
	if s == nil {
		if len(l.subjects) >= maxSubjects {
			clear(l.subjects)
		}
		s = &subject{}
		l.subjects[about] = s
	}
	return s
}

// Over takes note that subject is well, so that its next trouble is said, and
// reports whether there was one that was said: whoever says that it is over asks
// this first.
func (l *Log) Over(about string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.subjects[about]
	if s == nil || len(s.classes) == 0 {
		return false
	}
	s.classes = nil
	if len(s.begun) == 0 && s.quiet.IsZero() {
		delete(l.subjects, about)
	}
	return !s.hidden
}

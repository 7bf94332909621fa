package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// eventLog is what happened in a run, line by line: what befell whom, every commit that
// took effect, every message that arrived.
type eventLog struct {
	began time.Time
	mu    sync.Mutex
	lines []line
}

type line struct {
	at        time.Duration
	who, text string
}

func (l *eventLog) add(who, format string, args ...any) {
	at := time.Since(l.began)
	text := fmt.Sprintf(format, args...)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line{at, who, text})
}

// String is the log. What happened in one instant has no order of its own.
func (l *eventLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortStableFunc(l.lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.who, b.who), cmp.Compare(a.text, b.text))
	})
	var b strings.Builder
	for _, x := range l.lines {
		fmt.Fprintf(&b, "%s %s %s\n", x.at, x.who, x.text)
	}
	return b.String()
}

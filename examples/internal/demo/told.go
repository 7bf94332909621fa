package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/alert"
)

// keptMessages is how many messages are shown.
const keptMessages = 40

// told is what was broken, what people were told since, and how fast.
type told struct {
	clock clock.Clock

	mu       sync.Mutex
	faults   map[*mode]fault
	healed   time.Time
	cause    map[subject]*mode // of what was told as firing
	messages []message         // the newest one last
	say      func(message)     // nil: nobody listens
}

// fault is one mode that was pressed.
type fault struct {
	at       time.Time
	lasts    bool          // it was not healed since
	told     time.Duration // after it was pressed; 0: not yet
	by       string        // the rule that told it, and of what
	resolved time.Duration // after it was healed; 0: not yet
}

// subject is what a message is about.
type subject struct{ rule, target string }

// message is what people were told.
type message struct {
	at   time.Time
	text string
	fast string // how fast it was, in words; empty where nothing here is the cause
}

func newTold(clk clock.Clock) *told {
	return &told{clock: clk, faults: make(map[*mode]fault), cause: make(map[subject]*mode)}
}

// press takes note that a mode was pressed.
func (t *told) press(m *mode) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults[m] = fault{at: t.clock.Now(), lasts: true}
}

// heal takes note that all was healed.
func (t *told) heal() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.healed = t.clock.Now()
	for m, f := range t.faults {
		f.lasts = false
		t.faults[m] = f
	}
}

// broken reports whether something was pressed and not healed since.
func (t *told) broken(name string) bool {
	f, _ := t.of(modeOf(name))
	return f.lasts
}

// of returns what is known of a mode.
func (t *told) of(m *mode) (f fault, pressed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, pressed = t.faults[m]
	return f, pressed
}

// all returns the messages, the newest one first.
func (t *told) all() []message {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := slices.Clone(t.messages)
	slices.Reverse(all)
	return all
}

// Alerter tells people by next, and keeps what was told, as it stands in Telegram.
func (d *Demo) Alerter(next alert.Alerter) alert.Alerter {
	return alert.Func(func(ctx context.Context, m alert.Message) error {
		if err := next.Alert(ctx, m); err != nil {
			return err
		}
		d.told.take(m)
		return nil
	})
}

// take takes note of a message that people have.
func (t *told) take(m alert.Message) {
	t.mu.Lock()
	now := t.clock.Now()
	var fast []string
	for _, part := range parts(m) {
		if words := t.measure(part, now); words != "" {
			fast = append(fast, words)
		}
	}
	taken := message{at: now, text: m.Text(), fast: strings.Join(fast, "; ")}
	t.messages = append(t.messages, taken)
	if extra := len(t.messages) - keptMessages; extra > 0 {
		t.messages = slices.Delete(t.messages, 0, extra)
	}
	say := t.say
	t.mu.Unlock()
	if say != nil {
		say(taken)
	}
}

// parts are the messages that one stands for.
func parts(m alert.Message) []alert.Message {
	if m.Kind != alert.Digest || len(m.Parts) == 0 {
		return []alert.Message{m}
	}
	var all []alert.Message
	for _, p := range m.Parts {
		all = append(all, parts(p)...)
	}
	return all
}

// measure says how fast a message came. The caller holds mu.
func (t *told) measure(m alert.Message, now time.Time) string {
	about := subject{m.Rule, m.Target}
	if m.Kind == alert.Resolved || m.Kind == alert.Flapping && !m.Until.IsZero() {
		cause := t.cause[about]
		delete(t.cause, about)
		if cause == nil {
			return ""
		}
		f := t.faults[cause]
		if f.lasts {
			return cause.name + " goes on, and it is over"
		}
		after := max(now.Sub(t.healed), time.Millisecond)
		if f.resolved == 0 {
			f.resolved = after
			t.faults[cause] = f
		}
		return fmt.Sprintf("%s: %s after heal", cause.name, span(after))
	}
	cause := t.cause[about]
	if m.Kind != alert.Reminder { // which is no news
		cause = t.newest(about)
	}
	if cause == nil {
		return ""
	}
	f := t.faults[cause]
	if !f.lasts {
		return cause.name + ": healed, and not over yet"
	}
	after := max(now.Sub(f.at), time.Millisecond)
	t.cause[about] = cause
	if f.told == 0 {
		f.told, f.by = after, strings.TrimSuffix(m.Rule+" · "+m.Target, " · ")
		t.faults[cause] = f
	}
	return fmt.Sprintf("%s: %s after it was broken", cause.name, span(after))
}

// newest is what was pressed last, and goes on, of what such a message may be about. The
// caller holds mu.
func (t *told) newest(about subject) (cause *mode) {
	for m, f := range t.faults {
		if f.lasts && m.is(about.rule, about.target) && (cause == nil || f.at.After(t.faults[cause].at)) {
			cause = m
		}
	}
	return cause
}

// span is a length of time for people.
func span(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

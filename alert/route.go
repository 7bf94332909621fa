package alert

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
)

// Way is which channels a kind of message goes by. A message is of that kind when it
// has one of Severities, one of Rules and one of Targets, where each list that is empty
// takes any.
type Way struct {
	// Severities are "critical" and "warning". Default: any.
	Severities []string
	// Rules are names such as "missed_heartbeats". Default: any.
	Rules []string
	// Targets are what a rule looked at, as messages show it; one that ends with * is
	// the beginning of several. Default: any, and none.
	Targets []string
	// Channels are the names of those that get the message. Required.
	Channels []string
}

// RouteOptions are what a Router is made of.
type RouteOptions struct {
	// Channels are all there are, each with a name of its own. Required.
	Channels []Channel
	// Ways are looked at in their order. Default: none, so that everything goes by
	// Default.
	Ways []Way
	// All has a message go by every Way that is for it. Default: by the first one alone.
	All bool
	// Default are the names of the channels for what no Way is for. Default: all
	// channels, so that nothing is told to nobody.
	Default []string
	// Clock tells when something was sent. Default: the wall clock.
	Clock clock.Clock
}

// Router is an Alerter that chooses among channels. It is safe for concurrent use.
//
// It sends by the chosen channels at the same time, and remembers who took what, as
// Fanout does; of a digest each channel gets the parts that are for it. A Test goes by
// all channels, since it asks whether messages arrive.
//
// The error is Permanent only if every channel that failed failed permanently, and
// Partial only where each message is with people by one of its channels at least: what
// went by one channel alone and failed is not told because another message was. A
// channel that asks to wait is left alone until then, and holds up no other: the
// error is a *RetryAfterError only where every channel that was to be asked waits, with
// the shortest of their times.
type Router struct {
	*spread
	ways []way
	rest []bool // the channels for what no way is for
	all  bool
}

var _ Alerter = (*Router)(nil)

// errLeftAlone is of a channel that was not asked at all, since it asked to be left
// alone.
var errLeftAlone = errors.New("left alone until it takes messages again")

// way is a Way with its channels as marks.
type way struct {
	Way
	to []bool
}

// Route returns a Router. The error joins every mistake, each naming its field.
func Route(o RouteOptions) (*Router, error) {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("alert: RouteOptions."+format, args...))
	}
	if len(o.Channels) == 0 {
		bad("Channels is empty")
	}
	var names []string
	for i, c := range o.Channels {
		switch {
		case c.Name == "":
			bad("Channels[%d].Name is empty", i)
		case slices.Contains(names, c.Name):
			bad("Channels[%d].Name %q is taken", i, line(c.Name, maxName))
		}
		if spawn.Nothing(c.Alerter) {
			bad("Channels[%d].Alerter is nil", i)
		}
		names = append(names, c.Name)
	}
	marks := func(field string, chosen []string) []bool {
		to := make([]bool, len(names))
		for k, name := range chosen {
			if i := slices.Index(names, name); i >= 0 {
				to[i] = true
			} else {
				bad("%s[%d] %q is the name of no channel", field, k, line(name, maxName))
			}
		}
		return to
	}
	r := &Router{all: o.All, rest: marks("Default", o.Default)}
	if len(o.Default) == 0 {
		r.rest = everywhere(len(names))(Message{})
	}
	for i, w := range o.Ways {
		field := fmt.Sprintf("Ways[%d].", i)
		if len(w.Channels) == 0 {
			bad("%sChannels is empty", field)
		}
		for k, severity := range w.Severities {
			if severity != "critical" && severity != "warning" {
				bad("%sSeverities[%d] %q is neither critical nor warning", field, k, line(severity, maxName))
			}
		}
		r.ways = append(r.ways, way{
			Way{slices.Clone(w.Severities), slices.Clone(w.Rules), slices.Clone(w.Targets), nil}, marks(field+"Channels", w.Channels),
		})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	r.spread = newSpread(nil, o.Clock)
	for _, c := range o.Channels {
		c.Alerter = r.patient(len(r.channels), c)
		r.channels = append(r.channels, c)
	}
	r.health = make([]health, len(r.channels))
	return r, nil
}

// patient asks a channel, unless it asked to be left alone, and names it in errors.
func (r *Router) patient(i int, c Channel) Alerter {
	return Func(func(ctx context.Context, m Message) error {
		if left := r.quiet(i); left > 0 {
			return &RetryAfterError{After: left, Err: fmt.Errorf("%s: %w", c.Name, errLeftAlone)}
		}
		if err := c.Alerter.Alert(ctx, m); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		return nil
	})
}

// quiet is how long a channel is to be left alone still; nothing where the clock was
// set back.
func (r *Router) quiet(channel int) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	const most = 25 * time.Hour // no channel asks for more than a day
	left := r.health[channel].QuietUntil.Sub(r.clock.Now())
	if left > most {
		return 0
	}
	return left
}

// Alert implements Alerter.
func (r *Router) Alert(ctx context.Context, m Message) error {
	sent := r.send(ctx, m, r.choose)
	waiting, others := 0, 0
	for i, err := range sent.errs {
		switch _, waits := errors.AsType[*RetryAfterError](err); {
		case waits:
			waiting++
		case sent.asked[i]:
			others++
		}
	}
	shortest := sent.waits(func(a, b *RetryAfterError) bool { return a.After < b.After })
	if waiting > 0 && others > 0 { // who waits holds up no other
		for i, err := range sent.errs {
			if _, waits := errors.AsType[*RetryAfterError](err); waits {
				sent.errs[i] = errors.New(err.Error()) // the words, without what asks to wait
			}
		}
		shortest = nil
	}
	err := errors.Join(sent.errs...)
	if err == nil {
		return nil
	}
	if shortest != nil {
		err = &RetryAfterError{After: shortest.After, Err: err}
	}
	return &partialError{err, sent.told}
}

// Channels tells how each channel is, in the order of RouteOptions, as this process saw
// it: from memory, so that asking costs nothing.
func (r *Router) Channels() []ChannelHealth { return r.status() }

// choose marks the channels of one message.
func (r *Router) choose(m Message) []bool {
	if m.Kind == Test {
		return everywhere(len(r.channels))(m)
	}
	to, found := make([]bool, len(r.channels)), false
	for _, w := range r.ways {
		if !w.isFor(m) {
			continue
		}
		found = true
		for i, mark := range w.to {
			to[i] = to[i] || mark
		}
		if !r.all {
			break
		}
	}
	if !found {
		return r.rest
	}
	return to
}

func (w way) isFor(m Message) bool {
	return has(w.Severities, m.Severity) && has(w.Rules, m.Rule) && (len(w.Targets) == 0 || slices.ContainsFunc(w.Targets, func(pattern string) bool {
		beginning, several := strings.CutSuffix(pattern, "*")
		return m.Target == pattern || several && strings.HasPrefix(m.Target, beginning)
	}))
}

// has reports whether a list has one, or takes any.
func has(list []string, one string) bool { return len(list) == 0 || slices.Contains(list, one) }

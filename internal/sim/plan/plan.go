package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Span is a duration that reads as such in JSON: "1h30m0s".
type Span time.Duration

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = Span(d)
	return err
}

// Accounts is how many accounts the host has.
const Accounts = 2

// Kind is what befalls an instance, or all of them.
type Kind string

// What befalls one instance.
const (
	// Crash: it vanishes without a word, and is started again after Duration. With a By
	// whoever leads does so in the middle of its next message, if there is one within
	// Duration, and is started again at once: with 1 when that is claimed and before it is
	// sent, with 2 when it is sent and before that is written.
	Crash Kind = "crash"
	// Restart: it is asked to stop, and started again after Duration. With a By whoever
	// leads is, as with Crash: when its next message is claimed and before it is sent.
	Restart Kind = "restart"
	// Deploy: the next build is started beside it, and it is asked to stop after Duration.
	Deploy Kind = "deploy"
	// Pause: it does not run at all for Duration. With a By it stops in the middle of its
	// next write: with 1 behind its own look at the lease, and writes on when it wakes up;
	// with 2 when that is written, and hears of it when it wakes up.
	Pause Kind = "pause"
	// Sleep: its machine sleeps for Duration, and with it the monotonic clock and all
	// timers.
	Sleep Kind = "sleep"
	// Refused: its requests fail at once, and reach nobody.
	Refused Kind = "refused"
	// Unheard: its requests get lost, and nothing answers.
	Unheard Kind = "unheard"
	// Deaf: its requests arrive, and the replies get lost.
	Deaf Kind = "deaf"
	// Flaky: By of a hundred requests get lost, and as many replies.
	Flaky Kind = "flaky"
	// Slow: its requests take up to By seconds, there and back, and arrive though nobody
	// waits any more.
	Slow Kind = "slow"
	// Step: its clock is By seconds ahead.
	Step Kind = "step"
	// Skew: its clock runs By millionths faster than time does, and is then set right.
	Skew Kind = "skew"
)

// What befalls all.
const (
	// Outage: the store answers nobody. With a By it, and so Full, begins when the next
	// message is sent and before that is written.
	Outage Kind = "outage"
	// Full: the store answers reads and refuses writes.
	Full Kind = "full"
	// Mute: the channel takes no message.
	Mute Kind = "mute"
	// Echo: the channel takes messages, and says that it did not.
	Echo Kind = "echo"
	// Unfit: what the host does while its instance leads ends as soon as it has begun,
	// with an error or, where By is odd, a panic.
	Unfit Kind = "unfit"
	// Offline: all accounts are disconnected, and probes fail.
	Offline Kind = "offline"
	// LoggedOut: the account of the number Instance is out.
	LoggedOut Kind = "logged out"
	// Queue: By messages wait to be sent.
	Queue Kind = "queue"
	// Throttle: the live settings get a throttle of By seconds, and keep it.
	Throttle Kind = "throttle"
	// Probing: the live settings have probes due every By seconds, and keep that.
	Probing Kind = "probing"
	// Erased: a hand deletes the lock's row. It does so only where every process that runs
	// has seen the row, and one does: what nobody remembers begins again.
	Erased Kind = "erased"
	// Retention: the live settings have beats kept for By days, and keep that.
	Retention Kind = "retention"
	// Length: all are stopped, and started again after Duration with slots of By seconds,
	// a divisor of the plan's Interval.
	Length Kind = "length"
)

// Event is one thing that happens.
type Event struct {
	// At is when, from the plan's begin.
	At Span `json:"at"`
	// Kind is what.
	Kind Kind `json:"kind"`
	// Instance is to whom, from 0; of what befalls all, or whoever leads, it says nothing.
	Instance int `json:"instance"`
	// Duration is for how long.
	Duration Span `json:"duration"`
	// By is how much, where a Kind says so.
	By int64 `json:"by"`
}

// InMessage reports whether it happens in the middle of a message, if there is one.
func (e *Event) InMessage() bool {
	return e.By > 0 && slices.Contains([]Kind{Crash, Restart, Outage, Full}, e.Kind)
}

// OfOne reports whether it befalls the instance that it names.
func (e *Event) OfOne() bool {
	return !e.InMessage() && slices.Contains([]Kind{Crash, Restart, Deploy, Pause, Sleep, Refused, Unheard, Deaf, Flaky, Slow, Step, Skew}, e.Kind)
}

// Plan is all that a run depends on.
type Plan struct {
	// Note says what the plan is kept for. Default: nothing.
	Note string `json:"note"`
	// Seed decides what the events leave open: how long requests take, which get lost.
	Seed uint64 `json:"seed"`
	// Instances is how many machines there are, 1 to 9.
	Instances int `json:"instances"`
	// Length is how long events befall them; a calm follows.
	Length Span `json:"length"`
	// Interval is the length of a slot, the longest that there is. Default: a minute.
	Interval Span `json:"interval"`
	// Begin is at which time of the day it begins. Default: midnight.
	Begin Span `json:"begin"`
	// Lease is that of the lock. Default: twice the interval.
	Lease Span `json:"lease"`
	// Uneven says that every other machine has twice that.
	Uneven bool `json:"uneven"`
	// Witnessed says that the end of a process is seen by the others at once.
	Witnessed bool `json:"witnessed"`
	// Liar says that the witness calls processes dead which are not. It counts where
	// Witnessed.
	Liar bool `json:"liar"`
	// Fresh says that each process has an instance ID of its own; else a machine's
	// processes share one.
	Fresh bool `json:"fresh"`
	// Backlog is how many beats an instance keeps that wait for the store. Default: 1,440.
	Backlog int `json:"backlog"`
	// RetentionDays is for how many days documents are kept. Default: for ever.
	RetentionDays int64 `json:"retentionDays"`
	// Events happen in the order of At.
	Events []Event `json:"events"`
}

// WithDefaults returns the plan with every default filled in.
func (p Plan) WithDefaults() Plan {
	if p.Interval == 0 {
		p.Interval = Span(time.Minute)
	}
	if p.Lease == 0 {
		p.Lease = 2 * p.Interval
	}
	if p.Backlog == 0 {
		p.Backlog = 1440
	}
	return p
}

// Clocked reports whether clocks are wrong at times: what is told by them is not asked.
func (p Plan) Clocked() bool { return p.Has(Step, Skew) }

// Longest is the longest lease that an instance has.
func (p Plan) Longest() time.Duration {
	if p.Uneven {
		return 2 * time.Duration(p.Lease)
	}
	return time.Duration(p.Lease)
}

// Has reports whether an event is of one of the kinds.
func (p Plan) Has(kinds ...Kind) bool {
	for _, e := range p.Events {
		if slices.Contains(kinds, e.Kind) {
			return true
		}
	}
	return false
}

// Parse reads a plan's JSON.
func Parse(text []byte) (Plan, error) {
	var p Plan
	if err := json.Unmarshal(text, &p); err != nil {
		return Plan{}, fmt.Errorf("sim: a plan: %w", err)
	}
	var errs []error
	if p.Instances < 1 || p.Instances > 9 {
		errs = append(errs, fmt.Errorf("sim: instances %d is not between 1 and 9", p.Instances))
	}
	for i, e := range p.Events {
		if e.Kind != LoggedOut && (e.Instance < 0 || e.Instance >= p.Instances) {
			errs = append(errs, fmt.Errorf("sim: event %d: there is no instance %d", i, e.Instance))
		}
		if interval := int64(time.Duration(p.WithDefaults().Interval) / time.Second); e.Kind == Length && (e.By < 1 || interval%e.By != 0) {
			errs = append(errs, fmt.Errorf("sim: event %d: slots of %d s do not divide %d s", i, e.By, interval))
		}
	}
	return p, errors.Join(errs...)
}

// JSON is the plan as Parse reads it.
func (p Plan) JSON() string {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(text) + "\n"
}

package alert

import "time"

// Kind is what a Message is about.
type Kind string

// The kinds.
const (
	// Firing: a condition began.
	Firing Kind = "firing"
	// Reminder: it goes on.
	Reminder Kind = "reminder"
	// Resolved: it ended.
	Resolved Kind = "resolved"
	// Flapping: it begins and ends too often to be told of each time, and is over
	// now if it has an Until.
	Flapping Kind = "flapping"
	// Test: nothing happened; somebody asks whether messages arrive.
	Test Kind = "test"
	// Checkpoint: nothing happened; it is to be kept, as an anchor of the evidence.
	Checkpoint Kind = "checkpoint"
	// Digest: several messages in one; see Coalesce.
	Digest Kind = "digest"
)

// Message is what people are told. Only Kind is required. A field holds any
// text: what could spoil a line is made harmless where it is shown.
type Message struct {
	Kind Kind
	// Service is whose trouble it is: the name of what is watched.
	Service string
	// Rule names the condition, such as "missed_heartbeats".
	Rule string
	// Target is what the rule looked at: an account with its number masked, a
	// type of probe. Empty where the rule has no parts.
	Target string
	// Severity is "critical" or "warning".
	Severity string
	// Summary is what was seen, against which threshold, in one line.
	Summary string
	// Since is when the condition began, not when it was noticed.
	Since time.Time
	// Until is when it ended: of what is over, else zero.
	Until time.Time
	// Lasted is how long the trouble took, where that is not all the time from Since
	// to Until. Default: it is.
	Lasted time.Duration
	// Zone is in which times are told beside UTC. Default: none.
	Zone *time.Location
	// About are the instances that it is about, where the one that sends is not: a
	// dead one does not tell of itself.
	About []string
	// Cause is why, in one line, as far as it is known, and LookAt what a person
	// looks at first.
	Cause, LookAt string
	// Instance and Commit are of the process that sends.
	Instance, Commit string
	// IncidentID names the incident's document.
	IncidentID string
	// Key is the same for every repetition of the same message, such as
	// "#missed_heartbeats-12", and with Kind it belongs to this message alone.
	// It is what a reader tells repetitions by, and what Fanout remembers.
	Key string
	// Link leads to the page about it.
	Link string
	// Details are further lines.
	Details []string
	// Checkpoint is the newest of the evidence that the one who sends knows of, a
	// signed note of several lines: whoever keeps the message keeps an anchor. Texts
	// leave it out; those of a Checkpoint have it in their Details. Default: none is
	// known.
	Checkpoint string
	// Parts are the messages of a Digest, which it has instead of the fields
	// above.
	Parts []Message
}

// Duration is how long the trouble lasted; 0 when it goes on, or when its times
// are not known.
func (m Message) Duration() time.Duration {
	if m.Lasted > 0 && !m.Until.IsZero() {
		return m.Lasted
	}
	if m.Since.IsZero() || m.Until.Before(m.Since) {
		return 0
	}
	return m.Until.Sub(m.Since)
}

// id tells messages apart: what Key and Kind are for. One without a Key has
// none.
func (m Message) id() (id string, ok bool) {
	return string(m.Kind) + " " + m.Key, m.Key != ""
}

// flat are the messages that m stands for: its parts, and theirs, or itself.
func (m Message) flat() []Message {
	if m.Kind != Digest || len(m.Parts) == 0 {
		return []Message{m}
	}
	var parts []Message
	for _, part := range m.Parts {
		parts = append(parts, part.flat()...)
	}
	return parts
}

package webhookalert

import (
	"time"
	"unicode/utf8"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// Schema is the version of Payload. Fields may be added without a new one; a
// field that is renamed, or means something else, makes a new one.
const Schema = 1

// Payload is the body of a request. Every field is always there; what is not
// known is empty, and a time that is not known is null.
type Payload struct {
	Schema     int        `json:"schema"`
	Kind       string     `json:"kind"` // firing, reminder, resolved, flapping, test, checkpoint, digest
	Service    string     `json:"service"`
	Rule       string     `json:"rule"`
	Target     string     `json:"target"`
	Severity   string     `json:"severity"` // critical, warning
	Summary    string     `json:"summary"`
	Since      *time.Time `json:"since"` // RFC 3339, UTC
	Until      *time.Time `json:"until"`
	LastedSec  *float64   `json:"lasted_sec"` // how long the trouble took, when it is over
	About      []string   `json:"about"`      // instances that it is about, where the one that sends is not
	Cause      string     `json:"cause"`
	LookAt     string     `json:"look_at"`
	Instance   string     `json:"instance"`
	Commit     string     `json:"commit"`
	IncidentID string     `json:"incident_id"`
	Key        string     `json:"key"`
	Link       string     `json:"link"`
	Details    []string   `json:"details"`
	Checkpoint string     `json:"checkpoint"` // the newest of the evidence, a signed note: an anchor for longctl verify
	Text       string     `json:"text"`       // the whole, for people
	Parts      []Payload  `json:"parts"`      // of a digest
}

func newPayload(m alert.Message) Payload {
	p := Payload{
		Schema: Schema, Kind: line(string(m.Kind)), Service: line(m.Service), Rule: line(m.Rule), Target: line(m.Target), Severity: line(m.Severity),
		Summary: line(m.Summary), Since: moment(m.Since), Until: moment(m.Until), LastedSec: lasted(m),
		About: make([]string, len(m.About)), Cause: line(m.Cause), LookAt: line(m.LookAt), Instance: line(m.Instance), Commit: line(m.Commit),
		IncidentID: line(m.IncidentID), Key: line(m.Key), Link: line(m.Link), Details: make([]string, len(m.Details)), Checkpoint: note(m.Checkpoint), Text: m.Text(),
		Parts: make([]Payload, len(m.Parts)),
	}
	for i, instance := range m.About {
		p.About[i] = line(instance)
	}
	for i, detail := range m.Details {
		p.Details[i] = line(detail)
	}
	for i, part := range m.Parts {
		p.Parts[i] = newPayload(part)
	}
	return p
}

// note is a checkpoint as it is sent: its line feeds are part of it, and one that is
// too long is none.
func note(s string) string {
	if len(s) > alert.MaxText || !utf8.ValidString(s) {
		return ""
	}
	return s
}

// lasted is nil where it goes on, or is not known.
func lasted(m alert.Message) *float64 {
	d := m.Duration()
	if d <= 0 {
		return nil
	}
	return new(d.Seconds())
}

// line is a field as it is sent: what receives it mostly shows it to people.
func line(s string) string { return visible.Quiet(s, alert.MaxText) }

// moment is a time in UTC, or nil. JSON knows no year beyond 9999, and an alert
// with a foolish time is better than none.
func moment(t time.Time) *time.Time {
	t = t.UTC()
	if t.IsZero() || t.Year() < 0 || t.Year() > 9999 {
		return nil
	}
	return &t
}

// ping is the path below a check's address that says how things are.
func ping(m alert.Message) string {
	switch m.Kind {
	case alert.Resolved:
		return ""
	case alert.Test, alert.Checkpoint:
		return "log"
	case alert.Digest:
		return pingOf(m.Parts)
	default:
		return "fail"
	}
}

// pingOf says how things are after all of several messages: each rule and
// target counts by its last one.
func pingOf(parts []alert.Message) string {
	last := map[[2]string]string{}
	for _, part := range parts {
		if path := ping(part); path != "log" {
			last[[2]string{part.Rule, part.Target}] = path
		}
	}
	if len(last) == 0 {
		return "log"
	}
	for _, path := range last {
		if path == "fail" {
			return path
		}
	}
	return ""
}

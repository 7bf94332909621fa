package pagerdutyalert

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/internal/layout"
	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// How long the fields of an event may be, in characters.
const (
	maxSummary = 1024
	maxDedup   = 255
	maxField   = 255
)

const (
	trigger = "trigger"
	resolve = "resolve"
)

// event is what the Events API takes.
type event struct {
	RoutingKey string  `json:"routing_key"`
	Action     string  `json:"event_action"`
	DedupKey   string  `json:"dedup_key"`
	Client     string  `json:"client"`
	ClientURL  string  `json:"client_url,omitempty"`
	Payload    payload `json:"payload"`
	Links      []link  `json:"links,omitempty"`
}

type payload struct {
	Summary   string            `json:"summary"`
	Source    string            `json:"source"`
	Severity  string            `json:"severity"`
	Timestamp string            `json:"timestamp,omitempty"`
	Component string            `json:"component,omitempty"`
	Group     string            `json:"group,omitempty"`
	Class     string            `json:"class,omitempty"`
	Details   map[string]string `json:"custom_details"`
}

type link struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// id tells events apart.
func (e event) id() string { return e.Action + " " + e.DedupKey + " " + e.Payload.Details["key"] }

// eventsOf are the events of a message.
func eventsOf(m alert.Message) []event {
	if m.Kind == alert.Digest && len(m.Parts) > 0 {
		var all []event
		for _, part := range m.Parts {
			all = append(all, eventsOf(part)...)
		}
		return all
	}
	e := newEvent(m)
	switch {
	case m.Kind == alert.Test:
		over := e
		over.Action = resolve
		return []event{e, over}
	case layout.ToneOf(m) == layout.Good:
		e.Action = resolve
	}
	return []event{e}
}

func newEvent(m alert.Message) event {
	first, rest, _ := strings.Cut(m.Text(), "\n")
	summary := first
	if second, _, _ := strings.Cut(rest, "\n"); m.Summary != "" && second != "" {
		summary += ": " + second
	}
	e := event{
		Action: trigger, DedupKey: dedupKey(m), Client: "longwatch", ClientURL: layout.Link(m.Link),
		Payload: payload{
			Summary: field(summary, maxSummary), Source: field(cmp.Or(m.Service, m.Instance, "longwatch"), maxField), Severity: severity(m),
			Component: field(m.Target, maxField), Group: field(m.Service, maxField), Class: field(m.Rule, maxField),
			Details: map[string]string{"text": m.Text(), "key": field(m.Key, maxField), "instance": field(m.Instance, maxField)},
		},
	}
	if since := m.Since.UTC(); !since.IsZero() && since.Year() > 1970 && since.Year() < 9999 {
		e.Payload.Timestamp = since.Format(time.RFC3339)
	}
	if e.ClientURL != "" {
		e.Links = []link{{e.ClientURL, "the page about it"}}
	}
	return e
}

// field is a text as one line of at most limit characters.
func field(s string, limit int) string {
	return visible.Quiet(s, limit)
}

// dedupKey is what messages about the same incident share.
func dedupKey(m alert.Message) string {
	switch {
	case m.Kind == alert.Test && m.Key != "":
		return short(m.Key)
	case m.IncidentID != "":
		return short(m.IncidentID)
	}
	return short("longwatch " + m.Service + " " + m.Rule + " " + m.Target)
}

// short is a key as it is, or what is as good in the room that there is.
func short(key string) string {
	if len(key) <= maxDedup && field(key, maxDedup) == key {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func severity(m alert.Message) string {
	switch {
	case m.Kind == alert.Test:
		return "info"
	case m.Severity == "critical":
		return "critical"
	}
	return "warning"
}

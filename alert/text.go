package alert

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// MaxText is how long a Text may be, in UTF-16 code units: what one Telegram
// message takes.
const MaxText = 4096

// maxShort is how long a ShortText may be.
const maxShort = MaxText / 2

// How long the parts of a text may be, in UTF-16 code units, so that the first
// and the last lines always fit.
const (
	maxLabel = 50
	maxName  = 200 // a rule, a target, an instance, an incident
	maxKey   = 256
	maxLink  = 512 // a longer one is left out: half a link leads nowhere
)

// Text is the message as plain text for people, made to be read on a phone. Its
// first line says what happened, its last ones the incident, the Key and the
// Link. It is valid UTF-8 without control characters other than line feeds,
// never empty, and never longer than MaxText: details are cut first, with an
// ellipsis, and the Key stays. A Digest that does not fit drops details, then
// all but each part's first line and Key, and says at its end how many parts
// are still left out; one made by Coalesce fits.
func (m Message) Text() string { return m.TextWithin(MaxText) }

// ShortText is Text in half the room, for a channel that found Text too long.
func (m Message) ShortText() string { return m.TextWithin(maxShort) }

// TextWithin is Text in as much room as a channel has, in UTF-16 code units, at
// most MaxText. What is never cut, the first line and the last ones, may need more
// than a small room has: up to 2,100 units where all of their fields are as long as
// they may be, and some 200 as the engine fills them.
func (m Message) TextWithin(limit int) string {
	limit = min(limit, MaxText)
	if m.Kind == Digest && len(m.Parts) > 0 {
		return m.digestWithin(limit)
	}
	head, foot := m.title(), m.foot(m.origin())
	return lines(head, cut(m.body(), limit-units(head)-units(foot)-2), foot)
}

// full is Text without a limit.
func (m Message) full(origin string) string {
	return lines(m.title(), m.body(), m.foot(origin))
}

// title is the first line.
func (m Message) title() string {
	words := []string{m.label()}
	service, rule := line(m.Service, maxName), line(m.Rule, maxName)
	if service != "" && rule != "" {
		service += ":"
	}
	for _, name := range []string{service, rule} {
		if name != "" {
			words = append(words, name)
		}
	}
	title := strings.Join(words, " ")
	if target := line(m.Target, maxName); target != "" {
		title += " · " + target
	}
	if lasted := m.Duration(); m.Kind == Resolved && lasted > 0 {
		title += " after " + lasted.Round(time.Second).String()
	}
	return title
}

func (m Message) label() string {
	switch m.Kind {
	case Reminder:
		return "[STILL FIRING]"
	case "":
		return "[ALERT]"
	default:
		return "[" + line(strings.ToUpper(string(m.Kind)), maxLabel) + "]"
	}
}

// body is what may be cut: what was seen, when, why, the details, and what to look
// at.
func (m Message) body() string {
	all := []string{clean(m.Summary), m.since()}
	if !m.Until.IsZero() {
		all = append(all, "until "+Stamp(m.Until, m.Zone))
	}
	all = append(all, prefixed("cause: ", clean(m.Cause)), m.about())
	for _, detail := range m.Details {
		all = append(all, clean(detail))
	}
	if m.Kind != Resolved {
		all = append(all, prefixed("look at: ", clean(m.LookAt)))
	}
	return lines(all...)
}

// maxAbout is how many instances are named.
const maxAbout = 5

// about names the instances that it is about.
func (m Message) about() string {
	names := make([]string, 0, maxAbout)
	for _, name := range m.About[:min(len(m.About), maxAbout)] {
		if name = line(name, maxName); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	text := prefixed("about ", strings.Join(names, ", "))
	if more := len(m.About) - maxAbout; more > 0 && text != "" {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// since also says how bad it is, while it is.
func (m Message) since() string {
	severity := line(m.Severity, maxName)
	switch {
	case m.Since.IsZero():
		return severity
	case severity == "" || m.Kind == Resolved:
		return "since " + Stamp(m.Since, m.Zone)
	}
	return severity + " since " + Stamp(m.Since, m.Zone)
}

// origin is the process that sends.
func (m Message) origin() string {
	who := "instance "
	if m.about() != "" {
		who = "told by " // it is about another one
	}
	return dotted(prefixed(who, line(m.Instance, maxName)), prefixed("commit ", line(m.Commit, maxName)))
}

// foot are the last lines, which are never cut.
func (m Message) foot(origin string) string {
	link := clean(m.Link)
	if units(link) > maxLink {
		link = ""
	}
	return lines(origin, dotted(prefixed("incident ", line(m.IncidentID, maxName)), line(m.Key, maxKey)), link)
}

// Stamp writes a time for people: to the second, in UTC whoever sends, and in zone
// too, if there is one and it is another: "2025-12-29 22:35:00 UTC (23:35:00 CET)".
func Stamp(t time.Time, zone *time.Location) string {
	text := t.UTC().Format("2006-01-02 15:04:05 UTC")
	if zone == nil {
		return text
	}
	there := t.In(zone)
	if _, offset := there.Zone(); offset == 0 {
		return text
	}
	layout := "15:04:05 MST"
	if there.Day() != t.UTC().Day() {
		layout = "2006-01-02 " + layout
	}
	return text + " (" + there.Format(layout) + ")"
}

// lines joins what is not empty.
func lines(all ...string) string { return joined("\n", all) }

// dotted joins what is not empty in one line.
func dotted(all ...string) string { return joined(" · ", all) }

func joined(separator string, all []string) string {
	var b strings.Builder
	for _, s := range all {
		if s == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(separator)
		}
		b.WriteString(s)
	}
	return b.String()
}

// prefixed says what s is, unless s is empty.
func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

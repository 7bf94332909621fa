package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// between separates the parts of a digest: a blank line, on every screen.
const between = "\n\n"

// Coalesce makes one message of the first n of due, so that a backlog arrives
// as a few messages and not as a storm: that message itself when n is 1, else a
// Digest whose Text has room for all of each. n is at least 1, unless due is
// empty; the rest of due is for another call. Messages that are digests already
// are taken apart.
//
// The Digest's Key follows from the keys and kinds of its parts, so the same
// backlog gets the same Key again.
func Coalesce(due []Message) (m Message, n int) {
	if len(due) == 0 {
		return Message{}, 0
	}
	m, n = due[0], 1
	parts := m.flat()
	for n < len(due) {
		parts = append(parts, due[n].flat()...)
		candidate := digest(parts)
		if units(candidate.fullDigest()) > MaxText {
			break
		}
		m, n = candidate, n+1
	}
	return m, n
}

// digest is one message of several, and of one that one.
func digest(parts []Message) Message {
	if len(parts) == 1 {
		return parts[0]
	}
	d := Message{Kind: Digest, Service: parts[0].Service, Instance: parts[0].Instance, Commit: parts[0].Commit, Parts: slices.Clip(parts)}
	sum := sha256.New()
	for _, part := range parts {
		id, ok := part.id()
		if !ok {
			id = part.full(part.origin()) // then it is what it says
		}
		fmt.Fprintf(sum, "%q\n", id)
		if part.Instance != d.Instance || part.Commit != d.Commit {
			d.Instance, d.Commit = "", ""
		}
		if part.Service != d.Service {
			d.Service = ""
		}
	}
	d.Key = "#digest-" + hex.EncodeToString(sum.Sum(nil)[:6])
	return d
}

// fullDigest is the text with all that there is to say.
func (m Message) fullDigest() string {
	return m.digestOf(func(part Message) string {
		origin := part.origin()
		if part.Instance == m.Instance && part.Commit == m.Commit {
			origin = "" // the digest says it once
		}
		return part.full(origin)
	})
}

// digestWithin says as much as fits.
func (m Message) digestWithin(limit int) string {
	if text := m.fullDigest(); units(text) <= limit {
		return text
	}
	short := m.digestOf(func(part Message) string {
		part.Details, part.Link = nil, ""
		return part.full("")
	})
	if units(short) <= limit {
		return short
	}
	return m.headlines(limit)
}

// digestOf lays the parts out.
func (m Message) digestOf(text func(Message) string) string {
	all := []string{m.digestTitle()}
	for _, part := range m.flat() {
		all = append(all, text(part))
	}
	return joined(between, append(all, m.foot(m.origin())))
}

// headlines are the parts' first lines and keys, as many as fit.
func (m Message) headlines(limit int) string {
	title, foot := m.digestTitle(), m.foot(m.origin())
	parts := m.flat()
	more := func(n int) string { return fmt.Sprintf("%s and %d more", ellipsis, n) }
	room := limit - units(title) - units(more(len(parts))) - units(foot) - 2*len(between)
	all := []string{title}
	for i, part := range parts {
		part.Link = ""
		text := lines(part.title(), part.foot(""))
		if room -= units(text) + len(between); room < 0 {
			all = append(all, more(len(parts)-i))
			break
		}
		all = append(all, text)
	}
	return joined(between, append(all, foot))
}

// digestTitle counts the parts by kind, in the order in which the kinds come.
func (m Message) digestTitle() string {
	var kinds []string
	count := map[string]int{}
	parts := m.flat()
	for _, part := range parts {
		label := strings.ToLower(strings.Trim(part.label(), "[]"))
		if count[label]++; count[label] == 1 {
			kinds = append(kinds, label)
		}
	}
	for i, label := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", count[label], label)
	}
	service := ""
	if name := line(m.Service, maxName); name != "" {
		service = name + ": "
	}
	return fmt.Sprintf("[DIGEST] %s%d messages: %s", service, len(parts), cut(strings.Join(kinds, ", "), maxName))
}

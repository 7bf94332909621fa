package sending

import (
	"crypto/rand"
	"encoding/base32"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Marker is what makes a probe's message recognisable: a series that no other
// probe has, and the place in it. In a text it reads "[lw·abcdefghijklmnop·1/5]".
type Marker struct {
	Series    string
	Place, Of int // place counts from 1
}

var markerPattern = regexp.MustCompile(`\[lw·([a-z2-7]{16})·(\d{1,2})/(\d{1,2})\]`)

// mark is what every marker begins with; to look for it is cheap.
const mark = "[lw·"

// IsMarked reports whether a text has a marker in it.
func IsMarked(text string) bool {
	return strings.Contains(text, mark) && markerPattern.MatchString(text)
}

// NewSeries returns a name that is never used again: 80 random bits.
func NewSeries() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// ParseMarker finds the first marker in a text. It costs next to nothing for one
// without.
func ParseMarker(text string) (Marker, bool) {
	if !strings.Contains(text, mark) {
		return Marker{}, false
	}
	found := markerPattern.FindStringSubmatch(text)
	if found == nil {
		return Marker{}, false
	}
	m := Marker{Series: found[1]}
	m.Place, _ = strconv.Atoi(found[2]) // digits, by the pattern
	m.Of, _ = strconv.Atoi(found[3])
	return m, true
}

// String returns the marker as it stands in a text.
func (m Marker) String() string {
	return mark + m.Series + "·" + strconv.Itoa(m.Place) + "/" + strconv.Itoa(m.Of) + "]"
}

// openings and endings make texts that differ: the same words at the same time
// every day are what senders of spam are known by.
var (
	openings = []string{ //nolint:gochecknoglobals // words, never changed
		"Line check", "Hello from the monitor", "Connection test", "Just checking the line", "Routine check",
		"Is this getting through?", "Testing, please ignore", "Health check", "One of the regular checks", "Ping",
		"A short test message", "Still here?", "Automatic check",
	}
	endings = []string{ //nolint:gochecknoglobals // words, never changed
		"", "No answer needed.", "Nothing to do for you.", "Thanks.", "All good if you can read this.", "Please ignore.", "No reply, please.",
	}
)

// Text is what is sent for a marker. It depends on nothing but the marker and
// the time, and says no more than it must.
func (m Marker) Text(now time.Time) string {
	seed := int(m.Series[0])*31 + int(m.Series[1])*7 + m.Place
	parts := []string{openings[seed%len(openings)], now.UTC().Format("15:04:05"), m.String(), endings[int(m.Series[2])%len(endings)]}
	return strings.TrimSpace(strings.Join(parts, " "))
}

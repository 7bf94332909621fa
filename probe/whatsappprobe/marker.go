package whatsappprobe

import (
	"crypto/rand"
	"encoding/base32"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// marker is what makes a probe's message recognisable: a series that no other
// probe has, and the place in it. In a text it reads "[lw·abcdefghijklmnop·1/5]".
type marker struct {
	series   string
	place, n int // place counts from 1
}

var markerPattern = regexp.MustCompile(`\[lw·([a-z2-7]{16})·(\d{1,2})/(\d{1,2})\]`)

// IsProbe reports whether a message's text is that of a probe, this host's or
// another's: one to pass over. It holds for a text that quotes one, too.
func IsProbe(text string) bool { return markerPattern.MatchString(text) }

// newSeries returns a name that is never used again: 80 random bits.
func newSeries() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// parseMarker finds the marker in a text.
func parseMarker(text string) (marker, bool) {
	found := markerPattern.FindStringSubmatch(text)
	if found == nil {
		return marker{}, false
	}
	m := marker{series: found[1]}
	m.place, _ = strconv.Atoi(found[2]) // digits, by the pattern
	m.n, _ = strconv.Atoi(found[3])
	return m, true
}

// String returns the marker as it stands in a text.
func (m marker) String() string {
	return "[lw·" + m.series + "·" + strconv.Itoa(m.place) + "/" + strconv.Itoa(m.n) + "]"
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

// text is what is sent for a marker. It depends on nothing but the marker and
// the time, and says no more than it must.
func (m marker) text(now time.Time) string {
	seed := int(m.series[0])*31 + int(m.series[1])*7 + m.place
	parts := []string{openings[seed%len(openings)], now.UTC().Format("15:04:05"), m.String(), endings[int(m.series[2])%len(endings)]}
	return strings.TrimSpace(strings.Join(parts, " "))
}

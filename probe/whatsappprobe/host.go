package whatsappprobe

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe/internal/sending"
)

// Host is the application behind an account's client, as far as a probe sees it:
// it says of each text that it has it. One Host serves any number of probers.
//
// It proves no more than where Seen is called: call it where the message is
// stored, and not where it comes in. The zero Host is ready. It is safe for
// concurrent use.
type Host struct {
	waiting atomic.Int32 // how many are; 0 makes Seen free

	mu      sync.Mutex
	awaited map[string]func() // by the series of their markers
}

// Seen takes the text of a message that the host has stored, any message: those
// of nobody's probes cost it a look at the text, and nothing is kept of them. It
// never waits.
func (h *Host) Seen(text string) {
	if h == nil || h.waiting.Load() == 0 {
		return
	}
	m, ok := sending.ParseMarker(text)
	if !ok {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if tell := h.awaited[m.Series]; tell != nil {
		tell()
	}
}

// await has tell called at each Seen of a series, until stop. tell waits for
// nobody.
func (h *Host) await(series string, tell func()) (stop func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.awaited == nil {
		h.awaited = make(map[string]func())
	}
	h.awaited[series] = tell
	h.waiting.Add(1)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.awaited, series)
		h.waiting.Add(-1)
	}
}

const (
	// paceKept is how many confirmations make the pace of a host, and paceKnown
	// from how many on there is one.
	paceKept, paceKnown = 64, 8
	// paceFactor is how many times its slowest a host may take, and paceLeast
	// what it may take in any case.
	paceFactor, paceLeast = 3, 10 * time.Second
)

// pace is how long a host has taken to confirm. Of 64 the 99th percentile is the
// slowest.
type pace struct {
	took [paceKept]time.Duration
	n    int
}

func (p *pace) add(took time.Duration) {
	p.took[p.n%paceKept] = took
	p.n++
}

// slowest returns the longest that it took; 0 while too little is known.
func (p *pace) slowest() time.Duration {
	if p.n < paceKnown {
		return 0
	}
	var most time.Duration
	for _, took := range p.took {
		most = max(most, took)
	}
	return most
}

// patience is how long the host is waited for; 0 while that is not known, and it
// has all of the probe's time.
func (p *pace) patience() time.Duration {
	if p.n < paceKnown {
		return 0
	}
	return max(paceLeast, paceFactor*p.slowest())
}

// IsProbe reports whether a message's text is that of a probe, this host's or
// another's: one to pass over. It holds for a text that quotes one, too.
func IsProbe(text string) bool { return sending.IsMarked(text) }

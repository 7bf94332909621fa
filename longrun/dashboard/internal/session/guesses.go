package session

import (
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/turnstile"
)

// How often a wrong token may be sent: by one address, and by all together. Who is
// over that waits, whatever he sends.
const (
	maxGuesses    = 5
	maxAllGuesses = 60
	guessSpan     = time.Minute
	// maxGuessers bounds how many addresses are remembered.
	maxGuessers = 1024
)

// Guesses counts wrong tokens. It is safe for concurrent use.
type Guesses struct {
	clock clock.Clock
	all   *turnstile.Pace

	mu   sync.Mutex
	of   map[string]guesser
	shut time.Time // for all, until then
}

type guesser struct {
	since time.Time
	n     int
}

// NewGuesses returns a count of none.
func NewGuesses(clk clock.Clock) *Guesses {
	return &Guesses{clock: clk, all: turnstile.NewPace(clk, turnstile.Rate{N: maxAllGuesses, Per: guessSpan}), of: map[string]guesser{}}
}

// Wait is how long an address is to wait before it is heard.
func (g *Guesses) Wait(remote string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock.Now()
	one := g.of[remote]
	switch gone := now.Sub(one.since); {
	case now.Before(g.shut):
		return min(g.shut.Sub(now), guessSpan)
	case one.n >= maxGuesses && gone >= 0 && gone < guessSpan:
		return guessSpan - gone
	}
	return 0
}

// Wrong notes a wrong token, and returns how many tries are left.
func (g *Guesses) Wrong(remote string) (left int) {
	wait := g.all.Take()
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock.Now()
	if wait > 0 {
		g.shut = now.Add(wait)
		return 0
	}
	one := g.of[remote]
	if gone := now.Sub(one.since); gone < 0 || gone >= guessSpan {
		one = guesser{since: now}
	}
	one.n++
	if len(g.of) >= maxGuessers {
		clear(g.of) // the bound of all together holds still
	}
	g.of[remote] = one
	return maxGuesses - one.n
}

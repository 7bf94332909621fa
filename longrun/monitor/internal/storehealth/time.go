package storehealth

import (
	"fmt"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
)

const (
	// tickEvery is how often the clock is held against elapsed time.
	tickEvery = time.Minute
	// maxStep is by how much the two may differ in that time.
	maxStep = 30 * time.Second
	// maxSkew is by how much the store's clock may differ from this machine's.
	maxSkew = 5 * time.Minute
	// MaxSilence is how long the store may be without a beat before what comes
	// after it may be a jump of the clock.
	MaxSilence = 48 * time.Hour
)

// waitOut is how long a clock must go on as it should after a jump, or a silence
// that may be one, before it is believed: a tenth of it, within bounds.
func waitOut(jump time.Duration) time.Duration {
	return min(max(jump.Abs()/10, 10*time.Minute), 24*time.Hour)
}

// UntrustedError says why the time is not to be believed now, where an act cannot
// be taken back.
type UntrustedError struct {
	// Class is a word for it: "jump", "skew" or "silence".
	Class string
	// Reason says more.
	Reason string
}

// Error implements error.
func (e *UntrustedError) Error() string { return "the time is not certain: " + e.Reason }

// Time says whether what the clock shows may be believed by whoever does what
// cannot be taken back: deletes, rolls up, logs. Three witnesses must agree: this
// machine's clock, the time that has elapsed, by timers, which no one sets, and the
// store's clock, which stands in each Record and Stamp. Settled asks a fourth, the
// beats. It is safe for concurrent use.
type Time struct {
	clock clock.Clock

	mu     sync.Mutex
	last   time.Time // what the clock showed at the last tick
	steady time.Duration
	jump   time.Duration // the last one; 0 without one
	skew   time.Duration // of the store's clock, ahead of ours
	timer  *clock.Timer
}

// NewTime returns a Time that does not watch yet.
func NewTime(clk clock.Clock) *Time { return &Time{clock: clk} }

// Start begins to watch, and Stop ends it.
func (t *Time) Start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last, t.steady, t.jump, t.skew = t.clock.Now(), 0, 0, 0
	t.timer = t.clock.AfterFunc(tickEvery, t.tick)
}

// Stop ends what Start began.
func (t *Time) Stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
}

func (t *Time) tick() {
	now := t.clock.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer == nil {
		return
	}
	t.look(now)
	t.timer = t.clock.AfterFunc(tickEvery, t.tick)
}

// look holds the clock against one tick of elapsed time, under the lock.
func (t *Time) look(now time.Time) {
	// Without the monotonic reading, which no jump moves.
	step := now.Round(0).Sub(t.last.Round(0)) - tickEvery
	t.last = now
	if step.Abs() <= maxStep {
		t.steady += tickEvery
		return
	}
	if t.jump != 0 && t.steady < waitOut(t.jump) && t.jump.Abs() > step.Abs() {
		step = t.jump // the larger one is waited out
	}
	t.jump, t.steady = step, 0
}

// saw takes what the store's clock showed in an answer that came now.
func (t *Time) saw(store, now time.Time) {
	if store.IsZero() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.skew = store.Sub(now)
}

// Trusted returns the time, or an *UntrustedError.
func (t *Time) Trusted() (time.Time, error) {
	now := t.clock.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	// A jump since the last tick shows before the next one.
	if ahead := now.Round(0).Sub(t.last.Round(0)); ahead > tickEvery+maxStep || ahead < -maxStep {
		return now, &UntrustedError{"jump", fmt.Sprintf("the clock moved by %v within %v", ahead.Round(time.Second), tickEvery)}
	}
	if wait := waitOut(t.jump); t.jump != 0 && t.steady < wait {
		return now, &UntrustedError{"jump", fmt.Sprintf("the clock jumped by %v, and is believed after %v without another", t.jump.Round(time.Second), wait.Round(time.Minute))}
	}
	if t.skew.Abs() > maxSkew {
		return now, &UntrustedError{"skew", fmt.Sprintf("the store's clock is %v ahead of this machine's", t.skew.Round(time.Second))}
	}
	return now, nil
}

// Settled returns nil when the beats bear out what the clock shows: the store has
// none before first, or had one within MaxSilence before it, or beats have come for
// long enough since. A process that starts under a wrong clock sees no jump; its
// store has a silence.
func Settled(before, first, now time.Time) error {
	if before.IsZero() || first.IsZero() {
		return nil
	}
	silence := first.Sub(before)
	if silence <= MaxSilence {
		return nil
	}
	if wait := waitOut(silence); now.Sub(first) < wait {
		return &UntrustedError{"silence", fmt.Sprintf("there was no heartbeat for %v before %s, which may be a clock that was set; it is believed after %v",
			silence.Round(time.Hour), first.UTC().Format(time.RFC3339), wait.Round(time.Minute))}
	}
	return nil
}

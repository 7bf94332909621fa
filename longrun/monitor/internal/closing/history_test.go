package closing_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// history is a life of an instance whose clock cannot be trusted. True time is the
// bubble's, and what the process slept through.
type history struct {
	t     *testing.T
	rng   *rand.Rand
	clk   *shifted // the machine's
	truth *shifted // the true one
	store store.Store
	head  evidence.Head
	node  *node
	log   []string

	mu     sync.Mutex
	broken []string // what must not be
	events int
}

const keepDays = 4

func (h *history) says(format string, args ...any) {
	h.log = append(h.log, h.truth.Now().Format("01-02 15:04 ")+fmt.Sprintf(format, args...))
}

func (h *history) start() {
	h.node = newNode(h.t, h.store, h.clk, &h.head, map[string]int64{"heartbeats": keepDays})
	h.node.lead.Fault = func(_ context.Context, ops []store.Op) error { h.check(ops); return nil }
	h.node.begin()
}

// check holds a commit of the closing against the true time.
func (h *history) check(ops []store.Op) {
	now := h.truth.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, op := range ops {
		id := op.Key.ID
		switch {
		case strings.HasSuffix(op.Key.Collection, "/rollups"):
			of, err := time.Parse("2006-01-02", id)
			if err != nil || of.Add(day).After(now) {
				h.broken = append(h.broken, fmt.Sprintf("%s was rolled up at %s", id, now))
			}
		case strings.HasSuffix(op.Key.Collection, "/heartbeats"):
			at, err := time.Parse("2006-01-02T15-04-05", id)
			if err != nil || now.Sub(at) < keepDays*day {
				h.broken = append(h.broken, fmt.Sprintf("%s was deleted at %s", id, now))
			}
		}
	}
}

// set sets the machine's clock so far ahead of the true one.
func (h *history) set(wrong time.Duration) {
	h.truth.mu.Lock()
	slept := h.truth.ahead
	h.truth.mu.Unlock()
	h.clk.set(slept + wrong)
}

func (h *history) between(from, to time.Duration) time.Duration {
	return from + time.Duration(h.rng.Int64N(int64(to-from)))
}

// step is one event, and some quiet time after it.
func (h *history) step() {
	h.events++
	switch h.rng.IntN(6) {
	case 0, 1: // the clock is set while it runs, for less than a jump is waited out
		wrong := h.between(3*time.Hour, 400*day)
		if h.rng.IntN(3) == 0 {
			wrong = -h.between(3*time.Hour, 3*day)
		}
		lasts := h.between(time.Minute, min(max(wrong.Abs()/10, 10*time.Minute), day)*9/10)
		h.says("the clock is %v wrong for %v", wrong, lasts)
		h.set(wrong)
		time.Sleep(lasts)
		h.set(0)
	case 2: // it starts under a wrong clock
		wrong := time.Duration(h.events)*60*day + h.between(3*day, 20*day)
		lasts := h.between(time.Minute, min(wrong/10, day)*9/10)
		h.says("it starts with a clock %v wrong for %v", wrong, lasts)
		h.node.end()
		h.set(wrong)
		h.start()
		time.Sleep(lasts)
		if h.rng.IntN(2) == 0 {
			h.node.end()
			h.set(0)
			h.start()
		}
		h.set(0)
	case 3: // the machine sleeps
		sleeps := h.between(time.Minute, 3*day)
		h.says("it sleeps for %v", sleeps)
		h.truth.mu.Lock()
		h.truth.ahead += sleeps
		h.truth.mu.Unlock()
		h.set(0)
	case 4:
		down := h.between(time.Second, 5*day)
		h.says("it is down for %v", down)
		h.node.end()
		time.Sleep(down)
		h.start()
	case 5:
		h.node.end()
		h.start()
	}
	time.Sleep(h.between(time.Hour, 2*day))
}

// Whatever becomes of the clock, as long as it is wrong for less than a jump is
// waited out: nothing is deleted that is younger than its retention by the true
// time, no day is rolled up before its true end, and when the clock has been right
// for a day everything that is due is done.
func TestNoHistoryOfTheClockDeletesOrClosesTooEarly(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := &history{t: t, rng: rand.New(rand.NewPCG(seed, 9)), clk: newShifted(), truth: newShifted()} //nolint:gosec // a history to be told again
				var theirs clock.Clock = h.clk
				if seed%2 == 0 {
					theirs = h.truth
				}
				h.store = memstore.New(&memstore.Options{Clock: theirs})
				h.start()
				time.Sleep(h.between(time.Hour, 2*day)) // to a store without beats any clock is right
				for range 8 {
					h.step()
				}
				h.says("all is well")
				time.Sleep(day)
				h.node.end()
				require.Empty(t, h.broken, "%s", strings.Join(h.log, "\n"))

				now := h.truth.Now()
				book := h.node.deps.Ledger
				earliest, _, err := book.Earliest(t.Context())
				require.NoError(t, err)
				missing, err := book.MissingRollups(t.Context(), earliest, now.Add(-10*time.Minute))
				require.NoError(t, err)
				require.Empty(t, missing, "%s", strings.Join(h.log, "\n"))
				oldest, _, err := ledger.First[longrun.Heartbeat](t.Context(), book, ledger.Heartbeats, ledger.Page{Limit: 1})
				require.NoError(t, err)
				require.False(t, oldest.At.Before(now.Truncate(day).AddDate(0, 0, -keepDays-6)), "%s is left\n%s", oldest.Key.ID, strings.Join(h.log, "\n"))
			})
		})
	}
}

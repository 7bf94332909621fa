package verify_test

import (
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/internal/oldseal"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

const perDay = 1440

var day0 = time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)

func slotTime(slot int) time.Time { return day0.Add(time.Duration(slot) * time.Minute) }

// history is what a monitor would have written, kept here in the order of the
// chain so that a test knows what is true.
type history struct {
	rng      *rand.Rand
	beats    []longrun.Heartbeat // of all chains, as they were committed
	head     evidence.Head
	epoch    int64
	instance string
	started  time.Time
	filled   map[int]bool
	next     int // slot
	runs     []longrun.Run
	key      ed25519.PrivateKey
	rollups  map[string]map[string]any
	seals    []string // the rollups that have one, oldest first
	prev     *longrun.Seal
	closed   int // days
	anew     int // how often the chain began anew
}

func newHistory(seed uint64) *history {
	h := &history{rng: rand.New(rand.NewPCG(seed, 99)), filled: map[int]bool{}, rollups: map[string]map[string]any{}}
	h.takeOver()
	return h
}

// takeOver begins an epoch, with a new process.
func (h *history) takeOver() {
	h.epoch++
	h.instance = fmt.Sprintf("i%d", h.epoch)
	h.started = slotTime(h.next).Add(-time.Duration(h.rng.IntN(100)) * time.Second)
	h.runs = append(h.runs, longrun.Run{
		RunID: ledger.RunID(h.instance, h.started), TS: h.started, InstanceID: h.instance, IntervalSec: 60, ProcessStart: h.started,
	})
}

// stop closes the newest run.
func (h *history) stop(how string) {
	r := &h.runs[len(h.runs)-1]
	end := slotTime(h.next)
	r.End, r.Ended, r.EndedBy = &end, how, h.instance
}

// beat commits the beat of a slot, unless it has one.
func (h *history) beat(slot int, late bool) {
	if h.filled[slot] {
		return
	}
	h.filled[slot] = true
	b := longrun.Beat(slotTime(slot).Add(time.Duration(h.rng.IntN(3e6))*time.Microsecond), time.Minute)
	b.InstanceID, b.CommitHash, b.Epoch, b.Late, b.Healthy = h.instance, "3d4adc99", h.epoch, late, h.rng.IntN(10) > 0
	b.UptimeSec, b.ConnectedCount = int64(b.TS.Sub(h.started)/time.Second), 4
	b, h.head = h.head.Next(b)
	h.beats = append(h.beats, b)
}

// run writes n slots in time.
func (h *history) run(n int) {
	for range n {
		h.beat(h.next, false)
		h.next++
	}
}

// outage passes n slots, whose beats come late: first the current one, then they.
func (h *history) outage(n int) {
	from := h.next
	h.next += n
	h.beat(h.next, false)
	for slot := from; slot < h.next; slot++ {
		h.beat(slot, true)
	}
	h.next++
}

// live makes up some days of a life, as the seed has it.
func (h *history) live(days int) {
	for h.next < days*perDay {
		switch h.rng.IntN(5) {
		case 0: // a crash: silence, and somebody else
			h.stop(longrun.Lost)
			h.next += 1 + h.rng.IntN(5)
			h.takeOver()
		case 1: // a clean handover, in one slot
			h.stop(longrun.Stopped)
			h.takeOver()
		case 2:
			h.outage(1 + h.rng.IntN(200))
		case 3: // nobody was there
			h.next += h.rng.IntN(300)
		}
		h.run(1 + h.rng.IntN(500))
		h.close()
	}
}

// close rolls up the days that are over.
func (h *history) close() {
	for ; (h.closed+1)*perDay < h.next; h.closed++ {
		w := longrun.DayOf(slotTime(h.closed * perDay))
		s := oldseal.NewSealer(h.prev, w, time.Minute)
		give := func(w longrun.Window) (n int) {
			for _, b := range h.beats {
				if w.Contains(b.TS) {
					s.Add(b)
					n++
				}
			}
			return n
		}
		n := give(w)
		if earlier, more := s.Earlier(); more {
			give(earlier)
		}
		seal, _ := s.Seal(w.To.Add(time.Minute))
		if seal != nil {
			if h.key != nil {
				signed := oldseal.Sign(*seal, h.key)
				seal = &signed
			}
			h.prev = seal
			h.seals = append(h.seals, longrun.RollupID(w.From))
		}
		h.rollups[longrun.RollupID(w.From)] = map[string]any{
			"ts": w.From, "date": longrun.RollupID(w.From), "expectedHb": int64(perDay), "writtenHb": int64(n), "missedHb": int64(perDay - n), "seal": seal,
		}
	}
}

// seal is that of a day.
func (h *history) seal(id string) *longrun.Seal {
	s, _ := h.rollups[id]["seal"].(*longrun.Seal)
	return s
}

// forget begins the chain anew, as after the loss of the lock's document.
func (h *history) forget() {
	h.stop(longrun.Lost)
	h.next += 2
	h.head, h.anew = evidence.Head{}, h.anew+1
	h.takeOver()
	h.run(1)
}

func (h *history) now() time.Time { return slotTime(h.next).Add(5 * time.Second) }

// row is the lock's document.
func (h *history) row() lock.Row {
	return lock.Row{
		HolderInstanceID: h.instance, Owner: "nonce", Epoch: h.epoch, LeaseSec: 86400, Seq: int64(len(h.beats)),
		AcquiredAt: h.started, RenewedAt: slotTime(h.next), LeaseUntil: slotTime(h.next + 2), TS: slotTime(h.next), Note: h.head.String(),
	}
}

// write stores everything.
func (h *history) write(tb testing.TB, st store.Store) *ledger.Ledger {
	l, err := ledger.New(st, "")
	require.NoError(tb, err)
	ops := []store.Op{store.Set(l.LockKey(), h.row())}
	for _, b := range h.beats {
		ops = append(ops, l.CreateHeartbeat(b))
	}
	for id, r := range h.rollups {
		ops = append(ops, store.Set(l.Key(ledger.Rollups, id), r))
	}
	for _, r := range h.runs {
		ops = append(ops, store.Set(l.Key(ledger.Runs, r.RunID), r))
	}
	for chunk := range slices.Chunk(ops, store.MaxOps) {
		_, err := st.Commit(tb.Context(), chunk...)
		require.NoError(tb, err)
	}
	return l
}

func commit(tb testing.TB, st store.Store, ops ...store.Op) {
	tb.Helper()
	_, err := st.Commit(tb.Context(), ops...)
	require.NoError(tb, err)
}

package coverage

import (
	"testing"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/coverage"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
	"github.com/stretchr/testify/require"
)

const interval = time.Minute

// gap is what every way of asking must find: the empty slots [from, to).
type gap struct{ from, to time.Time }

// truth is a number of days with known gaps, kept apart from everything that is
// measured.
type truth struct {
	window longrun.Window
	beats  []longrun.Heartbeat
	gaps   []gap
}

// now is behind the last slot's successor, when every day is over.
func (t *truth) now() time.Time { return t.window.To.Add(12 * time.Hour) }

// live makes it: the last minute of each thousand is missing, each 30 days an
// outage of nine minutes goes over a midnight, and one day in 300 has no beat.
// The first and the last slot are filled.
func live(days int) *truth {
	from := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	t := &truth{window: longrun.Window{From: from, To: from.AddDate(0, 0, days)}}
	empty := false
	for i := range days * 1440 {
		day, minute := i/1440, i%1440
		start := from.Add(time.Duration(i) * interval)
		missing := i%1000 == 999 || day%300 == 17 ||
			day%30 == 4 && minute >= 1435 || day%30 == 5 && minute < 4
		switch {
		case missing && empty:
			t.gaps[len(t.gaps)-1].to = start.Add(interval)
		case missing:
			t.gaps = append(t.gaps, gap{start, start.Add(interval)})
		default:
			h := longrun.Beat(start.Add(time.Duration(i*7919%40_000)*time.Microsecond), interval)
			h.InstanceID, h.CommitHash, h.UptimeSec = "bcfe891c-59b1-4364", "b05469d7", int64(i)*60
			h.Healthy, h.MemoryRSS, h.ConnectedCount, h.Epoch, h.ChainSeq = i%100 != 0, 123_456_789, 3, 7, int64(len(t.beats))
			t.beats = append(t.beats, h)
		}
		empty = missing
	}
	return t
}

// rolled is the truth as rollups keep it.
type rolled struct {
	rollups []longrun.Rollup
	days    []dayBits
}

// dayBits are the slots of one day, as a Rollup's text decodes.
type dayBits struct {
	from            time.Time
	filled, healthy *coverage.Bitmap
}

// rollUp makes the rollup of each day as the ledger does: from its beats and the
// ones beside it.
func rollUp(tb testing.TB, t *truth) (r rolled) {
	tb.Helper()
	next := 0
	for from := t.window.From; from.Before(t.window.To); from = from.AddDate(0, 0, 1) {
		day, err := coverage.NewDay(from, interval, t.window.From, t.now())
		require.NoError(tb, err)
		bits := coverage.NewCounter(day.Window(), interval, t.now())
		if next > 0 {
			day.Add(t.beats[next-1])
		}
		for ; next < len(t.beats) && day.Window().Contains(t.beats[next].TS); next++ {
			day.Add(t.beats[next])
			bits.Add(t.beats[next])
		}
		if next < len(t.beats) {
			day.Add(t.beats[next])
		}
		r.rollups = append(r.rollups, day.Rollup())
		filled, healthy, _ := bits.Bitmaps()
		r.days = append(r.days, dayBits{from, filled, healthy})
	}
	return r
}

// write puts beats and rollups into an SQLite file.
func write(tb testing.TB, t *truth, r rolled) *ledger.Ledger {
	tb.Helper()
	st, err := sqlitestore.Open(tb.Context(), tb.TempDir()+"/longrun.db", nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, st.Close()) })
	book, err := ledger.New(st, "")
	require.NoError(tb, err)
	ops := make([]store.Op, 0, len(t.beats)+len(r.rollups))
	for _, h := range t.beats {
		ops = append(ops, book.CreateHeartbeat(h))
	}
	for _, day := range r.rollups {
		ops = append(ops, book.SetRollup(day))
	}
	for len(ops) > 0 {
		n := min(len(ops), store.MaxOps)
		_, err := st.Commit(tb.Context(), ops[:n]...)
		require.NoError(tb, err)
		ops = ops[n:]
	}
	return book
}

package beats

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// at is the beat of the slot so many minutes after noon.
func at(minute int, into time.Duration) longrun.Heartbeat {
	return longrun.Beat(noon.Add(time.Duration(minute)*time.Minute+into), time.Minute)
}

// anew is what the next process reads: the minutes after noon that the file
// speaks for.
func anew(t *testing.T, path string) (minutes []int) {
	t.Helper()
	j, err := openJournal(path, 10, nil)
	require.NoError(t, err)
	l, err := j.read(noon.Add(24*time.Hour), time.Minute)
	require.NoError(t, err)
	require.Zero(t, l.useless)
	for _, lapse := range l.lapses {
		require.Equal(t, longrun.StoreDown, lapse.Cause)
		for from := lapse.From; from.Before(lapse.To); from = from.Add(time.Minute) {
			minutes = append(minutes, int(from.Sub(noon)/time.Minute))
		}
	}
	return minutes
}

// Whatever the clock does, and however far the disk lags behind, the file speaks
// for each slot whose beat waits. It may speak for a slot whose beat was stored
// meanwhile or had to give way; never for one that the clock took back.
func TestAJournalSaysWhatWaits(t *testing.T) {
	t.Parallel()
	for seed := range uint64(80) {
		r := rand.New(rand.NewPCG(seed, 9))
		path := filepath.Join(t.TempDir(), "journal")
		fail := func(err error) { t.Errorf("seed %d: %v", seed, err) }
		j, err := openJournal(path, 6, fail)
		require.NoError(t, err)
		b := newBacklog(6, time.Minute, j, func([]longrun.Slot) {})
		minute := 0
		j.idle = make(chan struct{}) // the disk is this test's
		taken := map[int]bool{}      // by the clock, and not made again since
		sync := func() {
			if beats, ok := j.wanted, j.changed; ok {
				j.changed = false
				require.NoError(t, j.write(beats))
			}
			said := anew(t, path)
			waiting := b.all()
			if len(waiting) < 2 { // one alone is on its way
				return
			}
			for _, h := range waiting {
				require.Contains(t, said, int(h.Slot(time.Minute)-longrun.SlotAt(noon, time.Minute)), "seed %d", seed)
			}
			for _, m := range said {
				require.False(t, taken[m], "seed %d: minute %d was taken back", seed, m)
			}
		}
		for range 60 {
			switch r.IntN(10) {
			case 0: // the clock is set back
				minute = max(0, minute-1-r.IntN(4))
			case 1:
				if waiting := b.all(); len(waiting) > 0 {
					b.remove(waiting[0].Slot(time.Minute))
				}
			case 2:
				sync()
				continue
			default:
				minute += 1 + r.IntN(2)
			}
			h := at(minute, time.Duration(r.IntN(60e6))*time.Microsecond) // no two at one moment
			for _, w := range b.all() {
				if w.Slot(time.Minute) > h.Slot(time.Minute) {
					taken[int(w.Slot(time.Minute)-longrun.SlotAt(noon, time.Minute))] = true
				}
			}
			delete(taken, minute)
			b.add(h)
			if r.IntN(3) > 0 {
				sync()
			}
		}
		sync()
		waiting := b.all()
		require.Equal(t, len(waiting), b.clear())
		j.changed = false
		require.NoError(t, j.write(nil))
		require.Empty(t, anew(t, path), "seed %d", seed)
	}
}

func TestAJournalDoesNotGrowWithoutBound(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	j, err := openJournal(path, 5, nil)
	require.NoError(t, err)
	b := newBacklog(5, time.Minute, j, func([]longrun.Slot) {})
	j.idle = make(chan struct{})
	for m := range 200 {
		b.add(at(m, 0))
		require.NoError(t, j.write(b.all()))
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.LessOrEqual(t, strings.Count(string(data), "\n"), 15)
	}
	require.Subset(t, anew(t, path), []int{195, 196, 197, 198, 199})
}

// A disk that hangs is played by the word of its failure, which is said on the
// journal's own goroutine.
func TestADiskThatHangsHoldsUpNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "journal")
		hang := make(chan struct{})
		var failed atomic.Int64
		j, err := openJournal(path, 10, func(error) { failed.Add(1); <-hang })
		require.NoError(t, err)
		require.NoError(t, os.Mkdir(path, 0o700))
		b := newBacklog(10, time.Minute, j, func([]longrun.Slot) {})
		before := time.Now()
		b.add(at(0, 0))
		b.add(at(1, 0))
		synctest.Wait()
		require.EqualValues(t, 1, failed.Load())
		for m := 2; m < 8; m++ {
			b.add(at(m, 0))
		}
		require.Len(t, b.all(), 8)
		b.remove(at(0, 0).Slot(time.Minute))
		require.Equal(t, before, time.Now())

		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		j.close(ctx)
		require.Equal(t, 3*time.Second, time.Since(before), "it waits as long as it may, and no longer")

		require.NoError(t, os.Remove(path))
		close(hang)
		j.close(t.Context())
		require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7}, anew(t, path), "the newest word is written when the disk is back")
		require.EqualValues(t, 1, failed.Load())
	})
}

func TestAFileThatTookTheJournalsPlaceIsLeftAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	var errs []error
	j, err := openJournal(path, 10, func(err error) { errs = append(errs, err) })
	require.NoError(t, err)
	j.keep([]longrun.Heartbeat{at(0, 0), at(1, 0)})
	j.close(t.Context())
	require.Empty(t, errs)

	require.NoError(t, os.WriteFile(path, []byte("[important]\nkey = 1\n"), 0o600))
	for _, beats := range [][]longrun.Heartbeat{{at(0, 0), at(1, 0), at(2, 0)}, nil, {at(3, 0)}} {
		j.keep(beats)
		j.close(t.Context())
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "[important]\nkey = 1\n", string(data))
	}
	require.Len(t, errs, 3)
	require.ErrorContains(t, errs[0], "no journal of heartbeats")

	require.NoError(t, os.Remove(path))
	j.keep([]longrun.Heartbeat{at(3, 0), at(4, 0)})
	j.close(t.Context())
	require.Equal(t, []int{3, 4}, anew(t, path))
}

func TestAJournalThatWasDeletedIsWrittenWhole(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	j, err := openJournal(path, 10, func(err error) { t.Error(err) })
	require.NoError(t, err)
	j.keep([]longrun.Heartbeat{at(0, 0), at(1, 0)})
	j.close(t.Context())
	require.NoError(t, os.Remove(path))
	j.keep([]longrun.Heartbeat{at(0, 0), at(1, 0), at(2, 0)})
	j.close(t.Context())
	require.Equal(t, []int{0, 1, 2}, anew(t, path))
}

// A list is a list in the journal, too.
func TestNoLineOfTheJournalHasNull(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	j, err := openJournal(path, 6, func(err error) { t.Error(err) })
	require.NoError(t, err)
	j.idle = make(chan struct{}) // the disk is this test's
	b := newBacklog(6, time.Minute, j, func([]longrun.Slot) {})
	h := at(0, 0)
	h.Counts = nil
	b.add(h)
	require.NoError(t, j.write(b.all()))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(text), "null")
	require.Contains(t, string(text), `"counts":{}`)
}

func TestLapsesAreTheUnbrokenRows(t *testing.T) {
	t.Parallel()
	require.Empty(t, lapsesOf(nil, time.Minute))
	lapses := lapsesOf([]longrun.Heartbeat{at(1, 0), at(2, 50*time.Second), at(2, 55*time.Second), at(3, 0), at(7, 1)}, time.Minute)
	require.Equal(t, []longrun.Lapse{
		{From: noon.Add(time.Minute), To: noon.Add(4 * time.Minute), Cause: longrun.StoreDown},
		{From: noon.Add(7 * time.Minute), To: noon.Add(8 * time.Minute), Cause: longrun.StoreDown},
	}, lapses)

	var rows []longrun.Heartbeat
	for n := range longrun.MaxLapses + 5 {
		rows = append(rows, at(2*n, 0))
	}
	lapses = lapsesOf(rows, time.Minute)
	require.Len(t, lapses, longrun.MaxLapses, "the newest")
	require.Equal(t, rows[len(rows)-1].TS, lapses[len(lapses)-1].From)
}

func TestTheAgeOfAProcessNeverFalls(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 13))
		u, now, passed, last := newUptime(noon), noon, time.Duration(0), time.Duration(0)
		for range 200 {
			step := time.Duration(r.IntN(3600)) * time.Second
			if r.IntN(4) == 0 {
				now = now.Add(-step) // set back
			} else {
				now, passed = now.Add(step), passed+step
			}
			age := u.at(now)
			require.GreaterOrEqual(t, age, last)
			require.LessOrEqual(t, age, passed)
			last = age
		}
		require.Equal(t, passed, last)
	}
}

func TestTheAgeOfAProcessGoesByElapsedTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u := newUptime(time.Now())
		time.Sleep(time.Hour)
		require.Equal(t, time.Hour, u.at(time.Now()))
	})
}

// marshal is the lines of a journal.
func marshal(t *testing.T, beats ...longrun.Heartbeat) (lines string) {
	t.Helper()
	for _, h := range beats {
		data, err := json.Marshal(h)
		require.NoError(t, err)
		lines += string(data) + "\n"
	}
	return lines
}

func TestLinesThatNoBeatCanBeAreDropped(t *testing.T) {
	t.Parallel()
	year := func(y int) longrun.Heartbeat {
		h := at(0, 0)
		h.TS = time.Date(y, 5, 1, 0, 0, 0, 0, time.UTC)
		return h
	}
	old := at(0, 0)
	old.TS = noon.Add(-401 * 24 * time.Hour)
	soon := at(70, 0)
	good := []longrun.Heartbeat{at(3, 0), at(4, 0)}
	bad := map[string]string{
		"year 9999":   marshal(t, year(9999)),
		"year 1":      marshal(t, year(1)),
		"no time":     "{\"bucketId\":null}\n",
		"next year":   marshal(t, year(2027)),
		"an hour off": marshal(t, soon),
		"very old":    marshal(t, old),
		"another's":   "{\"bucketId\":7}\n",
		"no JSON":     "\x00\xff\x00\n",
		"empty":       "\n",
		"year 10000":  strings.Replace(marshal(t, at(0, 0)), `"ts":"2026`, `"ts":"10000`, 1),
	}
	for name, line := range bad {
		path := filepath.Join(t.TempDir(), "journal")
		require.NoError(t, os.WriteFile(path, []byte(marshal(t, good[0])+line+marshal(t, good[1])), 0o600))
		j, err := openJournal(path, 10, nil)
		require.NoError(t, err)
		l, err := j.read(noon.Add(10*time.Minute), time.Minute)
		require.NoError(t, err)
		require.Equal(t, left{lapses: lapsesOf(good, time.Minute), useless: 1}, l, name)
	}

	// A line that was torn by the death of its process.
	whole := marshal(t, good...)
	path := filepath.Join(t.TempDir(), "journal")
	for cut := range len(marshal(t, good[1])) - 2 { // without its end of line it is whole
		require.NoError(t, os.WriteFile(path, []byte(whole[:len(whole)-2-cut]), 0o600))
		j, err := openJournal(path, 10, nil)
		require.NoError(t, err)
		l, err := j.read(noon.Add(10*time.Minute), time.Minute)
		require.NoError(t, err)
		require.Equal(t, left{lapses: lapsesOf(good[:1], time.Minute), useless: 1}, l, "%d", cut)
	}
	for cut := range marshal(t, good[0]) {
		require.NoError(t, os.WriteFile(path, []byte(whole[:cut]), 0o600))
		_, err := openJournal(path, 10, nil)
		require.NoError(t, err, "ours, torn at %d", cut)
	}
}

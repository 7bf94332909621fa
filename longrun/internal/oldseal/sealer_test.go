package oldseal_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/internal/oldseal"
)

var sealedAt = time.Date(2025, 12, 30, 0, 1, 2, 3456789, time.UTC)

// diary is a history of beats: the slots in the order in which they were
// written. A slot that is written after a later one is late.
func diary(slots ...int) (beats []longrun.Heartbeat) {
	var head evidence.Head
	newest := -1
	for _, slot := range slots {
		h := longrun.Beat(time.Unix(int64(slot)*60, 0), time.Minute)
		h.Late = slot < newest
		newest = max(newest, slot)
		h, head = head.Next(h)
		beats = append(beats, h)
	}
	return beats
}

// span counts from one slot to another, both included.
func span(from, to int) (slots []int) {
	for ; from <= to; from++ {
		slots = append(slots, from)
	}
	return slots
}

// closeDays seals day after day, each from a Scan of it, and of what Earlier asks
// for, as an engine does.
func closeDays(beats []longrun.Heartbeat, days int) (seals []*longrun.Seal, broken []error) {
	var prev *longrun.Seal
	scan := func(w longrun.Window, s *oldseal.Sealer) {
		for _, h := range beats {
			if w.Contains(h.TS) {
				s.Add(h)
			}
		}
	}
	for day := range days {
		w := longrun.DayOf(time.Unix(int64(day)*86400, 0))
		s := oldseal.NewSealer(prev, w, time.Minute)
		scan(longrun.Window{From: w.From, To: w.To.Add(2 * time.Hour)}, s) // what lies behind the day is ignored
		if earlier, more := s.Earlier(); more {
			scan(earlier, s)
		}
		seal, err := s.Seal(sealedAt)
		if err != nil {
			broken = append(broken, err)
		}
		if seals = append(seals, seal); seal != nil {
			prev = seal
		}
	}
	return seals, broken
}

func TestADayIsSealedUpToWhereTheChainLeavesIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		written []int
		days    int
		want    []string // of each day, the numbers of its segment
	}{
		"two whole days":                  {span(0, 2879), 2, []string{"1–1440", "1441–2880"}},
		"a day without beats":             {slices.Concat(span(0, 1439), span(2880, 4319)), 3, []string{"1–1440", "-", "1441–2880"}},
		"late within the day":             {slices.Concat(span(0, 99), []int{200}, span(100, 199), span(201, 1439)), 1, []string{"1–1440"}},
		"late over midnight":              {slices.Concat(span(0, 1399), []int{1450}, span(1400, 1449), span(1451, 2879)), 2, []string{"1–1400", "1401–2880"}},
		"a whole day late":                {slices.Concat(span(0, 1439), []int{2880}, span(1441, 2879), span(2881, 4319)), 3, []string{"1–1440", "-", "1441–4319"}},
		"the first of the day comes late": {slices.Concat(span(0, 1439), []int{1500}, span(1440, 1499), span(1501, 2879)), 2, []string{"1–1440", "1441–2880"}},
		"it stopped":                      {span(0, 10), 3, []string{"1–11", "-", "-"}},
		"it began late":                   {span(1500, 2879), 2, []string{"-", "1–1380"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			beats := diary(c.written...)
			// In the order of time, as a Scan brings them.
			slices.SortFunc(beats, func(a, b longrun.Heartbeat) int { return a.TS.Compare(b.TS) })
			seals, broken := closeDays(beats, c.days)
			require.Empty(t, broken)
			var got []string
			for _, s := range seals {
				if s == nil {
					got = append(got, "-")
					continue
				}
				got = append(got, fmt.Sprintf("%d–%d", s.FirstSeq, s.LastSeq))
			}
			require.Equal(t, c.want, got)
		})
	}
}

// When a day is closed changes nothing: what was written since lies in a later
// segment.
func TestASegmentIsTheSameWheneverTheDayIsClosed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var written []int
		for slot := 0; slot < 4*1440; {
			n := 1 + rng.IntN(400)
			switch rng.IntN(3) {
			case 0: // nobody was there
			case 1: // the store was away, and the beats came late
				written = append(append(written, slot+n), span(slot, slot+n-1)...)
				n++
			default:
				written = append(written, span(slot, slot+n-1)...)
			}
			slot += n
		}
		all := diary(written...)
		at := func(n int) []*longrun.Seal {
			known := slices.Clone(all[:n])
			slices.SortFunc(known, func(a, b longrun.Heartbeat) int { return a.TS.Compare(b.TS) })
			seals, broken := closeDays(known, 4)
			require.Empty(t, broken, "seed %d", seed)
			return seals
		}
		late := at(len(all))
		var numbered int64
		for day := range 4 {
			// The first moment at which the day can be closed: the chain has left it.
			left := slices.IndexFunc(all, func(h longrun.Heartbeat) bool { return h.TS.Unix() >= int64(day+1)*86400 })
			if left < 0 {
				left = len(all)
			}
			require.Equal(t, late[day], at(left)[day], "seed %d, day %d", seed, day)
			if s := late[day]; s != nil {
				require.Equal(t, numbered+1, s.FirstSeq)
				require.Equal(t, evidence.Hash(all[s.LastSeq-1]), s.LastHash)
				numbered = s.LastSeq
			}
		}
	}
}

func TestWhatIsBrokenIsSaidAndTheNextDayIsSealed(t *testing.T) {
	t.Parallel()
	sound := diary(span(0, 3*1440-1)...)

	gone := slices.Delete(slices.Clone(sound), 500, 501)
	seals, broken := closeDays(gone, 3)
	require.Equal(t, int64(500), seals[0].LastSeq)
	require.Equal(t, int64(502), seals[1].FirstSeq)
	require.Equal(t, int64(2880), seals[1].LastSeq, "it makes good for the day before")
	require.True(t, evidence.Follows(*seals[2], *seals[1]))
	require.Len(t, broken, 1)
	require.EqualError(t, broken[0], "longrun: no beat follows the seal up to number 500; the next segment begins with beat 1970-01-01T08-21-00, number 502")

	edited := slices.Clone(sound)
	edited[1439].Healthy = true
	seals, broken = closeDays(edited, 2)
	require.Equal(t, int64(1440), seals[0].LastSeq)
	require.EqualError(t, broken[0], "longrun: beat 1970-01-02T00-00-00, number 1441, does not follow the seal up to number 1440")
	require.Equal(t, int64(1441), seals[1].FirstSeq)

	anew := slices.Clone(sound[:2000])
	anew = append(anew, diary(span(2000, 3*1440-1)...)...)
	seals, broken = closeDays(anew, 3)
	require.Equal(t, int64(2000), seals[1].LastSeq)
	require.Len(t, broken, 1)
	require.Equal(t, int64(881), seals[2].FirstSeq, "of the chain that is now")
	require.Equal(t, int64(2320), seals[2].LastSeq)
	require.ErrorContains(t, broken[0], "does not follow the seal up to number 2000")

	forged := diary(0, 1)
	forged[0].PrevHash, forged[0].ChainSeq = "no hash", 7
	_, broken = closeDays(forged[:1], 1)
	require.Len(t, broken, 1)
}

func BenchmarkSealer(b *testing.B) {
	beats := diary(span(0, 1439)...)
	for b.Loop() {
		s := oldseal.NewSealer(nil, longrun.DayOf(time.Unix(0, 0)), time.Minute)
		for _, h := range beats {
			s.Add(h)
		}
		if _, more := s.Earlier(); more {
			b.Fatal("more")
		}
		if seal, err := s.Seal(sealedAt); err != nil || seal.LastSeq != 1440 {
			b.Fatal(seal, err)
		}
	}
}

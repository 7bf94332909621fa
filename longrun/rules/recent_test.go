package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/drawtest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
)

// told is a Recent and what it was told.
type told struct {
	memory

	recent *rules.Recent
	now    time.Time
}

// recall tells a Recent what a leader would, made from arbitrary bytes: beats
// with gaps, restarts, late beats, clocks that jump. It stops where look says so.
func recall(data []byte, look func(s *drawtest.Source, m *told) bool) {
	s := &drawtest.Source{Data: data}
	intervals := []time.Duration{10 * time.Minute, 5 * time.Minute, time.Hour, 8 * time.Hour, 24 * time.Hour, 675 * time.Second, 20 * time.Minute}
	m := &told{now: drawtest.Origins()[s.Of(len(drawtest.Origins()))]}
	m.interval = intervals[s.Of(len(intervals))]
	m.recent = rules.NewRecent(m.interval)
	m.now = m.now.Add(time.Duration(s.Next()) * time.Second)
	m.restore(s)
	for range 4 + s.Of(12) {
		switch s.Of(8) {
		case 0: // silence
			m.now = m.now.Add(time.Duration(s.Of(40)) * m.interval)
		case 1: // the clock jumps
			jump := []time.Duration{-90 * time.Second, -3 * time.Hour, -30 * time.Hour, -80 * time.Hour, 100 * time.Hour, 15 * 24 * time.Hour}
			m.now = m.now.Add(jump[s.Of(len(jump))])
		case 2: // a late beat, or one of a wrong clock; or one that waited and is given up
			if s.Of(3) == 0 {
				m.empty(drawtest.SlotStart(m.now, m.interval).Add(-time.Duration(s.Of(100)) * m.interval))
				break
			}
			m.fill(drawtest.SlotStart(m.now, m.interval).Add(time.Duration(s.Of(400)-250) * m.interval))
		case 3:
			m.restore(s)
		case 4:
			m.now = m.now.Add(time.Duration(s.Next()) * m.interval / 64)
		default: // beats, of which some are missing
			every := 2 + s.Of(20)
			for i := range 1 + s.Of(90) {
				m.now = m.now.Add(m.interval)
				m.advance(m.now)
				m.recent.Advance(m.now)
				if i%every != 0 {
					m.fill(drawtest.SlotStart(m.now, m.interval))
				}
			}
		}
		m.advance(m.now)
		m.recent.Advance(m.now)
		if !look(s, m) {
			return
		}
	}
}

func (m *told) fill(start time.Time) {
	m.memory.fill(start)
	m.recent.Fill(longrun.SlotAt(start, m.interval))
}

func (m *told) empty(start time.Time) {
	m.recent.Empty(longrun.SlotAt(start, m.interval))
	if !start.Before(m.horizon) { // what is older may be the last beat before
		delete(m.filled, start)
	}
}

func (m *told) restore(s *drawtest.Source) {
	var earliest, before time.Time
	if s.Of(2) == 0 {
		earliest = m.now.Add(-time.Duration(s.Next()) * m.interval)
	}
	if s.Of(2) == 0 {
		before = m.now.Add(-rules.RecentSpan - time.Duration(s.Next())*m.interval/4)
	}
	m.recent.Restore(earliest, before, m.now)
	m.begin(m.now)
	if !earliest.IsZero() {
		m.earliest = drawtest.SlotStart(earliest, m.interval)
	}
	if !before.IsZero() {
		m.memory.fill(drawtest.SlotStart(before, m.interval))
	}
}

// FuzzRecent: what was filled and lies in the span is known, and nothing else.
func FuzzRecent(f *testing.F) {
	for i := range seedtest.Histories(200) {
		f.Add(drawtest.Noise(i))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		recall(data, func(_ *drawtest.Source, m *told) bool {
			for at := m.horizon.Add(-3 * m.interval); at.Before(m.horizon.Add(2*rules.RecentSpan + 3*m.interval)); at = at.Add(m.interval) {
				known := !at.Before(m.horizon) && m.filled[at]
				require.Equal(t, known, m.recent.Filled(longrun.SlotAt(at, m.interval)), "%v at %v", at, m.now)
			}
			return true
		})
	})
}

func TestARecentBeginsWithWhatItIsToldFirst(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 12, 29, 22, 14, 29, 0, time.UTC)
	slot := longrun.SlotAt(now, time.Minute)
	r := rules.NewRecent(time.Minute)
	require.False(t, r.Filled(slot))
	require.Equal(t, rules.Unseen, rules.CheckMissedHeartbeats(rules.State{}, r, now, 3).Condition)
	require.Equal(t, rules.Unseen, rules.CheckInsufficientData(rules.State{}, r, now, 0.8).Condition)
	r.Fill(slot)
	require.True(t, r.Filled(slot))
	require.Equal(t, rules.Good, rules.CheckMissedHeartbeats(rules.State{}, r, now, 0).Condition)

	r = rules.NewRecent(time.Minute)
	r.Advance(now)
	require.Equal(t, rules.Good, rules.CheckMissedHeartbeats(rules.State{}, r, now, 0).Condition)
}

// oneBeat is what is remembered of one beat, its slot, and when that was.
func oneBeat() (*rules.Recent, longrun.Slot, time.Time) {
	now := time.Date(2025, 12, 29, 22, 14, 29, 0, time.UTC)
	slot := longrun.SlotAt(now, time.Minute)
	r := rules.NewRecent(time.Minute)
	r.Restore(time.Time{}, time.Time{}, now)
	r.Fill(slot)
	return r, slot, now
}

// One beat of a clock that is years ahead must not end the memory.
func TestABeatFarAheadIsIgnored(t *testing.T) {
	t.Parallel()
	r, slot, now := oneBeat()
	r.Fill(longrun.SlotAt(now.AddDate(70, 0, 0), time.Minute))
	r.Advance(now.Add(time.Minute))
	require.True(t, r.Filled(slot))
	r.Fill(slot + 90) // a leader's whose clock is ahead
	r.Advance(now.Add(90 * time.Minute))
	require.True(t, r.Filled(slot+90))
}

// What there is no room for takes the room of no other.
func TestABeatAheadOfWhatIsRememberedFillsNoSlotBesides(t *testing.T) {
	t.Parallel()
	r, slot, _ := oneBeat()
	span := longrun.Slot(rules.RecentSpan / time.Minute)
	for ahead := span + 1; ahead < 5*span; ahead++ {
		r.Fill(slot + ahead)
	}
	for s := slot - span; s <= slot+span; s++ {
		require.Equal(t, s == slot, r.Filled(s), "%d slots from now", s-slot)
	}
}

// A rule that does not know its window says so, and nothing else.
func TestWhatARecentDoesNotKnowIsUnseen(t *testing.T) {
	t.Parallel()
	r := rules.NewRecent(time.Minute)
	r.Restore(evening.AddDate(-1, 0, 0), time.Time{}, evening)
	require.Equal(t, rules.Bad, rules.CheckMissedHeartbeats(rules.State{}, r, evening, 3).Condition)
	for _, now := range []time.Time{
		evening.Add(-rules.RecentSpan + 30*time.Minute), // the clock was set back, and the hour before is forgotten
		evening.Add(-rules.RecentSpan - time.Hour),
		evening.Add(rules.RecentSpan + 2*time.Minute), // nobody called Advance
	} {
		require.Equal(t, rules.Unseen, rules.CheckMissedHeartbeats(rules.State{}, r, now, 3).Condition, "%v", now)
		require.Equal(t, rules.Unseen, rules.CheckInsufficientData(rules.State{}, r, now, 0.8).Condition, "%v", now)
	}
}

package storetest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

func timeRules() []rule {
	return []rule{
		{"UpdateTime never falls from one commit to the next", updateTimeRises},
		{"ReadTime never falls and is never before UpdateTime", readTimeRises},
		{"UpdateTime is the time of the write, not of the reading", updateTimeStays},
	}
}

func updateTimeRises(s *suite) {
	var last time.Time
	for n := range 10 {
		stamps := s.commit(store.Set(s.key("k"), noteAt(n)), store.Set(s.key("other"), noteAt(n)))
		for _, stamp := range stamps {
			require.False(s, stamp.UpdateTime.IsZero())
			require.Equal(s, time.UTC, stamp.UpdateTime.Location())
			require.False(s, stamp.UpdateTime.Before(last), "%v came after %v", stamp.UpdateTime, last)
		}
		last = stamps[1].UpdateTime
	}
}

func readTimeRises(s *suite) {
	var last time.Time
	seen := func(r store.Record) {
		require.False(s, r.ReadTime.IsZero())
		require.Equal(s, time.UTC, r.ReadTime.Location())
		require.False(s, r.ReadTime.Before(last), "read at %v after a read at %v", r.ReadTime, last)
		require.GreaterOrEqual(s, r.Age(), time.Duration(0), "a document cannot be younger than unwritten")
		require.Less(s, r.Age(), time.Minute, "the document was written just now")
		last = r.ReadTime
	}
	for n := range 10 {
		stamp := s.commit(store.Set(s.key("k"), noteAt(n)))[0]
		r := s.get(s.key("k"))
		seen(r)
		require.False(s, r.ReadTime.Before(stamp.UpdateTime))
		for _, r := range s.scan(store.Query{Collection: s.coll}) {
			seen(r)
		}
	}
}

func updateTimeStays(s *suite) {
	stamp := s.commit(store.Set(s.key("k"), noteAt(0)))[0]
	s.commit(store.Set(s.key("later"), noteAt(1)))
	for range 3 {
		r := s.get(s.key("k"))
		require.True(s, stamp.UpdateTime.Equal(r.UpdateTime))
		require.Equal(s, stamp.Version, r.Version)
	}
}

package storetest

import (
	"fmt"
	"strconv"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

func conditionRules() []rule {
	return []rule{
		{"Create needs the document to be absent", createNeedsAbsence},
		{"Of 16 creators exactly one wins", createRace},
		{"Update needs the version it names", updateNeedsVersion},
		{"Delete of a missing document is no error", deleteMissing},
		{"DeleteVersion needs the version it names", deleteNeedsVersion},
		{"A conflict names the right document or none", conflictNames},
		{"A refused commit leaves nothing behind", refusedLeavesNothing},
		{"A commit spans collections", spansCollections},
		{"Every write has a version that was never used before", versionsAreNew},
		{"A stamp serves the next conditional write", stampServes},
		{"A commit sent again after a lost reply finds its own document", ownRetry},
		{"Concurrent writers lose no update", noLostUpdate},
		{"Readers never see half a commit", noHalfCommit},
	}
}

func createNeedsAbsence(s *suite) {
	k := s.key("k")
	first := s.commit(store.Create(k, noteAt(1)))
	_, err := s.st.Commit(s.Context(), store.Create(k, noteAt(2)))
	s.conflict(err, k)
	r := s.get(k)
	require.Equal(s, first[0].Version, r.Version)
	var n note
	require.NoError(s, r.Decode(&n))
	require.Equal(s, int64(1), n.N)
	s.commit(store.Delete(k))
	s.commit(store.Create(k, noteAt(3)))
}

func createRace(s *suite) {
	const racers = 16
	errs := make([]error, racers)
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			_, errs[i] = s.st.Commit(s.Context(), store.Create(s.key("cup"), note{TS: noon, N: int64(i)}))
		})
	}
	wg.Wait()
	winner := -1
	for i, err := range errs {
		if err == nil {
			require.Equal(s, -1, winner, "two creators won")
			winner = i
			continue
		}
		s.conflict(err, s.key("cup"))
	}
	require.NotEqual(s, -1, winner, "no creator won")
	var n note
	require.NoError(s, s.get(s.key("cup")).Decode(&n))
	require.Equal(s, int64(winner), n.N, "the stored document is the winner's")
}

func updateNeedsVersion(s *suite) {
	k := s.key("k")
	first := s.commit(store.Create(k, noteAt(1)))[0].Version
	second := s.commit(store.Update(k, noteAt(2), first))[0].Version
	_, err := s.st.Commit(s.Context(), store.Update(k, noteAt(3), first))
	s.conflict(err, k)
	require.Equal(s, second, s.get(k).Version)
	s.commit(store.Update(k, noteAt(4), second))

	_, err = s.st.Commit(s.Context(), store.Update(s.key("missing"), noteAt(5), second))
	s.conflict(err, s.key("missing"))
	s.absent(s.key("missing"))
}

func deleteMissing(s *suite) {
	stamps := s.commit(store.Delete(s.key("missing")))
	require.Equal(s, []store.Stamp{{}}, stamps, "the Stamp of a deleted document is zero")
	s.absent(s.key("missing"))
}

func deleteNeedsVersion(s *suite) {
	k := s.key("k")
	first := s.commit(store.Create(k, noteAt(1)))[0].Version
	second := s.commit(store.Set(k, noteAt(2)))[0].Version
	_, err := s.st.Commit(s.Context(), store.DeleteVersion(k, first))
	s.conflict(err, k)
	s.get(k)
	stamps := s.commit(store.DeleteVersion(k, second))
	require.Equal(s, []store.Stamp{{}}, stamps)
	s.absent(k)
	require.Empty(s, s.scan(store.Query{Collection: s.coll}), "a deleted document is in no Scan")
	_, err = s.st.Commit(s.Context(), store.DeleteVersion(k, second))
	s.conflict(err, k)
}

func conflictNames(s *suite) {
	held := s.commit(store.Create(s.key("a"), noteAt(1)), store.Create(s.key("b"), noteAt(2)), store.Create(s.key("c"), noteAt(3)))
	s.commit(store.Set(s.key("b"), noteAt(4)))
	_, err := s.st.Commit(s.Context(), store.Update(s.key("a"), noteAt(5), held[0].Version),
		store.Update(s.key("b"), noteAt(6), held[1].Version), store.Update(s.key("c"), noteAt(7), held[2].Version))
	s.conflict(err, s.key("b"))
	_, err = s.st.Commit(s.Context(), store.Create(s.key("d"), noteAt(8)), store.Set(s.key("a"), noteAt(8)), store.Create(s.key("c"), noteAt(9)))
	s.conflict(err, s.key("c"))
}

func refusedLeavesNothing(s *suite) {
	held := s.commit(store.Create(s.key("kept"), noteAt(1)), store.Create(s.key("deleted"), noteAt(2)), store.Create(s.key("moved"), noteAt(3)))
	s.commit(store.Set(s.key("moved"), noteAt(4)))
	good := []store.Op{
		store.Set(s.key("kept"), noteAt(9)), store.Delete(s.key("deleted")), store.Create(s.key("new"), noteAt(9)),
		store.Set(store.Key{Collection: s.coll + "/kept/below", ID: "new"}, noteAt(9)),
	}
	before := s.ids(store.Query{Collection: s.coll})
	// The operation that is refused stands first, in the middle, and last.
	for at := range len(good) + 1 {
		ops := append(append(append([]store.Op{}, good[:at]...), store.Update(s.key("moved"), noteAt(9), held[2].Version)), good[at:]...)
		_, err := s.st.Commit(s.Context(), ops...)
		s.conflict(err, s.key("moved"))
		require.Equal(s, held[0].Version, s.get(s.key("kept")).Version)
		require.Equal(s, held[1].Version, s.get(s.key("deleted")).Version)
		s.absent(s.key("new"))
		s.absent(good[3].Key)
		require.Equal(s, before, s.ids(store.Query{Collection: s.coll}))
	}
}

func spansCollections(s *suite) {
	below := store.Key{Collection: s.coll + "/doc/below", ID: "same"}
	s.commit(store.Create(s.key("same"), noteAt(1)), store.Create(below, noteAt(2)))
	var here, there note
	require.NoError(s, s.get(s.key("same")).Decode(&here))
	require.NoError(s, s.get(below).Decode(&there))
	require.Equal(s, []int64{1, 2}, []int64{here.N, there.N}, "one ID in two collections is two documents")
	s.commit(store.Delete(below))
	s.get(s.key("same"))
}

func versionsAreNew(s *suite) {
	k, seen := s.key("k"), map[string]bool{}
	var last string
	for round := range 4 {
		for n := range 3 {
			// The same values come again in each round: a hash would repeat.
			last = s.commit(store.Set(k, noteAt(n)))[0].Version
			require.NotEmpty(s, last)
			require.Equal(s, last, s.get(k).Version)
			require.False(s, seen[last], "version %q was used before, round %d", last, round)
			seen[last] = true
		}
		s.commit(store.Delete(k))
		s.absent(k)
	}
	s.commit(store.Create(k, noteAt(2)))
	_, err := s.st.Commit(s.Context(), store.Update(k, noteAt(3), last))
	s.conflict(err, k)
}

func stampServes(s *suite) {
	k := s.key("k")
	stamps := s.commit(store.Set(s.key("other"), noteAt(0)), store.Delete(s.key("gone")), store.Create(k, noteAt(0)))
	require.Zero(s, stamps[1])
	require.Equal(s, stamps[0].Version, s.get(s.key("other")).Version)
	stamp := stamps[2]
	for n := range 4 {
		r := s.get(k)
		require.Equal(s, stamp.Version, r.Version)
		require.True(s, stamp.UpdateTime.Equal(r.UpdateTime), "the Stamp says %v, the Record %v", stamp.UpdateTime, r.UpdateTime)
		require.Equal(s, r.Version, s.scan(store.Query{Collection: s.coll, Desc: true, Limit: 1})[0].Version)
		stamp = s.commit(store.Update(k, noteAt(n+1), stamp.Version))[0]
	}
}

func ownRetry(s *suite) {
	create := []store.Op{store.Create(s.key("lock"), noteAt(1)), store.Set(s.key("beat"), noteAt(1))}
	first := s.commit(create...)
	_, err := s.st.Commit(s.Context(), create...)
	s.conflict(err, s.key("lock"))
	require.Equal(s, first[0].Version, s.get(s.key("lock")).Version, "reading back shows that the first attempt landed")
	require.Equal(s, first[1].Version, s.get(s.key("beat")).Version)

	update := []store.Op{store.Update(s.key("lock"), noteAt(2), first[0].Version), store.Set(s.key("beat"), noteAt(2))}
	second := s.commit(update...)
	_, err = s.st.Commit(s.Context(), update...)
	s.conflict(err, s.key("lock"))
	require.Equal(s, second[0].Version, s.get(s.key("lock")).Version)
	require.Equal(s, second[1].Version, s.get(s.key("beat")).Version)

	s.commit(store.Delete(s.key("beat")))
	s.commit(store.Delete(s.key("beat"))) // deleting twice is deleting once
}

func noLostUpdate(s *suite) {
	const writers, each = 4, 5
	k := s.key("counter")
	s.commit(store.Create(k, note{TS: noon}))
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for done := 0; done < each && errs[w] == nil; {
				applied, err := increment(s, k)
				errs[w] = err
				if applied {
					done++
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(s, err)
	}
	var n note
	require.NoError(s, s.get(k).Decode(&n))
	require.Equal(s, int64(writers*each), n.N)
}

// increment is one turn of compare-and-set; losing it is no error.
func increment(s *suite, k store.Key) (applied bool, err error) {
	r, err := s.st.Get(s.Context(), k)
	if err != nil {
		return false, err
	}
	var n note
	if err := r.Decode(&n); err != nil {
		return false, err
	}
	n.N++
	switch _, err := s.st.Commit(s.Context(), store.Update(k, n, r.Version)); {
	case err == nil:
		return true, nil
	case isConflict(err):
		return false, nil
	default:
		return false, err
	}
}

func noHalfCommit(s *suite) {
	const rounds, pair = 20, 2
	var keys [pair]store.Key
	for i := range keys {
		keys[i] = s.key("half " + strconv.Itoa(i))
	}
	write := func(n int) error {
		_, err := s.st.Commit(s.Context(), store.Set(keys[0], noteAt(n)), store.Set(keys[1], noteAt(n)))
		return err
	}
	require.NoError(s, write(0))
	var writing error
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 1; n <= rounds && writing == nil; n++ {
			writing = write(n)
		}
	})
	var torn []string
	for range rounds {
		// The second document is read later, so it can only be as new or newer.
		var first, second note
		a, errA := s.st.Get(s.Context(), keys[0])
		b, errB := s.st.Get(s.Context(), keys[1])
		if errA != nil || errB != nil || a.Decode(&first) != nil || b.Decode(&second) != nil || second.N < first.N {
			torn = append(torn, fmt.Sprintf("read %d, then %d (%v, %v)", first.N, second.N, errA, errB))
		}
	}
	wg.Wait()
	require.NoError(s, writing)
	require.Empty(s, torn)
}

package locktest

import (
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
)

func grantRules() []rule {
	return []rule{
		{"The first grant is epoch 1", firstGrant},
		{"Of 16 who ask at once one is granted the lease", oneWins},
		{"Of 16 who find it expired no two are granted the same epoch", noneTwice},
		{"A lease is held until the store says that it is over", heldUntilOver},
		{"A released lock is free, with its row kept", releasedIsFree},
		{"Every grant has a new owner and the next epoch", epochsRise},
		{"A lock is not re-entrant", notReentrant},
	}
}

func firstGrant(s *suite) {
	a := s.instance("a")
	held := a.acquire()
	require.EqualValues(s, 1, held.Token().Epoch)
	require.Equal(s, s.key().ID, held.Token().Name)
	prev, how := held.Previous()
	require.Equal(s, lock.First, how)
	require.Zero(s, prev)
	require.NoError(s, held.Err())
	require.NoError(s, held.Context().Err())

	row := s.row()
	require.Equal(s, "a", row.HolderInstanceID)
	require.Equal(s, held.Token().Owner, row.Owner)
	require.EqualValues(s, 1, row.Epoch)
	require.Equal(s, lease, row.Lease())
	require.Equal(s, row.RenewedAt.Add(lease), row.LeaseUntil)
	require.True(s, a.lock.View().Leading)
	s.release(held)
	require.ErrorIs(s, held.Err(), lock.ErrReleased)
	require.False(s, a.lock.View().Leading)
}

func oneWins(s *suite) {
	leases, errs := race(s, 0)
	won := 0
	for i, err := range errs {
		if err == nil {
			won++
			require.EqualValues(s, 1, leases[i].Token().Epoch)
			continue
		}
		require.ErrorIs(s, err, lock.ErrHeld, "the others learn who was first")
	}
	require.Equal(s, 1, won)
	require.EqualValues(s, 1, s.row().Epoch)
}

// noneTwice: each of them finds the row expired, whoever took it over last, so
// several may be granted a lease one after another; but none together.
func noneTwice(s *suite) {
	s.instance("crashed").acquire()
	leases, errs := race(s, lease)
	seen := map[int64]bool{1: true}
	for i, err := range errs {
		if err == nil {
			epoch := leases[i].Token().Epoch
			require.False(s, seen[epoch], "epoch %d was granted twice", epoch)
			seen[epoch] = true
		}
	}
	require.Greater(s, len(seen), 1, "nobody took it over")
	require.EqualValues(s, len(seen), s.row().Epoch, "an epoch is missing")
}

// race lets 16 instances ask at once, each seeing the row as that much older.
func race(s *suite, age time.Duration) ([]*lock.Lease, []error) {
	const racers = 16
	leases, errs := make([]*lock.Lease, racers), make([]error, racers)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range racers {
		n := s.instance("racer")
		n.aged.age(age)
		wg.Go(func() {
			<-start
			leases[i], errs[i] = n.lock.TryAcquire(s.Context())
		})
	}
	close(start)
	wg.Wait()
	return leases, errs
}

func heldUntilOver(s *suite) {
	a, b := s.instance("a"), s.instance("b")
	a.acquire()
	held := b.refused()
	require.Equal(s, "a", held.Holder)
	require.EqualValues(s, 1, held.Epoch)
	require.Positive(s, held.Remaining)
	require.LessOrEqual(s, held.Remaining, lease)

	b.aged.age(lease / 2)
	require.LessOrEqual(s, b.refused().Remaining, lease/2)
	b.aged.age(-24 * time.Hour) // a clock set back must not lengthen it
	require.LessOrEqual(s, b.refused().Remaining, lease)

	b.aged.age(lease)
	taken := b.acquire()
	require.EqualValues(s, 2, taken.Token().Epoch)
	prev, how := taken.Previous()
	require.Equal(s, lock.Expired, how)
	require.Equal(s, "a", prev.HolderInstanceID)
	s.release(taken)
}

func releasedIsFree(s *suite) {
	a, b := s.instance("a"), s.instance("b")
	held := a.acquire()
	s.release(held)
	row := s.row()
	require.Empty(s, row.Owner)
	require.False(s, row.Held())
	require.Equal(s, "a", row.HolderInstanceID, "whose it was stays to be read")
	require.EqualValues(s, 1, row.Epoch)

	s.release(held)
	require.Equal(s, row, s.row(), "a second release does nothing")
	next := b.acquire()
	prev, how := next.Previous()
	require.Equal(s, lock.Released, how)
	require.Equal(s, row, prev)
	before := s.row()
	s.release(held)
	require.Equal(s, before, s.row(), "nor does one that comes after the next grant")
	s.release(next)
}

func epochsRise(s *suite) {
	owners := map[string]bool{}
	for i := range int64(10) {
		n := s.instance("same name")
		n.aged.age(lease)
		held := n.acquire()
		require.Equal(s, i+1, held.Token().Epoch)
		require.False(s, owners[held.Token().Owner], "an owner nonce was used twice")
		owners[held.Token().Owner] = true
		if i%2 == 0 {
			s.release(held)
		}
	}
}

func notReentrant(s *suite) {
	a := s.instance("a")
	held := a.acquire()
	require.Equal(s, "a", a.refused().Holder)
	s.release(held)
	s.release(a.acquire())
}

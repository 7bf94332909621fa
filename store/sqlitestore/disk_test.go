package sqlitestore_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/disktest"
	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// The disk is filled to its last block, at any place of the -wal file and of what is
// written from it into the database: what was acknowledged stays and can be read, each
// refused commit is one error that is the disk's, and the same store goes on by itself
// once there is room.
func TestADiskThatIsFullLosesNothingAndIsGoneOnWithWhenItHasRoom(t *testing.T) {
	t.Parallel()
	rounds := seedtest.Histories(60)
	disktest.On(t, 2<<20, func(t *testing.T, disk disktest.Disk) {
		path := filepath.Join(disk.Dir, "a.db")
		st := open(t, path, nil)
		set(t, st, store.Delete(key("none"))) // a writer is there
		require.NoError(t, st.OnWriter(t.Context(), "PRAGMA wal_autocheckpoint = 30"))
		random := rand.New(rand.NewPCG(1, 2))
		have := map[string]int64{} // acknowledged
		write := func(n int) error {
			id := fmt.Sprint(n % 100)
			text := strings.Repeat("x", random.IntN(3000))
			_, err := st.Commit(t.Context(), store.Set(key(id), map[string]any{"ts": noteAt(n).TS, "n": int64(n), "text": text}))
			if err == nil {
				have[id] = int64(n)
			}
			return err
		}
		check := func(st *sqlitestore.Store) {
			t.Helper()
			n := 0
			for r, err := range st.Scan(t.Context(), store.Query{Collection: "notes"}) {
				require.NoError(t, err)
				var d note
				require.NoError(t, r.Decode(&d))
				require.Equal(t, have[r.Key.ID], d.N)
				n++
			}
			require.Len(t, have, n)
		}
		commits, refused := 0, 0
		for range rounds {
			disk.Fill(random.IntN(20) << 12)
			for failed, tries := 0, 0; failed < 3 && tries < 40; commits, tries = commits+1, tries+1 {
				if err := write(commits); err != nil {
					require.ErrorContains(t, err, path)
					requireFull(t, err)
					require.NotErrorIs(t, err, store.ErrInvalid)
					require.NotErrorIs(t, err, store.ErrConflict)
					require.NotErrorIs(t, err, store.ErrMoved)
					failed++
					refused++
				}
				if commits%7 == 0 {
					check(st)
				}
			}
			check(st)
			// Somebody starts meanwhile: it reads what is there, or says what it lacks.
			if other, err := sqlitestore.Open(t.Context(), path, nil); err != nil {
				require.ErrorContains(t, err, path)
				requireFull(t, err)
			} else {
				check(other)
				require.NoError(t, other.Close())
			}
			disk.Free()
			require.NoError(t, write(commits), "there is room again")
			check(st)
		}
		require.Greater(t, refused, rounds)
		require.NoError(t, st.Close())
		again := open(t, path, nil)
		check(again)
		integrity, err := again.Pragma(t.Context(), "integrity_check")
		require.NoError(t, err)
		require.Equal(t, "ok", integrity[0])
		t.Logf("%d commits, %d refused by a full disk, in %d rounds", commits, refused, rounds)
	})
}

func TestAFullDiskAtTheStartIsOneError(t *testing.T) {
	t.Parallel()
	disktest.On(t, 1<<20, func(t *testing.T, disk disktest.Disk) {
		path := filepath.Join(disk.Dir, "a.db")
		for left := 0; left < 60<<10; left += 4096 {
			disk.Fill(left)
			st, err := sqlitestore.Open(t.Context(), path, nil)
			if err == nil {
				require.NoError(t, st.Close())
			} else {
				require.ErrorContains(t, err, path)
				requireFull(t, err)
			}
			disk.Free()
		}
		st := open(t, path, nil)
		set(t, st, store.Set(key("a"), noteAt(1)))
	})
}

// requireFull asks for one line, and that it says what the disk lacks.
func requireFull(t *testing.T, err error) {
	t.Helper()
	require.NotContains(t, err.Error(), "\n")
	require.True(t, strings.Contains(err.Error(), "disk is full") || strings.Contains(err.Error(), "no room"), "%v", err)
}

package verify_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// A power loss leaves on the disk all that was synced, and of what was written since
// the last sync any part: the beginning, single sectors in any order, nothing. SQLite
// with synchronous=FULL syncs the -wal file at each commit, and the database before the
// -wal file is written from its start again; so between two moments at which all is
// synced one commit's frames, or one checkpoint's pages, are all that can be torn.

// moment is a database when all of it is synced, and what has been acknowledged.
type moment struct {
	db, wal []byte
	docs    map[store.Key]string // their versions
}

// recorder is a store that keeps each moment of its file. It hides that the store can
// watch and witness: the monitor polls.
type recorder struct {
	store.Store
	t    *testing.T
	path string
	end  func()

	mu      sync.Mutex
	moments []moment
	docs    map[store.Key]string
}

func record(t *testing.T, path string) *recorder {
	t.Helper()
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	beside, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=5000")
	require.NoError(t, err)
	r := &recorder{Store: st, t: t, path: path, docs: map[store.Key]string{}}
	r.end = func() {
		require.NoError(t, beside.Close())
		require.NoError(t, st.Close())
	}
	r.keep()
	checkpoint := func() {
		_, err := beside.ExecContext(t.Context(), "PRAGMA wal_checkpoint(RESTART)")
		require.NoError(t, err)
		r.keep()
	}
	r.Store = commits{st, func(ops []store.Op, stamps []store.Stamp) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.docs = maps.Clone(r.docs)
		for i, op := range ops {
			if r.docs[op.Key] = stamps[i].Version; op.Value == nil {
				delete(r.docs, op.Key)
			}
		}
		if r.keep(); len(r.moments)%9 == 0 {
			checkpoint()
		}
	}}
	return r
}

func (r *recorder) keep() {
	read := func(name string) []byte {
		b, err := os.ReadFile(name)
		require.NoError(r.t, err)
		return b
	}
	r.moments = append(r.moments, moment{read(r.path), read(r.path + "-wal"), r.docs})
}

// commits tells of each commit.
type commits struct {
	store.Store
	made func(ops []store.Op, stamps []store.Stamp)
}

func (c commits) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	stamps, err := c.Store.Commit(ctx, ops...)
	if err == nil {
		c.made(ops, stamps)
	}
	return stamps, err
}

// crash is what a disk has after a power loss, and the states of which it may be one.
type crash struct {
	name    string
	db, wal []byte
	may     []map[store.Key]string
	whole   bool // all of the commit was written: it must be there
}

// crashes are those between two moments.
func crashes(n int, before, after moment, random *rand.Rand) (out []crash) {
	if bytes.Equal(before.db, after.db) {
		may := []map[store.Key]string{before.docs, after.docs}
		all := cuts(before.wal, after.wal, random)
		for i, cut := range all {
			name := fmt.Sprintf("commit %d, the first %d bytes", n, cut)
			out = append(out, crash{name, before.db, torn(before.wal, after.wal, cut), may, i == len(all)-1})
		}
		for i := range 3 {
			name := fmt.Sprintf("commit %d, any sectors (%d)", n, i)
			out = append(out, crash{name, before.db, scattered(before.wal, after.wal, random), may, false})
		}
		return out
	}
	may := []map[store.Key]string{before.docs}
	for i := range 6 {
		out = append(out, crash{fmt.Sprintf("checkpoint %d, any sectors (%d)", n, i), scattered(before.db, after.db, random), before.wal, may, false})
	}
	return append(out, crash{fmt.Sprintf("checkpoint %d, half", n), torn(before.db, after.db, len(after.db)/2), before.wal, may, false})
}

const (
	sector    = 512
	frame     = 24 + 4096
	walHeader = 32
)

// cuts are the ends of all frames that differ, and places inside of them; the last one
// is the end of all that was written.
func cuts(before, after []byte, random *rand.Rand) (out []int) {
	for end := walHeader; end <= len(after); end += frame {
		start := max(0, end-frame)
		if start < len(before) && end <= len(before) && bytes.Equal(before[start:end], after[start:end]) {
			continue
		}
		out = append(out, start+random.IntN(end-start), end)
	}
	return out
}

// torn is the first bytes of what was written over what was there.
func torn(before, after []byte, cut int) []byte {
	out := bytes.Clone(after[:cut])
	if cut < len(before) {
		out = append(out, before[cut:]...)
	}
	return out
}

// scattered has some of the sectors that were written, and of the others what was there.
func scattered(before, after []byte, random *rand.Rand) []byte {
	out := bytes.Clone(before)
	for start := 0; start < len(after); start += sector {
		end := min(start+sector, len(after))
		if end <= len(before) && bytes.Equal(before[start:end], after[start:end]) || random.IntN(2) == 0 {
			continue
		}
		if end > len(out) {
			out = append(out, make([]byte, end-len(out))...)
		}
		copy(out[start:end], after[start:end])
	}
	return out
}

// state is the versions of all documents that there may be.
func state(t *testing.T, st store.Store, c crash) map[store.Key]string {
	t.Helper()
	out := map[store.Key]string{}
	for _, may := range c.may {
		for key := range may {
			rec, err := st.Get(t.Context(), key)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			require.NoError(t, err)
			out[key] = rec.Version
		}
	}
	return out
}

// TestNoPowerLossBreaksTheEvidence: the store opens after each, what was acknowledged
// is there, the commit that was under way is there as a whole or not at all, the
// evidence passes, and the chain goes on.
//
//	go test ./longrun/verify -run PowerLoss -seeds=100000 -v      each of them
func TestNoPowerLossBreaksTheEvidence(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	seed := make([]byte, ed25519.SeedSize)
	private := ed25519.NewKeyFromSeed(seed)
	keys := []ed25519.PublicKey{private.Public().(ed25519.PublicKey)}
	live := func(t *testing.T, st store.Store, slots int) {
		t.Helper()
		m, err := monitor.New(monitor.Config{Store: st, InstanceID: "a", EvidenceKey: private})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- m.Run(ctx) }()
		time.Sleep(time.Duration(slots) * time.Minute)
		stop()
		require.NoError(t, <-ended)
	}
	path := filepath.Join(t.TempDir(), "a.db")
	var moments []moment
	const recorded, slots = 23*time.Hour + 40*time.Minute, 40 // over midnight
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(recorded)
		r := record(t, path)
		live(t, r.Store, slots)
		r.end()
		moments = r.moments
	})
	var all []crash
	for i, after := range moments[1:] {
		all = append(all, crashes(i, moments[i], after, random)...)
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i, whole := range []bool{true, false} { // the first two are one of each kind
		j := i + slices.IndexFunc(all[i:], func(c crash) bool { return c.whole == whole })
		all[i], all[j] = all[j], all[i]
	}
	some := all[:min(len(all), seedtest.Histories(90))]
	kept := map[bool]int{}
	for _, c := range some {
		place := filepath.Join(t.TempDir(), "a.db")
		require.NoError(t, os.WriteFile(place, c.db, 0o600))
		require.NoError(t, os.WriteFile(place+"-wal", c.wal, 0o600))
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(recorded + (slots+10)*time.Minute)
			opened, err := sqlitestore.Open(t.Context(), place, nil)
			require.NoError(t, err, c.name)
			defer func() { require.NoError(t, opened.Close()) }()
			found := state(t, opened, c)
			require.Contains(t, c.may, found, c.name)
			if c.whole {
				require.Equal(t, c.may[1], found, "%s: what was acknowledged is there", c.name)
			}
			kept[maps.Equal(found, c.may[len(c.may)-1])]++

			book, err := ledger.New(opened, "")
			require.NoError(t, err)
			pass := func() int64 {
				signed, err := verify.Evidence(t.Context(), book, verify.EvidenceOptions{Keys: keys})
				require.NoError(t, err)
				require.NotEqual(t, verify.Fail, signed.Verdict, "%s: %+v", c.name, signed)
				outcome, err := verify.Evidence(t.Context(), book, verify.EvidenceOptions{}) // also before anything is signed
				require.NoError(t, err)
				beats := outcome.Counts["beats"]
				if beats > 0 || outcome.Verdict == verify.Fail { // without one nothing is proved
					require.Equal(t, verify.Pass, outcome.Verdict, "%s: %+v", c.name, outcome)
				}
				return beats
			}
			before := pass()
			live(t, commits{opened, func([]store.Op, []store.Stamp) {}}, 4)
			require.GreaterOrEqual(t, pass(), before+3, "%s: the chain goes on", c.name)
		})
	}
	t.Logf("%d moments, %d crashes, %d of them looked at: %d with the last commit, %d without", len(moments), len(all), len(some), kept[true], kept[false])
	require.Positive(t, kept[true], "one whole commit is among the first two")
}

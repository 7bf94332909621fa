package copying_test

import (
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/examples/internal/copying"
	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

func side(t *testing.T, st store.Store) copying.Side {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	return copying.Side{Store: st, Ledger: l}
}

func sqlite(t *testing.T, path string) copying.Side {
	t.Helper()
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return side(t, st)
}

// recorded is a file that an older version wrote: two leaders, a crash, incidents,
// rollups, evidence.
func recorded(t *testing.T) (path string) {
	t.Helper()
	packed, err := os.Open(filepath.Join("..", "..", "..", "internal", "recorded", "testdata", "longrun.db.gz"))
	require.NoError(t, err)
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	require.NoError(t, err)
	data, err := io.ReadAll(r)
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "longrun.db")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

// texts are the documents of a SQLite file as they are stored, but for the lock that a
// copy takes.
func texts(t *testing.T, path string) map[string]string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT collection || '/' || id, ts || ' ' || data FROM documents WHERE collection NOT LIKE '%/locks'")
	require.NoError(t, err)
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var name, text string
		require.NoError(t, rows.Scan(&name, &text))
		all[name] = text
	}
	require.NoError(t, rows.Err())
	return all
}

func evidence(t *testing.T, s copying.Side, now time.Time) verify.Outcome {
	t.Helper()
	o, err := verify.Evidence(t.Context(), s.Ledger, verify.EvidenceOptions{Now: now})
	require.NoError(t, err)
	return o
}

func newest(t *testing.T, s copying.Side) time.Time {
	t.Helper()
	for e, err := range s.Ledger.Heartbeats(t.Context(), ledger.Page{Desc: true, Limit: 1}) {
		require.NoError(t, err)
		return e.At.Add(time.Second)
	}
	return time.Time{}
}

var by = copying.Options{By: "longctl test"}

func TestACopyIsTheSameTextForTextAndItsEvidenceHolds(t *testing.T) {
	t.Parallel()
	fromPath, toPath := recorded(t), filepath.Join(t.TempDir(), "copy.db")
	from, to := sqlite(t, fromPath), sqlite(t, toPath)
	n, err := copying.Copy(t.Context(), from, to, by)
	require.NoError(t, err)
	want := texts(t, fromPath)
	require.Greater(t, len(want), 50)
	require.Equal(t, want, texts(t, toPath))
	require.Equal(t, copying.Count{Copied: int64(len(want))}, n)

	now := newest(t, from)
	want1, got := evidence(t, from, now), evidence(t, to, now)
	require.Equal(t, want1, got)
	before, err := verify.RestartSafe(t.Context(), from.Ledger, verify.RestartSafeOptions{Now: now})
	require.NoError(t, err)
	after, err := verify.RestartSafe(t.Context(), to.Ledger, verify.RestartSafeOptions{Now: now})
	require.NoError(t, err)
	require.Equal(t, before.Verdict, after.Verdict, "%+v", after.Problems)

	// Once more it compares, and finds nothing to do.
	n, err = copying.Copy(t.Context(), from, to, by)
	require.NoError(t, err)
	require.Equal(t, copying.Count{Same: int64(len(want))}, n)
}

// watched is a store in which a monitor of today's writes a few beats.
func watched(t *testing.T, st store.Store, instance string, beats int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	m, err := monitor.New(monitor.Config{Store: st, Interval: time.Second, InstanceID: instance, AfterBeat: func(context.Context, longrun.Heartbeat) {
		if beats--; beats == 0 {
			stop()
		}
	}})
	require.NoError(t, err)
	require.NoError(t, m.Run(ctx))
}

// Who goes on at the copy goes on with the same chain.
func TestAnInstanceGoesOnWithACopy(t *testing.T) {
	t.Parallel()
	from, to := side(t, memstore.New(nil)), side(t, memstore.New(nil))
	watched(t, from.Store, "a", 2)
	_, err := copying.Copy(t.Context(), from, to, by)
	require.NoError(t, err)
	for _, s := range []copying.Side{from, to} {
		require.Equal(t, verify.Pass, evidence(t, s, time.Now()).Verdict)
	}
	watched(t, to.Store, "b", 2)
	o := evidence(t, to, time.Now())
	require.Equal(t, verify.Pass, o.Verdict, "%+v", o.Problems)
	require.EqualValues(t, 4, o.Counts["beats"])
	r, err := verify.RestartSafe(t.Context(), to.Ledger, verify.RestartSafeOptions{Now: time.Now()})
	require.NoError(t, err)
	require.Equal(t, verify.Pass, r.Verdict, "%+v", r.Problems)

	// It is no longer what was copied, and is left alone.
	n, err := copying.Copy(t.Context(), from, to, by)
	require.ErrorIs(t, err, copying.ErrAnother)
	require.Zero(t, n.Copied+n.Changed+n.Removed)
}

// breaking is a store that breaks whoever uses it off, at one of its commits.
type breaking struct {
	store.Store

	at      atomic.Int64
	breakIt context.CancelFunc
	after   bool // the commit is done, and nobody hears of it
}

var errBroken = errors.New("broken off")

func (b *breaking) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	if b.at.Add(-1) != -1 {
		return b.Store.Commit(ctx, ops...)
	}
	if b.after {
		_, _ = b.Store.Commit(ctx, ops...)
	}
	b.breakIt()
	return nil, errBroken
}

// A copy that is broken off anywhere is gone on with, also where the source has changed
// since.
func TestACopyThatWasBrokenOffGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		from := side(t, memstore.New(nil))
		watched(t, from.Store, "a", 250)
		ended, unheard := 0, 0
		for at := range 40 {
			to := side(t, memstore.New(nil))
			ctx, cancel := context.WithCancel(t.Context())
			st := &breaking{Store: to.Store, breakIt: cancel, after: at%2 == 1}
			st.at.Store(int64(at / 2))
			_, err := copying.Copy(ctx, from, side(t, st), by)
			cancel()
			if err == nil {
				ended++
				break
			}
			// Meanwhile an instance led, one document moved and another went.
			watched(t, from.Store, "b", 1)
			at := int64(at)
			ops := []store.Op{store.Set(from.Ledger.Key(ledger.Silences, "s"), map[string]any{"ts": time.Now(), "silenceId": "s"})}
			if gone := from.Ledger.Key(ledger.Outbox, fmt.Sprint(at-1)); at > 0 {
				ops = append(ops, store.Delete(gone))
			}
			_, err = from.Store.Commit(t.Context(), append(ops, store.Set(from.Ledger.Key(ledger.Outbox, fmt.Sprint(at)), map[string]any{"ts": time.Now()}))...)
			require.NoError(t, err)

			_, err = copying.Copy(t.Context(), from, to, by)
			for tries := 0; err != nil && tries < 2; tries++ { // a lease that nobody gave back is waited for
				_, err = copying.Copy(t.Context(), from, to, by)
			}
			if errors.Is(err, copying.ErrAnother) { // the last commit was done, and nobody heard: it is a copy of then
				_, err := to.Store.Get(t.Context(), to.Ledger.Key(ledger.Config, "copy"))
				require.ErrorIs(t, err, store.ErrNotFound)
				unheard++
				continue
			}
			require.NoError(t, err, "broken off at %d", at)
			require.Equal(t, said(t, from), said(t, to))
			o := evidence(t, to, time.Now())
			require.Equal(t, verify.Pass, o.Verdict, "%+v", o.Problems)
		}
		require.Equal(t, 1, ended, "it came to its end at last")
		require.Equal(t, 1, unheard)
	})
}

// said is what all documents say, but for the locks.
func said(t *testing.T, s copying.Side) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, c := range ledger.Collections() {
		for rec, err := range s.Ledger.Records(t.Context(), c, ledger.Page{}) {
			require.NoError(t, err)
			var doc map[string]any
			require.NoError(t, rec.Decode(&doc))
			if c != ledger.Locks {
				all[rec.Key.String()] = doc
			}
		}
	}
	return all
}

func TestAStoreOfAnotherHistoryIsLeftAlone(t *testing.T) {
	t.Parallel()
	from := side(t, memstore.New(nil))
	watched(t, from.Store, "a", 2)
	for name, prepare := range map[string]func(t *testing.T, to copying.Side){
		"another's": func(t *testing.T, to copying.Side) { watched(t, to.Store, "b", 2) },
		"only its settings": func(t *testing.T, to copying.Side) {
			_, err := to.Ledger.PutSettings(t.Context(), longrun.DefaultSettings(time.Minute), "")
			require.NoError(t, err)
		},
		"only its lock": func(t *testing.T, to copying.Side) {
			_, err := to.Store.Commit(t.Context(), store.Create(to.Ledger.LockKey(), map[string]any{"ts": time.Now(), "epoch": int64(3), "leaseSec": 60.0, "seq": int64(9), "holderInstanceId": "b"}))
			require.NoError(t, err)
		},
		"a copy that was edited": func(t *testing.T, to copying.Side) {
			_, err := copying.Copy(t.Context(), from, to, by)
			require.NoError(t, err)
			for e, err := range to.Ledger.Heartbeats(t.Context(), ledger.Page{Limit: 1}) {
				require.NoError(t, err)
				e.Value.Healthy = !e.Value.Healthy
				_, err = to.Store.Commit(t.Context(), store.Set(e.Key, e.Value))
				require.NoError(t, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := side(t, memstore.New(nil))
			prepare(t, to)
			before := contents(t, to)
			_, err := copying.Copy(t.Context(), from, to, by)
			require.ErrorIs(t, err, copying.ErrAnother)
			require.Equal(t, before, contents(t, to))
		})
	}
}

func contents(t *testing.T, s copying.Side) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, c := range ledger.Collections() {
		for rec, err := range s.Ledger.Records(t.Context(), c, ledger.Page{}) {
			require.NoError(t, err)
			all[rec.Key.String()] = rec.Version
		}
	}
	return all
}

func TestNobodyMayLeadMeanwhile(t *testing.T) {
	t.Parallel()
	held := map[string]any{"ts": time.Now(), "epoch": int64(3), "leaseSec": 60.0, "seq": int64(9), "holderInstanceId": "wa-1", "owner": "somebody"}
	for i := range 2 {
		sides := []copying.Side{side(t, memstore.New(nil)), side(t, memstore.New(nil))}
		watched(t, sides[0].Store, "a", 2)
		_, err := sides[i].Store.Commit(t.Context(), store.Set(sides[i].Ledger.LockKey(), held))
		require.NoError(t, err)
		_, err = copying.Copy(t.Context(), sides[0], sides[1], by)
		require.ErrorContains(t, err, "wa-1 leads there")
	}
}

// An archive is not written to, not even a lease.
func TestAnArchiveIsReadOnly(t *testing.T) {
	t.Parallel()
	path := recorded(t)
	st, err := sqlitestore.Open(t.Context(), path, &sqlitestore.Options{ReadOnly: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	to := side(t, memstore.New(nil))
	n, err := copying.Copy(t.Context(), side(t, st), to, copying.Options{By: by.By, Archive: true})
	require.NoError(t, err)
	require.EqualValues(t, len(texts(t, path)), n.Copied)
}

// Firestore has types of its own for times and numbers, and returns fields in no order.
func TestThroughFirestoreAndBack(t *testing.T) {
	t.Parallel()
	host, project := firestoretest.Host(t), firestoretest.Project()
	st, err := firestorestore.New(firestoretest.Connect(t, host, project), &firestorestore.Options{Timeout: time.Minute}) // a busy machine
	require.NoError(t, err)
	path := recorded(t)
	from, through, back := sqlite(t, path), side(t, st), side(t, memstore.New(nil))
	_, err = copying.Copy(t.Context(), from, through, by)
	require.NoError(t, err)
	_, err = copying.Copy(t.Context(), through, back, by)
	require.NoError(t, err)
	n, err := copying.Copy(t.Context(), from, back, by)
	require.NoError(t, err)
	require.EqualValues(t, len(texts(t, path)), n.Same)
	now := newest(t, from)
	require.Equal(t, evidence(t, from, now), evidence(t, through, now))
}

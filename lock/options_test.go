package lock_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

func TestLeaseAloneIsEnough(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{0, 3 * time.Second, 4 * time.Second, time.Minute, time.Hour, lock.MaxLease} {
		_, err := lock.New(memstore.New(nil), lockKey, &lock.Options{Lease: d})
		require.NoError(t, err, "%v", d)
	}
}

func TestEveryMistakeIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := lock.New(nil, store.Key{}, &lock.Options{
		Lease: 25 * time.Hour, Renew: 24 * time.Hour, Margin: time.Millisecond,
		RetryMin: time.Hour, RetryMax: time.Minute, Timeout: -1, Poll: -1,
	})
	for _, want := range []string{"no store", "collection", "Options.Lease", "Options.Renew", "Options.Margin", "Options.RetryMin", "Options.Timeout", "Options.Poll"} {
		require.ErrorContains(t, err, want)
	}
}

// Nor does a sum of durations that is too large for one let anything pass.
func TestWhatIsNobodyOrTooLongIsAMistake(t *testing.T) {
	t.Parallel()
	var st *memstore.Store
	var lives *lock.NoWitness
	_, err := lock.New(st, lockKey, &lock.Options{Witness: lives})
	require.ErrorContains(t, err, "no store")
	require.ErrorContains(t, err, "Options.Witness: is a nil *lock.NoWitness")
	for name, o := range map[string]lock.Options{
		"RetryMax": {RetryMax: math.MaxInt64 / 2},
		"Margin":   {Margin: math.MaxInt64},
		"both":     {RetryMax: math.MaxInt64, Margin: math.MaxInt64 - 1},
	} {
		_, err := lock.New(memstore.New(nil), lockKey, &o)
		require.ErrorContains(t, err, "must be longer than Renew", name)
	}
}

func TestALeaseThatIsNoDurationIsOneMistake(t *testing.T) {
	t.Parallel()
	_, err := lock.New(memstore.New(nil), lockKey, &lock.Options{Lease: -4 * time.Second})
	require.EqualError(t, err, "lock: Options.Lease: -4s is not positive")
	_, err = lock.New(memstore.New(nil), lockKey, &lock.Options{Lease: -4 * time.Second, Timeout: -1})
	require.ErrorContains(t, err, "Options.Timeout", "another one is another line")
}

func TestTheDurationsMustLeaveRoomForARetry(t *testing.T) {
	t.Parallel()
	ok := lock.Options{Lease: 120 * time.Second, Renew: 60 * time.Second, Margin: 10 * time.Second, RetryMax: 16 * time.Second}
	_, err := lock.New(memstore.New(nil), lockKey, &ok)
	require.NoError(t, err)
	for name, edit := range map[string]func(*lock.Options){
		"Renew + 3·RetryMax + Margin": func(o *lock.Options) { o.RetryMax = 17 * time.Second },
		"half the Lease":              func(o *lock.Options) { o.Renew = 60*time.Second + 1 },
		"less than 1s":                func(o *lock.Options) { o.Margin = time.Second - 1 },
	} {
		bad := ok
		edit(&bad)
		_, err := lock.New(memstore.New(nil), lockKey, &bad)
		require.ErrorContains(t, err, name)
	}
}

func TestOptionsAreCopied(t *testing.T) {
	t.Parallel()
	opts := &lock.Options{InstanceID: "before"}
	l, err := lock.New(memstore.New(nil), lockKey, opts)
	require.NoError(t, err)
	opts.InstanceID, opts.Clock = "after", nil
	held, err := l.TryAcquire(t.Context())
	require.NoError(t, err)
	require.Equal(t, "before", l.View().Row.HolderInstanceID)
	require.True(t, l.View().Leading)
	require.NoError(t, held.Release(t.Context()))
	require.False(t, l.View().Leading)
}

// rowOf stores a document and reads it as a row.
func rowOf(t *testing.T, doc any) (lock.Row, store.Record, error) {
	t.Helper()
	st := memstore.New(nil)
	_, err := st.Commit(t.Context(), store.Set(lockKey, doc))
	require.NoError(t, err)
	rec, err := st.Get(t.Context(), lockKey)
	require.NoError(t, err)
	row, err := lock.ReadRow(rec)
	return row, rec, err
}

func TestARowOfTheSystemBeforeIsReadable(t *testing.T) {
	t.Parallel()
	until := time.Date(2025, 12, 29, 22, 36, 47, 0, time.UTC)
	row, rec, err := rowOf(t, map[string]any{
		"holderInstanceId": "host-1766", "leaseUntilTs": float64(until.UnixMilli()), "updatedAt": until.Add(-lease),
	})
	require.NoError(t, err)
	require.Equal(t, lock.Row{
		HolderInstanceID: "host-1766", LeaseUntil: until, RenewedAt: rec.UpdateTime, TS: rec.UpdateTime,
	}, row)
	require.True(t, row.Foreign())
	require.True(t, row.Held())
	require.Zero(t, row.Lease())
}

func TestARowThatIsNoRowIsCorrupt(t *testing.T) {
	t.Parallel()
	good := func() map[string]any {
		return map[string]any{"holderInstanceId": "a", "owner": "n", "epoch": 3, "leaseSec": 120.0, "seq": 9, "note": ""}
	}
	_, _, err := rowOf(t, good())
	require.NoError(t, err)
	for name, edit := range map[string]func(map[string]any){
		"epoch is text":          func(m map[string]any) { m["epoch"] = "3" },
		"epoch is negative":      func(m map[string]any) { m["epoch"] = -3 },
		"epoch cannot rise":      func(m map[string]any) { m["epoch"] = int64(math.MaxInt64) },
		"epoch is missing":       func(m map[string]any) { delete(m, "epoch") },
		"no field at all":        func(m map[string]any) { clear(m) },
		"owner is a number":      func(m map[string]any) { m["owner"] = 1 },
		"seq is negative":        func(m map[string]any) { m["seq"] = -1 },
		"seq cannot rise":        func(m map[string]any) { m["seq"] = int64(math.MaxInt64) },
		"lease is missing":       func(m map[string]any) { delete(m, "leaseSec") },
		"lease is endless":       func(m map[string]any) { m["leaseSec"] = 1e12 },
		"lease is negative":      func(m map[string]any) { m["leaseSec"] = -1.0 },
		"note is a list":         func(m map[string]any) { m["note"] = []string{"x"} },
		"renewedAt is no time":   func(m map[string]any) { m["renewedAt"] = "yesterday" },
		"the holder is a number": func(m map[string]any) { m["holderInstanceId"] = 5 },
	} {
		doc := good()
		edit(doc)
		_, _, err := rowOf(t, doc)
		var corrupt *lock.CorruptError
		require.ErrorAs(t, err, &corrupt, name)
		require.Equal(t, lockKey, corrupt.Key)
		require.ErrorContains(t, err, lockKey.String())
	}
}

func FuzzReadRowNeverTakesAMangledRowForAFreeOne(f *testing.F) {
	f.Add("a", "n", int64(3), 120.0, int64(9))
	f.Add("a", "", int64(0), 0.0, int64(0))
	f.Add("", "", int64(-1), math.Inf(1), int64(-1))
	f.Add("a", "n", int64(3), math.NaN(), int64(9))
	f.Fuzz(func(t *testing.T, holder, owner string, epoch int64, leaseSec float64, seq int64) {
		rec := store.NewRecord(lockKey, time.Time{}, "1", time.Unix(0, 0), time.Unix(0, 0), func(v any) error {
			return decodeMap(v, map[string]any{"holderInstanceId": holder, "owner": owner, "epoch": epoch, "leaseSec": leaseSec, "seq": seq})
		})
		row, err := lock.ReadRow(rec)
		if err != nil {
			return
		}
		require.True(t, row.Held() || row.Epoch > 0, "free, and yet without an epoch to raise")
		require.True(t, row.Foreign() || row.Lease() > 0 && row.Lease() <= lock.MaxLease)
		require.Equal(t, epoch, row.Epoch)
	})
}

// decodeMap fills a struct from a document, as stores do; NaN and infinities,
// which Firestore can keep, pass through unlike in JSON.
func decodeMap(v any, doc map[string]any) error {
	to := reflect.ValueOf(v).Elem()
	for i := range to.NumField() {
		if value, ok := doc[to.Type().Field(i).Tag.Get("json")]; ok {
			if !reflect.TypeOf(value).AssignableTo(to.Field(i).Type()) {
				return errNet
			}
			to.Field(i).Set(reflect.ValueOf(value))
		}
	}
	return nil
}

package ledger_test

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/firestoretest"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/firestorestore"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// onEach runs a test on every store.
func onEach(t *testing.T, test func(t *testing.T, st store.Store)) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, memstore.New(nil))
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		st, err := sqlitestore.Open(t.Context(), t.TempDir()+"/longrun.db", nil)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, st.Close()) })
		test(t, st)
	})
	t.Run("firestore", func(t *testing.T) {
		t.Parallel()
		st, err := firestorestore.New(firestoretest.Client(t), &firestorestore.Options{Timeout: time.Minute}) // a busy machine
		require.NoError(t, err)
		test(t, st)
	})
}

func open(t *testing.T, st store.Store) *ledger.Ledger {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	return l
}

// fill sets every field of a struct to a value that is not zero, so that a
// field which is lost on the way shows.
func fill(v reflect.Value, n *int64) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2025, 12, 29, 22, 14, int(*n)%60, int(*n)*1000, time.UTC)))
			return
		}
		for f, field := range v.Fields() {
			if f.Tag.Get("json") != "-" { // which no store has
				fill(field, n)
			}
		}
	case reflect.String:
		v.SetString("text " + time.Duration(*n).String() + " ăîț")
	case reflect.Int, reflect.Int64:
		v.SetInt(*n<<33 + *n)
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.125)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Interface:
		v.Set(reflect.ValueOf("anything"))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			value := reflect.New(v.Type().Elem()).Elem()
			fill(value, n)
			v.SetMapIndex(reflect.ValueOf("key"+time.Duration(*n).String()), value)
		}
	default:
		panic("fill: " + v.Kind().String())
	}
}

func filled[T any]() T {
	var v T
	var n int64
	fill(reflect.ValueOf(&v).Elem(), &n)
	return v
}

func roundTrips[T any](t *testing.T, st store.Store) {
	t.Helper()
	l := open(t, st)
	name := reflect.TypeFor[T]().Name()
	for id, want := range map[string]T{"full": filled[T](), "empty": *new(T)} {
		id = name + id
		switch v := any(&want).(type) { // what must be there
		case *longrun.Incident:
			v.IncidentID, v.TSStart = id, time.Date(2025, 12, 29, 22, 14, 0, 0, time.UTC)
		case *longrun.Run:
			v.RunID = id
		case *longrun.Silence:
			v.SilenceID = id
		case *rules.State:
			v.Rule = longrun.RuleID(id)
			id = v.ID()
		}
		_, err := st.Commit(t.Context(), store.Create(l.Key("things", id), want))
		require.NoError(t, err, name)
		got, err := ledger.Read[T](t.Context(), l, "things", id)
		require.NoError(t, err, name)
		switch v := any(&want).(type) { // what mending fills in
		case *longrun.Heartbeat:
			v.BucketID, v.TS = cmp.Or(v.BucketID, id), got.At
		case *longrun.Probe:
			v.ProbeKey, v.TS = cmp.Or(v.ProbeKey, id), got.At
		}
		require.Equal(t, normal(want), normal(got.Value), name)
	}
}

// normal makes empty and nil lists one: what was nil comes back empty.
func normal[T any](v T) T {
	f := reflect.ValueOf(&v).Elem()
	for _, field := range f.Fields() {
		if (field.Kind() == reflect.Slice || field.Kind() == reflect.Map) && field.Len() == 0 {
			field.SetZero()
		}
	}
	return v
}

func TestEveryDocumentRoundTripsOnEveryStore(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		roundTrips[longrun.Heartbeat](t, st)
		roundTrips[longrun.Run](t, st)
		roundTrips[longrun.Settings](t, st)
		roundTrips[longrun.Probe](t, st)
		roundTrips[longrun.Incident](t, st)
		roundTrips[rules.State](t, st)
		roundTrips[longrun.Notice](t, st)
		roundTrips[longrun.Silence](t, st)
		roundTrips[longrun.Rollup](t, st)
		roundTrips[lock.Row](t, st)
	})
}

func TestABeatIsTheSameEvidenceFromEveryStore(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		h := filled[longrun.Heartbeat]()
		h.BucketID = "2025-12-29T22-14-00"
		_, err := st.Commit(t.Context(), l.CreateHeartbeat(h))
		require.NoError(t, err)
		got, ok, err := ledger.First[longrun.Heartbeat](t.Context(), l, ledger.Heartbeats, ledger.Page{})
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, evidence.Hash(h), evidence.Hash(got.Value))
	})
}

func TestASlotOnceFilledIsNeverRewritten(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		first := longrun.Beat(time.Date(2025, 12, 29, 22, 14, 1, 0, time.UTC), time.Minute)
		second := longrun.Beat(time.Date(2025, 12, 29, 22, 14, 59, 0, time.UTC), time.Minute)
		_, err := st.Commit(t.Context(), l.CreateHeartbeat(first))
		require.NoError(t, err)
		_, err = st.Commit(t.Context(), l.CreateHeartbeat(second))
		require.ErrorIs(t, err, store.ErrConflict)
		got, err := ledger.Read[longrun.Heartbeat](t.Context(), l, ledger.Heartbeats, first.BucketID)
		require.NoError(t, err)
		require.Equal(t, first.TS, got.Value.TS)
	})
}

func TestAMangledDocumentFillsNoSlot(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		base := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
		bad := l.Key(ledger.Heartbeats, "bad")
		_, err := st.Commit(t.Context(),
			l.CreateHeartbeat(longrun.Beat(base, time.Minute)),
			store.Set(bad, map[string]any{"ts": base.Add(90 * time.Second), "uptimeSec": "soon"}))
		require.NoError(t, err)
		var told []string
		slots, err := l.FilledSlots(t.Context(), base, base.Add(time.Hour), time.Minute, func(e ledger.Entry[longrun.Heartbeat], err *ledger.DocumentError) {
			require.NotEmpty(t, e.Version)
			told = append(told, err.Path)
		})
		require.NoError(t, err)
		require.Equal(t, map[longrun.Slot]bool{longrun.SlotAt(base, time.Minute): true}, slots)
		require.Equal(t, []string{bad.String()}, told)
		slots, err = l.FilledSlots(t.Context(), base, base.Add(time.Hour), time.Minute, nil)
		require.NoError(t, err)
		require.Len(t, slots, 1)
	})
}

func TestAMangledDocumentIsNamedAndTheListGoesOn(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		base := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
		for i := range 3 {
			h := longrun.Beat(base.Add(time.Duration(i)*time.Minute), time.Minute)
			_, err := st.Commit(t.Context(), l.CreateHeartbeat(h))
			require.NoError(t, err)
		}
		bad := l.Key(ledger.Heartbeats, "bad")
		_, err := st.Commit(t.Context(), store.Set(bad, map[string]any{"ts": base.Add(90 * time.Second), "uptimeSec": "soon"}))
		require.NoError(t, err)
		sound := 0
		var mangled *ledger.DocumentError
		for e, err := range l.Heartbeats(t.Context(), ledger.Page{}) {
			if errors.As(err, &mangled) {
				require.Equal(t, bad.String(), mangled.Path)
				require.Equal(t, bad, e.Key)
				require.ErrorContains(t, err, bad.String())
				continue
			}
			require.NoError(t, err)
			sound++
		}
		require.NotNil(t, mangled)
		require.Equal(t, 3, sound)

		_, err = st.Commit(t.Context(), store.Set(l.SettingsKey(), map[string]any{"driftSec": "ten"}))
		require.NoError(t, err)
		s, version, err := l.Settings(t.Context(), time.Minute)
		require.ErrorAs(t, err, &mangled)
		require.NotEmpty(t, version, "whoever mends it needs its version")
		require.Equal(t, longrun.DefaultSettings(time.Minute), s)
	})
}

func TestTheNewestResultsOfEachProbeHoldOneOfTheSchedule(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		base := time.Date(2025, 12, 29, 22, 0, 0, 0, time.UTC)
		put := func(named longrun.NamedProbe, hours int, trigger longrun.ProbeTrigger) {
			start := base.Add(time.Duration(hours) * time.Hour)
			p := longrun.Probe{Type: named.Type, Name: named.Name, TS: start, Trigger: trigger, Result: longrun.Pass}
			p.ProbeKey = named.ID(start, trigger, longrun.ProbeSchedule{Every: 6 * time.Hour, Retry: time.Hour})
			_, err := st.Commit(t.Context(), l.CreateProbe(p))
			require.NoError(t, err)
		}
		outbound, ops := longrun.NamedProbe{Type: longrun.Outbound}, longrun.NamedProbe{Type: longrun.Outbound, Name: "ops-1"}
		put(ops, 6, longrun.Scheduled)
		put(outbound, 0, longrun.Scheduled)
		put(outbound, 6, longrun.Scheduled)
		put(outbound, 7, longrun.ByHand)
		put(longrun.NamedProbe{Type: longrun.Queue}, 2, longrun.Scheduled)
		put(longrun.NamedProbe{Type: longrun.Inbound}, 3, longrun.ByHand)
		_, err := st.Commit(t.Context(), store.Set(l.Key(ledger.Probes, "bad"), map[string]any{"ts": base.Add(9 * time.Hour), "type": 7}))
		require.NoError(t, err)

		keys := func(since time.Time, most int) map[string][]string {
			recent, err := l.ProbesSince(t.Context(), since, most)
			require.NoError(t, err)
			out := map[string][]string{}
			for named, probes := range recent {
				for _, p := range probes {
					out[named.String()] = append(out[named.String()], p.ProbeKey)
				}
			}
			return out
		}
		require.Equal(t, map[string][]string{
			"outbound":       {"OUT_20251229T22", "OUT_20251230T04", "OUT_20251230T050000"},
			"queue":          {"QUEUE_20251230T00"},
			"inbound":        {"IN_20251230T010000"},
			"outbound ops-1": {"OUT_20251230T04_ops-1"},
		}, keys(base, 10))
		require.Equal(t, []string{"OUT_20251230T04", "OUT_20251230T050000"}, keys(base, 1)["outbound"])
		require.Equal(t, []string{"OUT_20251230T050000"}, keys(base.Add(7*time.Hour), 10)["outbound"], "no older than asked for")

		// The first result stands.
		_, err = st.Commit(t.Context(), l.CreateProbe(longrun.Probe{ProbeKey: "OUT_20251230T04", TS: base}))
		require.ErrorIs(t, err, store.ErrConflict)
	})
}

func TestSettingsAreWrittenOnTheVersionThatWasRead(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, st store.Store) {
		l := open(t, st)
		s, version, err := l.Settings(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Empty(t, version)
		s.TS = time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)
		first, err := l.PutSettings(t.Context(), s, "")
		require.NoError(t, err)
		s.ExpectedAccounts = 2
		_, err = l.PutSettings(t.Context(), s, "")
		require.ErrorIs(t, err, store.ErrConflict)
		_, err = l.PutSettings(t.Context(), s, first)
		require.NoError(t, err)
		s.ExpectedAccounts = 3
		_, err = l.PutSettings(t.Context(), s, first)
		require.ErrorIs(t, err, store.ErrConflict)
		s.ExpectedAccounts = -2
		_, err = l.PutSettings(t.Context(), s, first)
		require.ErrorContains(t, err, "expectedAccounts")
	})
}

func TestTheRootIsCheckedOnce(t *testing.T) {
	t.Parallel()
	for _, root := range []string{"a", "a/b/c", "/a/b", "a/b/", "a//b", "a/..", "__a__/b", "\xff/b"} {
		_, err := ledger.New(memstore.New(nil), root)
		require.ErrorIs(t, err, store.ErrInvalid, root)
		require.ErrorContains(t, err, "Root", root)
	}
	_, err := ledger.New(nil, "team/service")
	require.EqualError(t, err, "ledger: no store")
	l, err := ledger.New(memstore.New(nil), "team/service")
	require.NoError(t, err)
	require.Equal(t, "team/service/locks/heartbeat-scheduler", l.LockKey().String())
	require.Equal(t, "team/service/config/current", l.SettingsKey().String())
}

func TestAStoreThatFailsEndsAListWithItsError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l := open(t, memstore.New(nil))
	n := 0
	for _, err := range l.Runs(ctx, ledger.Page{}) {
		require.ErrorIs(t, err, context.Canceled)
		n++
	}
	require.Equal(t, 1, n)
	_, _, err := l.Earliest(ctx)
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = l.Settings(ctx, time.Minute)
	require.ErrorIs(t, err, context.Canceled)
}

package evidence_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// What is empty changes no hash, whichever way it is: so a field that a later
// version knows, and a list that a store reads back as another, leave it as it was.
func TestWhatIsEmptyIsNoPartOfAnEntry(t *testing.T) {
	t.Parallel()
	require.Equal(t, "longrun.Incident/1\n{}\n", string(evidence.IncidentEntry(longrun.Incident{})))
	require.Equal(t, "longrun.Rollup/1\n{}\n", string(evidence.RollupEntry(longrun.Rollup{
		ProbePassRates: map[string]float64{}, Gaps: []longrun.Gap{}, PrunedAt: map[string]time.Time{}, MTTRP50: new(0.0), Seal: &longrun.Seal{},
	})))
	one := longrun.Incident{Slots: []string{"", "b"}, TSEnd: new(time.Unix(0, 1999))}
	require.Equal(t, "longrun.Incident/1\n{\"slots\":[\"\",\"b\"],\"tsEnd\":\"1970-01-01T00:00:00.000001Z\"}\n", string(evidence.IncidentEntry(one)))
}

// Every field is part of the entry: one that is set makes it another.
func TestEveryFieldIsPartOfAnEntry(t *testing.T) {
	t.Parallel()
	for _, entry := range []any{evidence.ProbeEntry, evidence.IncidentEntry, evidence.RollupEntry} {
		f := reflect.ValueOf(entry)
		of := f.Type().In(0)
		empty := f.Call([]reflect.Value{reflect.Zero(of)})[0].Bytes()
		for i := range of.NumField() {
			v := reflect.New(of).Elem()
			fill(v.Field(i))
			require.NotEqual(t, string(empty), string(f.Call([]reflect.Value{v})[0].Bytes()), "%s.%s", of, of.Field(i).Name)
		}
	}
}

// fill sets a value to one that is not empty.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1, 0)))
			return
		}
		fill(v.Field(0))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		one := reflect.New(v.Type().Elem()).Elem()
		fill(one)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("x"), one)
	case reflect.Interface:
		v.Set(reflect.ValueOf("x"))
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(1)
	default:
		v.SetInt(1)
	}
}

// The line of an entry is JSON, and what it says is what the document said.
func FuzzEntryIsJSON(f *testing.F) {
	f.Add("a\x00\u2028\"\\<&>\xff", 1e-7, int64(5))
	f.Add("ä\b\f\n\r\t\x1f", 1e21, int64(-1))
	f.Add("", math.Copysign(0, -1), int64(0))
	f.Fuzz(func(t *testing.T, s string, x float64, n int64) {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return
		}
		p := longrun.Probe{ProbeKey: s, LatencyMs: x, Epoch: n, Attempts: []longrun.ProbeAttempt{{Error: s}}}
		text := evidence.ProbeEntry(p)
		require.Equal(t, byte('\n'), text[len(text)-1])
		var back, want longrun.Probe
		line := text[len("longrun.Probe/1\n"):]
		require.NoError(t, json.Unmarshal(line, &back))
		plain, err := json.Marshal(p)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(plain, &want))
		require.Equal(t, want, back)
		require.Equal(t, text, evidence.ProbeEntry(back), "as a store reads it back")
	})
}

func TestTheHashOfABeatAndItsLeafAreOfOneText(t *testing.T) {
	t.Parallel()
	h := longrun.Beat(time.Unix(60, 0), time.Minute)
	hash, leaf := evidence.HashAndLeaf(&h)
	require.Equal(t, evidence.Hash(h), hash)
	require.Equal(t, evidence.Leaf(evidence.BeatEntry(h)), leaf)
}

func ExampleProbeEntry() {
	p := longrun.Probe{ProbeKey: "OUT_20251229T23", Type: longrun.Outbound, TS: time.Date(2025, 12, 29, 23, 7, 0, 0, time.UTC), Result: longrun.Pass}
	fmt.Print(string(evidence.ProbeEntry(p)))
	// Output:
	// longrun.Probe/1
	// {"probeKey":"OUT_20251229T23","result":"PASS","ts":"2025-12-29T23:07:00Z","type":"outbound"}
}

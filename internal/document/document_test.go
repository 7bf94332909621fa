package document_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/store"
)

var noon = time.Date(2025, 12, 29, 12, 0, 0, 0, time.UTC)

type field[T any] struct {
	V T `json:"v" firestore:"v"`
}

type base struct {
	TS   time.Time `json:"ts" firestore:"ts"`
	Name string    `json:"name" firestore:"name"`
}

// embedded takes its time from an unexported struct.
type embedded struct {
	base
	N int64 `json:"n" firestore:"n"`
}

type textual struct{ s string }

func (x textual) MarshalText() ([]byte, error) { return []byte(x.s), nil }

type recursive struct {
	Next *recursive `json:"next" firestore:"next"`
}

func TestWhatIsRefusedIsNamed(t *testing.T) {
	t.Parallel()
	deep := any("leaf")
	for range 30 {
		deep = map[string]any{"x": deep}
	}
	cyclic := map[string]any{}
	cyclic["self"] = []any{cyclic}
	for says, value := range map[string]any{
		"not int":              7,
		"not *int":             new(int),
		"not []string":         []string{"x"},
		"not time.Time":        noon,
		"not *document_test.b": (*base)(nil),
		"uint64 cannot be":     field[uint64]{},
		".V: uint cannot be":   field[*uint]{},
		"uintptr cannot be":    map[string]uintptr{},
		"[2]int cannot be":     field[[2]int]{},
		"chan int cannot":      field[chan int]{},
		"nested slices":        field[[][]string]{},
		`["v"][1]: nested`:     map[string]any{"v": []any{1, []any{}}},
		`["v"][0]: nested`:     map[string]any{"v": []any{[]string{"a"}}},
		"keys must be":         field[map[int]string]{},
		"marshals itself":      field[textual]{},
		"Number marshals":      field[json.Number]{},
		"RawMessage marshals":  field[json.RawMessage]{},
		"contains itself":      recursive{},
		"20 levels deep":       map[string]any{"v": deep},
		`["self"][0]["self"]`:  cyclic,
		"NaN":                  field[float64]{V: math.NaN()},
		"+Inf":                 field[[]float64]{V: []float64{1, math.Inf(1)}},
		".V: text that is not": field[string]{V: "a\xff"},
		`.V["k"]: text that`:   field[map[string]string]{V: map[string]string{"k": "\xff"}},
		"name \"a\\xff\" is":   map[string]any{"a\xff": 1},
		"empty field name":     map[string]any{"": 1},
		"\"__x__\" is res":     map[string]any{"__x__": 1},
		"year 10000":           field[time.Time]{V: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"year -1":              field[*time.Time]{V: new(time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC))},
		"func() cannot be":     map[string]any{"f": func() {}},
		"firestore tag": struct {
			A string `json:"a" firestore:"b"`
		}{},
		"no json and": struct{ A string }{},
		"omitempty": struct {
			A string `json:"a,omitempty" firestore:"a,omitempty"`
		}{},
		"a second field \"name\"": struct {
			base
			B string `json:"name" firestore:"name"`
		}{},
		"embedded": struct{ *base }{},
		"nested.Bad": struct {
			nested
		}{},
	} {
		_, _, err := document.Encode(value)
		require.ErrorIs(t, err, store.ErrInvalid, says)
		require.ErrorContains(t, err, says)
		require.Equal(t, 1, strings.Count(err.Error(), "store: invalid"), "%v", err)
	}
}

type nested struct {
	Bad uint64 `json:"bad" firestore:"bad"`
}

func TestTheDocumentsTimeIsItsTS(t *testing.T) {
	t.Parallel()
	east := noon.In(time.FixedZone("east", 7200)).Add(999)
	for name, c := range map[string]struct {
		value any
		want  time.Time
	}{
		"struct":         {base{TS: east}, noon},
		"pointer":        {&base{TS: east}, noon},
		"embedded":       {embedded{base: base{TS: east}}, noon},
		"map":            {map[string]any{"ts": east}, noon},
		"typed map":      {map[string]time.Time{"ts": east}, noon},
		"pointer in map": {map[string]any{"ts": &east}, noon},
		"named keys":     {map[named]any{"ts": east}, noon},
		"pointer field": {struct {
			TS *time.Time `json:"ts" firestore:"ts"`
		}{&east}, noon},
		"nil pointer": {struct {
			TS *time.Time `json:"ts" firestore:"ts"`
		}{}, time.Time{}},
		"none":     {field[string]{}, time.Time{}},
		"text":     {map[string]any{"ts": noon.Format(time.RFC3339)}, time.Time{}},
		"nil":      {map[string]any{"ts": nil}, time.Time{}},
		"zero":     {base{}, time.Time{}},
		"no field": {map[string]any(nil), time.Time{}},
	} {
		data, at, err := document.Encode(c.value)
		require.NoError(t, err, name)
		require.Equal(t, c.want, at, name)
		require.True(t, json.Valid(data), "%s: %s", name, data)
		require.Equal(t, byte('{'), data[0], "%s is an object", name)
	}
}

type named string

func TestCleanCutsEveryTimeAndLeavesTheValueAlone(t *testing.T) {
	t.Parallel()
	odd := noon.Add(123456789).In(time.FixedZone("west", -3600))
	want := noon.Add(123456 * time.Microsecond)
	type all struct {
		base
		P  *time.Time           `json:"p" firestore:"p"`
		S  []time.Time          `json:"s" firestore:"s"`
		M  map[string]time.Time `json:"m" firestore:"m"`
		A  any                  `json:"a" firestore:"a"`
		N  []base               `json:"n" firestore:"n"`
		Is map[string]any       `json:"is" firestore:"is"`
	}
	value := all{base{odd, "x"}, &odd, []time.Time{odd}, map[string]time.Time{"k": odd}, odd, []base{{TS: odd}}, map[string]any{"k": []any{odd, nil}, "n": nil}}
	clean, at, err := document.Clean(&value)
	require.NoError(t, err)
	require.Equal(t, want, at)
	require.Equal(t, all{base{want, "x"}, &want, []time.Time{want}, map[string]time.Time{"k": want}, want, []base{{TS: want}}, map[string]any{"k": []any{want, nil}, "n": nil}}, clean)
	for _, untouched := range []time.Time{value.TS, *value.P, value.S[0], value.M["k"], value.N[0].TS} {
		require.Equal(t, odd, untouched)
	}
}

func TestTextIsReadableAndLimited(t *testing.T) {
	t.Parallel()
	data, _, err := document.Encode(field[string]{V: "a < b & ü"})
	require.NoError(t, err)
	require.Equal(t, `{"v":"a < b & ü"}`, string(data)) //nolint:testifylint // the very text counts
	_, _, err = document.Encode(field[string]{V: strings.Repeat("<", document.MaxBytes-8)})
	require.NoError(t, err)
	_, _, err = document.Encode(field[string]{V: strings.Repeat("<", document.MaxBytes-7)})
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "1048577 bytes")
}

// FuzzRoundTrip: what Encode takes, Decode gives back, and what it does not
// take could not have come back.
func FuzzRoundTrip(f *testing.F) {
	f.Add("text", int64(1), 0.1, true, int64(1767009600), int64(123456789), []byte("x"), "k")
	f.Add("\xff", int64(math.MinInt64), math.Inf(-1), false, int64(-62135596800), int64(0), []byte{}, "")
	f.Add("\u2028 \"\\ \x00 <&>", int64(math.MaxInt64), math.MaxFloat64, false, int64(253402300799), int64(999999999), []byte(nil), "__k__")
	type value struct {
		TS    time.Time         `json:"ts" firestore:"ts"`
		Text  string            `json:"text" firestore:"text"`
		Int   int64             `json:"int" firestore:"int"`
		Float float64           `json:"float" firestore:"float"`
		Yes   bool              `json:"yes" firestore:"yes"`
		Bytes []byte            `json:"bytes" firestore:"bytes"`
		Map   map[string]string `json:"map" firestore:"map"`
		Time  *time.Time        `json:"time" firestore:"time"`
		Texts []string          `json:"texts" firestore:"texts"`
	}
	f.Fuzz(func(t *testing.T, text string, n int64, x float64, yes bool, sec, nsec int64, raw []byte, k string) {
		at := time.Unix(sec, nsec%1e9).UTC()
		in := value{at, text, n, x, yes, raw, map[string]string{k: text}, &at, []string{text, k}}
		data, got, err := document.Encode(in)
		keepable := utf8.ValidString(text) && utf8.ValidString(k) && k != "" && !math.IsNaN(x) && !math.IsInf(x, 0) &&
			at.Year() >= 1 && at.Year() <= 9999 && !(len(k) > 3 && strings.HasPrefix(k, "__") && strings.HasSuffix(k, "__"))
		if len(text) < 1000 && len(raw) < 1000 && len(k) < 1000 {
			require.Equal(t, keepable, err == nil, "%v", err)
		}
		if err != nil {
			require.ErrorIs(t, err, store.ErrInvalid)
			return
		}
		at = at.Truncate(time.Microsecond)
		in.TS, in.Time = at, &at
		require.Equal(t, at, got)
		var out value
		require.NoError(t, document.Decode(string(data), &out))
		require.Equal(t, in, out)
	})
}

package firestorestore

import (
	"encoding/json"
	"math/rand" //nolint:depguard // what testing/quick gives
	"reflect"
	"testing"
	"testing/quick"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/document"
)

type state string

type base struct {
	TS   time.Time `json:"ts" firestore:"ts"`
	Name state     `json:"name" firestore:"name"`
}

type Extra struct {
	More string `json:"more" firestore:"more"`
}

// sample has a field of each kind that package store allows.
type sample struct {
	base
	Extra
	I      int               `json:"i" firestore:"i"`
	I64    int64             `json:"i64" firestore:"i64"`
	U8     uint8             `json:"u8" firestore:"u8"`
	U32    uint32            `json:"u32" firestore:"u32"`
	F      float64           `json:"f" firestore:"f"`
	B      bool              `json:"b" firestore:"b"`
	D      time.Duration     `json:"d" firestore:"d"`
	P      *int64            `json:"p" firestore:"p"`
	T      *time.Time        `json:"t" firestore:"t"`
	Data   []byte            `json:"data" firestore:"data"`
	Parts  [][]byte          `json:"parts" firestore:"parts"`
	List   []state           `json:"list" firestore:"list"`
	Inner  []Extra           `json:"inner" firestore:"inner"`
	Labels map[text]string   `json:"labels" firestore:"labels"`
	Any    any               `json:"any" firestore:"any"`
	Times  map[string]Lapse  `json:"times" firestore:"times"`
	Skip   string            `json:"-" firestore:"-"`
	hidden map[string]string //nolint:unused // must not be stored
}

// text is a random text that is UTF-8 and may name a field.
type text string

func (text) Generate(r *rand.Rand, size int) reflect.Value {
	out := make([]rune, 1+r.Intn(size+1))
	for i := range out {
		out[i] = []rune{'a', '_', '.', '/', '`', '"', '\\', 0, 'ü', '界', '👋', 0x2028}[r.Intn(12)]
	}
	return reflect.ValueOf(text("k" + string(out)))
}

type Lapse struct {
	From time.Time `json:"from" firestore:"from"`
}

// The stores that keep JSON are the oracle: what Firestore gets must be the
// same document, name by name and value by value.
func TestFieldsAreThoseOfTheJSONDocument(t *testing.T) {
	t.Parallel()
	same := func(name, list text, i, i64 int64, u8 uint8, u32 uint32, f float64, data []byte, labels map[text]string, sec int64, ns int32, more text, p *int64) bool {
		at := time.Unix(sec%(1<<35), int64(ns)).In(time.FixedZone("", int(sec%50000)))
		v := sample{
			base: base{TS: at, Name: state(name)}, Extra: Extra{string(more)}, I: int(i), I64: i64, U8: u8, U32: u32, F: f, B: i > 0,
			D: time.Duration(i), P: p, T: &at, Data: data, Parts: [][]byte{data}, List: []state{state(list)}, Labels: labels,
			Inner: []Extra{{string(name)}}, Any: map[string]any{"deep": []any{at, i, nil, f}}, Times: map[string]Lapse{"x": {at}},
		}
		return sameAsJSON(t, v) && sameAsJSON(t, &v)
	}
	require.NoError(t, quick.Check(same, nil))
	for _, v := range []any{
		sample{}, &sample{}, map[string]any{}, map[string]any(nil), map[state]int{"a": 1}, sample{List: []state{}, Labels: map[text]string{}, Data: []byte{}},
	} {
		require.True(t, sameAsJSON(t, v), "%+v", v)
	}
}

func sameAsJSON(t *testing.T, v any) bool {
	t.Helper()
	text, _, err := document.Encode(v)
	require.NoError(t, err)
	fields, size, err := encode(v)
	require.NoError(t, err)
	require.Equal(t, len(text), size)
	got, err := json.Marshal(fields)
	require.NoError(t, err)
	require.JSONEq(t, string(text), string(got))
	return true
}

func TestTimesStayTimesAndBytesStayBytes(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 12, 29, 23, 7, 0, 123_456_789, time.FixedZone("east", 3600))
	fields, _, err := encode(sample{base: base{TS: at}, T: &at, Data: []byte("x"), D: time.Second})
	require.NoError(t, err)
	require.Equal(t, time.Date(2025, 12, 29, 22, 7, 0, 123_456_000, time.UTC), fields["ts"])
	require.Equal(t, fields["ts"], fields["t"])
	require.Equal(t, []byte("x"), fields["data"])
	require.Equal(t, int64(time.Second), fields["d"])
	require.Nil(t, fields["p"])
	require.Contains(t, fields, "p", "an optional field is null and not missing")
	require.Equal(t, reflect.TypeFor[map[string]any](), reflect.TypeOf(fields))
}

package storetest

import (
	"math"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/store"
)

// note is the plain document of most rules.
type note struct {
	TS time.Time `json:"ts" firestore:"ts"`
	N  int64     `json:"n" firestore:"n"`
}

// noon is where the documents' times begin: fixed, so that a failure reads the
// same every time.
var noon = time.Date(2025, 12, 29, 12, 0, 0, 0, time.UTC)

func noteAt(sec int) note { return note{TS: noon.Add(time.Duration(sec) * time.Second), N: int64(sec)} }

// everything has a field of each kind that package store allows.
type everything struct {
	TS       time.Time         `json:"ts" firestore:"ts"`
	Text     string            `json:"text" firestore:"text"`
	Yes      bool              `json:"yes" firestore:"yes"`
	Int      int               `json:"int" firestore:"int"`
	Int64    int64             `json:"int64" firestore:"int64"`
	Uint8    uint8             `json:"uint8" firestore:"uint8"`
	Float    float64           `json:"float" firestore:"float"`
	Whole    float64           `json:"whole" firestore:"whole"`
	Named    kind              `json:"named" firestore:"named"`
	Length   time.Duration     `json:"length" firestore:"length"`
	Bytes    []byte            `json:"bytes" firestore:"bytes"`
	Texts    []string          `json:"texts" firestore:"texts"`
	Floats   []float64         `json:"floats" firestore:"floats"`
	Labels   map[string]string `json:"labels" firestore:"labels"`
	Inner    inner             `json:"inner" firestore:"inner"`
	Inners   []inner           `json:"inners" firestore:"inners"`
	End      *time.Time        `json:"end" firestore:"end"`
	Optional *int64            `json:"optional" firestore:"optional"`
}

type kind string

type inner struct {
	At   time.Time         `json:"at" firestore:"at"`
	Name string            `json:"name" firestore:"name"`
	Tags map[string]string `json:"tags" firestore:"tags"`
}

func full() everything {
	end, optional := noon.Add(time.Hour), int64(7)
	return everything{
		TS: noon, Text: "grüße 你好 👋🏽 \u202eabc\u202c \" \\ \n \t <b>&amp;</b> \u2028", Yes: true,
		Int: -42, Int64: math.MaxInt64, Uint8: math.MaxUint8, Float: 0.1, Whole: 3, Named: "stall", Length: time.Minute,
		Bytes: []byte{0, 1, 0xff}, Texts: []string{"a", "", "ü"}, Floats: []float64{1, 2.5, math.MaxFloat64, math.SmallestNonzeroFloat64},
		Labels: map[string]string{"k": "v", "with space": "", "ключ.with.dots": "x"},
		Inner:  inner{At: noon.Add(time.Second), Name: "in", Tags: map[string]string{"a": "b"}},
		Inners: []inner{{At: noon.Add(2 * time.Second), Name: "1"}, {At: noon.Add(3 * time.Second), Name: "2"}},
		End:    &end, Optional: &optional,
	}
}

func documentRules() []rule {
	return []rule{
		{"A missing document is ErrNotFound", missing},
		{"A document comes back as it was written", comesBack},
		{"Nil pointers and empty slices come back empty", comesBackEmpty},
		{"Maps and structs are the same documents", mapsAndStructs},
		{"Times are cut to microseconds and come back in UTC", timePrecision},
		{"Set leaves nothing of the document before", setReplaces},
		{"Decode keeps fields that the document lacks", decodeKeeps},
		{"A document is a copy of the value", notAliased},
		{"A document that does not decode is its own error", undecodable},
		{"A document of 900 KiB is kept, one over 1 MiB is ErrInvalid", sizeLimit},
	}
}

func missing(s *suite) {
	s.absent(s.key("never written"))
	s.commit(store.Set(s.key("written"), noteAt(0)))
	s.absent(s.key("writte"))
	s.absent(store.Key{Collection: s.coll + "x", ID: "written"})
	require.Empty(s, s.scan(store.Query{Collection: s.coll + "x"}), "a collection that does not exist is empty")
}

func comesBack(s *suite) {
	want := full()
	s.commit(store.Set(s.key("full"), want), store.Set(s.key("pointer"), &want), store.Set(s.key("least"), everything{Int64: math.MinInt64, TS: noon}))
	for _, id := range []string{"full", "pointer"} {
		var got everything
		require.NoError(s, s.get(s.key(id)).Decode(&got))
		requireEqualDocument(s, want, got)
	}
	var got everything
	require.NoError(s, s.get(s.key("least")).Decode(&got))
	require.Equal(s, int64(math.MinInt64), got.Int64)
	for _, r := range s.scan(store.Query{Collection: s.coll}) {
		require.NoError(s, r.Decode(&everything{}), "what Scan finds decodes like what Get finds")
	}
}

// requireEqualDocument compares what a person would call the same document:
// nil and empty are one.
func requireEqualDocument(s *suite, want, got everything) {
	s.Helper()
	require.True(s, want.TS.Equal(got.TS), "ts: want %v, got %v", want.TS, got.TS)
	require.Equal(s, want.Inner, got.Inner)
	require.Len(s, got.Inners, len(want.Inners))
	for i := range want.Inners {
		require.Equal(s, want.Inners[i].Name, got.Inners[i].Name)
		require.True(s, want.Inners[i].At.Equal(got.Inners[i].At))
		require.Empty(s, got.Inners[i].Tags)
	}
	want.TS, want.Inner, want.Inners = got.TS, got.Inner, got.Inners
	require.Equal(s, want, got)
}

func comesBackEmpty(s *suite) {
	s.commit(store.Set(s.key("nil"), everything{TS: noon}),
		store.Set(s.key("empty"), everything{TS: noon, Texts: []string{}, Labels: map[string]string{}, Bytes: []byte{}, Inners: []inner{}}))
	for _, id := range []string{"nil", "empty"} {
		var got everything
		require.NoError(s, s.get(s.key(id)).Decode(&got))
		require.Nil(s, got.End)
		require.Nil(s, got.Optional)
		require.Empty(s, got.Texts)
		require.Empty(s, got.Inners)
		require.Empty(s, got.Labels)
		require.Empty(s, got.Bytes)
		require.Empty(s, got.Text)
	}
}

func mapsAndStructs(s *suite) {
	s.commit(store.Set(s.key("map"), map[string]any{"ts": noon, "n": 7, "extra": map[string]any{"deep": []any{"x", 1.5, nil}}}),
		store.Set(s.key("struct"), note{TS: noon, N: 7}))
	for _, id := range []string{"map", "struct"} {
		r := s.get(s.key(id))
		var n note
		require.NoError(s, r.Decode(&n))
		require.Equal(s, int64(7), n.N)
		require.True(s, noon.Equal(n.TS))
		require.True(s, noon.Equal(r.At), "the time of %s is its ts", id)
		m := map[string]any{}
		require.NoError(s, r.Decode(&m))
		require.Contains(s, m, "ts")
		require.EqualValues(s, 7, m["n"])
	}
	require.Equal(s, []string{"map", "struct"}, s.ids(store.Query{Collection: s.coll}))
}

func timePrecision(s *suite) {
	at := time.Date(2025, 12, 30, 1, 0, 0, 123_456_999, time.FixedZone("east", 2*3600))
	want := at.UTC().Truncate(time.Microsecond)
	s.commit(store.Set(s.key("t"), everything{TS: at, End: &at, Inner: inner{At: at}, Inners: []inner{{At: at}}}))
	r := s.get(s.key("t"))
	var got everything
	require.NoError(s, r.Decode(&got))
	for name, found := range map[string]time.Time{
		"At": r.At, "ts": got.TS, "pointer": *got.End, "nested": got.Inner.At, "in a slice": got.Inners[0].At,
		"At of a Scan": s.scan(store.Query{Collection: s.coll})[0].At,
	} {
		require.True(s, want.Equal(found), "%s: want %v, got %v", name, want, found)
		require.Equal(s, time.UTC, found.Location(), name)
	}
	// Times long ago and far ahead are times like others.
	for id, at := range map[string]time.Time{"old": time.Date(1815, 12, 10, 0, 0, 0, 1000, time.UTC), "far": time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		s.commit(store.Set(s.key(id), note{TS: at}))
		require.True(s, at.Equal(s.get(s.key(id)).At), "%v", at)
	}
	require.Equal(s, []string{"old", "t", "far"}, s.ids(store.Query{Collection: s.coll}))
}

func setReplaces(s *suite) {
	k := s.key("k")
	s.commit(store.Set(k, map[string]any{"ts": noon, "gone": 1, "n": 1}))
	s.commit(store.Set(k, map[string]any{"ts": noon, "n": 2}))
	m := map[string]any{}
	require.NoError(s, s.get(k).Decode(&m))
	require.EqualValues(s, 2, m["n"])
	require.NotContains(s, m, "gone")
}

func decodeKeeps(s *suite) {
	s.commit(store.Set(s.key("k"), map[string]any{"ts": noon, "unknown": "skipped"}))
	got := note{N: 9}
	require.NoError(s, s.get(s.key("k")).Decode(&got))
	require.Equal(s, int64(9), got.N)
	require.True(s, noon.Equal(got.TS))
}

func notAliased(s *suite) {
	labels := map[string]string{"k": "v"}
	value := everything{TS: noon, Labels: labels, Texts: []string{"a"}}
	s.commit(store.Set(s.key("k"), &value))
	labels["k"], value.Texts[0], value.Text = "changed", "changed", "changed"
	r := s.get(s.key("k"))
	var first, second everything
	require.NoError(s, r.Decode(&first))
	require.Equal(s, "v", first.Labels["k"])
	require.Equal(s, []string{"a"}, first.Texts)
	require.Empty(s, first.Text)
	first.Labels["k"], first.Texts[0] = "changed", "changed"
	require.NoError(s, r.Decode(&second))
	require.Equal(s, "v", second.Labels["k"])
	require.Equal(s, []string{"a"}, second.Texts)
}

func undecodable(s *suite) {
	s.commit(store.Set(s.key("1"), noteAt(1)),
		store.Set(s.key("2"), map[string]any{"ts": noteAt(2).TS, "n": "not a number"}),
		store.Set(s.key("3"), noteAt(3)))
	decoded := map[string]bool{}
	for _, r := range s.scan(store.Query{Collection: s.coll}) {
		decoded[r.Key.ID] = r.Decode(&note{}) == nil
	}
	require.Equal(s, map[string]bool{"1": true, "2": false, "3": true}, decoded)
	r := s.get(s.key("2"))
	require.Error(s, r.Decode(&note{}))
	require.True(s, noteAt(2).TS.Equal(r.At))
}

func sizeLimit(s *suite) {
	s.commit(store.Set(s.key("large"), everything{TS: noon, Text: strings.Repeat("x", 900<<10)}))
	var got everything
	require.NoError(s, s.get(s.key("large")).Decode(&got))
	require.Len(s, got.Text, 900<<10)

	_, err := s.st.Commit(s.Context(), store.Set(s.key("small"), noteAt(0)),
		store.Set(s.key("too large"), everything{TS: noon, Text: strings.Repeat("x", 1100<<10)}))
	require.ErrorIs(s, err, store.ErrInvalid)
	s.absent(s.key("small"))
	s.absent(s.key("too large"))
}

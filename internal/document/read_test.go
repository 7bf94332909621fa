package document_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/document"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

type word string

type inner struct {
	At   *time.Time `json:"at"`
	Name word       `json:"name"`
	Of   []float64  `json:"of"`
}

// every has each kind of field that documents have.
type every struct {
	TS      time.Time          `json:"ts"`
	Text    string             `json:"text"`
	Is      bool               `json:"is"`
	N       int64              `json:"n"`
	Small   int8               `json:"small"`
	F       float64            `json:"f"`
	P       *float64           `json:"p"`
	Inner   inner              `json:"inner"`
	Ptr     *inner             `json:"ptr"`
	List    []inner            `json:"list"`
	Words   []word             `json:"words"`
	Counts  map[string]int64   `json:"counts"`
	Times   map[word]time.Time `json:"times"`
	Rest    map[string]any     `json:"rest"`
	Lists   map[string][]int64 `json:"lists"`
	Untaged string
	hidden  int
	Left    string `json:"-"`
}

func full() every {
	x := every{
		TS: noon.Add(123456 * time.Microsecond), Text: "a\nb \"c\" \\d\te/ é — ☃", Is: true, N: -1234567890123456, Small: -7, F: 0.205, P: new(float64),
		Inner: inner{At: &time.Time{}, Name: "x", Of: []float64{0, 1.5, -2, 1e21, 1e-7, 123456789012345680, 0.1234567890123456789}},
		Ptr:   &inner{Of: []float64{}}, List: []inner{{Name: "a"}, {Of: []float64{3}}, {}, {}, {}, {Name: "f"}},
		Words: []word{"", "ü"}, Counts: map[string]int64{"a": 1, "b c": -2}, Times: map[word]time.Time{"t": noon}, Rest: map[string]any{},
		Lists: map[string][]int64{"l": {1, 2}, "m": {}}, Untaged: "u",
	}
	x.hidden = 0
	return x
}

// agree holds Decode against encoding/json: the same value, or an error from both.
func agree(t *testing.T, data []byte, fresh func() any) {
	t.Helper()
	got, want := fresh(), fresh()
	err, wrong := document.Decode(string(data), got), json.Unmarshal(data, want)
	require.Equal(t, wrong == nil, err == nil, "%s: %v, and encoding/json says %v", data, err, wrong)
	if wrong == nil {
		require.True(t, reflect.DeepEqual(want, got), "%s:\n%+v\nand encoding/json has\n%+v", data, got, want)
	}
}

// targets are what documents are read into: empty ones, and such as hold something.
func targets() map[string]func() any {
	return map[string]func() any{
		"every":      func() any { return &every{} },
		"every full": func() any { x := full(); return &x },
		"beat":       func() any { return &longrun.Heartbeat{} },
		"probe":      func() any { return &longrun.Probe{} },
		"incident":   func() any { return &longrun.Incident{} },
		"rollup":     func() any { return &longrun.Rollup{} },
		"batch":      func() any { return &evidence.Batch{} },
		"run":        func() any { return &longrun.Run{} },
		"health": func() any {
			return &struct {
				Healthy *bool `json:"healthy"`
			}{}
		},
		"map":       func() any { return &map[string]any{} },
		"recursive": func() any { return &recursive{} },
		"embedded":  func() any { return &embedded{} },
	}
}

func samples(tb testing.TB) (texts [][]byte) {
	tb.Helper()
	end, sec := noon.Add(time.Minute), 60.0
	beat := longrun.Beat(noon.Add(205*time.Millisecond), time.Minute)
	beat.Counts = map[string]int64{"sent": 4}
	for _, v := range []any{
		full(),
		every{},
		beat,
		longrun.Probe{ProbeKey: "OUT_20251229T23", TS: noon, LatencyMs: 812.5, Result: longrun.Pass},
		longrun.Incident{IncidentID: "x", TS: noon, TSStart: noon, TSEnd: &end, MTTRSec: &sec},
		longrun.Rollup{
			TS: noon, Gaps: []longrun.Gap{{}, {}}, PrunedAt: map[string]time.Time{"heartbeats": noon}, Batches: []int64{1, 2}, Seal: &longrun.Seal{TS: noon},
			Probes: []longrun.ProbeTally{{Points: []longrun.ProbePoint{{TS: noon, Ms: 3.25}}}}, Lengths: []longrun.SlotLength{{}},
		},
		evidence.Batch{TS: noon, Lines: "h x 1 y\nh z 2 y\n", Frontier: []string{"a"}, Cosigned: []string{}},
		longrun.Run{RunID: "x", TS: noon, End: &end},
	} {
		data, _, err := document.Encode(v)
		if err != nil { // what is no document is JSON still
			data, err = json.Marshal(v)
		}
		require.NoError(tb, err)
		texts = append(texts, data)
	}
	for _, odd := range []string{
		`{}`, ` { } `, `null`, `[]`, `{"n":1}x`, `{"n":01}`, `{"n":-0}`, `{"n":1.0}`, `{"n":1e3}`, `{"n":9223372036854775807}`, `{"n":92233720368547758080}`,
		`{"small":128}`, `{"small":-128}`, `{"N":7}`, `{"n":1,"n":2}`, `{"n":1,"n":null}`, `{"n":null,"ptr":null,"list":null,"counts":null,"ts":null}`,
		`{"f":1.}`, `{"f":.5}`, `{"f":-0}`, `{"f":-0.0}`, `{"f":00.5}`, `{"f":1.7976931348623157e308}`, `{"f":1e999}`, `{"f":0.30000000000000004}`, `{"f":123456789012345678901234567890}`,
		`{"f":9007199254740993}`, `{"f":900719925474099.3}`, `{"f":99999999999999.9}`, `{"f":5e-324}`, `{"f":0.000000000000001}`, `{"f":1.2345678901234567}`,
		`{"text":"\u0041"}`, `{"text":"\ud83d\ude00"}`, "{\"text\":\"\xff\"}", "{\"text\":\"\x01\"}", `{"text":"\x"}`, `{"text":"\`, `{"text":"`, `{"text":"a\/b\b\f\r"}`, `{"te\u0078t":"a"}`,
		`{"ts":"2025-12-29T12:00:00+02:00"}`, `{"ts":"2025-13-29T12:00:00Z"}`, `{"ts":"2025-12-29T12:00:00,5Z"}`, `{"ts":""}`, `{"ts":1}`,
		`{"list":[]}`, `{"list":[null,{}]}`, `{"list":[{"name":"a"},]}`, `{"list":{}}`, `{"counts":{}}`, `{"counts":{"a":null}}`, `{"counts":{"a":1,"a":2}}`, `{"rest":{"a":[1]}}`, `{"rest":{}}`,
		`{"words":["a" , "b" ]}`, `{"is":tru}`, `{"is":"true"}`, `{"is":truex}`, `{"p":1.5}`, `{"p":null}`, `{"unknown":1}`, `{"n" : 1 , "f" : 2 }`, `{"n":1,}`, `{,}`, `{"n"}`, `{"n":}`, ``, ` `, `{"n":1`, `{"-":"x","Left":"y"}`, `{"Untaged":"x"}`, `{"untaged":"x"}`,
		`{"unknown":{"a":[1,"x\"",true,null,{}],"b":-0.5},"n":1}`, `{"unknown":[1,],"n":1}`, `{"unknown":"\u0041","n":1}`, `{"unknown":"\x","n":1}`, "{\"unknown\":\"\x01\"}", `{"unknown":tru}`, `{"unknown":01}`,
		`{"unknown":1,"unknown":2,"n":3}`, `{"unknown":{},"N":7}`, "{\"\u017fmall\":1}", `{"un\"n":1,"n":2}`, `{"unknown":{"n":1}}`, `{"unknown":{"n"}}`, `{"unknown":{"n":1`, `{"unknown":[`, `{"unknown":1e5,"healthy":true}`,
		`{"unknown":[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]],"n":1}`, `{"healthy":true,"x":"é"}`, `{"healthy":null,"x":{"healthy":false}}`, `{"HEALTHY":true}`,
		`{"ts":"2025-02-29T12:00:00Z"}`, `{"ts":"2024-02-29T23:59:59.999999999Z"}`, `{"ts":"2025-12-29T12:00:60Z"}`, `{"ts":"2025-12-29T24:00:00Z"}`, `{"ts":"2025-12-29T12:00:00.Z"}`, `{"ts":"2025-12-29T12:00:00.1234567891Z"}`,
		`{"ts":"0000-01-01T00:00:00Z"}`, `{"ts":"2025-12-29T12:00:00z"}`, `{"ts":"2025-12-29t12:00:00Z"}`, `{"ts":"2025-12-29T12:00:00.5+00:00"}`, `{"ts":"2025-12-29T12:00:00\u005a"}`,
		`{"next":{"next":null}}`, `{"name":"x","n":1}`, `{"list":[{"name":"a"},{"name":"b"},{"name":1}]}`, `{"counts":{"a":1},"text":"\u0041"}`,
	} {
		texts = append(texts, []byte(odd))
	}
	return texts
}

func TestDocumentsAreReadAsEncodingJSONReadsThem(t *testing.T) {
	t.Parallel()
	for _, data := range samples(t) {
		for _, fresh := range targets() {
			agree(t, data, fresh)
		}
	}
}

// However a text is changed, it is read the same or not at all.
func TestChangedDocumentsAreReadAsEncodingJSONReadsThem(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 5))
	texts := samples(t)
	for range 20_000 {
		data := append([]byte(nil), texts[r.IntN(len(texts))]...)
		for range 1 + r.IntN(3) {
			if len(data) == 0 {
				break
			}
			switch i := r.IntN(len(data)); r.IntN(4) {
			case 0:
				data[i] = `"{}[],:\0123456789.-+eEnulltruefalse Tt`[r.IntN(39)]
			case 1:
				data = append(data[:i], data[min(len(data), i+1+r.IntN(4)):]...)
			case 2:
				data = append(data[:i:i], append([]byte{data[i]}, data[i:]...)...)
			case 3:
				data[i] = byte(r.IntN(256))
			}
		}
		agree(t, data, func() any { return &every{} })
		agree(t, data, func() any { return &longrun.Heartbeat{} })
	}
}

func FuzzDecode(f *testing.F) {
	for _, data := range samples(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, fresh := range targets() {
			agree(t, data, fresh)
		}
	})
}

// The nearest float64 is read from as few digits as name it.
func TestFloatsAreReadExactly(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		x := r.NormFloat64()
		switch r.IntN(3) {
		case 0:
			x = math.Round(x*1e6) / 1e6
		case 1:
			x = math.Float64frombits(r.Uint64())
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			continue
		}
		data, _, err := document.Encode(field[float64]{V: x})
		require.NoError(t, err)
		var got field[float64]
		require.NoError(t, document.Decode(string(data), &got))
		require.Equal(t, math.Float64bits(x), math.Float64bits(got.V), "%s", data)
	}
}

// BenchmarkDecode reads a beat beside encoding/json, in turns.
func BenchmarkDecode(b *testing.B) {
	h := longrun.Beat(noon.Add(205*time.Millisecond), time.Minute)
	h.InstanceID, h.CommitHash, h.MemoryRSS, h.UptimeSec, h.ChainSeq, h.Epoch, h.Healthy = "bcfe891c-59b1-4364-999f-4399e47e613a", "b05469d7", 113_700_864, 1330, 525_000, 3, true
	h.PrevHash = evidence.Hash(h)
	data, _, err := document.Encode(h)
	require.NoError(b, err)
	text := string(data)
	best := [2]time.Duration{math.MaxInt64, math.MaxInt64} // what else the machine does falls on the others
	const each = 50
	for b.Loop() {
		for i, decode := range []func([]byte, any) error{json.Unmarshal, func(_ []byte, v any) error { return document.Decode(text, v) }} {
			at := time.Now()
			for range each {
				var x longrun.Heartbeat
				if err := decode(data, &x); err != nil {
					b.Fatal(err)
				}
			}
			best[i] = min(best[i], time.Since(at))
		}
	}
	b.ReportMetric(float64(best[1])/float64(best[0]), "×encoding/json")
	b.ReportMetric(float64(best[1].Nanoseconds())/each, "ns/beat")
}

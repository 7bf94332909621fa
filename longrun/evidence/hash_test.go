package evidence_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// sample is a beat with something in every field.
func sample() longrun.Heartbeat {
	return longrun.Heartbeat{
		BucketID: "2025-12-29T23-07-00", TS: time.Date(2025, 12, 29, 23, 7, 30, 205_001_000, time.UTC),
		TSISO: "2025-12-29T23:07:30.205Z", CommitHash: "b05469d7", InstanceID: "bcfe891c-59b1-4364-999f-4399e47e613a",
		UptimeSec: 1330, MemoryRSS: 113700864, ConnectedCount: 4, ReconnectingCount: 1, NeedsQRCount: 2, QueueDepth: 3,
		ExpectedIntervalSec: 60, DriftSec: 30.205001, Healthy: true, StatusError: "status: back\\slash\nnew line, ünïcode",
		Epoch: 7, Late: true, ChainSeq: 42, PrevHash: strings.Repeat("ab", 32),
	}
}

// encoded is the text of sample that a verifier in another language builds, with the
// lines of its counts.
func encoded(counts string) string {
	return `longrun.Heartbeat/1
bucketId=2025-12-29T23-07-00
chainSeq=42
commitHash=b05469d7
connectedCount=4
` + counts + `driftSec=30.205001
epoch=7
expectedIntervalSec=60
healthy=true
instanceId=bcfe891c-59b1-4364-999f-4399e47e613a
late=true
memoryRss=113700864
needsQrCount=2
prevHash=abababababababababababababababababababababababababababababababab
queueDepth=3
reconnectingCount=1
statusError=status: back\\slash\nnew line, ünïcode
ts=2025-12-29T23:07:30.205001Z
tsIso=2025-12-29T23:07:30.205Z
uptimeSec=1330
`
}

// If this test fails, every chain that was ever stored fails with it.
func TestTheCanonicalEncodingNeverChanges(t *testing.T) {
	t.Parallel()
	text := encoded("")
	sum := sha256.Sum256([]byte(text))
	require.Equal(t, hex.EncodeToString(sum[:]), evidence.Hash(sample()))
	require.Equal(t, "53ba02a3f52584771584ee4c055e8c749393b8a28261ce709ff1f70f3547f5d4", evidence.Hash(sample()))
	require.Equal(t, "3d03e8ac3ff58c36cc3276b51170bfb592067836f9bea62657d9f23ecd13d447", evidence.Hash(longrun.Heartbeat{}))
}

// The counts of a beat, which older ones have not.
func TestTheEncodingOfCountsNeverChanges(t *testing.T) {
	t.Parallel()
	h := sample()
	h.Counts = map[string]int64{"sent": 12, "banned": 1, "nothing": 0, "odd=\n": -3}
	text := encoded("counts.banned=1\ncounts.odd=\\n=-3\ncounts.sent=12\n")
	sum := sha256.Sum256([]byte(text))
	require.Equal(t, hex.EncodeToString(sum[:]), evidence.Hash(h))
	h.Counts = map[string]int64{"nothing": 0}
	require.Equal(t, evidence.Hash(sample()), evidence.Hash(h))
}

// slowHash makes the encoding from the struct's tags and the words of the
// comment, with none of the package's code.
func slowHash(h longrun.Heartbeat) string {
	v := reflect.ValueOf(h)
	var lines []string
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("json")
		if name == "-" {
			continue // it is told by healthy
		}
		var text string
		switch value := v.Field(i).Interface().(type) {
		case time.Time:
			value = value.UTC()
			text = fmt.Sprintf("%s.%06dZ", value.Format("2006-01-02T15:04:05"), value.Nanosecond()/1000)
		case float64:
			text = strconv.FormatFloat(value+0, 'f', -1, 64)
		case string:
			text = strings.ReplaceAll(strings.ReplaceAll(string([]rune(value)), `\`, `\\`), "\n", `\n`)
		case map[string]int64:
			for of, n := range value {
				if n != 0 {
					of = strings.ReplaceAll(strings.ReplaceAll(string([]rune(of)), `\`, `\\`), "\n", `\n`)
					lines = append(lines, fmt.Sprintf("%s.%s=%d\n", name, of, n))
				}
			}
			continue
		default:
			text = fmt.Sprint(value)
		}
		if name == "healthy" && h.HealthUnknown && h.ChainSeq != 0 {
			text = "unknown"
		}
		lines = append(lines, name+"="+text+"\n")
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte("longrun.Heartbeat/1\n" + strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])
}

// changed returns the field's value made another, in several ways.
func changed(v reflect.Value) (others []any) {
	switch old := v.Interface().(type) {
	case string:
		return []any{old + "x", old + " ", old + "\n", "", "x" + old, old + `\`, old + `\n`}
	case int64:
		return []any{old + 1, -old, int64(math.MaxInt64), int64(math.MinInt64)}
	case float64:
		return []any{math.Nextafter(old, 99), -old, old * 10}
	case bool:
		return []any{!old}
	case map[string]int64:
		return []any{map[string]int64{"sent": 1}, map[string]int64{"sent": 2}, map[string]int64{"sent": 1, "banned": 1}, map[string]int64{"a\n": 1}, map[string]int64{"b=": -1}}
	case time.Time:
		return []any{old.Add(time.Microsecond), old.Add(-time.Microsecond), old.Add(24 * time.Hour), old.AddDate(1, 0, 0)}
	}
	return nil
}

func TestEveryFieldChangesTheHash(t *testing.T) {
	t.Parallel()
	base := sample()
	seen := map[string]string{evidence.Hash(base): "the sample"}
	for i := range reflect.TypeFor[longrun.Heartbeat]().NumField() {
		field := reflect.TypeFor[longrun.Heartbeat]().Field(i).Name
		others := changed(reflect.ValueOf(base).Field(i))
		require.NotEmpty(t, others, "a type that this test does not know: %s", field)
		for _, other := range others {
			h := base
			reflect.ValueOf(&h).Elem().Field(i).Set(reflect.ValueOf(other))
			name := fmt.Sprintf("%s=%v", field, other)
			require.Equal(t, slowHash(h), evidence.Hash(h), name)
			require.Empty(t, seen[evidence.Hash(h)], "%s has the same hash", name)
			seen[evidence.Hash(h)] = name
		}
	}
}

// Whoever takes the field out of a beat of the chain makes a number rise, and changes its
// hash. The beats of the original system never had it, and keep theirs.
func TestABeatWithoutHealthIsNotOneOfASickHost(t *testing.T) {
	t.Parallel()
	sick, silent := sample(), sample()
	sick.Healthy, silent.Healthy, silent.HealthUnknown = false, false, true
	require.NotEqual(t, evidence.Hash(sick), evidence.Hash(silent))
	require.NotEqual(t, evidence.Leaf(evidence.BeatEntry(sick)), evidence.Leaf(evidence.BeatEntry(silent)))
	sick.ChainSeq, silent.ChainSeq = 0, 0
	require.Equal(t, evidence.Hash(sick), evidence.Hash(silent))
}

// A value must not be able to look like the next field.
func TestNoValuePassesForAnotherField(t *testing.T) {
	t.Parallel()
	one, two := longrun.Heartbeat{StatusError: "x\nts=1"}, longrun.Heartbeat{StatusError: `x\nts=1`}
	require.NotEqual(t, evidence.Hash(one), evidence.Hash(two))
	one, two = longrun.Heartbeat{CommitHash: "a\nconnectedCount=0"}, longrun.Heartbeat{CommitHash: "a"}
	require.NotEqual(t, evidence.Hash(one), evidence.Hash(two))
}

// FuzzHash: what a store keeps of a beat has the beat's hash, and the hash is
// the one that the comment describes.
func FuzzHash(f *testing.F) {
	f.Add("a", "b\nc", int64(1767049650), int64(205_001_999), 30.205, int64(7), true)
	f.Add("\xff\xfe", `\`, int64(-1), int64(999), math.Copysign(0, -1), int64(math.MinInt64), false)
	f.Add("\u2028\u00e9", "\x00\r", int64(253402300799), int64(0), 1e-300, int64(1), false)
	f.Fuzz(func(t *testing.T, text, status string, sec, ns int64, drift float64, n int64, yes bool) {
		if math.IsNaN(drift) || math.IsInf(drift, 0) {
			drift = 0 // no store keeps them
		}
		h := longrun.Heartbeat{
			BucketID: text, StatusError: status, TS: time.Unix(sec%62135596800, ns%1e9).In(time.FixedZone("", 3600)),
			DriftSec: drift, Epoch: n, ChainSeq: -n, Healthy: yes, Late: !yes,
		}
		require.Equal(t, slowHash(h), evidence.Hash(h))
		stored := h
		stored.TS = h.TS.UTC().Truncate(time.Microsecond)
		require.Equal(t, evidence.Hash(h), evidence.Hash(stored))
		data, err := json.Marshal(stored)
		require.NoError(t, err)
		var back longrun.Heartbeat
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, evidence.Hash(h), evidence.Hash(back))
	})
}

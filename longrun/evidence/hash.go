package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// evidenceHeader is the first line of what is hashed, so that no other kind of
// document, and no later encoding, can have the same bytes.
const evidenceHeader = "longrun.Heartbeat/1\n"

// Hash returns the SHA-256 of the beat in hexadecimal, over every stored field.
// It proves that the beat was not edited since; it does not prove who wrote it.
//
// The bytes are made so that any language can make them again. The first line is
// "longrun.Heartbeat/1". Then comes one line "name=value" for each field under
// its stored name, in ascending order of the names' bytes. Every line ends with
// a line feed (0x0A), the last one too. Of counts, each that is not 0 has a line of its
// own, "counts.name=value", by its name; the field itself has none. A value is written
// like this:
//
//	time      UTC, cut to microseconds, always six decimals: 2025-12-29T23:07:30.205000Z
//	integer   decimal, a minus sign where needed: 60
//	float     decimal, no exponent, the fewest digits that read back as the same
//	          float64, minus zero as zero: 0.205
//	boolean   true or false; healthy of a numbered beat that does not say it: unknown
//	string    UTF-8 as it is, but backslash as \\ and line feed as \n; a byte that
//	          is not UTF-8 becomes U+FFFD, as it does in JSON
//
// So the hash is the same before the beat is stored and after it was read back.
func Hash(h longrun.Heartbeat) string {
	// The usual beat has about 500 bytes: no allocation but the result.
	var room [1024]byte
	sum := sha256.Sum256(appendCanonical(&h, room[:0]))
	var out [2 * sha256.Size]byte
	hex.Encode(out[:], sum[:])
	return string(out[:])
}

// appendCanonical writes the encoding that Hash describes. The lines stand in
// the order of the names; a field that is added to Heartbeat later is left out
// where it is empty, so that the hashes of older beats stand.
func appendCanonical(h *longrun.Heartbeat, b []byte) []byte {
	b = append(b, evidenceHeader...)
	b = appendText(append(b, "bucketId="...), h.BucketID)
	b = appendInt(append(b, "chainSeq="...), h.ChainSeq)
	b = appendText(append(b, "commitHash="...), h.CommitHash)
	b = appendInt(append(b, "connectedCount="...), h.ConnectedCount)
	b = appendCounts(b, h.Counts)
	b = appendFloat(append(b, "driftSec="...), h.DriftSec)
	b = appendInt(append(b, "epoch="...), h.Epoch)
	b = appendInt(append(b, "expectedIntervalSec="...), h.ExpectedIntervalSec)
	b = appendHealthy(append(b, "healthy="...), h)
	b = appendText(append(b, "instanceId="...), h.InstanceID)
	b = appendBool(append(b, "late="...), h.Late)
	b = appendInt(append(b, "memoryRss="...), h.MemoryRSS)
	b = appendInt(append(b, "needsQrCount="...), h.NeedsQRCount)
	b = appendText(append(b, "prevHash="...), h.PrevHash)
	b = appendInt(append(b, "queueDepth="...), h.QueueDepth)
	b = appendInt(append(b, "reconnectingCount="...), h.ReconnectingCount)
	b = appendText(append(b, "statusError="...), h.StatusError)
	b = appendInstant(append(b, "ts="...), h.TS)
	b = appendText(append(b, "tsIso="...), h.TSISO)
	return appendInt(append(b, "uptimeSec="...), h.UptimeSec)
}

// appendCounts writes nothing where there is none: older beats have no such field.
func appendCounts(b []byte, counts map[string]int64) []byte {
	if len(counts) == 0 {
		return b
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if n := counts[name]; n != 0 {
			b = escape(append(b, "counts."...), name)
			b = appendInt(append(b, '='), n)
		}
	}
	return b
}

func appendInt(b []byte, v int64) []byte { return append(strconv.AppendInt(b, v, 10), '\n') }

func appendBool(b []byte, v bool) []byte { return append(strconv.AppendBool(b, v), '\n') }

// appendHealthy also tells a beat whose field was taken out from one that was not
// healthy: that would be a number that rises. The original's beats, which have no number
// in the chain, never had it, and keep the hash that older versions logged.
func appendHealthy(b []byte, h *longrun.Heartbeat) []byte {
	if h.HealthUnknown && h.ChainSeq != 0 {
		return append(b, "unknown\n"...)
	}
	return appendBool(b, h.Healthy)
}

func appendFloat(b []byte, v float64) []byte {
	if v == 0 {
		v = 0 // a database may lose the sign of minus zero
	}
	return append(strconv.AppendFloat(b, v, 'f', -1, 64), '\n')
}

// appendInstant writes RFC 3339 in UTC with exactly six decimals: what every store keeps
// of a time.
func appendInstant(b []byte, t time.Time) []byte {
	b = t.UTC().AppendFormat(b, time.RFC3339) // which is several times as fast as a layout of one's own
	b = append(b[:len(b)-len("Z")], '.')
	for micros, unit := t.Nanosecond()/1000, 100_000; unit > 0; unit /= 10 {
		b = append(b, '0'+byte(micros/unit%10))
	}
	return append(b, "Z\n"...)
}

// appendText escapes what would end the line, so that no value can pass for
// another field.
func appendText(b []byte, s string) []byte { return append(escape(b, s), '\n') }

func escape(b []byte, s string) []byte {
	if strings.IndexByte(s, '\\') < 0 && strings.IndexByte(s, '\n') < 0 && utf8.ValidString(s) {
		return append(b, s...)
	}
	for _, r := range s {
		switch r {
		case '\\':
			b = append(b, '\\', '\\')
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

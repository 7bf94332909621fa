package evidence

import (
	"crypto/sha256"
	"encoding/hex"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/internal/canonical"
)

// Kind is what a leaf of the tree is of.
type Kind byte

// The kinds of documents that are evidence.
const (
	Beat     Kind = 'h'
	Probe    Kind = 'p'
	Incident Kind = 'i'
	Rollup   Kind = 'r'
	Restored Kind = 'd'
)

// The first line of each entry, so that no document can pass for one of another
// kind, nor a later encoding for this one.
const (
	probeHeader    = "longrun.Probe/1\n"
	incidentHeader = "longrun.Incident/1\n"
	rollupHeader   = "longrun.Rollup/1\n"
	restoreHeader  = "longrun.Restore/1\n"
)

// BeatEntry returns the text that is logged of a beat: the one that Hash is of.
func BeatEntry(h longrun.Heartbeat) []byte { return appendCanonical(&h, nil) }

// ProbeEntry returns the text that is logged of a probe: a line with its kind, and
// one of JSON with every stored field that is not empty, in one spelling. See the
// package's comment.
func ProbeEntry(p longrun.Probe) []byte { return document(probeHeader, p) }

// IncidentEntry is ProbeEntry of an incident.
func IncidentEntry(i longrun.Incident) []byte { return document(incidentHeader, i) }

// RollupEntry is ProbeEntry of a rollup.
func RollupEntry(r longrun.Rollup) []byte { return document(rollupHeader, r) }

func document(header string, v any) []byte {
	return append(canonical.Append([]byte(header), v), '\n')
}

// Leaf returns what the tree holds of an entry: the SHA-256 of a zero byte and the
// entry.
func Leaf(entry []byte) tlog.Hash { return tlog.RecordHash(entry) }

// HashAndLeaf returns Hash and the Leaf of the entry of one beat. It costs less than
// both of them.
func HashAndLeaf(h *longrun.Heartbeat) (string, tlog.Hash) {
	var room [1024]byte
	text := appendCanonical(h, room[:1]) // behind the zero byte of a leaf
	sum := sha256.Sum256(text[1:])
	var out [2 * sha256.Size]byte
	hex.Encode(out[:], sum[:])
	return string(out[:]), sha256.Sum256(text)
}

package witness

import (
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Cosignature is one that was checked.
type Cosignature struct {
	// Key is the witness's.
	Key Key
	// At is when it signed, by its clock: until then it had seen no larger tree.
	At time.Time
	// Line is the line of the note, without a line feed.
	Line string
}

// ErrCosignature says that a line by a witness's key is not of the checkpoint: one of
// them was changed.
var ErrCosignature = errors.New("witness: a cosignature is not of this checkpoint, or one of them was changed")

// maxCosignatures is how many lines of a text are looked at.
const maxCosignatures = 100

// Cosignatures returns those among lines by which the keys cosigned a checkpoint, one
// a key: of several the newest. lines are any text of lines of a note. Those by other
// keys, and what is no such line, count for nothing. The error is ErrCosignature where
// a line by one of the keys is wrong; the right ones are returned beside it.
func Cosignatures(checkpoint, lines string, keys ...Key) (found []Cosignature, err error) {
	text := textOf(checkpoint)
	looked := 0
	for line := range strings.Lines(lines) {
		line = strings.TrimSuffix(line, "\n")
		k, signature, ok := byOneOf(line, keys)
		if !ok {
			continue
		}
		if looked++; looked > maxCosignatures {
			break
		}
		at, _, stamp := stamped(signature)
		if _, bad := note.Open([]byte(text+"\n"+line+"\n"), note.VerifierList(verifier{k})); bad != nil || !stamp {
			err = ErrCosignature
			continue
		}
		found = newer(found, Cosignature{Key: k, At: time.Unix(at, 0).UTC(), Line: line})
	}
	return found, err
}

func newer(found []Cosignature, c Cosignature) []Cosignature {
	for i := range found {
		if found[i].Key == c.Key {
			if c.At.After(found[i].At) {
				found[i] = c
			}
			return found
		}
	}
	return append(found, c)
}

// byOneOf returns which key a line says that it is by.
func byOneOf(line string, keys []Key) (k Key, signature []byte, ok bool) {
	name, raw, ok := parseLine(line)
	if !ok {
		return Key{}, nil, false
	}
	for _, k := range keys {
		if id := k.id(); k.name == name && string(raw[:4]) == string([]byte{byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}) {
			return k, raw[4:], true
		}
	}
	return Key{}, nil, false
}

// parseLine parts a line of a note: who signed, and the key's ID before the signature.
func parseLine(line string) (name string, raw []byte, ok bool) {
	rest, ok := strings.CutPrefix(line, "— ")
	if !ok {
		return "", nil, false
	}
	name, data, _ := strings.Cut(rest, " ")
	raw, err := base64.StdEncoding.DecodeString(data)
	return name, raw, err == nil && len(raw) > 4
}

// Merge returns lines of cosignatures with those of more beside them, one by each
// key: a later one takes an earlier one's place. What is no line of a note is left
// out. It checks no signature.
func Merge(lines []string, more ...string) (merged []string) {
	place := map[string]int{}
	for _, list := range [][]string{lines, more} {
		for _, line := range list {
			name, raw, ok := parseLine(line)
			if !ok || strings.Contains(line, "\n") {
				continue
			}
			key := name + " " + string(raw[:4])
			if i, there := place[key]; there {
				merged[i] = line
				continue
			}
			place[key] = len(merged)
			merged = append(merged, line)
		}
	}
	return merged
}

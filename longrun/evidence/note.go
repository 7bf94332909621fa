package evidence

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
)

// noteHeader is the first line of what the signature of a note is of.
const noteHeader = "longrun.Head/1\n"

// Note is what the row of the lock holds of the evidence: the end of the chain of
// beats, the end of the log, and with a key the signature over both. It moves in
// the commit of each beat and of each batch, so one that is valid vouches for every
// beat up to now.
type Note struct {
	Head Head
	// Number is that of the newest batch, 0 before the first, and Root the hash of the
	// tree behind it.
	Number int64
	Root   tlog.Hash
	// Signature is in base64, and empty without a key.
	Signature string
}

// noBeat stands for the head of a chain without beats, where more follows.
const noBeat = "0 -"

// fields are the note without its signature.
func (n Note) fields() string {
	text := n.Head.String()
	if text == "" && (n.Number > 0 || n.Signature != "") {
		text = noBeat
	}
	if n.Number > 0 {
		text += " " + strconv.FormatInt(n.Number, 10) + " " + n.Root.String()
	}
	return text
}

// String returns the text: "seq hash", before the first batch, then "seq hash number
// root"; and behind them the signature. It has at most 260 bytes.
func (n Note) String() string {
	if n.Signature == "" {
		return n.fields()
	}
	return n.fields() + " " + n.Signature
}

func (n Note) signed(origin string) []byte {
	n.Signature = "-" // whose fields they are
	return []byte(noteHeader + origin + "\n" + n.fields() + "\n")
}

// Sign returns the note with the signature of key for the log of an origin; without a
// key it has none. The origin is the log's own name, and the same for all its trees.
func (n Note) Sign(origin string, key ed25519.PrivateKey) Note {
	n.Signature = ""
	if len(key) > 0 {
		n.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(key, n.signed(origin)))
	}
	return n
}

// Verify reports whether one of the keys signed the note: ErrUnsigned, or
// ErrSignature. Which key it was a note does not say.
func (n Note) Verify(origin string, keys ...ed25519.PublicKey) error {
	if n.Signature == "" {
		return ErrUnsigned
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(n.Signature)
	if err != nil {
		return ErrSignature
	}
	for _, key := range keys {
		if ed25519.Verify(key, n.signed(origin), signature) {
			return nil
		}
	}
	return ErrSignature
}

// ParseNote reads what String wrote, and nothing else. Notes of older versions are a
// Head alone.
func ParseNote(text string) (Note, error) {
	fields := strings.Split(text, " ")
	var n Note
	if len(fields)%2 == 1 && text != "" {
		n.Signature = fields[len(fields)-1]
		fields = fields[:len(fields)-1]
		if raw, err := base64.StdEncoding.Strict().DecodeString(n.Signature); err != nil || len(raw) != ed25519.SignatureSize {
			return Note{}, errNote(text)
		}
	}
	if len(fields) > 4 {
		return Note{}, errNote(text)
	}
	if head := strings.Join(fields[:min(2, len(fields))], " "); head != noBeat {
		var err error
		if n.Head, err = ParseHead(head); err != nil {
			return Note{}, err
		}
	}
	if len(fields) == 4 {
		var errNumber, errRoot error
		n.Number, errNumber = strconv.ParseInt(fields[2], 10, 64)
		n.Root, errRoot = tree.ParseHash(fields[3])
		if errNumber != nil || errRoot != nil || n.Number < 1 {
			return Note{}, errNote(text)
		}
	}
	if n.String() != text {
		return Note{}, errNote(text)
	}
	return n, nil
}

func errNote(text string) error {
	return fmt.Errorf("evidence: %.80q is no note of a lock, such as \"42 9f86d0… 3 N2PFxSJY…\"", text)
}

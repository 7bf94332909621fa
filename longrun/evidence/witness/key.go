package witness

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// algorithm is the kind of a cosignature with Ed25519.
const algorithm = 4

// Key is what a witness is known by: its name, and its public key. The zero Key is
// that of nobody.
type Key struct {
	name   string
	public string // as bytes, so that keys are comparable
}

// NewKey returns the key of a witness. Its name is a URL without a scheme, such as
// "watch.example.org/witness": at most 200 bytes of visible ASCII without '+'.
func NewKey(name string, public ed25519.PublicKey) (Key, error) {
	if evidence.ValidateOrigin(name) != nil {
		return Key{}, fmt.Errorf("witness: %.80q is no name of a witness, such as watch.example.org/witness: visible ASCII without '+'", name)
	}
	if len(public) != ed25519.PublicKeySize {
		return Key{}, errKey
	}
	return Key{name, string(public)}, nil
}

// errKey is told of a text that is no key. It shows nothing of it.
var errKey = errors.New("witness: no verifier key of a witness, which is name+hash+base64 with an Ed25519 key for cosignatures (kind 4)")

// ParseKey reads a verifier key as String writes it, and tools for signed notes.
func ParseKey(text string) (Key, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), "+")
	hash, data, _ := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.Strict().DecodeString(data)
	n, unread := strconv.ParseUint(hash, 16, 32)
	switch {
	case err != nil || unread != nil || len(hash) != 8 || len(raw) != 1+ed25519.PublicKeySize:
		return Key{}, errKey
	case raw[0] == 1:
		return Key{}, errors.New("witness: this is the verifier key of a log (kind 1), and that of a witness is needed (kind 4)")
	case raw[0] != algorithm:
		return Key{}, errKey
	}
	k, err := NewKey(name, raw[1:])
	if err == nil && k.id() != uint32(n) {
		err = errors.New("witness: a verifier key whose hash is not that of its name and key: one of them was changed")
	}
	if err != nil {
		return Key{}, err
	}
	return k, nil
}

// Name is that of the witness.
func (k Key) Name() string { return k.name }

// String returns the verifier key.
func (k Key) String() string {
	return fmt.Sprintf("%s+%08x+%s", k.name, k.id(), base64.StdEncoding.EncodeToString(append([]byte{algorithm}, k.public...)))
}

// id is the key's ID in lines of signatures.
func (k Key) id() uint32 {
	sum := sha256.Sum256(append([]byte(k.name+"\n\x04"), k.public...))
	return binary.BigEndian.Uint32(sum[:])
}

// verifier checks lines of one key, for package note.
type verifier struct{ Key }

var _ note.Verifier = verifier{}

func (v verifier) KeyHash() uint32 { return v.id() }

func (v verifier) Verify(text, signature []byte) bool {
	at, raw, ok := stamped(signature)
	return ok && ed25519.Verify(ed25519.PublicKey(v.public), message(at, text), raw)
}

const stampSize = 8

// stamped parts a timestamped signature.
func stamped(b []byte) (at int64, signature []byte, ok bool) {
	if len(b) != stampSize+ed25519.SignatureSize {
		return 0, nil, false
	}
	at = int64(binary.BigEndian.Uint64(b)) //nolint:gosec // what is above the largest is below 0
	return at, b[stampSize:], at >= 0
}

// message is what is signed: when, and the checkpoint's text.
func message(at int64, text []byte) []byte {
	return append([]byte("cosignature/v1\ntime "+strconv.FormatInt(at, 10)+"\n"), text...)
}

// Signer is a witness's key with its private half.
type Signer struct {
	key     Key
	private ed25519.PrivateKey
}

// NewSigner returns the signer of a witness of a name; see NewKey. A key must not be
// of a log, nor of two witnesses: a cosignature does not have the name in it.
func NewSigner(name string, private ed25519.PrivateKey) (Signer, error) {
	if len(private) != ed25519.PrivateKeySize {
		return Signer{}, errors.New("witness: no Ed25519 private key")
	}
	public, _ := private.Public().(ed25519.PublicKey) // what an Ed25519 key returns
	k, err := NewKey(name, public)
	return Signer{k, private}, err
}

// Key is the public half.
func (s Signer) Key() Key { return s.key }

// Cosign returns the line with the cosignature of a checkpoint, of which it takes the
// text alone, at a time in whole seconds; without a line feed. It checks nothing: the
// rule is Witness's.
func (s Signer) Cosign(checkpoint string, at time.Time) (string, error) {
	if s.private == nil {
		return "", errors.New("witness: no key to sign with")
	}
	signed, err := note.Sign(&note.Note{Text: textOf(checkpoint)}, stamper{verifier{s.key}, s.private, max(at.Unix(), 0)})
	if err != nil {
		return "", err
	}
	_, lines, _ := strings.Cut(string(signed), "\n\n")
	return strings.TrimSuffix(lines, "\n"), nil
}

// stamper signs at one time.
type stamper struct {
	verifier
	private ed25519.PrivateKey
	at      int64
}

func (s stamper) Sign(text []byte) ([]byte, error) {
	b := binary.BigEndian.AppendUint64(nil, uint64(s.at)) //nolint:gosec // not below 0
	return append(b, ed25519.Sign(s.private, message(s.at, text))...), nil
}

// textOf is a note's text without its signatures, with the line feed at its end.
func textOf(checkpoint string) string {
	if text, _, signed := strings.Cut(checkpoint, "\n\n"); signed {
		return text + "\n"
	}
	return checkpoint
}

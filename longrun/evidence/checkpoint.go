package evidence

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
)

// Checkpoint says of a tree how many leaves it has and what its hash is: it stands
// for all of them. Its text is a tlog-checkpoint of C2SP, and signed it is a
// signed-note.
type Checkpoint struct {
	// Origin names the tree to whoever sees many.
	Origin string
	Size   int64
	Root   tlog.Hash
}

// Origin returns the origin of a tree whose documents lie under root: the same,
// where no character of it is in the way of a note.
func Origin(root string) string {
	var b []byte
	for i := range len(root) {
		if c := root[i]; c <= ' ' || c >= 0x7f || c == '+' || c == '%' || c == '#' {
			b = fmt.Appendf(b, "%%%02X", c)
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

// ValidateOrigin reports a text that cannot name a tree: an origin is a schema-less
// URL such as "example.com/longrun", at most 200 bytes of visible ASCII without '+'.
func ValidateOrigin(origin string) error {
	if origin == "" || len(origin) > 200 {
		return errors.New("evidence: an origin of a log has between 1 and 200 characters")
	}
	for i := range len(origin) {
		if c := origin[i]; c <= ' ' || c >= 0x7f || c == '+' {
			return fmt.Errorf("evidence: %.80q is no origin of a log: %q is in it", origin, c)
		}
	}
	return nil
}

// String returns the text that is signed: three lines.
func (c Checkpoint) String() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + c.Root.String() + "\n"
}

// Sign returns the signed checkpoint; without a key it is its text alone. Signing
// again gives the same bytes.
func (c Checkpoint) Sign(key ed25519.PrivateKey) (string, error) {
	if len(key) == 0 {
		return c.String(), nil
	}
	signed, err := note.Sign(&note.Note{Text: c.String()}, signer{c.Origin, key})
	return string(signed), err
}

// signer signs notes with a key of this package.
type signer struct {
	origin string
	key    ed25519.PrivateKey
}

func (s signer) Name() string    { return s.origin }
func (s signer) KeyHash() uint32 { return keyHash(s.origin, public(s.key)) }

func (s signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

func public(key ed25519.PrivateKey) ed25519.PublicKey {
	p, _ := key.Public().(ed25519.PublicKey) // what an Ed25519 key returns
	return p
}

// VerifierKey returns the public key as verifiers of notes take it: all that a
// stranger needs.
func VerifierKey(origin string, key ed25519.PublicKey) string {
	data := append([]byte{1}, key...) // 1: Ed25519
	return fmt.Sprintf("%s+%08x+%s", origin, keyHash(origin, key), base64.StdEncoding.EncodeToString(data))
}

func keyHash(origin string, key ed25519.PublicKey) uint32 {
	// The note package keeps how it is computed to itself, and tells in the key that
	// it writes.
	text, err := note.NewEd25519VerifierKey(origin, key)
	if err != nil {
		return 0
	}
	rest := text[len(origin)+1:]
	hash, _, _ := strings.Cut(rest, "+")
	n, _ := strconv.ParseUint(hash, 16, 32)
	return uint32(n)
}

// ParseCheckpoint reads a checkpoint, signed or not, and checks no signature. What
// the standard allows behind the three lines is passed over.
func ParseCheckpoint(text string) (Checkpoint, error) {
	body, _, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	if len(lines) < 3 {
		return Checkpoint{}, fmt.Errorf("evidence: %.60q is no checkpoint: three lines are its origin, size and root", text)
	}
	c := Checkpoint{Origin: lines[0]}
	var err error
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 || strconv.FormatInt(c.Size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("evidence: the size of a checkpoint is %.40q", lines[1])
	}
	if c.Root, err = tree.ParseHash(lines[2]); err != nil {
		return Checkpoint{}, err
	}
	return c, ValidateOrigin(c.Origin)
}

// VerifyCheckpoint reads a checkpoint that one of the keys signed. The error is, or
// wraps, ErrUnsigned where it has no signature of its origin, ErrUnknownKey where
// that is by another key, and ErrSignature where it is wrong.
func VerifyCheckpoint(text string, keys ...ed25519.PublicKey) (Checkpoint, error) {
	c, err := ParseCheckpoint(text)
	if err != nil {
		return c, err
	}
	if !Signed(text) {
		return c, ErrUnsigned
	}
	verifiers := make([]note.Verifier, 0, len(keys))
	for _, key := range keys {
		if v, err := note.NewVerifier(VerifierKey(c.Origin, key)); err == nil {
			verifiers = append(verifiers, v)
		}
	}
	n, err := note.Open([]byte(text), note.VerifierList(verifiers...))
	var unknown *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unknown):
		return c, fmt.Errorf("%w: that of checkpoint %d", ErrUnknownKey, c.Size)
	case err != nil:
		return c, ErrSignature
	case n.Text != text[:len(n.Text)]:
		return c, ErrSignature
	}
	return c, nil
}

// Signed reports whether a checkpoint has lines of signatures. It checks none.
func Signed(checkpoint string) bool {
	_, signatures, _ := strings.Cut(checkpoint, "\n\n")
	return strings.HasPrefix(signatures, "— ")
}

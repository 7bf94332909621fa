package evidence

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// sealHeader is the first line of what is signed; see evidenceHeader.
const sealHeader = "longrun.Seal/1\n"

// What is found with signatures, of seals, notes and checkpoints.
var (
	// ErrUnsigned: there is no signature.
	ErrUnsigned = errors.New("longrun: it is not signed")
	// ErrUnknownKey: it says that it is signed with a key that was not given.
	ErrUnknownKey = errors.New("longrun: it is signed with a key that is not among those given")
	// ErrSignature: the signature is not that of the text and the key.
	ErrSignature = errors.New("longrun: the signature is wrong")
)

// Canonical returns the bytes that a signature is of. The first line is
// "longrun.Seal/1"; then come the fields but signature, one line "name=value"
// each, encoded and ordered as Hash says.
func Canonical(s longrun.Seal) []byte {
	b := append(make([]byte, 0, 320), sealHeader...)
	b = appendInt(append(b, "beats="...), s.Beats)
	b = appendInt(append(b, "firstSeq="...), s.FirstSeq)
	b = appendText(append(b, "keyId="...), s.KeyID)
	b = appendText(append(b, "lastHash="...), s.LastHash)
	b = appendInt(append(b, "lastSeq="...), s.LastSeq)
	b = appendText(append(b, "prevHash="...), s.PrevHash)
	return appendInstant(append(b, "ts="...), s.TS)
}

// Verify reports whether one of the keys signed the seal as it is. The error is
// ErrUnsigned, ErrUnknownKey or ErrSignature, or wraps one of them.
func Verify(s longrun.Seal, keys ...ed25519.PublicKey) error {
	if s.Signature == "" && s.KeyID == "" {
		return ErrUnsigned
	}
	for _, key := range keys {
		if KeyID(key) != s.KeyID {
			continue
		}
		signature, err := base64.StdEncoding.Strict().DecodeString(s.Signature)
		if err != nil || !ed25519.Verify(key, Canonical(s), signature) {
			return ErrSignature
		}
		return nil
	}
	return fmt.Errorf("%w: %.40q", ErrUnknownKey, s.KeyID)
}

// KeyID names a public key in seals: the first 16 hexadecimal digits of its
// SHA-256. It finds the key; it is no proof of it.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

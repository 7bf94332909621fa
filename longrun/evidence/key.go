package evidence

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// What a text that is no key is told. None of these shows any of it: it may be a
// secret all the same.
var (
	errNoPrivateKey = errors.New("longrun: no Ed25519 private key: neither base64 of 32 or 64 bytes, nor PEM with a PRIVATE KEY (PKCS #8)")
	errNoPublicKey  = errors.New("longrun: no Ed25519 public key: neither base64 of 32 bytes, nor PEM with a PUBLIC KEY")
)

// ParsePrivateKey reads the key that seals are signed with: an Ed25519 private
// key as base64 of its seed (32 bytes) or of seed and public key (64 bytes), or
// as PEM with PKCS #8, such as "openssl genpkey -algorithm ed25519" writes. The
// error says what is wrong and never contains any of the text.
func ParsePrivateKey(text string) (ed25519.PrivateKey, error) {
	text = strings.TrimSpace(text)
	if block, err := onePEM(text); err != nil {
		return nil, err
	} else if block != nil {
		return pkcs8(block)
	}
	raw, ok := decodeBase64(text)
	if !ok {
		return nil, errNoPrivateKey
	}
	switch len(raw) {
	case ed25519.SeedSize:
		return ed25519.NewKeyFromSeed(raw), nil
	case ed25519.PrivateKeySize:
		key := ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize])
		if !bytes.Equal(key, raw) {
			return nil, errors.New("longrun: an Ed25519 key of 64 bytes whose halves do not belong together")
		}
		return key, nil
	}
	if _, err := x509.ParsePKIXPublicKey(raw); err == nil {
		return nil, errors.New("longrun: a public key, where the private one is needed")
	}
	return nil, fmt.Errorf("longrun: base64 of %d bytes; an Ed25519 private key has 32 or 64", len(raw))
}

func pkcs8(block *pem.Block) (ed25519.PrivateKey, error) {
	switch {
	case strings.HasSuffix(block.Type, "PUBLIC KEY"), block.Type == "CERTIFICATE":
		return nil, fmt.Errorf("longrun: PEM with a %.40s, where an Ed25519 PRIVATE KEY is needed", block.Type)
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return nil, errors.New("longrun: the private key is encrypted; decrypt it first, for example with openssl pkcs8")
	case block.Type != "PRIVATE KEY":
		return nil, fmt.Errorf("longrun: PEM with a %.40s, where an Ed25519 PRIVATE KEY (PKCS #8) is needed", block.Type)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("longrun: PEM with a PRIVATE KEY that is damaged") // its own words may show bytes of it
	}
	own, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("longrun: a private key of the wrong kind, %s; Ed25519 is needed", kind(key))
	}
	return own, nil
}

// ParsePublicKey reads a key that seals are verified with: an Ed25519 public key
// as base64 of its 32 bytes, or as PEM, such as "openssl pkey -pubout" writes.
func ParsePublicKey(text string) (ed25519.PublicKey, error) {
	text = strings.TrimSpace(text)
	block, err := onePEM(text)
	if err != nil {
		return nil, err
	}
	var raw []byte
	switch {
	case block != nil && block.Type == "PUBLIC KEY":
		raw = block.Bytes
	case block != nil && strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return nil, errors.New("longrun: a private key, where the public one is enough: keep it secret")
	case block != nil:
		return nil, fmt.Errorf("longrun: PEM with a %.40s, where a PUBLIC KEY is needed", block.Type)
	default:
		var ok bool
		if raw, ok = decodeBase64(text); !ok {
			return nil, errNoPublicKey
		}
		if len(raw) == ed25519.PublicKeySize {
			return raw, nil
		}
	}
	key, err := x509.ParsePKIXPublicKey(raw)
	if err != nil {
		return nil, errNoPublicKey
	}
	own, ok := key.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("longrun: a public key of the wrong kind, %s; Ed25519 is needed", kind(key))
	}
	return own, nil
}

// kind names a key's algorithm by its type, such as rsa for *rsa.PrivateKey.
func kind(key any) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(fmt.Sprintf("%T", key), "*"), ".")
	return strings.ToUpper(name)
}

// onePEM returns the one block of a text that is PEM, and nil of one that is not.
// Whoever sets a variable may have written the line feeds as \n.
func onePEM(text string) (*pem.Block, error) {
	if !strings.HasPrefix(text, "-----BEGIN ") {
		return nil, nil //nolint:nilnil // no PEM is no mistake
	}
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil:
		return nil, errors.New("longrun: the key begins like PEM and is damaged, or cut off")
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("longrun: more than one key in the PEM text")
	}
	return block, nil
}

// decodeBase64 takes the usual alphabets, with padding or without.
func decodeBase64(text string) ([]byte, bool) {
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		if raw, err := encoding.DecodeString(text); err == nil && len(raw) > 0 {
			return raw, true
		}
	}
	return nil, false
}

package evidence_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

func pemOf(t *testing.T, kind string, der []byte, err error) string {
	t.Helper()
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func privatePEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pemOf(t, "PRIVATE KEY", der, err)
}

func publicPEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	return pemOf(t, "PUBLIC KEY", der, err)
}

func TestAKeyIsReadInEachOfItsForms(t *testing.T) {
	t.Parallel()
	key := testKey(7)
	for name, text := range map[string]string{
		"seed":          base64.StdEncoding.EncodeToString(key.Seed()),
		"seed, url":     base64.RawURLEncoding.EncodeToString(key.Seed()),
		"both halves":   base64.StdEncoding.EncodeToString(key),
		"PEM":           privatePEM(t, key),
		"PEM, one line": strings.ReplaceAll(privatePEM(t, key), "\n", `\n`),
		"blanks around": "\n " + base64.StdEncoding.EncodeToString(key.Seed()) + "\r\n",
	} {
		got, err := evidence.ParsePrivateKey(text)
		require.NoError(t, err, name)
		require.Equal(t, key, got, name)
	}
	der, err := x509.MarshalPKIXPublicKey(public(key))
	require.NoError(t, err)
	for name, text := range map[string]string{
		"base64": base64.StdEncoding.EncodeToString(public(key)),
		"DER":    base64.StdEncoding.EncodeToString(der),
		"PEM":    publicPEM(t, public(key)),
	} {
		got, err := evidence.ParsePublicKey(text)
		require.NoError(t, err, name)
		require.Equal(t, public(key), got, name)
	}
}

// Whoever configured the wrong key learns which kind it is, and the log learns
// nothing of it.
func TestAWrongKeyIsNamedByItsKindAndNotShown(t *testing.T) {
	t.Parallel()
	key := testKey(7)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	ecDER, err := x509.MarshalECPrivateKey(ecKey)
	ecPEM := pemOf(t, "EC PRIVATE KEY", ecDER, err)
	rsaPEM := pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil)
	torn := append(append(ed25519.PrivateKey{}, key[:32]...), testKey(8)[32:]...)
	damaged := pemOf(t, "PRIVATE KEY", []byte("longer than nothing, and no key at all"), nil)

	private := map[string]struct{ text, says string }{
		"nothing":          {"", "no Ed25519 private key"},
		"words":            {"not a key, yet secret all the same", "no Ed25519 private key"},
		"short":            {base64.StdEncoding.EncodeToString(key.Seed()[:31]), "base64 of 31 bytes"},
		"halves":           {base64.StdEncoding.EncodeToString(torn), "halves"},
		"RSA":              {privatePEM(t, rsaKey), "wrong kind, RSA"},
		"ECDSA":            {privatePEM(t, ecKey), "wrong kind, ECDSA"},
		"RSA of its own":   {rsaPEM, "RSA PRIVATE KEY"},
		"ECDSA of its own": {ecPEM, "EC PRIVATE KEY"},
		"public PEM":       {publicPEM(t, public(key)), "PUBLIC KEY, where"},
		"damaged":          {damaged, "damaged"},
		"cut off":          {privatePEM(t, key)[:60], "cut off"},
		"two":              {privatePEM(t, key) + privatePEM(t, key), "more than one"},
		"encrypted":        {pemOf(t, "ENCRYPTED PRIVATE KEY", []byte("sealed away, every byte"), nil), "encrypted"},
	}
	for name, c := range private {
		_, err := evidence.ParsePrivateKey(c.text)
		require.ErrorContains(t, err, c.says, name)
		leaksNothing(t, c.text, err)
	}
	for name, c := range map[string]struct{ text, says string }{
		"nothing":      {"", "no Ed25519 public key"},
		"a private":    {privatePEM(t, key), "a private key"},
		"RSA":          {publicPEM(t, &rsaKey.PublicKey), "wrong kind, RSA"},
		"ECDSA":        {publicPEM(t, &ecKey.PublicKey), "wrong kind, ECDSA"},
		"64 bytes":     {base64.StdEncoding.EncodeToString(key), "no Ed25519 public key"},
		"certificate":  {pemOf(t, "CERTIFICATE", []byte("signed by somebody else"), nil), "CERTIFICATE"},
		"private, old": {ecPEM, "a private key"},
	} {
		_, err := evidence.ParsePublicKey(c.text)
		require.ErrorContains(t, err, c.says, name)
		leaksNothing(t, c.text, err)
	}
}

func leaksNothing(t *testing.T, text string, err error) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if len(line) >= 12 && !strings.HasPrefix(line, "-----") {
			require.NotContains(t, err.Error(), line[:12])
		}
	}
}

func FuzzParseEvidenceKey(f *testing.F) {
	f.Add(base64.StdEncoding.EncodeToString(testKey(1).Seed()))
	f.Add("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := evidence.ParsePrivateKey(text)
		if err == nil {
			require.Len(t, key, ed25519.PrivateKeySize)
		} else {
			require.Nil(t, key)
		}
	})
}

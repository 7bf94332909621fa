package witness_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
)

func TestAVerifierKeyIsReadInOneSpelling(t *testing.T) {
	t.Parallel()
	k := signer("example.org/witness", 'w').Key()
	again, err := witness.ParseKey(" " + k.String() + "\n")
	require.NoError(t, err)
	require.Equal(t, k, again)
	for i := range k.String() {
		text := []byte(k.String())
		text[i] ^= 1
		_, err := witness.ParseKey(string(text))
		require.Error(t, err, "%s", text)
	}
	log := verifierKey(key('l'))
	_, err = witness.ParseKey(log)
	require.ErrorContains(t, err, "of a log")
	for _, text := range []string{"", "a+b", "a+00000000+", "a b+00000000+AAAA", base64.StdEncoding.EncodeToString(key('l'))} {
		_, err := witness.ParseKey(text)
		require.Error(t, err)
		require.NotContains(t, err.Error(), base64.StdEncoding.EncodeToString(key('l')))
	}
	_, err = witness.NewSigner("with+plus", key('l'))
	require.Error(t, err)
	_, err = witness.NewSigner("w", nil)
	require.Error(t, err)
	_, err = witness.Signer{}.Cosign("a\n", time.Unix(0, 0))
	require.Error(t, err)
}

// Lines are found among others, one a key, and each byte of a line and of the text
// counts.
func TestACosignatureIsOfOneCheckpoint(t *testing.T) {
	t.Parallel()
	log := newHistory(9)
	checkpoint := log.checkpoint(9)
	a, b := signer("example.org/a", 'a'), signer("example.org/b", 'b')
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	first, err := a.Cosign(checkpoint, at)
	require.NoError(t, err)
	later, err := a.Cosign(checkpoint, at.Add(time.Hour))
	require.NoError(t, err)
	second, err := b.Cosign(checkpoint, at)
	require.NoError(t, err)
	text, _, _ := strings.Cut(checkpoint, "\n\n")
	unsigned := text + "\n"
	same, err := a.Cosign(unsigned, at)
	require.NoError(t, err)
	require.Equal(t, first, same, "it is of the text alone")

	lines := checkpoint + "nonsense\n" + later + "\n" + first + "\n" + second + "\n"
	found, err := witness.Cosignatures(checkpoint, lines, a.Key(), signer("example.org/c", 'c').Key())
	require.NoError(t, err)
	require.Equal(t, []witness.Cosignature{{Key: a.Key(), At: at.Add(time.Hour), Line: later}}, found)
	found, err = witness.Cosignatures(unsigned, lines, a.Key(), b.Key())
	require.NoError(t, err)
	require.Len(t, found, 2)

	other := log.checkpoint(8)
	found, err = witness.Cosignatures(other, lines, a.Key())
	require.ErrorIs(t, err, witness.ErrCosignature)
	require.Empty(t, found)
	prefix := len("— example.org/a ") + 6 // the key's ID: what it says it is by
	for i := prefix; i < len(first)-1; i++ {
		bad := []byte(first)
		bad[i] ^= 4
		found, _ := witness.Cosignatures(checkpoint, string(bad)+"\n", a.Key())
		require.Empty(t, found, "%d: %s", i, bad)
	}
	public, _ := log.key.Public().(ed25519.PublicKey)
	_, err = evidence.VerifyCheckpoint(checkpoint+second+"\n"+first+"\n", public)
	require.NoError(t, err, "the log's own signature is as it was")
}

// Lines are kept once a key, the newest of each, and what is none is left out.
func TestLinesAreKeptOnceAKey(t *testing.T) {
	t.Parallel()
	checkpoint := newHistory(9).checkpoint(9)
	line := func(s witness.Signer, at int64) string {
		text, err := s.Cosign(checkpoint, time.Unix(at, 0))
		require.NoError(t, err)
		return text
	}
	a, b := signer("example.org/a", 'a'), signer("example.org/b", 'b')
	merged := witness.Merge([]string{line(a, 1), "nonsense"}, line(b, 2), line(a, 3), "— x y")
	require.Equal(t, []string{line(a, 3), line(b, 2)}, merged)
}

func TestARequestIsReadInOneSpelling(t *testing.T) {
	t.Parallel()
	log := newHistory(300)
	for _, sizes := range [][2]int{{0, 1}, {1, 2}, {7, 300}, {300, 300}} {
		r := log.request(sizes[0], sizes[1])
		again, err := witness.ParseRequest(r.String())
		require.NoError(t, err)
		require.Equal(t, r, again)
	}
	r := log.request(7, 300)
	many := r
	for range 70 {
		many.Proof = append(many.Proof, r.Proof[0])
	}
	for name, text := range map[string]string{
		"nothing":             "",
		"no empty line":       "old 3\n",
		"no old":              "new 3\n\n" + r.Checkpoint,
		"a leading zero":      strings.Replace(r.String(), "old 7", "old 07", 1),
		"a sign":              strings.Replace(r.String(), "old 7", "old +7", 1),
		"below zero":          strings.Replace(r.String(), "old 7", "old -7", 1),
		"two spaces":          strings.Replace(r.String(), "old 7", "old  7", 1),
		"no number":           strings.Replace(r.String(), "old 7", "old x", 1),
		"carriage returns":    strings.ReplaceAll(r.String(), "\n", "\r\n"),
		"a hash that is none": strings.Replace(r.String(), r.Proof[0].String(), "AAAA", 1),
		"too many hashes":     many.String(),
		"too long":            r.String() + strings.Repeat("x", witness.MaxRequest),
	} {
		_, err := witness.ParseRequest(text)
		require.ErrorIs(t, err, witness.ErrBadRequest, name)
	}
}

// No text is read that is not written so.
func FuzzParseRequest(f *testing.F) {
	log := newHistory(20)
	f.Add(log.request(7, 20).String())
	f.Add(log.request(0, 1).String())
	f.Add("old 0\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := witness.ParseRequest(text)
		if err != nil {
			return
		}
		if r.String() != text {
			t.Fatalf("%q is read, and written as %q", text, r.String())
		}
	})
}

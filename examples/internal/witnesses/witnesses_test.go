package witnesses_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/examples/internal/witnesses"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
)

func TestWitnessesAreReadFromALine(t *testing.T) {
	t.Parallel()
	signer, err := witness.NewSigner("watch.example.org/witness", ed25519.NewKeyFromSeed(make([]byte, 32)))
	require.NoError(t, err)
	key := signer.Key().String()
	all, err := witnesses.ParseAll(key + " https://watch.example.org/witness/,\n " + key + "\n")
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, signer.Key(), all[0].Key)
	require.NotNil(t, all[0].Adder)
	require.Nil(t, all[1].Adder)
	for text, want := range map[string]string{
		key + " nowhere":                 "number 1: the address",
		key + " https://u:geheim@":       "number 1: the address",
		key + "," + key[:20]:             "number 2: no verifier key",
		key + " https://a.example b c d": "number 1: a witness is named",
	} {
		_, err := witnesses.ParseAll(text)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "geheim")
	}
	all, err = witnesses.ParseAll(" ,\n")
	require.NoError(t, err)
	require.Empty(t, all)
}

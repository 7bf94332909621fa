package evidence_test

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/internal/oldseal"
)

var sealedAt = time.Date(2025, 12, 30, 0, 1, 2, 3456789, time.UTC)

func testKey(n byte) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return ed25519.NewKeyFromSeed(seed)
}

func public(key ed25519.PrivateKey) ed25519.PublicKey {
	p, _ := key.Public().(ed25519.PublicKey)
	return p
}

func TestASealIsOfAChainAndOfNothingElse(t *testing.T) {
	t.Parallel()
	beats, head := chained(10)
	first, err := oldseal.NewSeal(nil, beats[:4], sealedAt)
	require.NoError(t, err)
	require.Equal(t, longrun.Seal{
		TS: time.Date(2025, 12, 30, 0, 1, 2, 3456000, time.UTC), FirstSeq: 1, LastSeq: 4, Beats: 4, LastHash: evidence.Hash(beats[3]),
	}, first)
	second, err := oldseal.NewSeal(&first, beats[4:], sealedAt)
	require.NoError(t, err)
	require.True(t, evidence.Follows(second, first))
	require.False(t, evidence.Follows(first, second))
	require.Equal(t, head, evidence.EndOf(second))

	_, err = oldseal.NewSeal(nil, nil, sealedAt)
	require.ErrorIs(t, err, oldseal.ErrNothingToSeal)
	for name, bad := range map[string]struct {
		prev  *longrun.Seal
		beats []longrun.Heartbeat
		named string
	}{
		"a beat is missing":        {nil, append(beats[:2:2], beats[3:]...), beats[3].BucketID},
		"it does not follow":       {&first, beats[5:], beats[5].BucketID},
		"it is sealed already":     {&first, beats[3:], beats[3].BucketID},
		"the order is not that":    {&first, []longrun.Heartbeat{beats[5], beats[4]}, beats[5].BucketID},
		"one was edited":           {nil, func() []longrun.Heartbeat { b := append(beats[:0:0], beats...); b[2].QueueDepth = 9; return b }(), beats[3].BucketID},
		"a beat without the chain": {nil, append(beats[:2:2], longrun.Beat(time.Unix(120, 0), time.Minute)), "1970-01-01T00-02-00"},
	} {
		_, err := oldseal.NewSeal(bad.prev, bad.beats, sealedAt)
		var broken *evidence.ChainError
		require.ErrorAs(t, err, &broken, name)
		require.Equal(t, bad.named, broken.BucketID, name)
	}
}

func TestASealSaysNothingThatCannotBe(t *testing.T) {
	t.Parallel()
	beats, _ := chained(6)
	first, err := oldseal.NewSeal(nil, beats[:2], sealedAt)
	require.NoError(t, err)
	seal, err := oldseal.NewSeal(&first, beats[2:], sealedAt)
	require.NoError(t, err)
	require.NoError(t, evidence.ValidateSeal(seal))
	for name, spoil := range map[string]func(*longrun.Seal){
		"first":    func(s *longrun.Seal) { s.FirstSeq = 0 },
		"last":     func(s *longrun.Seal) { s.LastSeq = s.FirstSeq - 1 },
		"beats":    func(s *longrun.Seal) { s.Beats-- },
		"prevHash": func(s *longrun.Seal) { s.PrevHash = "" },
		"prev":     func(s *longrun.Seal) { s.PrevHash = strings.ToUpper(s.PrevHash) + "g" },
		"lastHash": func(s *longrun.Seal) { s.LastHash = s.LastHash[1:] },
		"nothing":  func(s *longrun.Seal) { *s = longrun.Seal{} },
	} {
		bad := seal
		spoil(&bad)
		require.Error(t, evidence.ValidateSeal(bad), name)
	}
}

func TestASignatureIsOfEveryFieldAndOneKey(t *testing.T) {
	t.Parallel()
	beats, _ := chained(6)
	seal, err := oldseal.NewSeal(nil, beats, sealedAt)
	require.NoError(t, err)
	mine, other := testKey(1), testKey(2)
	require.ErrorIs(t, evidence.Verify(seal, public(mine)), evidence.ErrUnsigned)
	signed := oldseal.Sign(seal, mine)
	require.NoError(t, evidence.Verify(signed, public(other), public(mine)))
	require.Equal(t, signed, oldseal.Sign(signed, mine), "signing is deterministic")
	require.ErrorIs(t, evidence.Verify(signed, public(other)), evidence.ErrUnknownKey)
	require.ErrorIs(t, evidence.Verify(signed), evidence.ErrUnknownKey)
	for name, spoil := range map[string]func(*longrun.Seal){
		"ts":        func(s *longrun.Seal) { s.TS = s.TS.Add(time.Microsecond) },
		"firstSeq":  func(s *longrun.Seal) { s.FirstSeq++ },
		"lastSeq":   func(s *longrun.Seal) { s.LastSeq++ },
		"beats":     func(s *longrun.Seal) { s.Beats++ },
		"prevHash":  func(s *longrun.Seal) { s.PrevHash = evidence.Hash(beats[0]) },
		"lastHash":  func(s *longrun.Seal) { s.LastHash = evidence.Hash(beats[0]) },
		"keyId":     func(s *longrun.Seal) { s.KeyID = evidence.KeyID(public(other)) },
		"signature": func(s *longrun.Seal) { s.Signature = oldseal.Sign(signed, other).Signature },
		"none":      func(s *longrun.Seal) { s.Signature = "" },
		"garbage":   func(s *longrun.Seal) { s.Signature += "=" },
	} {
		bad := signed
		spoil(&bad)
		require.ErrorIs(t, evidence.Verify(bad, public(mine), public(other)), evidence.ErrSignature, name)
	}
	bare := signed
	bare.Signature, bare.KeyID = "", ""
	require.ErrorIs(t, evidence.Verify(bare, public(mine)), evidence.ErrUnsigned)
}

// The bytes are a format: others make them again from what is written here.
func TestTheSignedBytesAreThese(t *testing.T) {
	t.Parallel()
	s := longrun.Seal{TS: time.Date(2025, 12, 30, 0, 1, 2, 500000, time.UTC), FirstSeq: 5, LastSeq: 9, Beats: 5, PrevHash: "aa", LastHash: "bb", KeyID: "cc"}
	require.Equal(t, "longrun.Seal/1\nbeats=5\nfirstSeq=5\nkeyId=cc\nlastHash=bb\nlastSeq=9\nprevHash=aa\nts=2025-12-30T00:01:02.000500Z\n", string(evidence.Canonical(s)))
	s.PrevHash = "aa\nts=x"
	require.Contains(t, string(evidence.Canonical(s)), "prevHash=aa\\nts=x\n")
}

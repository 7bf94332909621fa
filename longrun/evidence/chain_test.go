package evidence_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// chained links n beats.
func chained(n int) (beats []longrun.Heartbeat, head evidence.Head) {
	for i := range n {
		var h longrun.Heartbeat
		h, head = head.Next(longrun.Beat(time.Unix(int64(60*i), 0), time.Minute))
		beats = append(beats, h)
	}
	return beats, head
}

// verify returns the beats that do not follow, and the head that is reached.
func verify(beats []longrun.Heartbeat) (broken []string, head evidence.Head) {
	for _, h := range beats {
		var err error
		if head, err = head.Check(h); err != nil {
			broken = append(broken, h.BucketID)
		}
	}
	return broken, head
}

func TestAChainThatNobodyTouchedHolds(t *testing.T) {
	t.Parallel()
	beats, want := chained(50)
	broken, head := verify(beats)
	require.Empty(t, broken)
	require.Equal(t, want, head)
	require.Equal(t, int64(50), head.ChainSeq)
	require.Empty(t, beats[0].PrevHash)
}

// Whatever is done to the documents, either a beat no longer follows or the end
// is not where the head in the lock says.
func TestEveryForgeryShows(t *testing.T) {
	t.Parallel()
	for i := range 10 {
		beats, head := chained(10)
		for name, forge := range map[string]func(b []longrun.Heartbeat) []longrun.Heartbeat{
			"edited":  func(b []longrun.Heartbeat) []longrun.Heartbeat { b[i].Healthy = true; return b },
			"deleted": func(b []longrun.Heartbeat) []longrun.Heartbeat { return slices.Delete(b, i, i+1) },
			"doubled": func(b []longrun.Heartbeat) []longrun.Heartbeat { return slices.Insert(b, i, b[i]) },
			"inserted": func(b []longrun.Heartbeat) []longrun.Heartbeat {
				made := longrun.Beat(time.Unix(1e6, 0), time.Minute)
				if i > 0 {
					made, _ = (evidence.Head{ChainSeq: int64(i), Hash: evidence.Hash(b[i-1])}).Next(made)
				}
				return slices.Insert(b, i, made)
			},
			"edited and relinked": func(b []longrun.Heartbeat) []longrun.Heartbeat {
				b[i].Healthy = true
				for k := i + 1; k < len(b); k++ {
					b[k].PrevHash = evidence.Hash(b[k-1])
				}
				return b
			},
		} {
			broken, end := verify(forge(slices.Clone(beats)))
			require.True(t, len(broken) > 0 || end != head, "%s at %d", name, i)
			if name == "edited" && i < 9 {
				require.Equal(t, []string{beats[i+1].BucketID}, broken, "the beat behind the edited one, and no other")
			}
		}
	}
}

func TestABrokenChainSaysWhere(t *testing.T) {
	t.Parallel()
	beats, _ := chained(3)
	head, _ := evidence.Head{}.Check(beats[0])
	after, err := head.Check(beats[2])
	require.EqualError(t, err, "longrun: beat 1970-01-01T00-02-00 is number 3 of the chain, and number 2 was expected")
	require.Equal(t, evidence.Head{ChainSeq: 3, Hash: evidence.Hash(beats[2])}, after)
	var broken *evidence.ChainError
	require.ErrorAs(t, err, &broken)
	require.Equal(t, evidence.ChainError{BucketID: beats[2].BucketID, After: head, ChainSeq: 3, PrevHash: evidence.Hash(beats[1])}, *broken)

	skipped := beats[1]
	skipped.ChainSeq++ // links to the right beat, and is out of number
	_, err = head.Check(skipped)
	require.ErrorContains(t, err, "number 3 of the chain, and number 2 was expected")

	head.Hash = strings.Repeat("0", 64)
	_, err = head.Check(beats[1])
	require.ErrorContains(t, err, "follows a beat with hash")
}

func TestAHeadFitsIntoTheLocksNote(t *testing.T) {
	t.Parallel()
	_, head := chained(1)
	head.ChainSeq = math.MaxInt64
	require.LessOrEqual(t, len(head.String()), 100)
	data, err := json.Marshal(head)
	require.NoError(t, err)
	require.LessOrEqual(t, len(data), 1024)
	var back evidence.Head
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, head, back)
	require.Empty(t, evidence.Head{}.String(), "a lock that was never held has no note")
}

func TestAHeadIsWrittenOneWayOnly(t *testing.T) {
	t.Parallel()
	_, head := chained(1)
	hash := head.Hash
	for _, bad := range []string{
		" ", "1", "1 ", "0 ", "0 " + hash, "-1 " + hash, "01 " + hash, "+1 " + hash, "1  " + hash, "1 " + hash + " ", "1 " + hash + "\n",
		"1 " + strings.ToUpper(hash) + "A", "1 " + hash[:62], "1 " + hash + "00", "1 " + "g" + hash[1:], "9223372036854775808 " + hash, hash,
	} {
		_, err := evidence.ParseHead(bad)
		require.ErrorContains(t, err, "is no head of a chain", "%q", bad)
	}
}

func FuzzParseHead(f *testing.F) {
	f.Add("")
	f.Add("42 " + strings.Repeat("9f", 32))
	f.Add("42 " + strings.Repeat("9F", 32))
	f.Fuzz(func(t *testing.T, s string) {
		if head, err := evidence.ParseHead(s); err == nil {
			require.Equal(t, s, head.String())
			require.Equal(t, s, strings.ToLower(s))
		}
	})
}

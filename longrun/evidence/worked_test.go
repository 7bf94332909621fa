package evidence_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
)

// worked is an example that was made by another implementation of the same formats:
// two beats and a probe, in a first batch.
func worked(tb testing.TB) (evidence.Batch, evidence.Tip, evidence.Note, ed25519.PrivateKey, []longrun.Heartbeat, longrun.Probe) {
	tb.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	at := time.Date(2025, 12, 29, 23, 7, 0, 205_000_000, time.UTC)
	var head evidence.Head
	var lines []evidence.Line
	var beats []longrun.Heartbeat
	for i := range 2 {
		h := longrun.Beat(at.Add(time.Duration(i)*time.Minute), time.Minute)
		h.InstanceID, h.Epoch, h.Healthy = "i1", 1, true
		h, head = head.Next(h)
		beats = append(beats, h)
		lines = append(lines, evidence.BeatLine(h.BucketID, h))
	}
	p := longrun.Probe{
		ProbeKey: "OUT_20251229T23", Type: longrun.Outbound, TS: at, Result: longrun.Pass,
		LatencyMs: 812.5, Trigger: longrun.Scheduled, EverySec: 21600, Epoch: 1,
	}
	lines = append(lines, evidence.ProbeLine(p.ProbeKey, p))
	b, tip, err := evidence.Tip{Tree: "wa_metrics/longrun"}.Next(evidence.Draft{TS: at.Add(time.Hour), By: "i1", Head: head, Lines: lines}, key)
	require.NoError(tb, err)
	n := evidence.Note{Head: head, Number: b.Number, Root: tip.Edge.Root()}.Sign("wa_metrics/longrun", key)
	return b, tip, n, key, beats, p
}

const workedCheckpoint = `wa_metrics/longrun
4
N2PFxSJYUNC2hnFM39Ey5hiuRKVplVh0tWbYnposqXc=

— wa_metrics/longrun P7LAyGde37MsKpdwrEV8UFVdgM6Ni071s5gsYAZyoqozrCFV/cSkLE28p7Sy6a7X4Oyz6yRXDbym+laUEN6zuCsANws=
`

func TestTheWorkedExampleByteForByte(t *testing.T) {
	t.Parallel()
	b, _, n, key, beats, p := worked(t)
	require.Equal(t, `longrun.Probe/1
{"epoch":1,"everySec":21600,"latencyMs":812.5,"probeKey":"OUT_20251229T23","result":"PASS","trigger":"schedule","ts":"2025-12-29T23:07:00.205Z","type":"outbound"}
`, string(evidence.ProbeEntry(p)))
	require.Equal(t, `h 2025-12-29T23-07-00 1 +zeMGLxgovQstEjNIASFLRfgnSPlkkzwHyWRwhvDb+Q=
h 2025-12-29T23-08-00 2 zJ+TCk2b48dIPc+FC0zH1kzmcxcbx4uljLj7NVkFmVY=
p OUT_20251229T23 0 eKquP1JOWR2QXqlgwu4ck5TY638cnmA9aRGd4HJztgw=
`, b.Lines)
	require.Equal(t, `longrun.Batch/1
broken=0
by=i1
head=2 1e3e9a335016a40106ac9e1ca1064f8987e981369b86cbf6890bf5f102f435fe
lines=a06cb3aa5b3dbd7282484dd703c9bd3e0ac2653916f92777804107bd0ff8ab9c
number=1
ts=2025-12-30T00:07:00.205000Z
`, string(b.Header()))
	require.Equal(t, workedCheckpoint, b.Checkpoint)
	require.Equal(t, "2 1e3e9a335016a40106ac9e1ca1064f8987e981369b86cbf6890bf5f102f435fe 1 N2PFxSJYUNC2hnFM39Ey5hiuRKVplVh0tWbYnposqXc= m1WlSubbKo+U", n.String()[:len("2 1e3e9a335016a40106ac9e1ca1064f8987e981369b86cbf6890bf5f102f435fe 1 N2PFxSJYUNC2hnFM39Ey5hiuRKVplVh0tWbYnposqXc= m1WlSubbKo+U")])
	require.Regexp(t, `DtedDQ==$`, n.String())

	proof, line, err := b.Prove(evidence.Beat, beats[1].BucketID)
	require.NoError(t, err)
	require.Equal(t, `c2sp.org/tlog-proof@v1
index 1
+zeMGLxgovQstEjNIASFLRfgnSPlkkzwHyWRwhvDb+Q=
8Lz0y7XTMH8iH8Wy2mhjslbJEdmCOKxC6x460V0MBtE=

`+workedCheckpoint, proof.String())
	require.Equal(t, evidence.Leaf(evidence.BeatEntry(beats[1])), line.Leaf)
	pub, _ := key.Public().(ed25519.PublicKey)
	c, err := proof.Check(evidence.BeatEntry(beats[1]), pub)
	require.NoError(t, err)
	require.EqualValues(t, 4, c.Size)
	require.Regexp(t, `^wa_metrics/longrun\+3fb2c0c8\+`, evidence.VerifierKey("wa_metrics/longrun", pub))

	// By the packages of the standard alone.
	v, err := note.NewVerifier(evidence.VerifierKey("wa_metrics/longrun", pub))
	require.NoError(t, err)
	opened, err := note.Open([]byte(workedCheckpoint), note.VerifierList(v))
	require.NoError(t, err)
	theirs, err := tlog.ParseTree(append([]byte("go.sum database tree"), opened.Text[len("wa_metrics/longrun"):]...))
	require.NoError(t, err)
	require.NoError(t, tlog.CheckRecord(proof.Hashes, theirs.N, theirs.Hash, proof.Index, line.Leaf))
}

// Any byte of a proof, an entry or a checkpoint that is another one is refused.
func TestOneByteChangedIsRefused(t *testing.T) {
	t.Parallel()
	b, _, _, key, beats, _ := worked(t)
	pub, _ := key.Public().(ed25519.PublicKey)
	proof, _, err := b.Prove(evidence.Beat, beats[1].BucketID)
	require.NoError(t, err)
	entry, text := evidence.BeatEntry(beats[1]), proof.String()
	for i := range entry {
		bad := bytes.Clone(entry)
		bad[i] ^= 1
		_, err := proof.Check(bad, pub)
		require.ErrorIs(t, err, evidence.ErrNotProven, i)
	}
	for i := range len(text) {
		bad := []byte(text)
		bad[i] ^= 1
		p, err := evidence.ParseProof(string(bad))
		if err == nil {
			_, err = p.Check(entry, pub)
		}
		require.Error(t, err, "%d: %q", i, bad[i])
	}
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))
	otherPub, _ := other.Public().(ed25519.PublicKey)
	_, err = proof.Check(entry, otherPub)
	require.ErrorIs(t, err, evidence.ErrUnknownKey)
	proof.Checkpoint = proof.Checkpoint[:len(proof.Checkpoint)-len(workedCheckpoint)+bytes.Index([]byte(workedCheckpoint), []byte("\n\n"))+1]
	c, err := proof.Check(entry, pub)
	require.ErrorIs(t, err, evidence.ErrUnsigned, "and proven all the same")
	require.EqualValues(t, 4, c.Size)
}

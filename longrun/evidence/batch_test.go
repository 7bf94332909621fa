package evidence_test

import (
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
)

// Batches of any sizes, one behind the other, make one tree: each proves its own
// lines and that it goes on from the one before.
func TestBatchesOfAnySizeMakeOneTree(t *testing.T) {
	t.Parallel()
	for seed := range seedtest.Histories(20) {
		rng := rand.New(rand.NewPCG(uint64(seed), 1))
		tip := evidence.Tip{Tree: "a/b"}
		var all []tlog.Hash
		var before evidence.Checkpoint
		for n := range 1 + rng.IntN(6) {
			lines := make([]evidence.Line, rng.IntN(40))
			for i := range lines {
				id := fmt.Sprintf("%d %%\n%d", n, i)
				lines[i] = evidence.ProbeLine(id, longrun.Probe{ProbeKey: id})
			}
			b, next, err := tip.Next(evidence.Draft{TS: time.Unix(int64(n), 0), By: "x\ny", Lines: lines}, nil)
			require.NoError(t, err)
			o, err := b.Open()
			require.NoError(t, err)
			require.Equal(t, lines, append([]evidence.Line{}, o.Lines...))
			require.Equal(t, next.Number, o.After.Number)
			require.True(t, next.Edge.Equal(o.After.Edge))
			for _, l := range lines {
				all = append(all, l.Leaf)
				proof, line, err := b.Prove(evidence.Probe, l.ID)
				require.NoError(t, err)
				require.Equal(t, l, line)
				_, err = proof.Check(evidence.ProbeEntry(longrun.Probe{ProbeKey: l.ID}))
				require.ErrorIs(t, err, evidence.ErrUnsigned)
			}
			all = append(all, evidence.Leaf(b.Header()))
			require.Equal(t, tree.Frontier{}.Append(all...).Root(), o.Root)
			if before.Size > 0 {
				proof, err := o.Stretch.Consistency(before.Size, b.Size)
				require.NoError(t, err)
				require.NoError(t, tlog.CheckTree(proof, b.Size, o.Root, before.Size, before.Root))
			}
			before, tip = evidence.Checkpoint{Origin: "a/b", Size: b.Size, Root: o.Root}, next
		}
	}
}

// No field of a batch can be changed without another.
func TestABatchAgreesWithItself(t *testing.T) {
	t.Parallel()
	first, tip, _, key, _, _ := worked(t)
	b, _, err := tip.Next(evidence.Draft{TS: time.Unix(0, 0), By: "i1", Lines: []evidence.Line{evidence.ProbeLine("x", longrun.Probe{})}}, key)
	require.NoError(t, err)
	_, err = b.Open()
	require.NoError(t, err)
	require.Equal(t, first.Size, b.First)
	for i := range reflect.TypeFor[evidence.Batch]().NumField() {
		changed := b
		switch f := reflect.ValueOf(&changed).Elem().Field(i); v := f.Interface().(type) {
		case string:
			f.SetString(v + "x")
		case int64:
			f.SetInt(v + 1)
		case time.Time:
			changed.TS = v.Add(time.Second)
		case []string:
			if reflect.TypeFor[evidence.Batch]().Field(i).Name == "Cosigned" {
				continue // it comes later, and is checked for itself
			}
			changed.Frontier = append([]string{tlog.Hash{}.String()}, v[1:]...)
		}
		if reflect.TypeFor[evidence.Batch]().Field(i).Name == "Checkpoint" {
			changed.Checkpoint = strings.Replace(b.Checkpoint, "\n6\n", "\n7\n", 1)
		}
		_, err := changed.Open()
		require.Error(t, err, reflect.TypeFor[evidence.Batch]().Field(i).Name)
	}
	_, _, err = tip.Next(evidence.Draft{Lines: make([]evidence.Line, evidence.MaxLines+1)}, nil)
	require.Error(t, err)
	_, _, err = evidence.Tip{}.Next(evidence.Draft{}, nil)
	require.Error(t, err, "a tree has a name")
}

func TestANoteIsWrittenOneWayOnly(t *testing.T) {
	t.Parallel()
	_, _, n, key, _, _ := worked(t)
	pub, _ := key.Public().(ed25519.PublicKey)
	head := n.Head
	for _, n := range []evidence.Note{
		{},
		{Head: head},
		evidence.Note{Head: head}.Sign("o", key),
		{Head: head, Number: 1, Root: n.Root},
		{Number: 3, Root: n.Root},
		evidence.Note{Number: 3}.Sign("o", key), evidence.Note{}.Sign("o", key), n,
	} {
		back, err := evidence.ParseNote(n.String())
		require.NoError(t, err, n.String())
		require.Equal(t, n, back)
		require.Less(t, len(n.String()), 300)
	}
	require.Equal(t, head.String(), evidence.Note{Head: head}.String(), "as older versions write it")
	require.NoError(t, n.Verify("wa_metrics/longrun", pub))
	require.ErrorIs(t, n.Verify("another", pub), evidence.ErrSignature)
	require.ErrorIs(t, n.Verify("wa_metrics/longrun"), evidence.ErrSignature)
	require.ErrorIs(t, evidence.Note{Head: head}.Verify("o", pub), evidence.ErrUnsigned)
	moved := n
	moved.Number++
	require.ErrorIs(t, moved.Verify("wa_metrics/longrun", pub), evidence.ErrSignature)
	for _, bad := range []string{" ", "0 -", "1 x", head.String() + " 1", head.String() + " 0 " + n.Root.String(), n.String() + " ", n.String() + " x y", head.String() + " x"} {
		_, err := evidence.ParseNote(bad)
		require.Error(t, err, "%q", bad)
	}
}

func TestAnOriginFitsANote(t *testing.T) {
	t.Parallel()
	require.Equal(t, "wa_metrics/longrun", evidence.Origin("wa_metrics/longrun"))
	for _, root := range []string{"a b/c", "a+b", "ä/1%2", "x#2", "a\nb"} {
		require.NoError(t, evidence.ValidateOrigin(evidence.Origin(root)), root)
	}
	for _, bad := range []string{"", "a b", "a+b", strings.Repeat("x", 201), "ü", "a\n"} {
		require.Error(t, evidence.ValidateOrigin(bad), bad)
	}
}

func FuzzParseLines(f *testing.F) {
	b, _, _, _, _, _ := worked(f)
	f.Add(b.Lines)
	f.Add("i a%20b 0 " + tlog.Hash{}.String() + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		if lines, err := evidence.ParseLines(text); err == nil {
			require.Equal(t, text, string(evidence.AppendLines(nil, lines)))
		}
	})
}

func FuzzParseNote(f *testing.F) {
	_, _, n, _, _, _ := worked(f)
	f.Add(n.String())
	f.Add(n.Head.String())
	f.Add("0 - 1 " + n.Root.String())
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := evidence.ParseNote(text); err == nil {
			require.Equal(t, text, n.String())
		}
	})
}

func FuzzParseProof(f *testing.F) {
	b, _, _, key, beats, _ := worked(f)
	proof, _, err := b.Prove(evidence.Beat, beats[0].BucketID)
	require.NoError(f, err)
	pub, _ := key.Public().(ed25519.PublicKey)
	entry := evidence.BeatEntry(beats[0])
	f.Add(proof.String())
	f.Add(strings.Replace(proof.String(), "index", "extra AAAA\nindex", 1))
	f.Fuzz(func(t *testing.T, text string) {
		p, err := evidence.ParseProof(text)
		if err != nil {
			return
		}
		if !strings.Contains(text, "\nextra ") {
			require.Equal(t, text, p.String())
		}
		if c, err := p.Check(entry, pub); err == nil {
			require.Equal(t, b.Size, c.Size, "another checkpoint that the key signed")
		}
	})
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add(workedCheckpoint)
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := evidence.ParseCheckpoint(text); err == nil {
			require.True(t, strings.HasPrefix(text+"\n", c.String()))
		}
	})
}

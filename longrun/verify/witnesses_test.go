package verify_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
)

// seer is a witness of one log, by a key of its own.
func (v *life) seer(name string) *witness.Witness {
	signer, err := witness.NewSigner(name, testKey(name[0]))
	require.NoError(v.tb, err)
	public, _ := v.key.Public().(ed25519.PublicKey)
	w, err := witness.New(witness.Options{Signer: signer, State: &witness.Memory{}, Logs: []string{evidence.VerifierKey(logRoot, public)}})
	require.NoError(v.tb, err)
	return w
}

func (v *life) batches() (batches []ledger.Entry[evidence.Batch]) {
	newest, err := v.l.NewestBatch(v.tb.Context())
	require.NoError(v.tb, err)
	for n := int64(1); n <= newest.Value.Number; n++ {
		e, err := v.l.Batch(v.tb.Context(), n)
		require.NoError(v.tb, err)
		batches = append(batches, e)
	}
	return batches
}

// cosign has a witness cosign every batch up to a number.
func (v *life) cosign(w *witness.Witness, to int64) {
	old := int64(0)
	for _, e := range v.batches() {
		b := e.Value
		if b.Number > to {
			return
		}
		proof, err := logbook.Consistency(v.tb.Context(), v.l, b.Number, old)
		require.NoError(v.tb, err)
		line, err := w.Add(v.tb.Context(), witness.Request{Old: old, Proof: proof, Checkpoint: b.Checkpoint})
		require.NoError(v.tb, err)
		op, changed, err := logbook.Cosigned(v.tb.Context(), v.l, b.Number, line[:len(line)-1])
		require.NoError(v.tb, err)
		require.True(v.tb, changed)
		v.commit(op)
		_, changed, err = logbook.Cosigned(v.tb.Context(), v.l, b.Number, line[:len(line)-1])
		require.NoError(v.tb, err)
		require.False(v.tb, changed)
		old = b.Size
	}
}

func (v *life) options(witnesses ...verify.Witness) verify.EvidenceOptions {
	public, _ := v.key.Public().(ed25519.PublicKey)
	return verify.EvidenceOptions{Now: v.now.Add(time.Minute), Keys: []ed25519.PublicKey{public}, Witnesses: witnesses}
}

func (v *life) verified(o verify.EvidenceOptions) verify.Outcome {
	got, err := verify.Evidence(v.tb.Context(), v.l, o)
	require.NoError(v.tb, err)
	return got
}

// What is cosigned up to its newest checkpoint needs no anchor, and what is not is
// said.
func TestCosignaturesVouchForTheHistory(t *testing.T) {
	t.Parallel()
	v := newLife(t, 3, 6, true)
	one, two := v.seer("one.example.org"), v.seer("two.example.org")
	ofOne, ofTwo := verify.Witness{Key: one.Key()}, verify.Witness{Key: two.Key()}
	last := int64(len(v.batches()))
	require.Greater(t, last, int64(3))

	got := v.verified(v.options(ofOne))
	require.Equal(t, verify.CannotTell, got.Verdict)
	require.Contains(t, textsOf(got), "is not cosigned by 1 of the 1 witnesses given")

	v.cosign(one, last)
	v.cosign(two, last-2)
	got = v.verified(v.options(ofOne))
	require.Equal(t, verify.Pass, got.Verdict, "%v", got.Problems)
	require.Equal(t, last, got.Counts["batchesCosigned"])
	require.Contains(t, textsOf(got), "the newest, is cosigned by 1 of the 1")
	require.NotContains(t, textsOf(got), "no anchor was given")
	require.Contains(t, textsOf(v.verified(v.options())), "no anchor was given")

	o := v.options(ofOne, ofTwo)
	o.WitnessesNeeded = 1
	require.Contains(t, textsOf(v.verified(o)), "the newest, is cosigned by 1 of the 2")
	o.WitnessesNeeded = 0
	got = v.verified(o)
	require.Contains(t, textsOf(got), "is cosigned by 2 of the 2")
	require.Equal(t, last-2, got.Counts["batchesCosigned"])
	behind := v.batches()[last-2].Value.TS
	o.Now = behind.Add(47 * time.Hour)
	require.Equal(t, verify.Note, weightOf(t, v.verified(o), "only up to batch"))
	o.Now = behind.Add(49 * time.Hour)
	require.Equal(t, verify.Doubt, weightOf(t, v.verified(o), "only up to batch"))
	o.WitnessesNeeded = 3
	_, err := verify.Evidence(t.Context(), v.l, o)
	require.ErrorContains(t, err, "WitnessesNeeded")

	// A cosignature of another checkpoint.
	b := v.batches()[1]
	b.Value.Cosigned = v.batches()[0].Value.Cosigned
	v.commit(store.Set(b.Key, b.Value))
	got = v.verified(v.options(ofOne))
	require.Equal(t, verify.Fail, got.Verdict)
	require.Equal(t, b.Path(), got.Problems[0].Path)
}

func weightOf(t *testing.T, o verify.Outcome, text string) verify.Weight {
	t.Helper()
	for _, p := range o.Problems {
		if strings.Contains(p.Text, text) {
			return p.Weight
		}
	}
	t.Fatalf("%q is not said: %v", text, o.Problems)
	return ""
}

// A witness that is asked names what was set back or forked, by as much as it has seen,
// and has seen no more for being asked.
func TestAWitnessThatIsAskedNamesTruncationsAndForks(t *testing.T) {
	t.Parallel()
	tried := map[string]int{}
	for seed := range uint64(seedtest.Histories(2)) {
		v := newLife(t, seed*7, 6, true)
		w := v.seer("one.example.org")
		last := int64(len(v.batches()))
		v.cosign(w, last)
		asked := verify.Witness{Key: w.Key(), Adder: w}
		got := v.verified(v.options(asked))
		require.Equal(t, verify.Pass, got.Verdict, "%v", got.Problems)
		require.EqualValues(t, 1, got.Counts["witnessesAgree"])
		for n, attack := range attacks {
			if attack.needs != "anchor" {
				continue
			}
			a := &attacker{life: v.fork(t), rng: rand.New(rand.NewPCG(seed, uint64(n)))}
			before := len(v.batches())
			if !attack.do(a) || len(a.batches()) == before && textsEqual(a.batches(), v.batches()) {
				continue // of the chain behind the last checkpoint, which no witness has
			}
			got := a.verified(a.options(asked))
			require.Equal(t, verify.Fail, got.Verdict, "seed %d: %s: %v", seed, attack.name, got.Problems)
			require.Contains(t, textsOf(got), "the witness one.example.org", attack.name)
			tried[attack.name]++
		}
	}
	require.NotEmpty(t, tried)
	t.Log(tried)
}

func textsEqual(a, b []ledger.Entry[evidence.Batch]) bool {
	for i := range a {
		if a[i].Value.Checkpoint != b[i].Value.Checkpoint {
			return false
		}
	}
	return true
}

// What a witness says of what it has not seen, or cannot say, is a doubt.
func TestAWitnessThatCannotTellIsADoubt(t *testing.T) {
	t.Parallel()
	v := newLife(t, 3, 6, true)
	w := v.seer("one.example.org")
	last := int64(len(v.batches()))
	v.cosign(w, last-2)
	count := 0
	counted := witness.AdderFunc(func(ctx context.Context, r witness.Request) (string, error) { count++; return w.Add(ctx, r) })
	o := v.options(verify.Witness{Key: w.Key(), Adder: counted})
	got := v.verified(o)
	require.EqualValues(t, 1, got.Counts["witnessesAgree"], "up to what it has seen")
	require.Equal(t, 2, count)
	require.EqualValues(t, 1, v.verified(o).Counts["witnessesAgree"], "it has seen no more for being asked")

	// Seen more than one batch ends with: another history.
	longer := v.batches()[last-1].Value
	for name, c := range map[string]struct {
		answer string
		err    error
		weight verify.Weight
		text   string
	}{
		"away":              {"", errors.New("no route"), verify.Doubt, "could not be asked what it has seen of \"wa_metrics/longrun\": no route"},
		"unknown":           {"", witness.ErrUnknownLog, verify.Doubt, "does not know the log"},
		"nothing seen":      {"", &witness.ConflictError{}, verify.Doubt, "has seen nothing"},
		"a size of ours":    {"", &witness.ConflictError{Size: longer.First}, verify.Fault, "another history"}, // whatever it is asked
		"no batch's size":   {"", &witness.ConflictError{Size: longer.Size - 1}, verify.Fault, "no batch ends with"},
		"more":              {"", &witness.ConflictError{Size: longer.Size + 1}, verify.Fault, "was removed"},
		"another of that":   {"", &witness.ConflictError{Size: longer.Size}, verify.Fault, "another history"},
		"another, as 422":   {"", witness.ErrInconsistent, verify.Fault, "another history"},
		"none of its lines": {"— else.example.org AAAAAAAA\n", nil, verify.Doubt, "without a cosignature by its key"},
	} {
		adder := witness.AdderFunc(func(context.Context, witness.Request) (string, error) { return c.answer, c.err })
		got := v.verified(v.options(verify.Witness{Key: w.Key(), Adder: adder}))
		require.Equal(t, c.weight, weightOf(t, got, c.text), name)
		require.NotEqual(t, verify.Pass, got.Verdict, name)
	}
	panics := witness.AdderFunc(func(context.Context, witness.Request) (string, error) { panic("boom") })
	require.Equal(t, verify.Doubt, weightOf(t, v.verified(v.options(verify.Witness{Key: w.Key(), Adder: panics})), "boom"))
}

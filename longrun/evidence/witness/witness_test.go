package witness_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/internal/seedtest"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/tree"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
)

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize)))
}

func verifierKey(key ed25519.PrivateKey) string {
	public, _ := key.Public().(ed25519.PublicKey)
	return evidence.VerifierKey("example.org/log", public)
}

// history is a log with all its leaves.
type history struct {
	origin string
	key    ed25519.PrivateKey
	leaves []tlog.Hash
}

func newHistory(n int) *history {
	h := &history{origin: "example.org/log", key: key('l')}
	h.grow("a", n)
	return h
}

func (h *history) grow(name string, n int) {
	for range n {
		h.leaves = append(h.leaves, tlog.RecordHash(fmt.Appendf(nil, "%s %d", name, len(h.leaves))))
	}
}

// fork shares the first n leaves.
func (h *history) fork(name string, n, more int) *history {
	f := &history{origin: h.origin, key: h.key, leaves: append([]tlog.Hash(nil), h.leaves[:n]...)}
	f.grow(name, more)
	return f
}

func (h *history) checkpoint(size int) string {
	text, err := evidence.Checkpoint{Origin: h.origin, Size: int64(size), Root: tree.Frontier{}.Append(h.leaves[:size]...).Root()}.Sign(h.key)
	if err != nil {
		panic(err)
	}
	return text
}

// request is what a log asks that knows what the witness saw.
func (h *history) request(old, size int) witness.Request {
	r := witness.Request{Old: int64(old), Checkpoint: h.checkpoint(size)}
	if old > 0 && old < size {
		proof, err := tree.Stretch{Leaves: h.leaves}.Consistency(int64(old), int64(size))
		if err != nil {
			panic(err)
		}
		r.Proof = proof
	}
	return r
}

func signer(name string, seed byte) witness.Signer {
	s, err := witness.NewSigner(name, key(seed))
	if err != nil {
		panic(err)
	}
	return s
}

func newWitness(tb testing.TB, state witness.State, clk clock.Clock) *witness.Witness {
	tb.Helper()
	w, err := witness.New(witness.Options{
		Signer: signer("example.org/witness", 'w'), State: state, Clock: clk,
		Logs: []string{verifierKey(key('l')), verifierKey(key('m'))},
	})
	require.NoError(tb, err)
	return w
}

// Each answer of the standard, by a witness that has seen ten leaves.
func TestTheAnswersOfTheStandard(t *testing.T) {
	t.Parallel()
	mock := clock.NewMock()
	mock.Set(time.Unix(1679315147, 999))
	log := newHistory(30)
	other := log.fork("b", 8, 20)
	strange := newHistory(12)
	strange.origin = "example.org/other"
	stolen := newHistory(12)
	stolen.key = key('x')
	rotated := newHistory(12)
	rotated.key = key('m')
	with := func(r witness.Request, change func(*witness.Request)) witness.Request {
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		r    witness.Request
		is   error
		size int64 // of a conflict; -1: none
	}{
		"it goes on":                       {log.request(10, 12), nil, -1},
		"the same one again":               {log.request(10, 10), nil, -1},
		"another key of the log":           {rotated.request(10, 12), nil, -1},
		"a log that it does not know":      {strange.request(10, 12), witness.ErrUnknownLog, -1},
		"signed by nobody it knows":        {stolen.request(10, 12), witness.ErrForbidden, -1},
		"not signed":                       {with(log.request(10, 12), func(r *witness.Request) { r.Checkpoint, _, _ = strings.Cut(r.Checkpoint, "\n\n"); r.Checkpoint += "\n" }), witness.ErrForbidden, -1},
		"a signature of another text":      {with(log.request(10, 12), func(r *witness.Request) { r.Checkpoint = strings.Replace(r.Checkpoint, "\n12\n", "\n13\n", 1) }), witness.ErrForbidden, -1},
		"no checkpoint":                    {with(log.request(10, 12), func(r *witness.Request) { r.Checkpoint = "nonsense\n" }), witness.ErrBadRequest, -1},
		"from above itself":                {with(log.request(10, 12), func(r *witness.Request) { r.Old = 13 }), witness.ErrBadRequest, -1},
		"as if nothing had been seen":      {log.request(0, 12), nil, 10},
		"from an older one":                {log.request(9, 12), nil, 10},
		"from a newer one":                 {log.request(11, 12), nil, 10},
		"an older one":                     {log.request(9, 9), nil, 10},
		"another one of that size":         {other.request(10, 10), nil, 10},
		"one that was forked":              {other.request(10, 12), witness.ErrInconsistent, -1},
		"no proof":                         {with(log.request(10, 12), func(r *witness.Request) { r.Proof = nil }), witness.ErrInconsistent, -1},
		"a proof where there is none of":   {with(log.request(10, 10), func(r *witness.Request) { r.Proof = []tlog.Hash{{}} }), witness.ErrInconsistent, -1},
		"the proof of a later one":         {with(log.request(10, 12), func(r *witness.Request) { r.Proof = log.request(10, 20).Proof }), witness.ErrInconsistent, -1},
		"a proof with one hash more":       {with(log.request(10, 12), func(r *witness.Request) { r.Proof = append(r.Proof, tlog.Hash{}) }), witness.ErrInconsistent, -1},
		"an older key beside a right line": {with(log.request(10, 12), func(r *witness.Request) { r.Checkpoint += "— example.org/else AAAAAAAA\n" }), nil, -1},
	} {
		state := &witness.Memory{}
		w := newWitness(t, state, mock)
		_, err := w.Add(t.Context(), log.request(0, 10))
		require.NoError(t, err)
		before, err := state.Seen(t.Context(), log.origin)
		require.NoError(t, err)
		lines, err := w.Add(t.Context(), c.r)
		after, stateErr := state.Seen(t.Context(), log.origin)
		require.NoError(t, stateErr)
		if conflict, ok := errors.AsType[*witness.ConflictError](err); ok || c.size >= 0 {
			require.True(t, ok, "%s: %v", name, err)
			require.Equal(t, c.size, conflict.Size, name)
		} else if c.is == nil {
			require.NoError(t, err, name)
			found, err := witness.Cosignatures(c.r.Checkpoint, lines, w.Key())
			require.NoError(t, err, name)
			require.Len(t, found, 1, name)
			require.EqualValues(t, 1679315147, found[0].At.Unix())
			continue
		}
		if c.is != nil {
			require.ErrorIs(t, err, c.is, name)
		}
		require.Error(t, err, name)
		require.Empty(t, lines, name)
		require.Equal(t, before, after, "%s: what it has seen stays", name)
	}
}

// A witness that has seen nothing takes the first one, without a proof.
func TestTheFirstCheckpointIsTaken(t *testing.T) {
	t.Parallel()
	log := newHistory(5)
	_, err := newWitness(t, &witness.Memory{}, nil).Add(t.Context(), log.request(3, 5))
	conflict, ok := errors.AsType[*witness.ConflictError](err)
	require.True(t, ok)
	require.Zero(t, conflict.Size)
	r := log.request(0, 5)
	r.Proof = []tlog.Hash{{}}
	_, err = newWitness(t, &witness.Memory{}, nil).Add(t.Context(), r)
	require.ErrorIs(t, err, witness.ErrInconsistent)
	_, err = newWitness(t, &witness.Memory{}, nil).Add(t.Context(), log.request(0, 0))
	require.NoError(t, err, "the empty tree")
}

// slow is a State in which every request reads before one of them writes.
type slow struct {
	witness.Memory
	all *sync.WaitGroup
}

func (s *slow) Advance(ctx context.Context, origin string, old, next witness.Seen, at time.Time) error {
	s.all.Done()
	s.all.Wait()
	return s.Memory.Advance(ctx, origin, old, next, at)
}

// Of histories that are asked for at once, one is cosigned: the others are told so.
func TestRequestsAtOnceDoNotForkIt(t *testing.T) {
	t.Parallel()
	log := newHistory(10)
	const n = 8
	state := &slow{all: &sync.WaitGroup{}}
	state.all.Add(1)
	w := newWitness(t, state, nil)
	_, err := w.Add(t.Context(), log.request(0, 10))
	require.NoError(t, err)
	state.all.Add(n)
	var wg sync.WaitGroup
	got := make([]error, n)
	for i := range n {
		r := log.fork(fmt.Sprint(i), 10, 3+i%2).request(10, 13+i%2)
		wg.Go(func() { _, got[i] = w.Add(t.Context(), r) })
	}
	wg.Wait()
	seen, err := state.Seen(t.Context(), log.origin)
	require.NoError(t, err)
	cosigned := 0
	for _, err := range got {
		conflict, ok := errors.AsType[*witness.ConflictError](err)
		switch {
		case err == nil:
			cosigned++
		case !ok:
			t.Fatal(err)
		default:
			require.Equal(t, seen.Size, conflict.Size)
		}
	}
	require.Equal(t, 1, cosigned)
}

// Whatever is asked, in any order: all that one witness cosigned is one history, each
// honest log gets through by what a conflict says, and no other one does.
func TestAllThatIsCosignedIsOneHistory(t *testing.T) {
	t.Parallel()
	for i := range seedtest.Histories(60) {
		rng := rand.New(rand.NewPCG(uint64(i), 1))
		honest := newHistory(1 + rng.IntN(40))
		w := newWitness(t, &witness.Memory{}, nil)
		var cosigned []evidence.Checkpoint
		forks := []*history{}
		for range 30 {
			h := honest
			switch n := rng.IntN(4); {
			case n == 0:
				honest.grow("a", rng.IntN(20))
			case n == 1:
				forks = append(forks, honest.fork("f", rng.IntN(len(honest.leaves)), 1+rng.IntN(30)))
				h = forks[len(forks)-1]
			case n == 2 && len(forks) > 0:
				h = forks[rng.IntN(len(forks))]
			}
			size := 1 + rng.IntN(len(h.leaves))
			lines, err := ask(t, w, h, rng.IntN(size+1), size)
			if err == nil {
				found, bad := witness.Cosignatures(h.checkpoint(size), lines, w.Key())
				require.NoError(t, bad)
				require.Len(t, found, 1)
				c, _ := evidence.ParseCheckpoint(h.checkpoint(size))
				cosigned = append(cosigned, c)
			}
		}
		// They are of one list of leaves: the one of the last.
		for n := 1; n < len(cosigned); n++ {
			require.GreaterOrEqual(t, cosigned[n].Size, cosigned[n-1].Size)
		}
		last := cosigned[len(cosigned)-1]
		of := func(h *history) bool {
			for _, c := range cosigned {
				if int(c.Size) > len(h.leaves) || (tree.Frontier{}).Append(h.leaves[:c.Size]...).Root() != c.Root {
					return false
				}
			}
			return true
		}
		one := of(honest)
		for _, f := range forks {
			one = one || of(f)
		}
		require.True(t, one, "seed %d: up to %d leaves", i, last.Size)
	}
}

// ask asks as a log does: after a conflict once more, from where the witness is.
func ask(t *testing.T, w witness.Adder, h *history, old, size int) (string, error) {
	t.Helper()
	lines, err := w.Add(t.Context(), h.request(old, size))
	if conflict, ok := errors.AsType[*witness.ConflictError](err); ok && int(conflict.Size) <= size && int(conflict.Size) != old {
		return w.Add(t.Context(), h.request(int(conflict.Size), size))
	}
	return lines, err
}

func TestOptionsThatAreWrongAreNamed(t *testing.T) {
	t.Parallel()
	_, err := witness.New(witness.Options{Logs: []string{"nonsense"}})
	for _, part := range []string{"Signer is required", "State is required", "Logs: number 1"} {
		require.ErrorContains(t, err, part)
	}
	_, err = witness.New(witness.Options{Signer: signer("w", 'w'), State: &witness.Memory{}})
	require.ErrorContains(t, err, "at least one")
}

package cosigning_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/seed-13dc028d/longwatch/internal/chance"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/cosigning"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

const origin = "ops.example.org/longrun"

var (
	logKey     = ed25519.NewKeyFromSeed([]byte(strings.Repeat("l", 32)))
	witnessKey = ed25519.NewKeyFromSeed([]byte(strings.Repeat("w", 32)))
)

func signer(t *testing.T) witness.Signer {
	t.Helper()
	s, err := witness.NewSigner("watch.example.org/witness", witnessKey)
	require.NoError(t, err)
	return s
}

// bed is the room with a lead, and a log that grows by hand.
type bed struct {
	t      *testing.T
	room   *cosigning.Cosigning
	ledger *ledger.Ledger
	st     *memstore.Store
	lead   *leadtest.Lead
	tip    evidence.Tip

	mu   sync.Mutex
	told []cosigning.Accusation
	deaf bool
}

func newBed(t *testing.T, witnesses ...witness.Adder) *bed {
	t.Helper()
	return newBedBy(t, clock.New(), witnesses...)
}

func newBedBy(t *testing.T, clk clock.Clock, witnesses ...witness.Adder) *bed {
	t.Helper()
	b := &bed{t: t, st: memstore.New(nil), tip: evidence.Tip{Tree: origin}}
	deps, _ := leadtest.Deps(t, b.st, clk)
	b.ledger, b.lead = deps.Ledger, leadtest.New(b.st, clk)
	o := cosigning.Options{Tell: func(_ context.Context, a cosigning.Accusation) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.deaf {
			return errors.New("away")
		}
		b.told = append(b.told, a)
		return nil
	}}
	for _, w := range witnesses {
		o.Witnesses = append(o.Witnesses, cosigning.Witness{Key: signer(t).Key(), Adder: w})
	}
	b.room = cosigning.New(deps, o)
	return b
}

// run leads until the test ends.
func (b *bed) run() {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan struct{})
	go func() { _ = b.room.Task().Run(ctx, b.lead); close(done) }()
	b.t.Cleanup(func() { cancel(); <-done })
}

// grow logs a batch of n leaves beside its own.
func (b *bed) grow(n int) evidence.Batch {
	b.t.Helper()
	var lines []evidence.Line
	for i := range n {
		lines = append(lines, evidence.Line{Kind: evidence.Probe, ID: fmt.Sprint(b.tip.Number, "-", i), Leaf: tlog.RecordHash(fmt.Append(nil, b.tip.Number, i))})
	}
	batch, next, err := b.tip.Next(evidence.Draft{TS: time.Now(), Lines: lines}, logKey)
	require.NoError(b.t, err)
	_, err = b.st.Commit(b.t.Context(), b.ledger.CreateBatch(batch))
	require.NoError(b.t, err)
	b.tip = next
	return batch
}

func (b *bed) cosigned(number int64) int {
	b.t.Helper()
	e, err := b.ledger.Batch(b.t.Context(), number)
	require.NoError(b.t, err)
	return len(e.Value.Cosigned)
}

func (b *bed) heard() []cosigning.Accusation {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]cosigning.Accusation(nil), b.told...)
}

// hears says whether what is told arrives.
func (b *bed) hears(well bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deaf = !well
}

func honest(t *testing.T) *witness.Witness {
	t.Helper()
	public, _ := logKey.Public().(ed25519.PublicKey)
	w, err := witness.New(witness.Options{Signer: signer(t), State: &witness.Memory{}, Logs: []string{evidence.VerifierKey(origin, public)}})
	require.NoError(t, err)
	return w
}

// Whatever a witness says, nothing but its cosignature is stored, what it says against
// the log is told, and all else is asked again.
func TestWhatAWitnessSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		say     func(n int, r witness.Request) (string, error)
		against string // the contradiction
		fails   string // the error
		asked   int    // how often in the first go
	}{
		"no answer":           {func(int, witness.Request) (string, error) { return "", errors.New("no route") }, "", "no route", 1},
		"unknown":             {func(int, witness.Request) (string, error) { return "", witness.ErrUnknownLog }, "", "does not know the log", 1},
		"forbidden":           {func(int, witness.Request) (string, error) { return "", witness.ErrForbidden }, "", "knows no key", 1},
		"a panic":             {func(int, witness.Request) (string, error) { panic("boom") }, "", "boom", 1},
		"lines that are none": {func(int, witness.Request) (string, error) { return "— else.example.org AAAAAAAA\nnonsense\n", nil }, "", "without a cosignature", 1},
		"of another checkpoint": {func(_ int, r witness.Request) (string, error) {
			l, err := signerOf().Cosign(strings.Replace(r.Checkpoint, "\n", "x\n", 1), time.Now())
			return l + "\n", err
		}, "", "without a cosignature", 1},
		"more than there is":      {func(int, witness.Request) (string, error) { return "", &witness.ConflictError{Size: 1000} }, "what came behind them was removed", "", 1},
		"that size, not that one": {func(_ int, r witness.Request) (string, error) { return "", &witness.ConflictError{Size: 11} }, "which has 11 leaves, too", "", 2},
		"nothing, and a refusal":  {func(int, witness.Request) (string, error) { return "", witness.ErrInconsistent }, "", "does not go on", 1},
		"a size, and a refusal": {func(n int, _ witness.Request) (string, error) {
			if n == 0 {
				return "", &witness.ConflictError{Size: 4}
			}
			return "", witness.ErrInconsistent
		}, "does not go on from its 4 leaves", "", 2},
		"nothing, as a conflict": {func(int, witness.Request) (string, error) { return "", &witness.ConflictError{} }, "", "had 0 leaves", 1},
		"a size below nothing":   {func(int, witness.Request) (string, error) { return "", &witness.ConflictError{Size: -5} }, "", "had -5 leaves", 1},
		"another size each time": {func(n int, _ witness.Request) (string, error) {
			return "", &witness.ConflictError{Size: int64(1 + n%3)}
		}, "", "another size each time", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int64
				b := newBed(t, witness.AdderFunc(func(_ context.Context, r witness.Request) (string, error) {
					return c.say(int(asked.Add(1))-1, r)
				}))
				b.run()
				batch := b.grow(10)
				b.room.Tell(batch)
				synctest.Wait()
				got := b.room.Status()[0]
				require.EqualValues(t, c.asked, asked.Load())
				require.Zero(t, b.cosigned(1))
				require.Zero(t, got.Size)
				if c.against != "" {
					require.Contains(t, got.Contradiction, c.against)
					require.Len(t, b.heard(), 1)
					require.Equal(t, got.Contradiction, b.heard()[0].What)
				} else {
					require.Contains(t, got.Error, c.fails)
					require.Empty(t, b.heard())
				}
				rest(24 * time.Hour)
				require.Greater(t, asked.Load(), int64(20), "it is asked again")
				require.Less(t, asked.Load(), int64(130))
				require.LessOrEqual(t, len(b.heard()), 1, "told once for a checkpoint")
			})
		})
	}
}

func signerOf() witness.Signer {
	s, _ := witness.NewSigner("watch.example.org/witness", witnessKey)
	return s
}

// What was said against the log is over when it is cosigned: that is told too, where the
// first was; and a new leader asks anew.
func TestWhatAWitnessSaidIsTakenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := honest(t)
		var refuses atomic.Bool
		refuses.Store(true)
		b := newBed(t, witness.AdderFunc(func(ctx context.Context, r witness.Request) (string, error) {
			if refuses.Load() {
				return "", &witness.ConflictError{Size: 1 << 30}
			}
			return w.Add(ctx, r)
		}))
		b.hears(false)
		b.run()
		b.room.Tell(b.grow(3))
		rest(12 * time.Hour)
		require.Empty(t, b.heard())
		b.hears(true)
		rest(2 * time.Hour)
		require.Len(t, b.heard(), 1)
		require.False(t, b.heard()[0].Again)
		b.room.Tell(b.grow(3))
		synctest.Wait()
		require.Len(t, b.heard(), 1, "it waits for its turn")
		rest(2 * time.Hour)
		require.True(t, b.heard()[1].Again)
		refuses.Store(false)
		rest(2 * time.Hour)
		heard := b.heard()
		require.Len(t, heard, 3)
		require.False(t, heard[2].Until.IsZero())
		require.Equal(t, heard[0].Since, heard[2].Since)
		require.Empty(t, b.room.Status()[0].Contradiction)
		require.Equal(t, 1, b.cosigned(2))
	})
}

// A leader that has lost the log to another one accuses nobody: the other has gone on.
func TestAWitnessThatSawALaterBatchContradictsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := honest(t)
		b := newBed(t, w)
		first := b.grow(3)
		second := b.grow(3) // another leader's, who has had it cosigned
		_, err := w.Add(t.Context(), witness.Request{Checkpoint: second.Checkpoint})
		require.NoError(t, err)
		b.run()
		b.room.Tell(first)
		synctest.Wait()
		require.Empty(t, b.heard())
		require.Contains(t, b.room.Status()[0].Error, "gone on")
	})
}

// A cosignature is stored although somebody else writes the batch at that moment, and
// with those of others; a lead that is lost writes nothing.
func TestACosignatureIsKeptBesideOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, honest(t))
		batch := b.grow(3)
		other, err := witness.NewSigner("else.example.org", logKey)
		require.NoError(t, err)
		line, err := other.Cosign(batch.Checkpoint, time.Now())
		require.NoError(t, err)
		busy := true
		b.lead.Fault = func(ctx context.Context, ops []store.Op) error {
			if busy {
				busy = false
				changed := batch
				changed.Cosigned = []string{line}
				_, err := b.st.Commit(ctx, store.Set(ops[0].Key, changed))
				return err
			}
			return nil
		}
		b.run()
		b.room.Tell(batch)
		rest(time.Minute)
		require.Equal(t, 2, b.cosigned(1))
		require.Equal(t, batch.Size, b.room.Status()[0].Size)

		b.lead.Lose(errors.New("lost"))
		b.room.Tell(b.grow(1))
		rest(time.Hour)
		require.Zero(t, b.cosigned(2))
	})
}

// A witness that hangs holds the others up for no longer than its time.
func TestAWitnessThatHangsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		defer close(let)
		w := honest(t)
		var at atomic.Value
		b := newBed(t,
			witness.AdderFunc(func(context.Context, witness.Request) (string, error) { <-let; return "", nil }),
			witness.AdderFunc(func(ctx context.Context, r witness.Request) (string, error) {
				at.Store(time.Now())
				return w.Add(ctx, r)
			}))
		b.run()
		began := time.Now()
		b.room.Tell(b.grow(3))
		rest(time.Minute)
		require.Equal(t, began.Add(30*time.Second), at.Load())
		require.Len(t, b.room.Callers(), 2)
	})
}

// simulated is a simulation's clock, by which no pause is shortened by less than a quarter.
type simulated struct{ clock.Clock }

func (simulated) Chance(chance.Ours) float64 { return 0 }

func (simulated) Apart(chance.Ours, string, string) {}

var _ chance.Clock = simulated{}

// In a simulation a pause is what that says, or a failing run cannot be seen again.
func TestPausesAreTheSimulations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var asked []time.Duration
		var mu sync.Mutex
		b := newBedBy(t, simulated{clock.New()}, witness.AdderFunc(func(context.Context, witness.Request) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, time.Since(began))
			return "", errors.New("away")
		}))
		b.run()
		b.room.Tell(b.grow(3))
		rest(10 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		require.Equal(t, []time.Duration{0, 45 * time.Second, 135 * time.Second, 315 * time.Second}, asked)
	})
}

// rest lets time pass, until nobody has anything to do in the instant that it ends in.
func rest(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

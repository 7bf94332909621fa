package monitor_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// seer is a witness that can be away, and counts what it is asked.
type seer struct {
	*witness.Witness
	mu    sync.Mutex
	away  error
	asked int
}

func (s *seer) Add(ctx context.Context, r witness.Request) (string, error) {
	s.mu.Lock()
	s.asked++
	err := s.away
	s.mu.Unlock()
	if err != nil {
		return "", err
	}
	return s.Witness.Add(ctx, r)
}

func (s *seer) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = err
}

func newSeer(t *testing.T, name string, logKey ed25519.PrivateKey) *seer {
	t.Helper()
	signer, err := witness.NewSigner(name, ed25519.NewKeyFromSeed([]byte(strings.Repeat(name[:1], 32))))
	require.NoError(t, err)
	public, _ := logKey.Public().(ed25519.PublicKey)
	w, err := witness.New(witness.Options{Signer: signer, State: &witness.Memory{}, Logs: []string{evidence.VerifierKey("example.org/log", public)}})
	require.NoError(t, err)
	return &seer{Witness: w}
}

// spokenTo are the messages of an alerter.
type spokenTo struct {
	mu   sync.Mutex
	all  []alert.Message
	fail bool
}

func (s *spokenTo) Alert(_ context.Context, m alert.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail {
		return errors.New("away")
	}
	s.all = append(s.all, m)
	return nil
}

func (s *spokenTo) contradictions() (kinds []alert.Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.all {
		if m.Rule == "evidence_contradicted" {
			kinds = append(kinds, m.Kind)
		}
	}
	return kinds
}

func cosigned(key ed25519.PrivateKey, to alert.Alerter, seers ...*seer) func(*monitor.Config) {
	return func(c *monitor.Config) {
		c.Interval, c.EvidenceKey, c.Origin, c.Alerter = 10*time.Minute, key, "example.org/log", to
		for _, s := range seers {
			c.Cosigners = append(c.Cosigners, monitor.Cosigner{Key: s.Key(), Adder: s})
		}
	}
}

// by returns which batches have a witness's cosignature, and that none is wrong.
func by(t *testing.T, batches []evidence.Batch, key witness.Key) (numbers []int64) {
	t.Helper()
	for _, b := range batches {
		found, err := witness.Cosignatures(b.Checkpoint, strings.Join(b.Cosigned, "\n"), key)
		require.NoError(t, err)
		if len(found) > 0 {
			numbers = append(numbers, b.Number)
		}
		_, err = b.Open()
		require.NoError(t, err)
	}
	slices.Sort(numbers)
	return numbers
}

// Each day's checkpoint is cosigned by each witness; one that is away is asked again,
// with the newest by then, and keeps nobody else up; the next leader goes on.
func TestEachCheckpointIsCosigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := ed25519.NewKeyFromSeed(make([]byte, 32))
		st, to := memstore.New(nil), &spokenTo{}
		one, two := newSeer(t, "one.example.org", key), newSeer(t, "two.example.org", key)
		a := start(t, st, "a", cosigned(key, to, one, two))
		time.Sleep(24*time.Hour + 50*time.Minute)
		require.Equal(t, []int64{1}, by(t, documents[evidence.Batch](t, st, ledger.Evidence), one.Key()))
		status := a.Status().Cosigners
		require.Len(t, status, 2)
		require.Equal(t, "one.example.org", status[0].Name)
		require.Positive(t, status[0].Size)
		require.WithinDuration(t, time.Now(), status[0].At, time.Hour)
		require.Empty(t, status[0].Error)

		two.set(errors.New("away"))
		time.Sleep(2 * 24 * time.Hour)
		require.Equal(t, "away", a.Status().Cosigners[1].Error)
		require.Equal(t, status[1].Size, a.Status().Cosigners[1].Size, "the last one stays")
		require.Less(t, two.asked, 2*24+20)
		require.Equal(t, 1, a.log.count("did not cosign"))
		two.set(nil)
		time.Sleep(2 * time.Hour)
		batches := documents[evidence.Batch](t, st, ledger.Evidence)
		require.Equal(t, []int64{1, 2, 3}, by(t, batches, one.Key()))
		require.Equal(t, []int64{1, 3}, by(t, batches, two.Key()), "the newest covers those before it")
		a.end()

		asked := one.asked
		b := start(t, st, "b", cosigned(key, to, one, two))
		time.Sleep(time.Hour)
		require.Equal(t, asked, one.asked, "it is known from the store")
		require.Positive(t, b.Status().Cosigners[0].Size)
		time.Sleep(24 * time.Hour)
		require.Equal(t, []int64{1, 2, 3, 4}, by(t, documents[evidence.Batch](t, st, ledger.Evidence), one.Key()))
		require.Equal(t, asked+1, one.asked, "the store told where the witness is")
		b.end()
		require.Empty(t, to.contradictions())
	})
}

// A store that was set back is named by what the witness has seen: at once where there
// are fewer leaves, and as another history when it has outgrown that; to people, too.
func TestAWitnessNamesAStoreThatWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := ed25519.NewKeyFromSeed(make([]byte, 32))
		st, to := memstore.New(nil), &spokenTo{}
		w := newSeer(t, "one.example.org", key)
		a := start(t, st, "a", cosigned(key, to, w))
		time.Sleep(25 * time.Hour)
		synctest.Wait()
		before := copyOf(t, st)
		time.Sleep(2 * 24 * time.Hour)
		a.end()
		require.Empty(t, to.contradictions())

		to.fail = true
		b := start(t, before, "b", cosigned(key, to, w))
		time.Sleep(time.Hour)
		said := b.Status().Cosigners[0]
		require.Contains(t, said.Contradiction, "was removed")
		require.WithinDuration(t, time.Now(), said.Since, time.Hour)
		require.Equal(t, 2, b.log.count("contradicts the log"), "of what was found, and of the next one")
		to.mu.Lock()
		to.fail = false
		to.mu.Unlock()
		time.Sleep(3 * time.Hour)
		require.Equal(t, []alert.Kind{alert.Firing}, to.contradictions(), "told when the channel takes it")
		time.Sleep(6 * 24 * time.Hour)
		require.Contains(t, b.Status().Cosigners[0].Contradiction, "another history")
		kinds := to.contradictions()
		require.GreaterOrEqual(t, len(kinds), 5, "once a checkpoint")
		for _, k := range kinds[1:] {
			require.Equal(t, alert.Reminder, k)
		}
		require.Len(t, by(t, documents[evidence.Batch](t, before, ledger.Evidence), w.Key()), 1)
		b.end()
	})
}

// Two stores that go on from one: whichever the witness sees first is the one.
func TestAWitnessCosignsOneOfTwoForks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := ed25519.NewKeyFromSeed(make([]byte, 32))
		st, to := memstore.New(nil), &spokenTo{}
		w := newSeer(t, "one.example.org", key)
		a := start(t, st, "a", cosigned(key, to, w))
		time.Sleep(25 * time.Hour)
		a.end()
		fork := copyOf(t, st)
		b, c := start(t, st, "b", cosigned(key, to, w)), start(t, fork, "c", cosigned(key, to, w))
		time.Sleep(2 * 24 * time.Hour)
		first, second := b.Status().Cosigners[0].Contradiction, c.Status().Cosigners[0].Contradiction
		require.NotEqual(t, first == "", second == "", "%q %q", first, second)
		require.Contains(t, first+second, "another history")
		b.end()
		c.end()
	})
}

func TestCosignersAreChecked(t *testing.T) {
	t.Parallel()
	w := newSeer(t, "one.example.org", ed25519.NewKeyFromSeed(make([]byte, 32)))
	_, err := monitor.New(monitor.Config{Store: memstore.New(nil), Cosigners: []monitor.Cosigner{{}, {Key: w.Key()}, {Key: w.Key(), Adder: w}}})
	for _, part := range []string{"Cosigners: need an EvidenceKey", "Cosigners[0]: has no Key", "Cosigners[1]: has no Adder", "Cosigners[2]: the witness one.example.org is there already"} {
		require.ErrorContains(t, err, part)
	}
}

package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/witnessed"
	"github.com/seed-13dc028d/longwatch/longrun/witnesshttp"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

// keyOf is a private key as a variable holds it, and what belongs to it.
func keyOf(seed byte) (text string, public ed25519.PublicKey) {
	raw := []byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize))
	public, _ = ed25519.NewKeyFromSeed(raw).Public().(ed25519.PublicKey)
	return base64.StdEncoding.EncodeToString(raw), public
}

// past is a store of SQLite with a beat of yesterday, so that there is a day to be logged.
func past(t *testing.T) (path string, b book) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "longrun.db")
	st, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	b = openBook(t, st)
	_, err = st.Commit(t.Context(), b.CreateHeartbeat(longrun.Beat(time.Now().AddDate(0, 0, -1), time.Hour)))
	require.NoError(t, err)
	return path, b
}

// cosigned waits for a batch that has a cosignature.
func (b book) cosigned(key witness.Key) (found evidence.Batch) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		for e, err := range b.Batches(b.t.Context(), ledger.Page{}) {
			require.NoError(b.t, err)
			if list, _ := witness.Cosignatures(e.Value.Checkpoint, strings.Join(e.Value.Cosigned, "\n"), key); len(list) == 1 {
				found = e.Value
			}
		}
		return found.Number > 0
	}, 30*time.Second, 50*time.Millisecond)
	return found
}

// One server cosigns what the other one logs, and remembers it when it is started again;
// a server that goes on with another store is told by it.
func TestAServerIsTheWitnessOfAnother(t *testing.T) {
	t.Parallel()
	logKey, public := keyOf('l')
	witnessKey, witnessPublic := keyOf('w')
	key, err := witness.NewKey("watch.example.org/witness", witnessPublic)
	require.NoError(t, err)
	home := filepath.Join(t.TempDir(), "witness.db")
	asWitness := []string{
		"LONGRUN_STORE=sqlite:" + home, "LONGRUN_COSIGN_KEY=" + witnessKey, "LONGRUN_COSIGN_NAME=" + key.Name(),
		"LONGRUN_COSIGN_LOGS=" + evidence.VerifierKey("ops.example.org/longrun", public),
	}
	two := launch(t, "two", asWitness...)
	two.says(key.String())
	path, b := past(t)
	log := []string{
		"LONGRUN_EVIDENCE_KEY=" + logKey, "LONGRUN_ORIGIN=ops.example.org/longrun", "LONGRUN_COSIGNERS=" + key.String() + " http://" + two.addr + "/witness",
	}
	one := launch(t, "one", append(log, "LONGRUN_STORE=sqlite:"+path)...)
	batch := b.cosigned(key)
	require.Equal(t, "ops.example.org/longrun", batch.Tree)

	st, err := sqlitestore.Open(t.Context(), home, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	state, err := witnessed.New(st, "")
	require.NoError(t, err)
	seen, err := state.Seen(t.Context(), batch.Tree)
	require.NoError(t, err)
	require.GreaterOrEqual(t, seen.Size, batch.Size)

	two.signal(syscall.SIGTERM)
	require.Zero(t, two.ended())
	again := launch(t, "two", append(asWitness, "LONGRUN_ADDR="+two.addr)...)
	again.says(key.String())
	client, err := witnesshttp.NewClient("http://"+two.addr+"/witness", witnesshttp.ClientOptions{})
	require.NoError(t, err)
	_, err = client.Add(t.Context(), witness.Request{Checkpoint: batch.Checkpoint})
	var conflict *witness.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.GreaterOrEqual(t, conflict.Size, batch.Size, "it remembers")
	response, err := http.Get("http://" + two.addr + "/witness" + witnesshttp.Path)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)

	one.signal(syscall.SIGTERM)
	require.Zero(t, one.ended())
	other, _ := past(t)
	three := launch(t, "three", append(log, "LONGRUN_STORE=sqlite:"+other)...)
	three.says("a witness contradicts the log of evidence")
}

func TestMistakesAboutWitnessesAreNamed(t *testing.T) {
	t.Parallel()
	logKey, public := keyOf('l')
	witnessKey, witnessPublic := keyOf('w')
	key, err := witness.NewKey("watch.example.org/witness", witnessPublic)
	require.NoError(t, err)
	logs := evidence.VerifierKey("ops.example.org/longrun", public)
	for want, env := range map[string]map[string]string{
		"LONGRUN_COSIGNERS: witnesses cosign what LONGRUN_EVIDENCE_KEY":       {"LONGRUN_COSIGNERS": key.String() + " http://127.0.0.1/witness"},
		"LONGRUN_COSIGNERS: number 1: no verifier key":                        {"LONGRUN_COSIGNERS": "s3cr3t http://u:s3cr3t@h", "LONGRUN_EVIDENCE_KEY": logKey},
		"LONGRUN_COSIGNERS: number 1: there is no address":                    {"LONGRUN_COSIGNERS": key.String(), "LONGRUN_EVIDENCE_KEY": logKey},
		"LONGRUN_COSIGNERS: number 2: this witness is there already":          {"LONGRUN_COSIGNERS": key.String() + " http://a," + key.String() + " http://b", "LONGRUN_EVIDENCE_KEY": logKey},
		"LONGRUN_COSIGN_NAME or LONGRUN_COSIGN_LOGS is set":                   {"LONGRUN_COSIGN_LOGS": logs},
		"LONGRUN_COSIGN_KEY: longrun: no Ed25519 private key":                 {"LONGRUN_COSIGN_KEY": "s3cr3t-s3cr3t-s3cr3t!"},
		"LONGRUN_COSIGN_KEY is that of LONGRUN_EVIDENCE_KEY":                  {"LONGRUN_COSIGN_KEY": logKey, "LONGRUN_EVIDENCE_KEY": logKey},
		"LONGRUN_COSIGN_NAME: \"\" is no name of a witness":                   {"LONGRUN_COSIGN_KEY": witnessKey, "LONGRUN_COSIGN_LOGS": logs},
		"LONGRUN_COSIGN_LOGS: at least one is required":                       {"LONGRUN_COSIGN_KEY": witnessKey, "LONGRUN_COSIGN_NAME": "w"},
		"LONGRUN_COSIGN_LOGS: number 1 is no verifier key of a log":           {"LONGRUN_COSIGN_KEY": witnessKey, "LONGRUN_COSIGN_NAME": "w", "LONGRUN_COSIGN_LOGS": key.String()},
		"LONGRUN_COSIGN_KEY: a witness with a store of memory: forgets":       {"LONGRUN_COSIGN_KEY": witnessKey, "LONGRUN_COSIGN_NAME": "w", "LONGRUN_COSIGN_LOGS": logs, "LONGRUN_STORE": "memory:"},
		"LONGRUN_ORIGIN: \"a b\" is not of 1 to 200 visible ASCII characters": {"LONGRUN_ORIGIN": "a b"},
	} {
		code, out := start1(t, env)
		require.Equal(t, 2, code, "%s: %s", want, out)
		require.Contains(t, out, want)
		require.NotContains(t, out, "s3cr3t")
	}
}

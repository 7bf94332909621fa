package witnesshttp_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
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
	"github.com/seed-13dc028d/longwatch/longrun/ledger/witnessed"
	"github.com/seed-13dc028d/longwatch/longrun/witnesshttp"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/sqlitestore"
)

const origin = "ops.example.org/longrun"

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

// leaves are those of a history; two of one name begin alike.
func leaves(name string, n int) (all []tlog.Hash) {
	for i := range n {
		all = append(all, tlog.RecordHash(fmt.Appendf(nil, "%s %d", name, i)))
	}
	return all
}

func request(tb testing.TB, all []tlog.Hash, old, size int64) witness.Request {
	tb.Helper()
	text, err := evidence.Checkpoint{Origin: origin, Size: size, Root: (tree.Frontier{}).Append(all[:size]...).Root()}.Sign(key(1))
	require.NoError(tb, err)
	r := witness.Request{Old: old, Checkpoint: text}
	if old > 0 && old < size {
		r.Proof, err = tree.Stretch{Leaves: all}.Consistency(old, size)
		require.NoError(tb, err)
	}
	return r
}

func newWitness(tb testing.TB, state witness.State) *witness.Witness {
	tb.Helper()
	signer, err := witness.NewSigner("watch.example.org/witness", key(2))
	require.NoError(tb, err)
	public, _ := key(1).Public().(ed25519.PublicKey)
	w, err := witness.New(witness.Options{Signer: signer, Logs: []string{evidence.VerifierKey(origin, public)}, State: state})
	require.NoError(tb, err)
	return w
}

func serve(tb testing.TB, w witness.Adder, o witnesshttp.HandlerOptions) (prefix string, client *witnesshttp.Client) {
	tb.Helper()
	mux := http.NewServeMux()
	mux.Handle("/witness"+witnesshttp.Path, witnesshttp.NewHandler(w, o))
	server := httptest.NewServer(mux)
	tb.Cleanup(server.Close)
	client, err := witnesshttp.NewClient(server.URL+"/witness/", witnesshttp.ClientOptions{})
	require.NoError(tb, err)
	return server.URL + "/witness", client
}

// say sends a text as it is.
func say(t *testing.T, method, prefix, body string) (status int, kind, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, prefix+witnesshttp.Path, strings.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, response.Header.Get("Content-Type"), string(data)
}

// The answers as bytes of HTTP, as the standard has them.
func TestTheAnswersOverHTTP(t *testing.T) {
	t.Parallel()
	all, other := leaves("a", 30), leaves("b", 30)
	var log bytes.Buffer
	w := newWitness(t, &witness.Memory{})
	prefix, _ := serve(t, w, witnesshttp.HandlerOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	status, _, answer := say(t, http.MethodPost, prefix, request(t, all, 0, 10).String())
	require.Equal(t, http.StatusOK, status)
	require.Regexp(t, "^— watch.example.org/witness [A-Za-z0-9+/]{102}==\n$", answer)

	strange := request(t, all, 10, 12)
	strange.Checkpoint = strings.ReplaceAll(strange.Checkpoint, origin, "else.example.org")
	unsigned := request(t, all, 10, 12)
	unsigned.Checkpoint, _, _ = strings.Cut(unsigned.Checkpoint, "\n\n")
	unsigned.Checkpoint += "\n"
	above := request(t, all, 10, 12)
	above.Old = 13
	const plain, size = "text/plain; charset=utf-8", "text/x.tlog.size"
	for name, c := range map[string]struct {
		body   string
		status int
		kind   string
		answer string // what it begins with
	}{
		"not where it is":      {request(t, all, 0, 12).String(), 409, size, "10\n"},
		"another of that size": {request(t, other, 10, 10).String(), 409, size, "10\n"},
		"forked":               {request(t, other, 10, 12).String(), 422, plain, "witness: the checkpoint does not go on"},
		"unknown":              {strange.String(), 404, plain, "witness: it does not know the log"},
		"unsigned":             {unsigned.String(), 403, plain, "witness: it knows no key"},
		"above itself":         {above.String(), 400, plain, "witness: this is no request"},
		"nonsense":             {"nonsense", 400, plain, "witness: this is no request"},
		"nothing":              {"", 400, plain, "witness: this is no request"},
		"too much":             {strings.Repeat("x", witness.MaxRequest+1), 413, plain, "at most 65536 bytes"},
		"it goes on":           {request(t, all, 10, 10).String(), 200, plain, "— watch.example.org/witness "},
	} {
		status, kind, answer := say(t, http.MethodPost, prefix, c.body)
		require.Equal(t, c.status, status, name)
		require.Equal(t, c.kind, kind, name)
		require.True(t, strings.HasPrefix(answer, c.answer), "%s: %s", name, answer)
	}
	status, _, _ = say(t, http.MethodGet, prefix, "")
	require.Equal(t, http.StatusMethodNotAllowed, status)
	require.Equal(t, 2, strings.Count(log.String(), "does not go on from"), "proof of what the log's owner did: %s", &log)
}

// Checkpoints are no secret: whoever has one may ask as often as he likes, with a proof
// that is none or beside a state that is away, and does not fill the log. What the log's
// owner signed twice is kept all the same.
func TestStrangersFillNoLog(t *testing.T) {
	t.Parallel()
	all, other := leaves("a", 30), leaves("b", 30)
	mock := clock.NewMock()
	var log bytes.Buffer
	options := witnesshttp.HandlerOptions{Logger: slog.New(slog.NewTextHandler(&log, nil)), Clock: mock, PerSecond: 1000}
	prefix, client := serve(t, newWitness(t, &witness.Memory{}), options)
	_, err := client.Add(t.Context(), request(t, all, 0, 10))
	require.NoError(t, err)

	again := request(t, all, 10, 10)
	again.Proof = all[:1]
	for i := range 100 {
		again.Checkpoint += fmt.Sprintf("— stranger.%d %s\n", i, strings.Repeat("QUFB", 20)) // which no key of the log's made
		status, _, _ := say(t, http.MethodPost, prefix, again.String())
		if i < 50 { // more signatures are not read
			require.Equal(t, http.StatusUnprocessableEntity, status)
		}
	}
	require.Equal(t, 1, strings.Count(log.String(), "\n"), "one line for one checkpoint: %s", &log)
	fork := request(t, other, 10, 12)
	for range 3 {
		_, err = client.Add(t.Context(), fork)
		require.ErrorIs(t, err, witness.ErrInconsistent)
	}
	require.Equal(t, 2, strings.Count(log.String(), "\n"))
	require.Contains(t, log.String(), strings.ReplaceAll(fork.Checkpoint, "\n", `\n`), "all of it")

	before := log.Len()
	long := request(t, other, 10, 11)
	for i := range 90 {
		long.Checkpoint += fmt.Sprintf("— stranger.%d %s\n", i, strings.Repeat("QUFB", 100))
	}
	_, err = client.Add(t.Context(), long)
	require.ErrorIs(t, err, witness.ErrInconsistent)
	require.Less(t, log.Len()-before, 5000, "of what anybody may have put there, a little")
	for size := int64(12); size <= 30; size++ {
		_, err = client.Add(t.Context(), request(t, other, 10, size))
		require.ErrorIs(t, err, witness.ErrInconsistent)
	}
	require.Equal(t, 10, strings.Count(log.String(), "\n"), "ten a minute")
	mock.Add(time.Minute)
	_, err = client.Add(t.Context(), request(t, other, 10, 30))
	require.ErrorIs(t, err, witness.ErrInconsistent)
	require.Equal(t, 11, strings.Count(log.String(), "\n"), "what had no room is told when it comes again")

	log.Reset()
	away := witness.AdderFunc(func(context.Context, witness.Request) (string, error) { return "", errors.New("the disk is full") })
	prefix, _ = serve(t, away, options)
	for range 50 {
		status, _, _ := say(t, http.MethodPost, prefix, again.String())
		require.Equal(t, http.StatusServiceUnavailable, status)
	}
	require.Equal(t, 10, strings.Count(log.String(), "\n"))
}

// What a server answers is what package witness has for it, and what is none of the
// standard's is said with its status.
func TestTheClientKnowsTheAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		is     error
		text   string
	}{
		"cosigned":        {200, "— w x\n", nil, ""},
		"unknown":         {404, "", witness.ErrUnknownLog, ""},
		"forbidden":       {403, "", witness.ErrForbidden, ""},
		"inconsistent":    {422, "", witness.ErrInconsistent, ""},
		"bad":             {400, "why\n", witness.ErrBadRequest, "why"},
		"a conflict":      {409, "42\n", nil, "had 42 leaves"},
		"none of a size":  {409, "forty\n", nil, "no size: forty"},
		"a leading zero":  {409, "042\n", nil, "no size: 042"},
		"below zero":      {409, "-1\n", nil, "no size: -1"},
		"too many":        {429, "later\x1b[31m", nil, "answered 429: later"},
		"elsewhere":       {302, "", nil, "answered 302"},
		"a long-winded 5": {500, strings.Repeat("x", 1<<20), nil, "answered 500"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		client, err := witnesshttp.NewClient(server.URL, witnesshttp.ClientOptions{})
		require.NoError(t, err)
		lines, err := client.Add(t.Context(), witness.Request{Checkpoint: "x"})
		server.Close()
		if c.is == nil && c.text == "" {
			require.NoError(t, err)
			require.Equal(t, c.body, lines)
			continue
		}
		require.Error(t, err, name)
		require.Empty(t, lines)
		if c.is != nil {
			require.ErrorIs(t, err, c.is, name)
		}
		require.ErrorContains(t, err, c.text, name)
		require.Less(t, len(err.Error()), 400, name)
		require.NotContains(t, err.Error(), "\x1b")
	}
}

func TestAnAddressIsCheckedAndItsPasswordKept(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "nowhere", "ftp://u:geheim@h", "https://", "https://u:geheim@h/?q", "https://h/#f", "http://u:geheim@[::"} {
		_, err := witnesshttp.NewClient(address, witnesshttp.ClientOptions{})
		require.Error(t, err, address)
		require.NotContains(t, err.Error(), "geheim")
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	client, err := witnesshttp.NewClient("http://u:geheim@"+closed.Addr().String()+"/geheim", witnesshttp.ClientOptions{HTTPClient: &http.Client{}})
	require.NoError(t, err)
	_, err = client.Add(t.Context(), witness.Request{})
	require.ErrorContains(t, err, "no answer")
	require.NotContains(t, err.Error(), "geheim")
}

// Who asks too much, or all at once, is told to come again, and a state that cannot be
// kept is no cosignature.
func TestWhatCannotBeDoneNowIsToBeAskedAgain(t *testing.T) {
	t.Parallel()
	all := leaves("a", 3)
	mock := clock.NewMock()
	inside, leave := make(chan struct{}), make(chan struct{})
	slow := witness.AdderFunc(func(context.Context, witness.Request) (string, error) {
		inside <- struct{}{}
		<-leave
		return "", errors.New("the disk is full")
	})
	var log bytes.Buffer
	prefix, _ := serve(t, slow, witnesshttp.HandlerOptions{AtOnce: 1, PerSecond: 2, Clock: mock, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	body := request(t, all, 0, 3).String()
	var wg sync.WaitGroup
	wg.Go(func() {
		status, _, _ := say(t, http.MethodPost, prefix, body)
		if status != http.StatusServiceUnavailable {
			t.Error(status)
		}
	})
	<-inside
	status, _, _ := say(t, http.MethodPost, prefix, body)
	require.Equal(t, http.StatusServiceUnavailable, status, "one at once")
	close(leave)
	wg.Wait()
	require.Contains(t, log.String(), "the disk is full")
	go func() { <-inside }()
	status, _, answer := say(t, http.MethodPost, prefix, body)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.NotContains(t, answer, "disk")
	status, _, _ = say(t, http.MethodPost, prefix, body)
	require.Equal(t, http.StatusTooManyRequests, status)
	mock.Add(time.Second)
	go func() { <-inside }()
	status, _, _ = say(t, http.MethodPost, prefix, body)
	require.Equal(t, http.StatusServiceUnavailable, status)
}

// Honest logs that grow, forks of them and stores that were set back, over the network
// and any state: all that is cosigned is one history, and the honest one always is.
func TestHonestLogsAndForksOverTheNetwork(t *testing.T) {
	t.Parallel()
	states := map[string]func() witness.State{
		"memory": func() witness.State { return &witness.Memory{} },
		"memstore": func() witness.State {
			s, err := witnessed.New(memstore.New(nil), "")
			require.NoError(t, err)
			return s
		},
		"sqlite": func() witness.State {
			st, err := sqlitestore.Open(t.Context(), t.TempDir()+"/w.db", nil)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, st.Close()) })
			s, err := witnessed.New(st, "")
			require.NoError(t, err)
			return s
		},
	}
	for name, state := range states {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused, cosigned := 0, 0
			for seed := range uint64(seedtest.Histories(5)) {
				rng := rand.New(rand.NewPCG(seed, 2))
				_, client := serve(t, newWitness(t, state()), witnesshttp.HandlerOptions{PerSecond: 1 << 20})
				honest := leaves("a", 1+rng.IntN(20))
				seen := int64(0)
				for range 20 {
					if rng.IntN(2) == 0 || seen == 0 {
						honest = append(honest, leaves(fmt.Sprint(seed, len(honest)), 1+rng.IntN(20))...)
						require.NoError(t, ask(t, client, honest, seen, int64(len(honest))))
						seen = int64(len(honest))
						cosigned++
						continue
					}
					// A fork below what was seen, of any length.
					at := rng.IntN(int(seen))
					fork := append(append([]tlog.Hash(nil), honest[:at]...), leaves("fork", 1+rng.IntN(30))...)
					require.Error(t, ask(t, client, fork, min(seen, int64(len(fork))), int64(len(fork))))
					// The same history, set back.
					size := 1 + rng.Int64N(seen)
					if err := ask(t, client, honest[:size], 0, size); size < seen {
						require.Error(t, err)
					}
					refused++
				}
			}
			t.Logf("%d cosigned, %d forks refused", cosigned, refused)
		})
	}
}

// ask asks as a log does.
func ask(t *testing.T, a witness.Adder, all []tlog.Hash, old, size int64) error {
	t.Helper()
	for range 3 {
		_, err := a.Add(t.Context(), request(t, all, old, size))
		conflict, ok := errors.AsType[*witness.ConflictError](err)
		if !ok || conflict.Size == old || conflict.Size > size {
			return err
		}
		old = conflict.Size
	}
	return errors.New("restless")
}

// Two processes with one store are one witness: of forks that are asked for at once, one
// is cosigned.
func TestOneStoreIsOneWitness(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/w.db"
	var clients []*witnesshttp.Client
	for range 2 {
		st, err := sqlitestore.Open(t.Context(), path, nil)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, st.Close()) })
		state, err := witnessed.New(st, "")
		require.NoError(t, err)
		_, client := serve(t, newWitness(t, state), witnesshttp.HandlerOptions{AtOnce: 16})
		clients = append(clients, client)
	}
	base := leaves("a", 5)
	seen := int64(0)
	for round := range 5 {
		var wg sync.WaitGroup
		const n = 6
		forks := make([][]tlog.Hash, n)
		errs := make([]error, n)
		for i := range n {
			forks[i] = append(append([]tlog.Hash(nil), base...), leaves(fmt.Sprint(round, i), 1+i%3)...)
			r := request(t, forks[i], seen, int64(len(forks[i])))
			wg.Go(func() { _, errs[i] = clients[i%2].Add(t.Context(), r) })
		}
		wg.Wait()
		var won []int
		for i, err := range errs {
			if err == nil {
				won = append(won, i)
				continue
			}
			_, ok := errors.AsType[*witness.ConflictError](err)
			require.True(t, ok, "%v", err)
		}
		require.Len(t, won, 1)
		base = forks[won[0]]
		seen = int64(len(base))
	}
}

func TestAWitnessThatIsNilAnswersNothing(t *testing.T) {
	t.Parallel()
	for _, w := range []witness.Adder{nil, (*witness.Witness)(nil)} {
		answer := httptest.NewRecorder()
		body := "old 0\n\nwa_metrics/longrun\n1\n" + strings.Repeat("A", 43) + "=\n\n\u2014 a AAAAAAAA\n"
		witnesshttp.NewHandler(w, witnesshttp.HandlerOptions{Clock: (*clock.Mock)(nil)}).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body)))
		require.GreaterOrEqual(t, answer.Code, 400)
	}
}

package monitor_test

import (
	"context"
	"crypto/ed25519"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/telegramalert"
	"github.com/seed-13dc028d/longwatch/alert/webhookalert"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// kept is a server elsewhere: it writes down what it gets, by host.
type kept struct {
	mu   sync.Mutex
	got  map[string]*strings.Builder
	down bool
}

func (k *kept) client() *http.Client { return &http.Client{Transport: k} }

func (k *kept) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(b)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"ok":true,"result":{"message_id":7,"chat":{"id":5}}}`)), Request: r}
	if k.down {
		answer.StatusCode = http.StatusBadGateway
		return answer, nil
	}
	if k.got == nil {
		k.got = map[string]*strings.Builder{}
	}
	log := k.got[r.URL.Hostname()]
	if log == nil {
		log = &strings.Builder{}
		k.got[r.URL.Hostname()] = log
	}
	log.WriteString(r.Method + " " + r.URL.Path + " " + r.Header.Get(webhookalert.AnchorHeader) + "\n" + body + "\n")
	return answer, nil
}

func (k *kept) text(host string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.got[host] == nil {
		return ""
	}
	return k.got[host].String()
}

func (k *kept) setDown(down bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.down = down
}

// carriers wires everything that carries checkpoints outside to k.
func carriers(t *testing.T, k *kept, key ed25519.PrivateKey) func(*monitor.Config) {
	t.Helper()
	post, err := webhookalert.NewPing("https://post.example.org/ping", &webhookalert.PingOptions{Method: http.MethodPost, HTTPClient: k.client()})
	require.NoError(t, err)
	get, err := webhookalert.NewPing("https://get.example.org/ping", &webhookalert.PingOptions{HTTPClient: k.client()})
	require.NoError(t, err)
	hook, err := webhookalert.New("https://hook.example.org/", &webhookalert.Options{HTTPClient: k.client()})
	require.NoError(t, err)
	chat, err := telegramalert.New("123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0", "5", &telegramalert.Options{APIURL: "https://chat.example.org", HTTPClient: k.client()})
	require.NoError(t, err)
	var mu sync.Mutex
	newest := ""
	return func(c *monitor.Config) {
		c.Interval, c.EvidenceKey, c.Alerter, c.AnchorAlerts = 10*time.Minute, key, alert.Fanout(hook, chat), true
		c.Anchor = func(_ context.Context, checkpoint string) error {
			mu.Lock()
			defer mu.Unlock()
			newest = checkpoint
			return nil
		}
		c.AfterBeat = func(ctx context.Context, h longrun.Heartbeat) {
			mu.Lock()
			text := newest + "\n" + evidence.HeadOf(h).String() + "\n"
			mu.Unlock()
			_ = post.BeatWith(ctx, text)
			_ = get.BeatWith(ctx, text)
		}
	}
}

// copyOf is a backup of a store.
func copyOf(t *testing.T, st store.Store) *memstore.Store {
	t.Helper()
	out := memstore.New(nil)
	for _, c := range st.(*memstore.Store).Collections() {
		for rec, err := range st.Scan(t.Context(), store.Query{Collection: c}) {
			require.NoError(t, err)
			doc := map[string]any{}
			require.NoError(t, rec.Decode(&doc))
			doc["ts"] = rec.At
			_, err = out.Commit(t.Context(), store.Set(rec.Key, doc))
			require.NoError(t, err)
		}
	}
	return out
}

// Each channel that carries checkpoints is an anchor by itself: by what its receiver
// wrote down, a store that was set back is named, and the one that went on passes.
func TestWhatChannelsCarryHoldsTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, key := range []ed25519.PrivateKey{nil, ed25519.NewKeyFromSeed(make([]byte, 32))} {
			k, st := &kept{}, memstore.New(nil)
			a := start(t, st, "a", carriers(t, k, key))
			time.Sleep(2*24*time.Hour + time.Hour + time.Minute)
			synctest.Wait() // the copy is of one moment
			before := copyOf(t, st)
			k.setDown(true) // over midnight: it is tried again
			time.Sleep(24*time.Hour - 30*time.Minute)
			k.setDown(false)
			time.Sleep(2 * time.Hour)
			require.NoError(t, a.TestAlert(t.Context())) // any message carries the newest one
			a.end()
			o := verify.EvidenceOptions{}
			if key != nil {
				o.Keys = []ed25519.PublicKey{key.Public().(ed25519.PublicKey)}
			}
			for _, host := range []string{"post.example.org", "get.example.org", "hook.example.org", "chat.example.org"} {
				text := k.text(host)
				o.Anchors = []string{text}
				got, err := verify.Evidence(t.Context(), openLedger(t, st), o)
				require.NoError(t, err)
				require.Equal(t, verify.Pass, got.Verdict, "%s: %v", host, got.Problems)
				require.Positive(t, got.Counts["anchors"], host)
				got, err = verify.Evidence(t.Context(), openLedger(t, before), o)
				require.NoError(t, err)
				require.Equal(t, verify.Fail, got.Verdict, "%s: %v", host, got.Problems)
				last, err := openLedger(t, before).NewestBatch(t.Context())
				require.NoError(t, err)
				found := map[string]bool{}
				for _, p := range got.Problems {
					found[p.Path] = true
				}
				require.True(t, found[last.Path()], "%s: %v", host, got.Problems)
			}
			require.Equal(t, 3, strings.Count(k.text("chat.example.org"), "[CHECKPOINT]"), "one a day")
			o.Anchors = nil
			got, err := verify.Evidence(t.Context(), openLedger(t, before), o)
			require.NoError(t, err)
			require.Equal(t, verify.Pass, got.Verdict, "without an anchor nothing tells")
		}
	})
}

// A take-over hands on what the log goes on from, and no second message of the day.
func TestATakeOverHandsOnTheNewestCheckpoint(t *testing.T) {
	for name, key := range map[string]ed25519.PrivateKey{"signed": ed25519.NewKeyFromSeed(make([]byte, 32)), "unsigned": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { takenOver(t, key) })
		})
	}
}

func takenOver(t *testing.T, key ed25519.PrivateKey) {
	t.Helper()
	st := memstore.New(nil)
	k := &kept{}
	a := start(t, st, "a", carriers(t, k, key))
	time.Sleep(25 * time.Hour)
	a.end()
	var mu sync.Mutex
	var got []string
	keep := func(c *monitor.Config) {
		carriers(t, k, key)(c)
		c.Anchor = func(_ context.Context, checkpoint string) error {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, checkpoint)
			return nil
		}
	}
	b := start(t, st, "b", keep)
	time.Sleep(time.Hour)
	synctest.Wait()
	newest, err := openLedger(t, st).NewestBatch(t.Context())
	require.NoError(t, err)
	mu.Lock()
	require.Equal(t, []string{newest.Value.Checkpoint}, got)
	mu.Unlock()
	require.Equal(t, 1, strings.Count(k.text("chat.example.org"), "[CHECKPOINT]"))
	require.Zero(t, b.log.count("failed and is started again"))
	b.end()
	if key == nil {
		return // nobody signed
	}

	// One that another key signed is nobody's to hand on.
	got = nil
	c := start(t, st, "c", keep, func(c *monitor.Config) { c.EvidenceKey = ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", 32))) })
	time.Sleep(time.Hour)
	require.Empty(t, got)
	require.Equal(t, 1, c.log.count("not signed by this instance's key"))
	c.end()
	require.NotEmpty(t, documents[evidence.Batch](t, st, ledger.Evidence))
}

package outbox_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/leadtest"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/outbox"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/room"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

// lines is where the log goes.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

// bench is a room of its own: a store, a channel, and leads one after another.
type bench struct {
	t       *testing.T
	deps    room.Deps
	st      *storetest.Faulty
	log     *lines
	channel *outbox.Channel
	trusted func() (time.Time, error)
	slot    time.Duration     // how long a turn waits at most
	open    map[string]string // the incidents that are, by target
	now     time.Time         // by which is decided; that of the clock where it is zero

	settings atomic.Pointer[longrun.Settings]

	lead  *leadtest.Lead
	draft *outbox.Draft
	box   *outbox.Outbox
}

func newBench(t *testing.T, a alert.Alerter) *bench {
	t.Helper()
	clk := clock.New()
	b := &bench{t: t, st: storetest.Wrap(memstore.New(nil)), log: &lines{}, slot: time.Minute, open: map[string]string{}}
	b.settings.Store(new(longrun.DefaultSettings(time.Minute)))
	l, err := ledger.New(b.st, "")
	require.NoError(t, err)
	b.deps = room.Deps{
		Clock: clk, Log: hostcall.NewLog(slog.New(slog.NewTextHandler(b.log, nil)), clk), Ledger: l,
		Settings: func() longrun.Settings { return *b.settings.Load() },
		Self:     room.Self{InstanceID: "a", CommitHash: "c0ffee", Interval: time.Minute, Lease: 2 * time.Minute},
		Stop:     room.NewBudget(8*time.Second, clk),
	}
	b.trusted = func() (time.Time, error) { return clk.Now(), nil }
	b.channel = outbox.NewChannel(b.deps, outbox.ChannelOptions{Alerter: a, Timeout: 10 * time.Second, AdminURL: "https://example.org/admin/"})
	b.begin()
	t.Cleanup(func() { b.channel.Close(); b.deps.Stop.Close() })
	return b
}

// begin is another lead.
func (b *bench) begin() {
	b.lead = leadtest.New(b.st, b.deps.Clock)
	b.draft = outbox.NewDraft(b.deps, b.lead)
	b.box = outbox.New(b.deps, outbox.Options{Channel: b.channel, Lead: b.lead, Draft: b.draft, Trusted: func() (time.Time, error) { return b.trusted() }, Standing: b.standing})
}

func (b *bench) standing(_ longrun.RuleID, target string) (string, time.Time) {
	return b.open[target], began
}

// began is when everything began that the tests queue.
var began = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// run has the lead turn for so long.
func (b *bench) run(d time.Duration) {
	ctx, cancel := context.WithTimeout(b.t.Context(), d)
	defer cancel()
	for ctx.Err() == nil {
		b.box.Tidy(ctx)
		wait := time.Second
		if b.draft.Write(ctx) {
			wait = b.box.Send(ctx)
		}
		b.box.Pause(ctx, min(wait, b.slot), nil)
	}
}

// queue decides a message about one target, the seq-th.
func (b *bench) queue(target string, seq int64, kind longrun.NoticeKind) {
	b.t.Helper()
	b.queueOf("logged_out_"+target, target, seq, kind)
}

// queueOf is queue for an incident of another name.
func (b *bench) queueOf(incident, target string, seq int64, kind longrun.NoticeKind) {
	b.t.Helper()
	i := longrun.Incident{IncidentID: incident, Rule: rules.LoggedOut, Target: target, Severity: longrun.Critical, TSStart: began, Summary: "account " + target + " is out"}
	b.open[target] = incident
	if kind == longrun.NoticeResolved {
		i.TSEnd = new(time.Now().UTC().Truncate(time.Microsecond))
		b.open[target] = ""
	}
	b.box.Queue(b.t.Context(), i, rules.State{Rule: rules.LoggedOut, Target: target, Seq: seq}, kind, cmp.Or(b.now, time.Now()))
}

func (b *bench) notices() map[string]longrun.Notice {
	b.t.Helper()
	all := map[string]longrun.Notice{}
	for e, err := range b.deps.Ledger.Notices(b.t.Context(), ledger.Page{}) {
		require.NoError(b.t, err)
		all[e.Key.ID] = e.Value
	}
	return all
}

// put writes a document as somebody else did.
func (b *bench) put(id string, doc any) {
	b.t.Helper()
	_, err := b.st.Commit(b.t.Context(), store.Set(b.deps.Ledger.Key(ledger.Outbox, id), doc))
	require.NoError(b.t, err)
}

// waitingSince is a message that has waited so long.
func waitingSince(age time.Duration, n int) (string, longrun.Notice) {
	at := time.Now().Add(-age).UTC().Truncate(time.Microsecond)
	id := fmt.Sprintf("old_%05d", n)
	return id, longrun.Notice{NoticeID: id, TS: at, Created: at, Kind: longrun.NoticeFiring, State: longrun.Waiting, Key: "#logged_out-x-1", IncidentID: id, Rule: rules.LoggedOut, Target: id}
}

// said are the messages as kinds and targets, digests taken apart.
func said(all []alert.Message) (out []string) {
	for _, m := range all {
		parts := m.Parts
		if len(parts) == 0 {
			parts = []alert.Message{m}
		}
		for _, p := range parts {
			out = append(out, string(p.Kind)+" "+p.Target)
		}
	}
	return out
}

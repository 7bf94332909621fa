package monitor_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/alerttest"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
)

// paced is how long after a slot's start a message has gone out at the latest:
// what is decided and what is claimed are two commits, a second apart.
const paced = 2 * time.Second

// telling is a Recorder that knows when it was called.
type telling struct {
	*alerttest.Recorder
	mu sync.Mutex
	at []time.Time
}

func newTelling(steps ...alerttest.Step) *telling {
	return &telling{Recorder: alerttest.NewRecorder(steps...)}
}

func (r *telling) Alert(ctx context.Context, m alert.Message) error {
	r.mu.Lock()
	r.at = append(r.at, time.Now())
	r.mu.Unlock()
	return r.Recorder.Alert(ctx, m)
}

func (r *telling) times() []time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.at)
}

func alertingBy(a alert.Alerter) func(*monitor.Config) {
	return func(c *monitor.Config) { c.Alerter = a }
}

func leasing(d time.Duration) func(*monitor.Config) {
	return func(c *monitor.Config) { c.Lease = d }
}

// calm is a host of one account to which nothing has happened.
func calm() *host {
	return newHost(longrun.HostStatus{Connected: 1, Healthy: true, Accounts: []longrun.AccountStatus{{ID: "ops"}}})
}

const tooDeep = 500 // messages in a queue

// logOut has the host's account be out since now, and logIn takes that back.
func logOut(h *host) {
	h.set(func(s *longrun.HostStatus) {
		s.Accounts = []longrun.AccountStatus{{ID: "ops", LoggedOut: true, Since: time.Now(), Reason: "logged_out_401"}}
	})
}

func logIn(h *host) {
	h.set(func(s *longrun.HostStatus) { s.Accounts = []longrun.AccountStatus{{ID: "ops"}} })
}

// setting changes the stored settings.
func setting(t *testing.T, st store.Store, edit func(*longrun.Settings)) {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	s, version, err := l.Settings(t.Context(), time.Minute)
	require.NoError(t, err)
	edit(&s)
	_, err = l.PutSettings(t.Context(), s, version)
	require.NoError(t, err)
}

// notices are the messages of the outbox, by when they were decided.
func notices(t *testing.T, st store.Store) []longrun.Notice {
	t.Helper()
	all := documents[longrun.Notice](t, st, ledger.Outbox)
	slices.SortStableFunc(all, func(a, b longrun.Notice) int { return a.Created.Compare(b.Created) })
	return all
}

// in reports whether a commit writes into a collection.
func in(c ledger.Collection, ops []store.Op) bool {
	return slices.ContainsFunc(ops, func(op store.Op) bool { return strings.HasSuffix(op.Key.Collection, "/"+string(c)) })
}

// claims reports whether a commit claims a message.
func claims(ops []store.Op) bool {
	return slices.ContainsFunc(ops, func(op store.Op) bool {
		n, ok := op.Value.(longrun.Notice)
		return ok && n.ClaimedUntil != nil
	})
}

// put writes documents as somebody else might.
func put(t *testing.T, st store.Store, c ledger.Collection, id string, doc any) {
	t.Helper()
	l, err := ledger.New(st, "")
	require.NoError(t, err)
	_, err = st.Commit(t.Context(), store.Set(l.Key(c, id), doc))
	require.NoError(t, err)
}

// upToTheMinute sleeps until a little after the start of a slot, d or a little
// more from now.
func upToTheMinute(d time.Duration) {
	end := time.Now().Add(d).Truncate(time.Minute).Add(time.Minute + paced)
	time.Sleep(time.Until(end))
}

package whatsappprobe_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/probe/whatsappprobe"
	"github.com/seed-13dc028d/longwatch/probe/whatsapptest"
)

// The numbers of the monitored account and of the one for probes.
const (
	ours   = "491700000001"
	theirs = "491700000002"
)

// stage is a server with both accounts connected, and the monitored one tracked.
type stage struct {
	*whatsapptest.Server
	t              *testing.T
	ours, theirs   *whatsmeow.Client
	accounts       *whatsappprobe.Accounts
	out, in, queue probe.Prober
}

// inBubble runs a test on a stage in a bubble.
func inBubble(t *testing.T, test func(t *testing.T, s *stage)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, newStage(t, whatsapptest.NewPipeServer(t))) })
}

// inBubbleBare runs a test in a bubble without a stage.
func inBubbleBare(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

func newStage(t *testing.T, srv *whatsapptest.Server) *stage {
	t.Helper()
	return stageOf(t, srv, srv.NewClient(t, ours))
}

// stageOf is a stage with a monitored client of the test's own.
func stageOf(t *testing.T, srv *whatsapptest.Server, cli *whatsmeow.Client) *stage {
	t.Helper()
	s := &stage{Server: srv, t: t, ours: cli, theirs: srv.NewClient(t, theirs)}
	s.accounts = whatsappprobe.NewAccounts(nil)
	require.NoError(t, s.accounts.Add("support", s.ours))
	require.NoError(t, s.accounts.Add("probe", s.theirs))
	s.out = whatsappprobe.Outbound(s.ours, jid(theirs), nil)
	s.in = whatsappprobe.Inbound(s.theirs, s.ours, nil)
	s.queue = whatsappprobe.Queue(s.ours, s.theirs, nil)
	require.NoError(t, s.ours.Connect())
	require.NoError(t, s.theirs.Connect())
	for i := range s.accounts.List() {
		s.await(i, whatsappprobe.Connected)
	}
	if time.Now().Year() < 2010 { // a bubble: the client's first queries are over
		s.calm()
	}
	return s
}

func jid(number string) types.JID { return types.NewJID(number, types.DefaultUserServer) }

// deadline is what a monitor gives a probe.
const deadline = 30 * time.Second

// ask probes as a monitor does, and says how long it took.
func (s *stage) ask(p probe.Prober) (probe.Result, time.Duration, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), deadline)
	defer cancel()
	began := time.Now()
	r, err := p.Probe(ctx)
	return r, time.Since(began), err
}

// passes requires a PASS.
func (s *stage) passes(p probe.Prober) probe.Result {
	s.t.Helper()
	r, _, err := s.ask(p)
	require.NoError(s.t, err)
	require.Equal(s.t, probe.Pass, r.Status, "%s: %s", r.Class, r.Detail)
	return r
}

// fails requires a FAIL of a class.
func (s *stage) fails(p probe.Prober, class string) probe.Result {
	s.t.Helper()
	r, took, err := s.ask(p)
	require.NoError(s.t, err)
	require.Equal(s.t, probe.Fail, r.Status)
	require.Equal(s.t, class, r.Class, r.Detail)
	require.NotEmpty(s.t, r.Detail)
	require.LessOrEqual(s.t, took, deadline+time.Second, "it ends with its deadline")
	return r
}

// cannotTell requires an error of a class.
func (s *stage) cannotTell(p probe.Prober, class string) {
	s.t.Helper()
	_, took, err := s.ask(p)
	require.Error(s.t, err)
	require.Equal(s.t, class, probe.ClassOf(err), err)
	require.LessOrEqual(s.t, took, deadline+time.Second)
}

// state is how the tracker sees the monitored account.
func (s *stage) state() whatsappprobe.Account { return s.accounts.List()[0] }

// await returns when an account is in a state.
func (s *stage) await(account int, want whatsappprobe.State) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Hour)
	defer cancel()
	changes := s.accounts.Changes(ctx)
	for s.accounts.List()[account].State != want {
		_, open := <-changes
		require.True(s.t, open, "the account is %s, not %s", s.accounts.List()[account].State, want)
	}
}

// calm lets what is on its way arrive, after a first message the client's own
// queries too: a connection that breaks under one is a data race of whatsmeow
// with itself (go.mau.fi/util/exsync Event.GetChan).
func (s *stage) calm() {
	time.Sleep(time.Minute)
	synctest.Wait()
}

var errCalledOff = errors.New("called off")

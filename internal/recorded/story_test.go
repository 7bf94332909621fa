package recorded

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/rules"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/storetest"
)

const interval = 10 * time.Minute

// signingKey signs the seals of the story, and protects nothing.
func signingKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte("longwatch: a key for tests only."))
}

// on is a moment of the story's November 2026.
func on(day, hour, minute, sec int) time.Time {
	return time.Date(2026, time.November, day, hour, minute, sec, 0, time.UTC)
}

// during reports whether now lies between two moments of a day.
func during(now time.Time, day, fromHour, fromMinute, toHour, toMinute int) bool {
	return !now.Before(on(day, fromHour, fromMinute, 0)) && now.Before(on(day, toHour, toMinute, 0))
}

// backAt is when the troubles that are there at the end of the recording are over,
// an hour after it: an account that was out since the day before, and a deep queue.
func backAt() time.Time { return on(25, 7, 30, 0) }

// status is what the host says of itself, whichever instance asks.
func status(context.Context) (longrun.HostStatus, error) {
	now := time.Now().UTC()
	ops, sales := longrun.AccountStatus{ID: "ops"}, longrun.AccountStatus{ID: "sales"}
	s := longrun.HostStatus{Connected: 2, QueueDepth: 3, Healthy: true}
	out := func(since time.Time) {
		ops.LoggedOut, ops.Since, ops.Reason = true, since, "logged_out_401"
		s.Connected, s.NeedsQR, s.Healthy = 1, 1, false
	}
	switch {
	case during(now, 21, 10, 0, 11, 5):
		s.QueueDepth = 500
	case during(now, 21, 15, 30, 17, 0): // silenced
		s.QueueDepth = 800
	case during(now, 22, 4, 5, 4, 50):
		out(on(22, 4, 1, 30))
	case during(now, 23, 6, 0, 7, 0):
		last := now.Truncate(time.Minute)
		if end := on(23, 6, 50, 0); last.After(end) {
			last = end
		}
		sales.Reconnects, sales.FirstReconnect, sales.LastReconnect = 8, on(23, 5, 58, 20), last
		s.Connected, s.Reconnecting = 1, 1
	case during(now, 23, 14, 0, 14, 40):
		return s, errors.New("the queue does not answer")
	case during(now, 24, 9, 0, 9, 45):
		s.Healthy = false
	case during(now, 24, 23, 20, 24, 30): // its day is closed before it is over
		s.QueueDepth = 200
	}
	if !now.Before(on(24, 23, 32, 0)) && now.Before(backAt()) {
		out(on(24, 23, 32, 0))
	}
	if !now.Before(on(25, 5, 2, 0)) && now.Before(backAt()) {
		s.QueueDepth = 450
	}
	s.Accounts = []longrun.AccountStatus{ops, sales}
	return s, nil
}

// outbound fails three times in a row on the 22nd, and once for itself.
func outbound(context.Context) (probe.Result, error) {
	now := time.Now().UTC()
	if during(now, 22, 12, 0, 15, 0) || during(now, 24, 20, 0, 21, 0) {
		r := probe.Failed("no_receipt", "the message was taken and not delivered")
		r.Target = "+40*******12"
		return r, nil
	}
	return probe.Result{
		Status: probe.Pass, Latency: time.Duration(300+now.Hour()*17) * time.Millisecond, Target: "+40*******12",
		Stages: []probe.Stage{{Name: "ack", Took: 90 * time.Millisecond}, {Name: "receipt", Took: 210 * time.Millisecond}},
	}, nil
}

// inbound cannot be told on one morning, and fails when a person asks for it on the 23rd.
func inbound(context.Context) (probe.Result, error) {
	now := time.Now().UTC()
	switch {
	case during(now, 23, 8, 0, 9, 45):
		return probe.Result{}, probe.Inconclusive("sender_not_connected", errors.New("the sender is offline"))
	case during(now, 23, 16, 6, 16, 9):
		return probe.Failed("not_received", "the marker did not arrive"), nil
	}
	return probe.Result{Status: probe.Pass, Latency: time.Duration(800+now.Minute()*9) * time.Millisecond}, nil
}

// tell is the way to people, which is not always open.
func tell(_ context.Context, m alert.Message) error {
	switch now := time.Now().UTC(); {
	case during(now, 22, 4, 0, 4, 20):
		return &alert.RetryAfterError{After: 14 * time.Minute, Err: errors.New("too many requests")}
	case during(now, 23, 6, 0, 7, 30):
		return alert.Permanent(errors.New("chat not found"))
	case !now.Before(on(25, 4, 0, 0)):
		return errors.New("connection reset by peer")
	}
	return nil
}

// wired is the configuration that all instances share.
func wired(st store.Store, name, commit string, alerter alert.Alerter) monitor.Config {
	return monitor.Config{
		Store: st, Interval: interval, InstanceID: name, CommitHash: commit, Version: "1.4.0",
		Status:      status,
		EvidenceKey: signingKey(),
		Alerter:     alerter,
		AdminURL:    "https://ops.example.org/api/admin/longrun",
		Probes: []monitor.Probe{
			{Type: longrun.Outbound, Every: 2 * time.Hour, Retry: time.Hour, Prober: probe.Func(outbound)},
			{Type: longrun.Inbound, Every: 6 * time.Hour, Retry: 30 * time.Minute, Prober: probe.Func(inbound)},
			{Type: longrun.Queue},
		},
	}
}

// settings are none of the defaults.
func settings() longrun.Settings {
	s := longrun.DefaultSettings(interval)
	s.ExpectedAccounts = 2
	s.DriftSec = 45
	s.InsufficientDataThreshold = 0.85
	s.ProbeEverySec = map[string]float64{"inbound": 5400}
	s.RetentionDays = map[string]int64{"heartbeats": 4, "outbox": 30}
	s.AlertThresholds.MissedHbPerHour = 1
	s.AlertThresholds.QueueDepthThreshold = 120
	s.AlertThresholds.ThrottleSec = 1800
	s.Maintenance = []longrun.Maintenance{{Name: "backup", Zone: "UTC", Days: []string{"sun"}, Start: "02:30", Minutes: 60, Rule: rules.QueueDepth}}
	return s
}

// actor is one life of one instance.
type actor struct {
	*monitor.Monitor
	t    *testing.T
	own  *storetest.Faulty
	stop context.CancelFunc
	done chan struct{} // closed when Run has returned err
	err  error
}

// start brings an instance up, inside a bubble.
func start(t *testing.T, st store.Store, name, commit string, alerter alert.Alerter, log *slog.Logger) *actor {
	t.Helper()
	a := &actor{t: t, own: storetest.Wrap(st), done: make(chan struct{})}
	cfg := wired(a.own, name, commit, alerter)
	cfg.Logger = log
	m, err := monitor.New(cfg)
	require.NoError(t, err)
	a.Monitor = m
	ctx, cancel := context.WithCancel(t.Context())
	a.stop = cancel
	go func() {
		defer close(a.done)
		a.err = m.Run(ctx)
	}()
	t.Cleanup(func() { // of a test that has failed
		cancel()
		<-a.done
	})
	return a
}

func (a *actor) leads() bool { return a.Status().State == monitor.Leading }

// end asks for a clean stop and waits for it.
func (a *actor) end() {
	a.t.Helper()
	a.stop()
	<-a.done
	require.NoError(a.t, a.err)
}

// cut takes the store away until heal.
func (a *actor) cut() (heal func()) {
	return a.own.Inject(storetest.Fault{Before: func(context.Context, storetest.Call) error {
		return errors.New("the network is gone")
	}})
}

// kill ends it as a crash would: nothing it does reaches the store any more.
func (a *actor) kill() {
	a.cut()
	a.end()
}

// story is the history. It begins some time before its first moment, and ends when
// the last instance is dead.
type story struct {
	t      *testing.T
	store  store.Store
	log    *slog.Logger
	actors map[string]*actor
}

func (s *story) until(day, hour, minute, sec int) {
	s.t.Helper()
	wait := time.Until(on(day, hour, minute, sec))
	require.Positive(s.t, wait, "the story is told in its order")
	time.Sleep(wait)
}

func (s *story) start(name, commit string) *actor {
	s.t.Helper()
	s.actors[name] = start(s.t, s.store, name, commit, alert.Func(tell), s.log)
	return s.actors[name]
}

// pair returns who leads, and who stands by.
func (s *story) pair() (leader, standby *actor) {
	s.t.Helper()
	a, b := s.actors["alpha"], s.actors["beta"]
	if b.leads() {
		a, b = b, a
	}
	require.True(s.t, a.leads(), "somebody leads at %v", time.Now())
	require.False(s.t, b.leads())
	return a, b
}

// again starts an instance that has ended.
func (s *story) again(old *actor, commit string) { s.start(old.Status().InstanceID, commit) }

func (s *story) probe(t longrun.ProbeType) {
	s.t.Helper()
	leader, _ := s.pair()
	_, err := leader.RunProbe(s.t.Context(), t)
	require.NoError(s.t, err)
}

func (s *story) silence(rule longrun.RuleID, until time.Time, reason string) {
	s.t.Helper()
	leader, _ := s.pair()
	_, err := leader.Silence(s.t.Context(), longrun.Silence{Rule: rule, Until: until, By: "operator", Reason: reason})
	require.NoError(s.t, err)
}

func (s *story) tell() {
	s.until(20, 21, 7, 13)
	first := s.start("alpha", "c0ffee01")
	_, err := first.PutSettings(s.t.Context(), settings(), "")
	require.NoError(s.t, err)
	s.until(20, 22, 0, 31)
	s.start("beta", "c0ffee01")

	s.until(21, 3, 3, 0) // a clean stop of the leader, and a take-over at once
	leader, _ := s.pair()
	leader.end()
	s.until(21, 3, 12, 7)
	s.again(leader, "c0ffee01")

	s.until(21, 15, 0, 20)
	s.silence(rules.QueueDepth, on(21, 18, 0, 0), "the queue is being moved")

	s.until(21, 18, 5, 40) // a crash, and a take-over after the lease
	leader, _ = s.pair()
	leader.kill()
	s.until(21, 19, 0, 5)
	s.again(leader, "c0ffee01")

	s.until(22, 8, 3, 10) // the store is away for both; who led stores its beats late
	leader, standby := s.pair()
	healLeader, healStandby := leader.cut(), standby.cut()
	s.until(22, 9, 43, 10)
	healLeader()
	s.until(22, 9, 58, 0)
	healStandby()

	s.until(22, 15, 30, 2)
	s.probe(longrun.Outbound)

	s.until(22, 23, 44, 0) // again, over midnight
	leader, standby = s.pair()
	healLeader, healStandby = leader.cut(), standby.cut()
	s.until(23, 0, 24, 0)
	healLeader()
	s.until(23, 0, 41, 0)
	healStandby()

	s.until(23, 10, 2, 0) // nobody is there during a deploy
	leader, standby = s.pair()
	standby.end()
	leader.end()
	s.until(23, 10, 53, 0)
	s.again(leader, "c0ffee02")
	s.until(23, 11, 10, 0)
	s.again(standby, "c0ffee02")

	s.until(23, 16, 6, 30)
	s.probe(longrun.Inbound)

	s.until(24, 6, 2, 0) // and during a restart
	leader, standby = s.pair()
	standby.end()
	leader.end()
	s.until(24, 6, 34, 0)
	s.again(leader, "c0ffee02")
	s.until(24, 6, 36, 0)
	s.again(standby, "c0ffee02")

	s.until(24, 16, 0, 30) // the store is away for the leader alone, and another takes over
	leader, _ = s.pair()
	heal := leader.cut()
	s.until(24, 17, 10, 0)
	heal()

	s.until(25, 5, 30, 0)
	s.silence(rules.ReconnectLoop, on(26, 5, 30, 0), "sales moves to another phone")
	s.until(25, 6, 0, 30)
	_, standby = s.pair()
	standby.end()
	s.until(25, 6, 23, 45) // and the last one dies
	for _, a := range s.actors {
		if a != standby {
			a.kill()
		}
	}
}

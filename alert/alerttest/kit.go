package alerttest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
)

// Subject is an alerter under test, with its channel.
type Subject struct {
	// Alerter is asked. Its channel works.
	Alerter alert.Alerter
	// Arrived returns how many messages the channel has taken.
	Arrived func() int
	// Silence makes the channel hang: nothing answers any more, and nobody is
	// told. nil where there is nothing that could hang.
	Silence func()
	// Break makes the channel fail. nil where there is nothing that could.
	Break func()
	// Secrets must not stand in any error.
	Secrets []string
	// Said, when not nil, returns all that the alerter logged.
	Said func() string
}

// patience is how long an alerter may take to return once its context has ended.
const patience = 5 * time.Second

// silence is how long the kit lets a call wait for an answer that never comes.
const silence = 200 * time.Millisecond

// Run holds an alerter to the contract of alert.Alerter. newSubject is called
// for each rule, and cleans up with t.
func Run(t *testing.T, newSubject func(t *testing.T) Subject) {
	t.Helper()
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) { r.check(t, newSubject(t)) })
	}
}

type rule struct {
	name  string
	check func(require.TestingT, Subject)
}

func rules() []rule {
	return []rule{
		{"Every kind arrives, once", arrives},
		{"Any text arrives", arrivesWhatever},
		{"It may be used by several at once", concurrent},
		{"It changes nothing of the message", changesNothing},
		{"What hangs ends with the deadline, and is worth another try", deadline},
		{"What hangs ends when it is called off", cancelled},
		{"A call that must not begin does not", dead},
		{"What fails is an error", fails},
		{"Nothing it says is a secret or a telephone number", discreet},
	}
}

// samples are a message of each kind, and a digest of them.
func samples() []alert.Message {
	began := time.Date(2025, 12, 29, 22, 35, 0, 0, time.UTC)
	var all []alert.Message
	for i, kind := range []alert.Kind{alert.Firing, alert.Reminder, alert.Resolved, alert.Test} {
		m := alert.Message{
			Kind: kind, Rule: "missed_heartbeats", Target: "49…78", Severity: "critical",
			Summary: "5 of the last 60 slots are empty, more than 3", Since: began,
			Instance: "api-1", Commit: "4f1c2ab", IncidentID: "missed_heartbeats_20251229T223500",
			Key: fmt.Sprintf("#missed_heartbeats-%d", i+1), Link: "https://ops.example.org/", Details: []string{"one", "two"},
		}
		if kind == alert.Resolved {
			m.Until = began.Add(9 * time.Minute)
		}
		all = append(all, m)
	}
	digest, _ := alert.Coalesce(all)
	return append(all, digest)
}

// awkward are messages that spoil what is careless with them.
func awkward() []alert.Message {
	long := samples()[0]
	long.Details = []string{strings.Repeat("😀", alert.MaxText)}
	odd := samples()[0]
	odd.Rule, odd.Summary, odd.Key = "a\x00\r\nHeader: x\xff\xfe", "<b>*_[x](y)`\u202e", "#ключ 1\r\n"
	return []alert.Message{long, odd, {}, {Kind: alert.Digest}}
}

func arrives(t require.TestingT, s Subject) {
	for i, m := range samples() {
		require.NoError(t, s.Alerter.Alert(context.Background(), m), "%s", m.Kind)
		require.Equal(t, i+1, s.Arrived(), "%s", m.Kind)
	}
}

func arrivesWhatever(t require.TestingT, s Subject) {
	for i, m := range awkward() {
		require.NoError(t, s.Alerter.Alert(context.Background(), m), "%.100q", m.Text())
		require.Equal(t, i+1, s.Arrived(), "%.100q", m.Text())
	}
}

func concurrent(t require.TestingT, s Subject) {
	const n = 16
	errs := make([]error, n)
	var calls sync.WaitGroup
	for i := range n {
		calls.Go(func() { errs[i] = s.Alerter.Alert(context.Background(), samples()[0]) })
	}
	calls.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, n, s.Arrived())
}

func changesNothing(t require.TestingT, s Subject) {
	mine := samples()
	for _, m := range mine {
		require.NoError(t, s.Alerter.Alert(context.Background(), m))
	}
	require.Equal(t, samples(), mine)
}

func deadline(t require.TestingT, s Subject) {
	if s.Silence == nil {
		return
	}
	s.Silence()
	ctx, cancel := context.WithTimeout(context.Background(), silence)
	defer cancel()
	err := ask(ctx, t, s.Alerter)
	require.Error(t, err, "nobody took it")
	require.False(t, alert.IsPermanent(err), "it may answer next time")
}

func cancelled(t require.TestingT, s Subject) {
	if s.Silence == nil {
		return
	}
	s.Silence()
	ctx, cancel := context.WithCancel(context.Background())
	stop := time.AfterFunc(silence/10, cancel)
	defer stop.Stop()
	err := ask(ctx, t, s.Alerter)
	require.Error(t, err, "nobody took it")
	require.False(t, alert.IsPermanent(err), "it may answer next time")
}

func dead(t require.TestingT, s Subject) {
	if s.Silence == nil {
		return // what cannot hang need not look
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.Error(t, ask(ctx, t, s.Alerter))
	require.Zero(t, s.Arrived())
}

func fails(t require.TestingT, s Subject) {
	if s.Break == nil {
		return
	}
	s.Break()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	require.Error(t, ask(ctx, t, s.Alerter))
}

func discreet(t require.TestingT, s Subject) {
	ctx, cancel := context.WithTimeout(context.Background(), silence)
	defer cancel()
	var said []any
	for _, m := range append(samples(), awkward()...) {
		said = append(said, s.Alerter.Alert(ctx, m))
	}
	if s.Break != nil {
		s.Break()
		said = append(said, ask(ctx, t, s.Alerter))
	}
	if s.Silence != nil {
		s.Silence()
		said = append(said, ask(ctx, t, s.Alerter))
	}
	if s.Said != nil {
		said = append(said, s.Said())
	}
	LeaksNoSecret(t, s.Secrets, said...)
}

// ask sends and requires that the answer comes soon after ctx ended.
func ask(ctx context.Context, t require.TestingT, a alert.Alerter) error {
	answers := make(chan error, 1)
	go func() { answers <- a.Alert(ctx, samples()[0]) }()
	select {
	case err := <-answers:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-answers:
		return err
	case <-time.After(patience):
		require.FailNow(t, "the alerter ignores the end of its context")
		return nil
	}
}

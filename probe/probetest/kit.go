package probetest

import (
	"context"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe"
)

// Subject is a prober under test, with what it probes.
type Subject struct {
	// Prober is asked. What it probes works.
	Prober probe.Prober
	// Break makes what it probes silent: nothing answers any more, and nobody
	// is told.
	Break func()
	// Secrets must not stand in anything that a Result or an error says.
	Secrets []string
}

// patience is how long a prober may take to return once its context has ended.
const patience = 5 * time.Second

// silence is how long the kit lets a probe wait for an answer that never comes.
const silence = 500 * time.Millisecond

// Run holds a prober to the contract of probe.Prober. newSubject is called for
// each rule, and cleans up with t.
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
		{"What works passes, and says how fast", passes},
		{"It passes again and again", passesAgain},
		{"What is silent never passes, and ends with the deadline", silenceFails},
		{"A cancelled probe ends at once and is no failure", cancelled},
		{"A probe that must not begin does not", dead},
		{"Nothing it says is a secret or a telephone number", discreet},
	}
}

func passes(t require.TestingT, s Subject) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r, err := s.Prober.Probe(ctx)
	require.NoError(t, err)
	require.Equal(t, probe.Pass, r.Status, r.Detail)
	require.Empty(t, r.Class, "the class of a pass")
	require.Positive(t, r.Latency)
	for _, stage := range r.Stages {
		require.NotEmpty(t, stage.Name)
		require.GreaterOrEqual(t, stage.Took, time.Duration(0), stage.Name)
	}
}

func passesAgain(t require.TestingT, s Subject) {
	for range 3 {
		passes(t, s)
	}
}

func silenceFails(t require.TestingT, s Subject) {
	s.Break()
	ctx, cancel := context.WithTimeout(context.Background(), silence)
	defer cancel()
	r, err := ask(ctx, t, s.Prober)
	if err == nil {
		require.Equal(t, probe.Fail, r.Status, "of what is silent")
		require.NotEmpty(t, r.Class, "the class of a failure")
		require.NotEmpty(t, r.Detail, "what it says to people")
	}
}

func cancelled(t require.TestingT, s Subject) {
	s.Break()
	ctx, cancel := context.WithCancel(context.Background())
	stop := time.AfterFunc(silence/10, cancel)
	defer stop.Stop()
	r, err := ask(ctx, t, s.Prober)
	require.Error(t, err, "whoever was called off cannot tell; it said %q", r.Status)
}

func dead(t require.TestingT, s Subject) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := ask(ctx, t, s.Prober)
	require.Error(t, err)
}

var telephone = regexp.MustCompile(`\d{7,}`)

func discreet(t require.TestingT, s Subject) {
	good, err := s.Prober.Probe(context.Background())
	require.NoError(t, err)
	said(t, s, good, nil)
	s.Break()
	ctx, cancel := context.WithTimeout(context.Background(), silence)
	defer cancel()
	bad, err := ask(ctx, t, s.Prober)
	said(t, s, bad, err)
}

func said(t require.TestingT, s Subject, r probe.Result, err error) {
	texts := []string{r.Class, r.Detail, r.Target}
	if err != nil {
		texts = append(texts, err.Error())
	}
	for _, text := range texts {
		require.NotRegexp(t, telephone, text, "a telephone number that is not masked")
		for _, secret := range s.Secrets {
			require.NotContains(t, text, secret)
		}
	}
}

// ask probes and requires that the answer comes soon after ctx ended.
func ask(ctx context.Context, t require.TestingT, p probe.Prober) (probe.Result, error) {
	type answer struct {
		result probe.Result
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		r, err := p.Probe(ctx)
		answers <- answer{r, err}
	}()
	select {
	case a := <-answers:
		return a.result, a.err
	case <-ctx.Done():
	}
	select {
	case a := <-answers:
		return a.result, a.err
	case <-time.After(patience):
		require.FailNow(t, "the prober ignores the end of its context")
		return probe.Result{}, nil
	}
}

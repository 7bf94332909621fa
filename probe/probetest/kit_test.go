package probetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/probe"
)

// line is something to probe: it echoes until it is cut.
type line struct{ cut chan struct{} }

// echo is an honest prober of a line; mutate makes it a broken one.
func echo(mutate func(context.Context, *line, probe.Result, error) (probe.Result, error)) func(testing.TB) Subject {
	return func(testing.TB) Subject {
		l := &line{cut: make(chan struct{})}
		honest := func(ctx context.Context) (probe.Result, error) {
			if ctx.Err() != nil {
				return probe.Result{}, context.Cause(ctx)
			}
			select {
			case <-l.cut:
			default:
				return probe.Result{Status: probe.Pass, Latency: time.Millisecond, Stages: []probe.Stage{{Name: "echo", Took: time.Millisecond}}}, nil
			}
			<-ctx.Done()
			if errors.Is(ctx.Err(), context.Canceled) {
				return probe.Result{}, context.Cause(ctx)
			}
			return probe.Failed("no_echo", "the line is silent"), nil
		}
		return Subject{
			Secrets: []string{"s3cret"},
			Break:   func() { close(l.cut) },
			Prober: probe.Func(func(ctx context.Context) (probe.Result, error) {
				r, err := honest(ctx)
				if mutate == nil {
					return r, err
				}
				return mutate(ctx, l, r, err)
			}),
		}
	}
}

func TestAnHonestProberPasses(t *testing.T) {
	Run(t, func(t *testing.T) Subject { return echo(nil)(t) })
}

// A kit that accepts everything proves nothing: each of these must be caught, by
// the rule that is about it.
func TestABrokenProberIsCaught(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule   string
		mutate func(context.Context, *line, probe.Result, error) (probe.Result, error)
	}{
		"passes what is silent": {"silent never passes", func(context.Context, *line, probe.Result, error) (probe.Result, error) {
			return probe.Result{Status: probe.Pass, Latency: 1}, nil
		}},
		"passes without a latency": {"says how fast", func(_ context.Context, _ *line, r probe.Result, err error) (probe.Result, error) {
			r.Latency = 0
			return r, err
		}},
		"fails without a class": {"silent never passes", func(_ context.Context, _ *line, r probe.Result, err error) (probe.Result, error) {
			r.Class = ""
			return r, err
		}},
		"calls a cancelled probe a failure": {"cancelled probe", func(_ context.Context, _ *line, r probe.Result, err error) (probe.Result, error) {
			if err != nil {
				return probe.Failed("no_echo", "cancelled"), nil //nolint:nilerr // which is what is wrong with it
			}
			return r, nil
		}},
		"begins though it must not": {"must not begin", func(context.Context, *line, probe.Result, error) (probe.Result, error) {
			return probe.Result{Status: probe.Pass, Latency: 1}, nil
		}},
		"ignores its context": {"ends with the deadline", func(_ context.Context, l *line, r probe.Result, err error) (probe.Result, error) {
			select {
			case <-l.cut:
				time.Sleep(time.Hour)
			default:
			}
			return r, err
		}},
		"tells a number": {"telephone number", func(_ context.Context, _ *line, r probe.Result, err error) (probe.Result, error) {
			r.Target = "4917012345678"
			return r, err
		}},
		"tells a secret in its error": {"secret", func(_ context.Context, _ *line, r probe.Result, err error) (probe.Result, error) {
			if r.Status == probe.Fail {
				return probe.Result{}, errors.New("token s3cret refused")
			}
			return r, err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for _, r := range rules() {
					if !strings.Contains(r.name, c.rule) {
						continue
					}
					caught := &recorder{}
					caught.run(func() { r.check(caught, echo(c.mutate)(t)) })
					require.NotEmpty(t, caught.failures, "the rule %q sees nothing", r.name)
					time.Sleep(2 * time.Hour) // whoever hangs comes back before the bubble ends
					return
				}
				require.FailNow(t, "no such rule")
			})
		})
	}
}

// recorder is a test that may fail.
type recorder struct{ failures []string }

type failNow struct{}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) FailNow() { panic(failNow{}) }

func (r *recorder) run(check func()) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(failNow); !ok {
				panic(p)
			}
		}
	}()
	check()
}

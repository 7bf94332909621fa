package alerttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-13dc028d/longwatch/alert"
)

const secret = "123456:AAsecret"

// channel takes messages until it is silenced or broken.
type channel struct {
	arrived        atomic.Int64
	silent, broken atomic.Bool
}

// honest is an alerter of a channel; spoil makes it a broken one.
func honest(spoil func(context.Context, *channel, alert.Message, alert.Alerter) error) Subject {
	c := &channel{}
	good := alert.Func(func(ctx context.Context, _ alert.Message) error {
		if ctx.Err() == nil && c.silent.Load() {
			<-ctx.Done()
		}
		if ctx.Err() != nil {
			return fmt.Errorf("channel: %w", context.Cause(ctx))
		}
		if c.broken.Load() {
			return errors.New("channel: broken")
		}
		c.arrived.Add(1)
		return nil
	})
	s := Subject{
		Alerter: good,
		Arrived: func() int { return int(c.arrived.Load()) },
		Silence: func() { c.silent.Store(true) },
		Break:   func() { c.broken.Store(true) },
		Secrets: []string{secret},
		Said:    func() string { return "" },
	}
	if spoil != nil {
		s.Alerter = alert.Func(func(ctx context.Context, m alert.Message) error { return spoil(ctx, c, m, good) })
	}
	return s
}

func TestAnHonestAlerterPasses(t *testing.T) {
	Run(t, func(*testing.T) Subject { return honest(nil) })
}

func TestARecorderPasses(t *testing.T) {
	Run(t, func(*testing.T) Subject {
		r := &Recorder{}
		return Subject{
			Alerter: r,
			Arrived: func() int { return len(r.Messages()) },
			Silence: func() { r.Then(Hang()) },
			Break:   func() { r.Then(Fail(errors.New("broken"))) },
		}
	})
}

// A kit that accepts everything proves nothing: each of these must be caught, by
// the rule that is about it.
func TestABrokenAlerterIsCaught(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule  string
		spoil func(context.Context, *channel, alert.Message, alert.Alerter) error
	}{
		"loses reminders": {"Every kind", func(ctx context.Context, _ *channel, m alert.Message, good alert.Alerter) error {
			if m.Kind == alert.Reminder {
				return nil
			}
			return good.Alert(ctx, m)
		}},
		"sends twice": {"Every kind", func(ctx context.Context, _ *channel, m alert.Message, good alert.Alerter) error {
			return errors.Join(good.Alert(ctx, m), good.Alert(ctx, m))
		}},
		"refuses long texts": {"Any text", func(ctx context.Context, _ *channel, m alert.Message, good alert.Alerter) error {
			if len(m.Text()) > alert.MaxText {
				return errors.New("too long")
			}
			return good.Alert(ctx, m)
		}},
		"is busy": {"several at once", func(ctx context.Context, c *channel, m alert.Message, good alert.Alerter) error {
			if c.arrived.Load() > 3 {
				return errors.New("busy")
			}
			return good.Alert(ctx, m)
		}},
		"writes into details": {"changes nothing", func(ctx context.Context, _ *channel, m alert.Message, good alert.Alerter) error {
			if len(m.Details) > 0 {
				m.Details[0] = strings.ToUpper(m.Details[0])
			}
			return good.Alert(ctx, m)
		}},
		"ignores its deadline": {"ends with the deadline", deaf},
		"ignores its end":      {"called off", deaf},
		"gives up for ever what hung": {"ends with the deadline", func(ctx context.Context, _ *channel, m alert.Message, good alert.Alerter) error {
			return alert.Permanent(good.Alert(ctx, m))
		}},
		"takes silence for consent": {"called off", func(ctx context.Context, _ *channel, m alert.Message, good alert.Alerter) error {
			if err := good.Alert(ctx, m); !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		}},
		"begins though it must not": {"must not begin", func(_ context.Context, _ *channel, m alert.Message, good alert.Alerter) error {
			return good.Alert(context.Background(), m)
		}},
		"swallows failures": {"is an error", func(ctx context.Context, _ *channel, m alert.Message, good alert.Alerter) error {
			_ = good.Alert(ctx, m)
			return nil
		}},
		"tells its token": {"secret", func(ctx context.Context, _ *channel, m alert.Message, good alert.Alerter) error {
			if err := good.Alert(ctx, m); err != nil {
				return fmt.Errorf("POST /bot%s: %w", secret, err)
			}
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for _, r := range rules() {
					if !strings.Contains(r.name, c.rule) {
						continue
					}
					require.NotEmpty(t, failures(func(f require.TestingT) { r.check(f, honest(c.spoil)) }), "the rule %q sees nothing", r.name)
					time.Sleep(2 * time.Hour) // whoever hangs comes back before the bubble ends
					return
				}
				require.FailNow(t, "no such rule")
			})
		})
	}
}

// deaf does not hear that its context ended.
func deaf(ctx context.Context, c *channel, m alert.Message, good alert.Alerter) error {
	if c.silent.Load() {
		time.Sleep(time.Hour)
	}
	return good.Alert(ctx, m)
}

// failures are what a check that may fail fails with.
func failures(check func(require.TestingT)) []string {
	r := &recorded{}
	func() {
		defer func() {
			if p := recover(); p != nil && p != (failNow{}) {
				panic(p)
			}
		}()
		check(r)
	}()
	return r.failures
}

// recorded is a test that may fail.
type recorded struct{ failures []string }

type failNow struct{}

func (r *recorded) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorded) FailNow() { panic(failNow{}) }

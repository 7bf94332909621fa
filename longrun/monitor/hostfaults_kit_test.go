package monitor_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/probe"
	"github.com/seed-13dc028d/longwatch/store"
)

// hostile is what a function of the host may do instead of its work. It returns
// the error that the function is to return.
type hostile struct {
	name string
	do   func(ctx context.Context, let <-chan struct{}) error
}

// absent is a type of error that a nil of is a mistake in many programs.
type absent struct{ text string }

func (e *absent) Error() string { return e.text }

// raging is an error and a panic value that nobody can print.
type raging struct{}

func (raging) Error() string        { panic("no text") }
func (raging) String() string       { panic("no text") }
func (raging) Is(error) bool        { panic("no Is") }
func (raging) Unwrap() error        { panic("no Unwrap") }
func (raging) LogValue() slog.Value { panic("no value") }

var hostiles = []hostile{
	{"panics", func(context.Context, <-chan struct{}) error { panic("boom") }},
	{"panics with an error that panics", func(context.Context, <-chan struct{}) error { panic(raging{}) }},
	{"panics in the runtime", func(context.Context, <-chan struct{}) error { var at []int; return errors.New(string(rune(at[3]))) }},
	{"returns a typed nil", func(context.Context, <-chan struct{}) error { var e *absent; return e }},
	{"returns an error that panics", func(context.Context, <-chan struct{}) error { return raging{} }},
	{"ends its goroutine", func(context.Context, <-chan struct{}) error { runtime.Goexit(); return nil }},
	{"hangs", func(_ context.Context, let <-chan struct{}) error { <-let; return nil }},
	{"ignores its context for an hour", func(_ context.Context, let <-chan struct{}) error {
		select {
		case <-time.After(time.Hour):
		case <-let:
		}
		return nil
	}},
	{"says 10 MB", func(context.Context, <-chan struct{}) error {
		return errors.New(strings.Repeat("+49 151 23456789 \x1b[2J", 500_000))
	}},
	{"is cancelled by itself", func(context.Context, <-chan struct{}) error { return context.Canceled }},
	{"joins an error to itself", func(context.Context, <-chan struct{}) error { return errors.Join(errors.New("a"), endless{}) }},
}

// endless is an error whose chain has no end.
type endless struct{}

func (endless) Error() string   { return "endless" }
func (e endless) Unwrap() error { return e }

// victim is a function of the host that is made hostile.
type victim struct {
	name string
	// beats tells that beats need the function: the store. Others cost none.
	beats bool
	wire  func(c *monitor.Config, act func(ctx context.Context) error)
}

var victims = []victim{
	{name: "Status", wire: func(c *monitor.Config, act func(context.Context) error) {
		c.Status = func(ctx context.Context) (longrun.HostStatus, error) {
			return longrun.HostStatus{Connected: 1}, act(ctx)
		}
	}},
	{name: "AfterBeat", wire: func(c *monitor.Config, act func(context.Context) error) {
		c.AfterBeat = func(ctx context.Context, _ longrun.Heartbeat) { _ = act(ctx) }
	}},
	{name: "Leading", wire: func(c *monitor.Config, act func(context.Context) error) {
		c.Leading = func(ctx context.Context) error {
			for ctx.Err() == nil {
				if err := act(ctx); err != nil {
					return err
				}
				select {
				case <-ctx.Done():
				case <-time.After(30 * time.Second):
				}
			}
			return act(ctx) // at its end, too
		}
	}},
	{name: "Prober", wire: func(c *monitor.Config, act func(context.Context) error) {
		c.Probes = []monitor.Probe{{Type: longrun.Outbound, Every: 10 * time.Minute, Retry: 5 * time.Minute, Prober: probe.Func(func(ctx context.Context) (probe.Result, error) {
			return probe.Result{Status: probe.Pass}, act(ctx)
		})}}
	}},
	{name: "Alerter", wire: func(c *monitor.Config, act func(context.Context) error) {
		c.Alerter = alert.Func(func(ctx context.Context, _ alert.Message) error { return act(ctx) })
	}},
	{name: "Anchor", wire: func(c *monitor.Config, act func(context.Context) error) {
		c.Anchor = func(ctx context.Context, _ string) error { return act(ctx) }
	}},
	{name: "Logger", wire: func(c *monitor.Config, act func(context.Context) error) {
		c.Logger = slog.New(actingHandler{act})
	}},
	{name: "Clock.Now", wire: func(c *monitor.Config, act func(context.Context) error) { c.Clock = actingClock{clock.New(), act, nil} }},
	{name: "Clock.AfterFunc", wire: func(c *monitor.Config, act func(context.Context) error) { c.Clock = actingClock{clock.New(), nil, act} }},
	{name: "Store.Get", beats: true, wire: acting("Get")},
	{name: "Store.Scan", beats: true, wire: acting("Scan")},
	{name: "Store.Commit", beats: true, wire: acting("Commit")},
	{name: "Store.Watch", wire: acting("Watch")},
}

// actingHandler is a slog.Handler of the host.
type actingHandler struct{ act func(context.Context) error }

func (h actingHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h actingHandler) Handle(ctx context.Context, _ slog.Record) error {
	return h.act(ctx)
}
func (h actingHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h actingHandler) WithGroup(string) slog.Handler      { return h }

// actingClock is a clock of the host.
type actingClock struct {
	clock.Clock
	now, after func(context.Context) error
}

func (c actingClock) Now() time.Time {
	if c.now != nil {
		_ = c.now(context.Background())
	}
	return c.Clock.Now()
}

func (c actingClock) AfterFunc(d time.Duration, fn func()) *clock.Timer {
	if c.after != nil {
		_ = c.after(context.Background())
	}
	return c.Clock.AfterFunc(d, fn)
}

// acting makes one method of the store hostile.
func acting(method string) func(*monitor.Config, func(context.Context) error) {
	return func(c *monitor.Config, act func(context.Context) error) {
		c.Store = &actingStore{Store: c.Store, method: method, act: act}
	}
}

type actingStore struct {
	store.Store
	method string
	act    func(context.Context) error
}

func (s *actingStore) on(ctx context.Context, method string) error {
	if s.method != method {
		return nil
	}
	return s.act(ctx)
}

func (s *actingStore) Get(ctx context.Context, k store.Key) (store.Record, error) {
	if err := s.on(ctx, "Get"); err != nil {
		return store.Record{}, err
	}
	return s.Store.Get(ctx, k)
}

func (s *actingStore) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		if err := s.on(ctx, "Scan"); err != nil {
			yield(store.Record{}, err)
			return
		}
		s.Store.Scan(ctx, q)(yield)
	}
}

func (s *actingStore) Commit(ctx context.Context, ops ...store.Op) ([]store.Stamp, error) {
	if err := s.on(ctx, "Commit"); err != nil {
		return nil, err
	}
	return s.Store.Commit(ctx, ops...)
}

func (s *actingStore) Watch(ctx context.Context, k store.Key) (<-chan struct{}, error) {
	if err := s.on(ctx, "Watch"); err != nil {
		return nil, err
	}
	w, ok := s.Store.(store.Watcher)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return w.Watch(ctx, k)
}

// during acts while on says so, as one of hostiles.
func during(on *atomic.Bool, h hostile, let <-chan struct{}) func(context.Context) error {
	return func(ctx context.Context) error {
		if !on.Load() {
			return nil
		}
		return h.do(ctx, let)
	}
}

package hostcall

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/probe"
)

// probeGrace is how long after its deadline a prober may take to say what it
// saw.
const probeGrace = time.Second

// The bounds of what a prober may make part of a document: the bytes of a class
// or of a stage's name, and how many stages.
const (
	maxClass  = 60
	maxStages = 50
)

// Prober asks a prober of the host, which may hang or panic.
type Prober struct {
	prober probe.Prober
	caller *Caller
}

// NewProber returns a Prober of p, which may be nil: then it is not configured.
func NewProber(p probe.Prober, name string, timeout time.Duration, clk clock.Clock) *Prober {
	return &Prober{prober: p, caller: NewCaller("the "+name+" probe", timeout, probeGrace, clk)}
}

// Caller is for whoever waits for the end of calls.
func (p *Prober) Caller() *Caller { return p.caller }

// Ask asks once. Where the prober could not tell, the result has no verdict, and
// its Class and Detail say why. All of it is fit to be stored.
func (p *Prober) Ask(ctx context.Context) probe.Result {
	if p.prober == nil {
		return untold(probe.ErrNotConfigured)
	}
	answers := make(chan probe.Result, 1)
	err := p.caller.Call(ctx, func(ctx context.Context) error {
		r, err := p.prober.Probe(ctx)
		if late := p.caller.late(ctx, err); late != nil {
			return late
		}
		if err != nil {
			answers <- untold(err)
			return nil
		}
		r.Class, r.Detail, r.Target = Line(r.Class, maxClass), Line(r.Detail, MaxText), Line(r.Target, MaxText)
		r.Stages = slices.Clone(r.Stages[:min(len(r.Stages), maxStages)])
		for i := range r.Stages {
			r.Stages[i].Name = Line(r.Stages[i].Name, maxClass)
		}
		if r.Status != probe.Pass && r.Status != probe.Fail {
			u := untold(errors.New("the prober gave no verdict"))
			r.Status, r.Class, r.Detail = u.Status, u.Class, u.Detail
		}
		answers <- r
		return nil
	})
	if err != nil {
		return untold(err)
	}
	return <-answers
}

// untold is the result of a prober that could not tell. It is called inside the
// guard where err is the host's.
func untold(err error) probe.Result {
	text := spawn.Text(err)
	var class string
	if inconclusive, ok := spawn.As[*probe.InconclusiveError](err); ok {
		class = inconclusive.Class
	} else {
		class = probe.ClassOf(spawn.Plain(err, probe.ErrNotConfigured, context.DeadlineExceeded, context.Canceled))
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, "probe: "), class+": ")
	return probe.Result{Class: Line(class, maxClass), Detail: Line(text, MaxText)}
}

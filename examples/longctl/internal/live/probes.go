package live

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/longrun"
)

// Probes is what there is to do with probes.
type Probes struct {
	List probesList `cmd:"" default:"withargs" help:"List results."`
	Run  probesRun  `cmd:"" help:"Have a running server make a probe now."`
}

type probesList struct {
	ListFlags `embed:""`

	Type string `placeholder:"TYPE" help:"Only those of one type."`
	Name string `placeholder:"NAME" help:"Only those of one name."`
}

// Help is what longctl probes list --help says beside the flags.
func (probesList) Help() string {
	return `Examples:

    longctl probes --type outbound
    longctl probes --window 7d --limit 100
    longctl probes run outbound --server http://127.0.0.1:8080`
}

// Run lists.
func (c probesList) Run(ctx context.Context, out io.Writer) error {
	query := url.Values{}
	if c.Type != "" {
		query.Set("type", c.Type)
	}
	if c.Name != "" {
		query.Set("name", c.Name)
	}
	return list(ctx, c.ListFlags, out, "probes", query, probeHead(), probeRow)
}

func probeHead() []string { return []string{"TIME", "PROBE", "RESULT", "TOOK", "TARGET", "WHY"} }

func probeRow(p longrun.Probe) []string {
	took := "-"
	if longrun.KnownMs(p.LatencyMs) {
		took = (time.Duration(p.LatencyMs*1000) * time.Microsecond).Round(time.Millisecond).String()
	}
	why := p.ErrorClass
	if p.Error != "" {
		why += ": " + p.Error
	}
	return []string{instant(p.TS), p.Named().String(), string(p.Result), took, or(p.Target), or(why)}
}

type probesRun struct {
	DoorFlags   `embed:""`
	OutputFlags `embed:""`

	Type string `arg:"" help:"The type, such as outbound."`
	Name string `placeholder:"NAME" help:"Which of several of the type."`
}

// Help is what longctl probes run --help says beside the flags.
func (probesRun) Help() string {
	return `The server must lead: another one says who does.

Exit codes: 0 PASS, 1 FAIL or it was not made, 2 INCONCLUSIVE or wrong usage.

Example:

    longctl probes run outbound --server http://127.0.0.1:8080`
}

// Run has it made.
func (c probesRun) Run(ctx context.Context, out io.Writer) error {
	if c.Server == "" {
		return exit.Usage(errors.New("a probe is made by the server that leads: give --server"))
	}
	d, err := c.open(ctx, false)
	if err != nil {
		return err
	}
	defer d.end()
	query := url.Values{}
	if c.Name != "" {
		query.Set("name", c.Name)
	}
	var answer struct {
		Probe any `json:"probe"`
	}
	var made longrun.Probe
	answer.Probe = &made
	if err := d.ask(ctx, http.MethodPost, "/probes/"+url.PathEscape(c.Type)+"/run", query, nil, &answer); err != nil {
		return err
	}
	err = c.show(out, answer, func(s *sheet) {
		s.row(probeHead()...)
		s.row(probeRow(made)...)
	})
	switch {
	case err != nil:
		return err
	case made.Result == longrun.Fail:
		return exit.Code(1)
	case made.Result != longrun.Pass:
		return exit.Code(2)
	}
	return nil
}

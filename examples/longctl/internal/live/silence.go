package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/report"
)

// Silence is what there is to do with silences.
type Silence struct {
	List silenceList `cmd:"" help:"List silences."`
	Add  silenceAdd  `cmd:"" help:"Send no messages for a while."`
	End  silenceEnd  `cmd:"" help:"End a silence now."`
}

type silenceList struct {
	ListFlags `embed:""`

	Active bool `help:"Only those that hold, or will."`
}

// Run lists.
func (c silenceList) Run(ctx context.Context, out io.Writer) error {
	query := url.Values{}
	if c.Active {
		query.Set("active", "true")
	}
	return list(ctx, c.ListFlags, out, "silences", query, silenceHead(), silenceRow)
}

func silenceHead() []string { return []string{"ID", "FROM", "UNTIL", "RULE", "TARGET", "BY", "REASON"} }

func silenceRow(s longrun.Silence) []string {
	rule := string(s.Rule)
	if rule == "" {
		rule = "all"
	}
	return []string{s.SilenceID, instant(s.From), instant(s.Until), rule, or(s.Target), or(s.By), or(s.Reason)}
}

type silenceAdd struct {
	DoorFlags   `embed:""`
	OutputFlags `embed:""`

	For    string `placeholder:"PERIOD" help:"How long: 30m, 4h, 1d …"`
	Until  string `placeholder:"TIME" help:"Or until when."`
	From   string `placeholder:"TIME" help:"From when on; now unless given."`
	Rule   string `placeholder:"RULE" help:"Of one rule; all unless given."`
	Target string `placeholder:"TARGET" help:"About one account or probe; all unless given."`
	By     string `placeholder:"NAME" help:"Who; your name here unless given."`
	Reason string `placeholder:"TEXT" help:"Why."`
}

// Help is what longctl silence add --help says beside the flags.
func (silenceAdd) Help() string {
	return `Incidents are opened and closed as ever, and count; only nobody is told.

Examples:

    longctl silence add --for 2h --reason "moving the server"
    longctl silence add --until 2025-12-30T06:00:00Z --rule probe_fails --target outbound`
}

// Run adds.
func (c silenceAdd) Run(ctx context.Context, out io.Writer) error {
	if (c.For == "") == (c.Until == "") {
		return exit.Usage(errors.New("give --for or --until"))
	}
	body := map[string]any{"by": c.By, "rule": c.Rule, "target": c.Target, "reason": c.Reason}
	if c.By == "" {
		body["by"] = whoever()
	}
	for name, text := range map[string]string{"from": c.From, "until": c.Until} {
		if text == "" {
			continue
		}
		at, err := report.ParseTime(text)
		if err != nil {
			return exit.Usage(fmt.Errorf("--%s: %w", name, err))
		}
		body[name] = at.UTC().Format(time.RFC3339Nano)
	}
	if c.For != "" {
		period, err := report.ParsePeriod(c.For)
		if err != nil {
			return exit.Usage(fmt.Errorf("--for: %.40q %w", c.For, err))
		}
		body["minutes"] = period.Minutes()
	}
	return changeSilence(ctx, c.DoorFlags, c.OutputFlags, out, http.MethodPost, "/silences", body)
}

// whoever is who types here, for people.
func whoever() string {
	name := "somebody"
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += " at " + host
	}
	return name
}

type silenceEnd struct {
	DoorFlags   `embed:""`
	OutputFlags `embed:""`

	ID string `arg:"" help:"Its ID, as longctl silence list shows it."`
}

// Run ends it.
func (c silenceEnd) Run(ctx context.Context, out io.Writer) error {
	return changeSilence(ctx, c.DoorFlags, c.OutputFlags, out, http.MethodDelete, "/silences/"+url.PathEscape(c.ID), nil)
}

func changeSilence(ctx context.Context, f DoorFlags, o OutputFlags, out io.Writer, method, path string, body any) error {
	d, err := f.open(ctx, true)
	if err != nil {
		return err
	}
	defer d.end()
	var answer struct {
		Silence longrun.Silence `json:"silence"`
	}
	if err := d.ask(ctx, method, path, nil, body, &answer); err != nil {
		return err
	}
	return o.show(out, answer, func(s *sheet) {
		s.row(silenceHead()...)
		s.row(silenceRow(answer.Silence)...)
	})
}

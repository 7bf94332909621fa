package live

import (
	"context"
	"io"
	"net/url"
	"time"

	"github.com/seed-13dc028d/longwatch/longrun"
)

// Incidents lists incidents.
type Incidents struct {
	ListFlags `embed:""`

	Open   bool   `help:"Only those that are open."`
	Rule   string `placeholder:"RULE" help:"Only those of one rule."`
	Target string `placeholder:"TARGET" help:"Only those of one account or probe."`
}

// Help is what longctl incidents --help says beside the flags.
func (Incidents) Help() string {
	return `Examples:

    longctl incidents --open
    longctl incidents --window 30d --rule probe_fails`
}

// Run lists.
func (c Incidents) Run(ctx context.Context, out io.Writer) error {
	query := url.Values{}
	if c.Open {
		query.Set("open", "true")
	}
	if c.Rule != "" {
		query.Set("rule", c.Rule)
	}
	if c.Target != "" {
		query.Set("target", c.Target)
	}
	return list(ctx, c.ListFlags, out, "incidents", query, incidentHead(), incidentRow)
}

func incidentHead() []string {
	return []string{"BEGAN", "LASTED", "SEVERITY", "RULE", "TARGET", "SUMMARY"}
}

func incidentRow(i longrun.Incident) []string {
	lasted := "goes on"
	if i.TSEnd != nil {
		lasted = i.TSEnd.Sub(i.TSStart).Round(time.Second).String()
	}
	return []string{instant(i.TSStart), lasted, string(i.Severity), string(i.Rule), or(i.Target), i.Summary}
}

package live

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/internal/visible"
)

// Config is what there is to do with the live settings.
type Config struct {
	Get configGet `cmd:"" help:"Show the live settings."`
	Set configSet `cmd:"" help:"Change some of them."`
}

type configGet struct {
	DoorFlags   `embed:""`
	OutputFlags `embed:""`

	Name string `arg:"" optional:"" help:"One of them; all unless given."`
}

// settings are those of a reply.
type settings struct {
	Config  map[string]json.RawMessage `json:"config"`
	Warning string                     `json:"warning,omitempty"`
}

// Run shows.
func (c configGet) Run(ctx context.Context, out io.Writer) error {
	d, err := c.open(ctx, false)
	if err != nil {
		return err
	}
	defer d.end()
	var answer settings
	if err := d.ask(ctx, http.MethodGet, "/config", nil, nil, &answer); err != nil {
		return err
	}
	if c.Name != "" {
		value, known := answer.Config[c.Name]
		if !known {
			return exit.Usage(fmt.Errorf("there is no setting %q; there are %s", visible.Line(c.Name, maxCell), strings.Join(slices.Sorted(maps.Keys(answer.Config)), ", ")))
		}
		answer.Config = map[string]json.RawMessage{c.Name: value}
	}
	return c.show(out, answer, answer.text)
}

func (a settings) text(s *sheet) {
	for _, name := range slices.Sorted(maps.Keys(a.Config)) {
		s.row(name, string(a.Config[name]))
	}
	if a.Warning != "" {
		s.row("warning", a.Warning)
	}
}

type configSet struct {
	DoorFlags   `embed:""`
	OutputFlags `embed:""`

	Values []string `arg:"" placeholder:"NAME=VALUE" help:"Settings with their new values, in JSON or as text."`
}

// Help is what longctl config set --help says beside the flags.
func (configSet) Help() string {
	return `What is not named keeps its value. Every instance takes the new ones within a slot.

Examples:

    longctl config set reminderSec=7200
    longctl config set 'retentionDays={"heartbeats":90}' 'rulesOff=["drift"]'`
}

// Run sets.
func (c configSet) Run(ctx context.Context, out io.Writer) error {
	body := map[string]any{}
	for _, pair := range c.Values {
		name, text, ok := strings.Cut(pair, "=")
		if _, twice := body[name]; !ok || name == "" || twice {
			return exit.Usage(fmt.Errorf("%q is no NAME=VALUE, or named twice", visible.Line(pair, maxCell)))
		}
		body[name] = text
		if json.Valid([]byte(text)) {
			body[name] = json.RawMessage(text)
		}
	}
	d, err := c.open(ctx, true)
	if err != nil {
		return err
	}
	defer d.end()
	var answer settings
	if err := d.ask(ctx, http.MethodPut, "/config", nil, body, &answer); err != nil {
		return err
	}
	for name := range answer.Config {
		if _, changed := body[name]; !changed {
			delete(answer.Config, name)
		}
	}
	return c.show(out, answer, answer.text)
}

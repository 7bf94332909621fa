package main

import (
	"encoding/json"
	"fmt"

	"github.com/seed-13dc028d/longwatch/examples/internal/build"
)

// versionCommand says which build this is.
type versionCommand struct {
	outFlags `embed:""`

	Format string `enum:"text,json" default:"text" help:"text or json."`
}

// Run says it.
func (c versionCommand) Run(s surroundings) error {
	line := build.Line("longctl")
	if c.Format == "json" {
		return json.NewEncoder(s.out).Encode(map[string]string{"version": line})
	}
	_, err := fmt.Fprintln(s.out, line)
	return err
}

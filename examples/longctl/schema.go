package main

import (
	"fmt"
	"io"

	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
)

// schemaCommand prints what a server that may not make tables must be given. It
// reads the address and nothing else.
type schemaCommand struct {
	output.Options `embed:""`

	Store string `env:"LONGRUN_STORE" default:"postgres://" placeholder:"URL" help:"postgres://…?schema=NAME&table=NAME, of which only the names count."`
}

// Help says what nobody sees from the flags.
func (schemaCommand) Help() string {
	return `The statements change nothing that is there. The role that the server runs as
then needs USAGE on the schema, and SELECT, INSERT, UPDATE and DELETE on the table.

    longctl schema | psql "$DATABASE_URL"
    longctl schema --store 'postgres://?schema=monitoring&table=longwatch'`
}

// Run prints the statements.
func (c schemaCommand) Run(s surroundings) error {
	text, err := stores.PostgresSchema(c.Store)
	if err != nil {
		return exit.Usage(fmt.Errorf("--store: %w", err))
	}
	return c.Show(s.out, map[string]string{"sql": text}, func(out io.Writer) error {
		_, err := io.WriteString(out, text)
		return err
	})
}

// Package schema has the command that prints the statements of a table in Postgres.
// What a server may do with that table it does not know.
package schema

import (
	"fmt"
	"io"

	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
)

// Command prints what a server that may not make tables must be given. It
// reads the address and nothing else.
type Command struct {
	output.Options `embed:""`

	Store string `env:"LONGRUN_STORE" default:"postgres://" placeholder:"URL" help:"postgres://…?schema=NAME&table=NAME, of which only the names count."`
}

// Help says what nobody sees from the flags.
func (Command) Help() string {
	return `The statements change nothing that is there. The role that the server runs as
then needs USAGE on the schema, and SELECT, INSERT, UPDATE and DELETE on the table.

    longctl schema | psql "$DATABASE_URL"
    longctl schema --store 'postgres://?schema=monitoring&table=longwatch'`
}

// Run prints the statements.
func (c Command) Run(out io.Writer) error {
	text, err := stores.PostgresSchema(c.Store)
	if err != nil {
		return exit.Usage(fmt.Errorf("--store: %w", err))
	}
	return c.Show(out, map[string]string{"sql": text}, func(out io.Writer) error {
		_, err := io.WriteString(out, text)
		return err
	})
}

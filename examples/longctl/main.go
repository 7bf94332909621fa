// longctl sets longwatch up from the command line and checks what it stored. Run
// it with
//
//	go run ./examples/longctl --help
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"go.mau.fi/whatsmeow"

	"github.com/seed-13dc028d/longwatch/examples/internal/build"
	"github.com/seed-13dc028d/longwatch/examples/internal/environment"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/alerting"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/completing"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/live"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/schema"
	"github.com/seed-13dc028d/longwatch/internal/redact"
)

func main() {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, restore) // a second signal ends the process at once
	s := surroundings{out: os.Stdout, err: os.Stderr}
	if err := cleanEnvironment(); err != nil {
		s.complain(err)
		os.Exit(2)
	}
	os.Exit(run(ctx, os.Args[1:], s))
}

// cleanEnvironment trims the secrets in it, which the flags are read from, and
// refuses what nobody can have meant.
func cleanEnvironment() error {
	given := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		given[name] = value
	}
	clean, err := environment.Clean(given)
	for name, value := range clean {
		if value != given[name] {
			err = errors.Join(err, os.Setenv(name, value))
		}
	}
	return err
}

// commandLine is everything that can be typed. Each command has its own file, or a room.
type commandLine struct {
	Pair       pairCommand     `cmd:"" help:"Link a device file to a WhatsApp account."`
	Report     reportCommand   `cmd:"" help:"Say how a window was, with every number re-derivable."`
	Export     exportCommand   `cmd:"" help:"Write gaps, incidents or probes as CSV."`
	Status     live.Status     `cmd:"" help:"Say how it is now."`
	Incidents  live.Incidents  `cmd:"" help:"List incidents."`
	Probes     live.Probes     `cmd:"" help:"List probes, or have one made."`
	Heartbeats live.Heartbeats `cmd:"" help:"List heartbeats."`
	Runs       live.Runs       `cmd:"" help:"List runs of instances."`
	Silence    live.Silence    `cmd:"" help:"List, add and end silences."`
	Config     live.Config     `cmd:"" help:"Show and change the live settings."`

	Copy   copyCommand      `cmd:"" help:"Copy everything into another store."`
	Rollup rollupCommand    `cmd:"" help:"Roll up and log days that are over."`
	Prune  pruneCommand     `cmd:"" help:"Delete what is no longer kept."`
	Alert  alerting.Command `cmd:"" help:"See that alerts arrive."`
	Verify verifyCommand    `cmd:"" help:"Check what is stored."`
	Schema schema.Command   `cmd:"" help:"Show the statements that make the table in Postgres."`

	Prove      proveCommand      `cmd:"" help:"Write the proof that a document is in the log of evidence."`
	Check      checkCommand      `cmd:"" help:"Check such a proof, without the store."`
	Checkpoint checkpointCommand `cmd:"" help:"Show the newest checkpoint of the log, to be kept elsewhere."`
	Key        keyCommand        `cmd:"" help:"Show the public key of the log, as others take it."`

	Restore restoreCommand `cmd:"" name:"declare-restore" help:"Declare that a backup was restored, with what is lost."`

	Version    versionCommand     `cmd:"" help:"Say which build this is."`
	Completion completing.Command `cmd:"" help:"Write what a shell completes command lines with."`
}

const description = `Sets longwatch up from the command line, and checks what it stored.

Each command takes --format text or json, which is one object, and --out FILE, unless
its help says why not. What goes wrong is said on standard error, in words. A window is
--window 36h, --window FROM/TO, or --from and --to, wherever one is taken.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration. Of verify: 0 pass,
1 fail, 2 cannot tell.`

// surroundings are what a command does its work in.
type surroundings struct {
	out io.Writer // what was asked for, and how it goes
	err io.Writer // what went wrong

	// Tests turn the client to a server of theirs, and read the codes that are
	// drawn.
	prepare func(*whatsmeow.Client)
	shown   func(code string)
}

// How much is shown of what a document or somebody else says.
const (
	maxLines = 40
	maxLine  = 1000
)

// complain says what went wrong, as it may be shown: without the password of an
// address, and nothing that a terminal would obey.
func (s surroundings) complain(err error) {
	fmt.Fprintln(s.err, "longctl:", redact.Lines(err.Error(), maxLines, maxLine))
}

// run is the program between its arguments and its exit code.
func run(ctx context.Context, args []string, s surroundings) int {
	helped := false
	parser, err := kong.New(new(commandLine),
		kong.Name("longctl"), kong.Description(description), kong.Writers(s.out, s.err),
		kong.Exit(func(int) { helped = true }), // after --help, and only then
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(s), kong.Bind(slog.New(slog.NewTextHandler(s.err, nil))),
	)
	if err != nil {
		fmt.Fprintln(s.err, "longctl:", err)
		return 1
	}
	if len(args) > 0 && args[0] == completing.Word {
		completing.Complete(s.out, parser.Model.Node, args[1:])
		return 0
	}
	command, err := parser.Parse(args)
	if helped {
		return 0
	}
	if err != nil {
		s.complain(err)
		fmt.Fprintln(s.err, "(longctl --help says what there is, longctl COMMAND --help how to use it)")
		return 2
	}
	to, err := output.Of(command.Selected().Target.Interface())
	if err != nil {
		err = exit.Usage(fmt.Errorf("--out: %w", err))
	} else {
		err = to.Gather(s.out, func(out io.Writer) error {
			s := s
			s.out = out
			command.BindTo(out, (*io.Writer)(nil))
			return command.Run(s)
		})
	}
	code, say := exit.Of(err)
	if say {
		s.complain(err)
	}
	return code
}

// versionCommand says which build this is.
type versionCommand struct {
	output.Options `embed:""`
}

// Run says it.
func (c versionCommand) Run(s surroundings) error {
	line := build.Line("longctl")
	return c.Show(s.out, map[string]string{"version": line}, func(out io.Writer) error {
		_, err := fmt.Fprintln(out, line)
		return err
	})
}

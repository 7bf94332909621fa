package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/seed-13dc028d/longwatch/examples/internal/copying"
	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/internal/redact"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/store"
)

// copyCommand brings everything from one store into another.
type copyCommand struct {
	output.Options `embed:""`

	From    string `arg:"" help:"The store to copy: sqlite:FILE, firestore:PROJECT or postgres://USER:PASSWORD@HOST/DATABASE."`
	To      string `arg:"" help:"The store to copy into, which is empty, or has what an earlier call left."`
	Archive bool   `help:"FROM is an archive that nobody writes to: it is opened to read, and may lie on read-only media."`

	Root     string `env:"LONGRUN_ROOT" placeholder:"PATH" help:"The document all collections lie under, in both; wa_metrics/longrun unless given."`
	Emulator string `env:"FIRESTORE_EMULATOR_HOST" hidden:""`
}

// Help is what longctl copy --help says beside the flags.
func (copyCommand) Help() string {
	return `The documents are the same there, text for text, so that the chain of beats, the log
of evidence and each proof hold: longctl verify evidence says of both the same. An
instance that is started with TO afterwards goes on where those of FROM ended; let no
other go on with FROM, or there are two histories.

It holds the leases of both, so no instance may run meanwhile. When it is broken off,
the same call goes on; until it is done no instance may be started with TO. Where TO
holds anything else, nothing is written. Called once more, it compares.

Exit codes: 0 the same now, 1 not, 2 wrong usage.

Examples:

    longctl copy sqlite:longrun.db firestore:my-project
    longctl copy sqlite:longrun.db sqlite:/backup/longrun.db
    longctl copy --archive sqlite:/mnt/readonly/longrun.db sqlite:longrun.db`
}

// copied is the outcome as JSON.
type copied struct {
	From string `json:"from"`
	To   string `json:"to"`
	copying.Count
}

// Run copies.
func (c copyCommand) Run(ctx context.Context, s surroundings) error {
	if c.From == c.To {
		return exit.Usage(errors.New("FROM and TO are the same"))
	}
	opener := stores.OpenExisting
	if c.Archive {
		opener = stores.OpenToRead
	}
	if scheme, _, err := stores.Split(c.To); err == nil && scheme == "memory" {
		return exit.Usage(errors.New("TO: what is copied into memory: ends with this program"))
	}
	from, end, err := c.open(ctx, "FROM", c.From, opener)
	if err != nil {
		return err
	}
	defer end()
	to, end, err := c.open(ctx, "TO", c.To, stores.Open)
	if err != nil {
		return err
	}
	defer end()
	p := newProgress(s.err)
	defer p.end()
	host, _ := os.Hostname() // for people only
	n, err := copying.Copy(ctx, from, to, copying.Options{By: "longctl " + host, Archive: c.Archive, Progress: p.read})
	p.end()
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("broken off; the same call goes on")
	case errors.Is(err, copying.ErrAnother):
		return fmt.Errorf("TO is not what is copied: %w", err)
	case err != nil:
		return err
	}
	return c.Show(s.out, copied{From: redact.Addresses(c.From), To: redact.Addresses(c.To), Count: n}, func(out io.Writer) error {
		_, err := fmt.Fprintf(out, "%d documents copied, %d were there, %d brought up to date, %d removed\n", n.Copied, n.Same, n.Changed, n.Removed)
		return err
	})
}

func (c copyCommand) open(ctx context.Context, what, address string, opener func(context.Context, string, string) (store.Store, func(), error)) (copying.Side, func(), error) {
	st, end, err := opener(ctx, address, c.Emulator)
	if err != nil {
		return copying.Side{}, nil, exit.Usage(fmt.Errorf("%s: %w", what, err))
	}
	l, err := ledger.New(st, c.Root)
	if err != nil {
		end()
		return copying.Side{}, nil, exit.Usage(fmt.Errorf("--root: %w", err))
	}
	return copying.Side{Store: st, Ledger: l}, end, nil
}

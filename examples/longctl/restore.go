package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
)

// restoreCommand declares that a backup was restored.
type restoreCommand struct {
	storeFlags     `embed:""`
	logFlags       `embed:""`
	output.Options `embed:""`

	Why    string   `required:"" placeholder:"TEXT" help:"Why it was restored, in at most 500 bytes. It is kept, and shown to everybody."`
	Anchor []string `required:"" placeholder:"FILE" type:"existingfile" sep:"none" help:"A file with checkpoints or heads that were kept elsewhere: they tell what is lost. May be given several times."`
	DryRun bool     `short:"n" help:"Say what would be declared, and write nothing."`
}

// Help is what longctl declare-restore --help says beside the flags.
func (restoreCommand) Help() string {
	return `After a backup was restored, and before an instance is started with it: it writes down
who did it, when and why, what the store has, and what the newest anchors say that it
had. The log of evidence has it as its next leaf, signed with LONGRUN_EVIDENCE_KEY as
the server does. longctl verify evidence and reports show it for ever, as a doubt with
its facts; anchors of what is lost are no accusation any more. It takes nothing back, and
cannot be taken back. It needs the leader's lease, so no instance may run meanwhile.

Examples:

    longctl declare-restore --anchor anchors.txt --why "the disk failed" --dry-run
    longctl declare-restore --anchor anchors.txt --why "the disk failed"`
}

// Run declares.
func (c restoreCommand) Run(ctx context.Context, s surroundings) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	texts, err := anchorsOf(c.Anchor)
	if err != nil {
		return err
	}
	open := c.open
	if c.DryRun {
		open = c.openToRead
	}
	st, l, end, err := open(ctx)
	if err != nil {
		return err
	}
	defer end()
	return writing(ctx, st, l, o, c.DryRun, func(ctx context.Context, log *logbook.Log, _ func(context.Context, []store.Op) error) error {
		r, err := verify.Lost(ctx, l, texts)
		if errors.Is(err, verify.ErrNothingLost) {
			return fmt.Errorf("%w; so there is nothing to declare", err)
		}
		if err != nil {
			return err
		}
		r.TS = time.Now().UTC().Truncate(time.Microsecond)
		r.RestoreID, r.By, r.Why = evidence.RestoreID(r.TS), o.By, c.Why
		if err := r.Validate(); err != nil {
			return exit.Usage(err)
		}
		if !c.DryRun {
			if err := log.Declare(ctx, r); err != nil {
				return err
			}
		}
		d := declared{Restore: r, DryRun: c.DryRun, Signed: len(o.Key) > 0}
		return c.Show(s.out, d, d.text)
	})
}

// declared is what became of a declaration.
type declared struct {
	evidence.Restore

	DryRun bool `json:"dryRun"`
	Signed bool `json:"signed"`
}

func (d declared) text(out io.Writer) error {
	verb, signed := "declared", ""
	if d.DryRun {
		verb = "would be declared"
	}
	if !d.Signed {
		signed = "; it is not signed, since LONGRUN_EVIDENCE_KEY is not set, and excuses nothing where a key is asked for"
	}
	_, err := fmt.Fprintf(out, "%s: %s%s\n", verb, visible.Line(d.String(), maxLine), signed)
	return err
}

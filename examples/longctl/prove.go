package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
)

// proofEnding is what the name of a proof's file ends with.
const proofEnding = ".tlog-proof"

// proveCommand writes the proof of one document.
type proveCommand struct {
	storeFlags `embed:""`

	Document string `arg:"" help:"COLLECTION/ID: heartbeats/…, probes/…, incidents/… or rollups/…"`
	Out      string `short:"o" placeholder:"FILE" help:"Where the document's text goes; the proof goes beside it, with .tlog-proof behind its name. Default: the ID, in this folder."`
}

// Help is what longctl prove --help says beside the flags.
func (proveCommand) Help() string {
	return `It writes the text that was logged of a document, and beside it the proof that the
log has it (a tlog-proof of C2SP), as a detached signature. Both together show
anybody, without the store, what longctl key names: that the holder of the key had
logged this when the checkpoint in the proof was made.

Examples:

    longctl prove heartbeats/2025-12-29T23-07-00
    longctl prove rollups/2025-12-29 --out day.txt
    longctl check day.txt --public-key evidence.pub.pem`
}

// Run proves.
func (c proveCommand) Run(ctx context.Context, s surroundings) error {
	collection, id, ok := strings.Cut(c.Document, "/")
	if !ok || id == "" {
		return exit.Usage(fmt.Errorf("%q is no document, such as heartbeats/2025-12-29T23-07-00", visible.Line(c.Document, maxLine)))
	}
	path := c.Out
	if path == "" {
		if path = id; filepath.Base(path) != path {
			return exit.Usage(fmt.Errorf("--out: %q is no name of a file; give one", visible.Line(id, maxLine)))
		}
	}
	text, err := output.New(path)
	if err != nil {
		return exit.Usage(fmt.Errorf("--out: %w", err))
	}
	proof, err := output.New(path + proofEnding)
	if err != nil {
		return exit.Usage(fmt.Errorf("--out: %w", err))
	}
	_, l, end, err := c.openToRead(ctx)
	if err != nil {
		return err
	}
	defer end()
	p, err := logbook.Prove(ctx, l, ledger.Collection(collection), id)
	if errors.Is(err, logbook.ErrNoEvidence) {
		return exit.Usage(fmt.Errorf("%q: %w", visible.Line(collection, maxLine), err))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", visible.Line(c.Document, maxLine), err)
	}
	if err := errors.Join(text.Write(p.Entry), proof.Write([]byte(p.Proof.String()))); err != nil {
		return err
	}
	signed := ""
	if !evidence.Signed(p.Proof.Checkpoint) {
		signed = "; the log is not signed, so this proves little"
	}
	_, err = fmt.Fprintf(s.out, "%s and %s: leaf %d of the log, batch %d%s\n", path, path+proofEnding, p.Proof.Index, p.Batch, signed)
	return err
}

// checkCommand checks a proof without a store.
type checkCommand struct {
	output.FileFlag `embed:""`

	File      string   `arg:"" type:"existingfile" help:"The document's text, or its proof: the other lies beside it."`
	PublicKey []string `placeholder:"KEY" sep:"none" help:"A public key that the log is signed with, in base64, or a file with one. May be given several times."`
}

// Help is what longctl check --help says beside the flags.
func (checkCommand) Help() string {
	return `It needs no store: the text of a document and its proof, as longctl prove writes
them, and the public key.

Exit codes: 0 proven and signed, 1 not, 2 wrong usage, or no key was given to check
the signature with.

Example:

    longctl check 2025-12-29T23-07-00 --public-key evidence.pub.pem`
}

// Run checks.
func (c checkCommand) Run(s surroundings) error {
	text := strings.TrimSuffix(c.File, proofEnding)
	entry, err := os.ReadFile(text)
	if err != nil {
		return exit.Usage(fmt.Errorf("the document's text: %w", err))
	}
	data, err := os.ReadFile(text + proofEnding)
	if err != nil {
		return exit.Usage(fmt.Errorf("the proof: %w", err))
	}
	keys, err := publicKeys(c.PublicKey)
	if err != nil {
		return err
	}
	p, err := evidence.ParseProof(string(data))
	if err != nil {
		return fmt.Errorf("%s: %w", text+proofEnding, err)
	}
	checkpoint, err := p.Check(entry, keys...)
	switch {
	case len(keys) == 0 && (errors.Is(err, evidence.ErrUnknownKey) || errors.Is(err, evidence.ErrUnsigned)):
		fmt.Fprintf(s.out, "%s is leaf %d of %d of %s; give --public-key to know who says so\n", visible.Line(text, maxLine), p.Index, checkpoint.Size, checkpoint.Origin)
		return exit.Code(2)
	case err != nil:
		return fmt.Errorf("%s: %w", visible.Line(text, maxLine), err)
	}
	_, err = fmt.Fprintf(s.out, "%s is leaf %d of %d of %s, signed\n", visible.Line(text, maxLine), p.Index, checkpoint.Size, checkpoint.Origin)
	return err
}

// checkpointCommand shows the end of the log.
type checkpointCommand struct {
	storeFlags      `embed:""`
	output.FileFlag `embed:""`

	Head bool `help:"The head of the chain of beats, too: it is newer."`
}

// Help is what longctl checkpoint --help says beside the flags.
func (checkpointCommand) Help() string {
	return `It stands for everything that was logged up to it. Kept where nobody who can write
the store can, such as in a chat, it is an anchor: longctl verify evidence --anchor
tells by it what was removed or made anew since.

Example:

    longctl checkpoint --head >> anchors.txt`
}

// Run shows it.
func (c checkpointCommand) Run(ctx context.Context, s surroundings) error {
	_, l, end, err := c.openToRead(ctx)
	if err != nil {
		return err
	}
	defer end()
	b, err := l.NewestBatch(ctx)
	if err != nil {
		return err
	}
	if b.Value.Number == 0 {
		return errors.New("nothing is logged yet: that is done when the first day is closed")
	}
	if _, err := b.Value.Open(); err != nil {
		return fmt.Errorf("%s: %w", b.Path(), err)
	}
	fmt.Fprint(s.out, b.Value.Checkpoint)
	if !c.Head {
		return nil
	}
	row, _, err := holder(ctx, l)
	if err != nil {
		return err
	}
	note, err := evidence.ParseNote(row.Note)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "\n%s\n", note.Head)
	return err
}

// keyCommand says how others name the key.
type keyCommand struct {
	output.FileFlag `embed:""`

	Root      string `default:"wa_metrics/longrun" placeholder:"DOCUMENT" help:"The document under which all collections lie."`
	Origin    string `placeholder:"NAME" help:"The name of the log of evidence, where it is not the root."`
	PublicKey string `placeholder:"KEY" help:"The public key, in base64, or a file with one. Default: that of LONGRUN_EVIDENCE_KEY."`
	Key       string `env:"LONGRUN_EVIDENCE_KEY" hidden:""`
}

// Help is what longctl key --help says beside the flags.
func (keyCommand) Help() string {
	return `It prints the public key in base64, and the verifier key of the log, which is what
tools for signed notes take: strangers need nothing else. It never shows the
private one.

Example:

    longctl key --public-key evidence.pub.pem`
}

// Run says it.
func (c keyCommand) Run(s surroundings) error {
	origin := c.Origin
	if origin == "" {
		origin = evidence.Origin(c.Root)
	}
	if evidence.ValidateOrigin(origin) != nil {
		return exit.Usage(errors.New("--origin: it is of 1 to 200 visible ASCII characters without '+'"))
	}
	var key ed25519.PublicKey
	switch {
	case c.PublicKey != "":
		keys, err := publicKeys([]string{c.PublicKey})
		if err != nil {
			return err
		}
		key = keys[0]
	case c.Key != "":
		private, err := evidence.ParsePrivateKey(c.Key)
		if err != nil {
			return exit.Usage(fmt.Errorf("LONGRUN_EVIDENCE_KEY: %w", err))
		}
		key, _ = private.Public().(ed25519.PublicKey) // what an Ed25519 key returns
	default:
		return exit.Usage(errors.New("give --public-key, or set LONGRUN_EVIDENCE_KEY"))
	}
	_, err := fmt.Fprintf(s.out, "public key    %s\nverifier key  %s\n", base64.StdEncoding.EncodeToString(key), evidence.VerifierKey(origin, key))
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/internal/visible"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/ledger/logbook"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
	"github.com/seed-13dc028d/longwatch/store"
)

// proofEnding is what the name of a proof's file ends with.
const proofEnding = ".tlog-proof"

// proveCommand writes the proof of one document.
type proveCommand struct {
	storeFlags        `embed:""`
	output.FormatFlag `embed:""`

	Document string `arg:"" help:"COLLECTION/ID: heartbeats/…, probes/…, incidents/… or rollups/…"`
	Out      string `short:"o" placeholder:"FILE" help:"Where the document's text goes; the proof goes beside it, with .tlog-proof behind its name. Default: the ID, in this folder."`
}

// Help is what longctl prove --help says beside the flags.
func (proveCommand) Help() string {
	return `It writes the text that was logged of a document, and beside it the proof that the
log has it (a tlog-proof of C2SP), as a detached signature. Both together show
anybody, without the store, what longctl key names: that the holder of the key had
logged this when the checkpoint in the proof was made. --format is of what is said
about the two files; they are as the standard has them.

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
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no document %s", visible.Line(c.Document, maxLine))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", visible.Line(c.Document, maxLine), err)
	}
	if err := errors.Join(text.Write(p.Entry), proof.Write([]byte(p.Proof.String()))); err != nil {
		return err
	}
	w := written{Document: c.Document, Text: path, Proof: path + proofEnding, Leaf: p.Proof.Index, Batch: p.Batch, Signed: evidence.Signed(p.Proof.Checkpoint)}
	return c.Show(s.out, w, w.text)
}

// written is about the two files of a proof.
type written struct {
	Document string `json:"document"`
	Text     string `json:"text"`
	Proof    string `json:"proof"`
	Leaf     int64  `json:"leaf"`
	Batch    int64  `json:"batch"`
	Signed   bool   `json:"signed"`
}

func (w written) text(out io.Writer) error {
	signed := ""
	if !w.Signed {
		signed = "; the log is not signed, so this proves little"
	}
	_, err := fmt.Fprintf(out, "%s and %s: leaf %d of the log, batch %d%s\n", w.Text, w.Proof, w.Leaf, w.Batch, signed)
	return err
}

// checkCommand checks a proof without a store.
type checkCommand struct {
	output.Options `embed:""`

	File      string   `arg:"" type:"existingfile" help:"The document's text, or its proof: the other lies beside it."`
	PublicKey []string `placeholder:"KEY" sep:"none" help:"A public key that the log is signed with, in base64, or a file with one. May be given several times."`
	witnessFlags
}

// Help is what longctl check --help says beside the flags.
func (checkCommand) Help() string {
	return `It needs no store: the text of a document and its proof, as longctl prove writes
them, and the public key. With witnesses it also needs their cosignatures, which
the proof has from the batch: that nobody was shown another history. It asks none.

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
	if _, _, err := c.witnesses(); err != nil {
		return err
	}
	p, err := evidence.ParseProof(string(data))
	if err != nil {
		return fmt.Errorf("%s: %w", text+proofEnding, err)
	}
	checkpoint, err := p.Check(entry, keys...)
	is := checked{Text: text, Verdict: verify.Pass, Origin: checkpoint.Origin, Leaf: p.Index, Size: checkpoint.Size, Cosigned: []string{}}
	switch {
	case len(keys) == 0 && (errors.Is(err, evidence.ErrUnknownKey) || errors.Is(err, evidence.ErrUnsigned)):
		is.Verdict, is.Why = verify.CannotTell, "give --public-key to know who says so"
	case err != nil && c.Format != "json":
		return fmt.Errorf("%s: %w", visible.Line(text, maxLine), err)
	case err != nil:
		is = checked{Text: text, Verdict: verify.Fail, Why: err.Error(), Cosigned: []string{}}
	default:
		is.Cosigned, err = c.cosigned(p.Checkpoint)
		if err != nil && c.Format != "json" {
			return fmt.Errorf("%s: %w", visible.Line(text, maxLine), err)
		}
		if err != nil {
			is.Verdict, is.Why = verify.Fail, err.Error()
		}
	}
	if err := c.Show(s.out, is, is.text); err != nil || is.Verdict == verify.Pass {
		return err
	}
	return exit.Code(verify.Outcome{Verdict: is.Verdict}.ExitCode())
}

// checked is what a proof proves.
type checked struct {
	Text    string         `json:"text"`
	Verdict verify.Verdict `json:"verdict"`
	Why     string         `json:"why"`
	Origin  string         `json:"origin"`
	Leaf    int64          `json:"leaf"`
	Size    int64          `json:"size"`
	// Cosigned are the witnesses that were asked for and did, with when.
	Cosigned []string `json:"cosigned"`
}

func (c checked) text(out io.Writer) error {
	rest := ", signed"
	switch {
	case c.Verdict != verify.Pass:
		rest = "; " + c.Why
	case len(c.Cosigned) > 0:
		rest += ", cosigned by " + strings.Join(c.Cosigned, ", ")
	}
	_, err := fmt.Fprintf(out, "%s is leaf %d of %d of %s%s\n", visible.Line(c.Text, maxLine), c.Leaf, c.Size, c.Origin, rest)
	return err
}

package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/evidence/witness"
)

// checkpointCommand shows the end of the log.
type checkpointCommand struct {
	storeFlags     `embed:""`
	output.Options `embed:""`

	Head bool `help:"The head of the chain of beats, too: it is newer."`
}

// Help is what longctl checkpoint --help says beside the flags.
func (checkpointCommand) Help() string {
	return `It stands for everything that was logged up to it. Kept where nobody who can write
the store can, such as in a chat, it is an anchor: longctl verify evidence --anchor
tells by it what was removed or made anew since. What witnesses cosigned of it stands
behind it.

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
	checkpoint, err := evidence.ParseCheckpoint(b.Value.Checkpoint)
	if err != nil {
		return fmt.Errorf("%s: %w", b.Path(), err)
	}
	newest := logEnd{
		Origin: checkpoint.Origin, Size: checkpoint.Size, Root: checkpoint.Root.String(), At: b.Value.TS,
		Batch: b.Value.Number, Signed: evidence.Signed(b.Value.Checkpoint), Checkpoint: b.Value.Note(),
	}
	if c.Head {
		row, _, err := holder(ctx, l)
		if err != nil {
			return err
		}
		note, err := evidence.ParseNote(row.Note)
		if err != nil {
			return err
		}
		newest.Head = note.Head.String()
	}
	return c.Show(s.out, newest, newest.text)
}

// logEnd is the end of the log.
type logEnd struct {
	Origin     string    `json:"origin"`
	Size       int64     `json:"size"`
	Root       string    `json:"root"`
	At         time.Time `json:"at"`
	Batch      int64     `json:"batch"`
	Signed     bool      `json:"signed"`
	Checkpoint string    `json:"checkpoint"` // as the standard has it, with what witnesses cosigned
	Head       string    `json:"head"`       // empty unless it was asked for
}

func (e logEnd) text(out io.Writer) error {
	text := e.Checkpoint
	if e.Head != "" {
		text += "\n" + e.Head + "\n"
	}
	_, err := io.WriteString(out, text)
	return err
}

// named is a key as others take it.
type named struct {
	Origin      string `json:"origin"`
	PublicKey   string `json:"publicKey"`
	VerifierKey string `json:"verifierKey"`
}

// keyCommand says how others name the key.
type keyCommand struct {
	output.Options `embed:""`

	Root      string `default:"wa_metrics/longrun" placeholder:"DOCUMENT" help:"The document under which all collections lie."`
	Origin    string `placeholder:"NAME" env:"LONGRUN_ORIGIN" help:"The name of the log of evidence, where it is not the root."`
	Witness   string `placeholder:"NAME" help:"The verifier key of a witness of that name instead, whose private key is LONGRUN_COSIGN_KEY."`
	PublicKey string `placeholder:"KEY" help:"The public key, in base64, or a file with one. Default: that of LONGRUN_EVIDENCE_KEY."`
	Key       string `env:"LONGRUN_EVIDENCE_KEY" hidden:""`
	CosignKey string `env:"LONGRUN_COSIGN_KEY" hidden:""`
}

// Help is what longctl key --help says beside the flags.
func (keyCommand) Help() string {
	return `It prints the public key in base64, and the verifier key of the log, which is what
tools for signed notes take: strangers need nothing else. It never shows the
private one.

Example:

    longctl key --public-key evidence.pub.pem
    longctl key --witness watch.example.org/witness`
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
	variable, private := "LONGRUN_EVIDENCE_KEY", c.Key
	if c.Witness != "" {
		variable, private = "LONGRUN_COSIGN_KEY", c.CosignKey
	}
	var key ed25519.PublicKey
	switch {
	case c.PublicKey != "":
		keys, err := publicKeys([]string{c.PublicKey})
		if err != nil {
			return err
		}
		key = keys[0]
	case private != "":
		own, err := evidence.ParsePrivateKey(private)
		if err != nil {
			return exit.Usage(fmt.Errorf("%s: %w", variable, err))
		}
		key, _ = own.Public().(ed25519.PublicKey) // what an Ed25519 key returns
	default:
		return exit.Usage(fmt.Errorf("give --public-key, or set %s", variable))
	}
	k := named{Origin: origin, PublicKey: base64.StdEncoding.EncodeToString(key), VerifierKey: evidence.VerifierKey(origin, key)}
	if c.Witness != "" {
		w, err := witness.NewKey(c.Witness, key)
		if err != nil {
			return exit.Usage(fmt.Errorf("--witness: %w", err))
		}
		k.Origin, k.VerifierKey = c.Witness, w.String()
	}
	return c.Show(s.out, k, func(out io.Writer) error {
		_, err := fmt.Fprintf(out, "public key    %s\nverifier key  %s\n", k.PublicKey, k.VerifierKey)
		return err
	})
}

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/window"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/report"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
)

// reportCommand says how a window was.
type reportCommand struct {
	storeFlags    `embed:""`
	intervalFlags `embed:""`
	window.Flags  `embed:""`

	Format    string   `enum:"markdown,text,json,html" default:"markdown" help:"markdown, which is text, json or html."`
	Out       string   `short:"o" type:"path" placeholder:"FILE" help:"Write into a file; standard output unless given, or -."`
	FromBeats bool     `help:"Read every day from its beats, and compare whole days with their rollups."`
	Verify    bool     `help:"Check all evidence first, as longctl verify evidence does, and say in the report what came of it. End with code 1 where it fails, and 2 where it cannot be told."`
	PublicKey []string `placeholder:"KEY" sep:"none" help:"For --verify: a public key that the evidence is signed with, in base64, or a file with one. May be given several times."`
	Anchor    []string `placeholder:"FILE" type:"existingfile" sep:"none" help:"For --verify: a file with checkpoints or heads that were kept elsewhere. May be given several times."`
	Strict    bool     `help:"End with code 1 where the verdict is FAIL, and 2 where there is none: no data, or a window that is known in part."`
}

// Help is what longctl report --help says beside the flags.
func (reportCommand) Help() string {
	return `Coverage, gaps with their causes, the error budget, instances, probes, incidents,
MTTR and MTBF of a window, a verdict against the target for its length, and how to
re-derive each number by hand. Targets and planned maintenance are those of the
settings. Whole days are read from their rollups. Without a window it is of
the last 7 days.

Examples:

    longctl report
    longctl report --window 36h
    longctl report --window 30d --format html --out report.html
    longctl report --window 2025-12-29/2025-12-30 --from-beats
    longctl report --window 30d --verify --public-key evidence.pub.pem --anchor chat-export.txt
    longctl report --store firestore:my-project --window 24h --format json --strict`
}

// Run reports.
func (c reportCommand) Run(ctx context.Context, s surroundings) error {
	now := time.Now()
	w, err := c.Read(now, 7*24*time.Hour)
	if err != nil {
		return err
	}
	to, err := output.New(c.Out)
	if err != nil {
		return exit.Usage(fmt.Errorf("--out: %w", err))
	}
	options, err := c.evidence(now)
	if err != nil {
		return err
	}
	_, l, end, err := c.openToRead(ctx)
	if err != nil {
		return err
	}
	defer end()
	p := newProgress(s.err)
	defer p.end()
	interval, err := c.interval(ctx, l)
	if err != nil {
		return err
	}
	settings, _, err := l.Settings(ctx, interval)
	if bad, ok := errors.AsType[*ledger.DocumentError](err); ok {
		s.complain(fmt.Errorf("the settings are not usable, the defaults hold: %w", bad))
	} else if err != nil {
		return err
	}
	survey, err := l.Survey(ctx, w, interval, now, &ledger.SurveyOptions{
		FromBeats: c.FromBeats, Progress: func(done, days int) { p.show("%d of %d days read", done, days) },
	})
	p.end()
	if err != nil {
		return err
	}
	r := report.New(survey, report.OptionsOf(settings))
	if c.Verify {
		options.Progress = p.read
		if r.Evidence, err = checkEvidence(ctx, l, options); err != nil {
			return err
		}
		p.end()
	}
	if err := c.write(s, r, to); err != nil {
		return err
	}
	return c.exit(r)
}

// exit is how the command ends: the worst of what was asked for.
func (c reportCommand) exit(r report.Report) error {
	failed := c.Strict && r.Judgement.Outcome == report.Fail
	unknown := c.Strict && r.Judgement.Outcome != report.Pass
	if e := r.Evidence; e != nil {
		failed = failed || e.Faults > 0
		unknown = unknown || e.Outcome != string(verify.Pass)
	}
	switch {
	case failed:
		return exit.Code(1)
	case unknown:
		return exit.Code(2)
	}
	return nil
}

// evidence are the options of the check.
func (c reportCommand) evidence(now time.Time) (verify.EvidenceOptions, error) {
	o := verify.EvidenceOptions{Now: now}
	var err error
	if !c.Verify && len(c.PublicKey)+len(c.Anchor) > 0 {
		return o, exit.Usage(errors.New("--public-key and --anchor go with --verify"))
	}
	if o.Anchors, err = anchorsOf(c.Anchor); err != nil {
		return o, err
	}
	o.Keys, err = publicKeys(c.PublicKey)
	return o, err
}

// checkEvidence makes the check, and says of it what a report shows.
func checkEvidence(ctx context.Context, l *ledger.Ledger, o verify.EvidenceOptions) (*report.Evidence, error) {
	outcome, err := verify.Evidence(ctx, l, o)
	if err != nil {
		return nil, err
	}
	e := &report.Evidence{Outcome: string(outcome.Verdict), CheckedAt: o.Now.UTC().Truncate(time.Second)}
	for _, p := range outcome.Problems {
		switch p.Weight {
		case verify.Fault:
			e.Faults++
		case verify.Doubt:
			e.Doubts++
		case verify.Note:
		}
		e.Findings = append(e.Findings, report.Finding{Severity: string(p.Weight), Path: p.Path, Text: p.Text})
	}
	b, err := l.NewestBatch(ctx)
	if err != nil {
		return nil, err
	}
	if b.Value.Number > 0 {
		checkpoint, err := evidence.VerifyCheckpoint(b.Value.Checkpoint, o.Keys...)
		e.Checkpoint = &report.Checkpoint{Origin: checkpoint.Origin, Size: checkpoint.Size, Root: checkpoint.Root.String(), At: b.Value.TS, Signed: err == nil}
	}
	return e, nil
}

func (c reportCommand) write(s surroundings, r report.Report, to *output.File) error {
	var data []byte
	var err error
	switch c.Format {
	case "json":
		data, err = r.JSON()
	case "html":
		data, err = r.HTML()
	default:
		data = []byte(r.Markdown())
	}
	if err != nil {
		return err
	}
	if to == nil {
		_, err = s.out.Write(data)
		return err
	}
	if err := to.Write(data); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%s written, %d bytes: %s\n", c.Out, len(data), r.Judgement.Outcome)
	return nil
}

// intervalFlags say how long a slot is.
type intervalFlags struct {
	Interval time.Duration `placeholder:"DURATION" help:"The length of a slot; what the documents say unless given."`
}

func (f intervalFlags) interval(ctx context.Context, l *ledger.Ledger) (time.Duration, error) {
	if f.Interval == 0 {
		return l.Interval(ctx)
	}
	if err := longrun.ValidateInterval(f.Interval); err != nil {
		return 0, exit.Usage(fmt.Errorf("--%w", err))
	}
	return f.Interval, nil
}

package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/window"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/longrun/verify"
)

// verifyCommand is what there is to check.
type verifyCommand struct {
	Evidence    verifyEvidence    `cmd:"" help:"Was nothing edited, removed or inserted since it was written?"`
	RestartSafe verifyRestartSafe `cmd:"" help:"Did restarts and take-overs leave one writer at a time?"`
	Probes      verifyProbes      `cmd:"" help:"Is every probe there, fresh, and good enough?"`
}

// verifyFlags are those of every check.
type verifyFlags struct {
	storeFlags     `embed:""`
	output.Options `embed:""`
}

const verifyExits = `
Exit codes: 0 pass, 1 fail, 2 cannot tell, or wrong usage.`

// check opens the store, makes the check, shows its outcome, and ends with its code.
// Only a check that writes needs more than a store to read.
func (f verifyFlags) check(ctx context.Context, s surroundings, writes bool, do func(o opened) (outcome, error)) error {
	open := f.openToRead
	if writes {
		open = f.open
	}
	st, l, end, err := open(ctx)
	if err != nil {
		return err
	}
	defer end()
	p := newProgress(s.err)
	defer p.end()
	o, err := do(opened{store: st, ledger: l, progress: p})
	p.end()
	if o != nil {
		if err := f.Show(s.out, o, o.WriteText); err != nil {
			return err
		}
	}
	if err != nil {
		// Neither pass nor fail: what could not be read cannot be told.
		s.complain(err)
		return exit.Code(2)
	}
	if code := o.ExitCode(); code != 0 {
		return exit.Code(code)
	}
	return nil
}

// outcome is a verify.Outcome, or several as one.
type outcome interface {
	WriteText(w io.Writer) error
	ExitCode() int
}

// told is an outcome, where there is one.
func told(o verify.Outcome, err error) (outcome, error) {
	if err != nil {
		return nil, err
	}
	return o, nil
}

// verifyEvidence checks the chain and the log.
type verifyEvidence struct {
	verifyFlags  `embed:""`
	window.Flags `embed:""`

	PublicKey []string `placeholder:"KEY" sep:"none" help:"A public key that the evidence is signed with, in base64, or a file with one. May be given several times."`
	Anchor    []string `placeholder:"FILE" type:"existingfile" sep:"none" help:"A file with checkpoints or heads that were kept elsewhere, among any text: the export of a chat, the log of pings. May be given several times."`
	witnessFlags
	AsOf     moment `placeholder:"TIME" help:"The store is as it was then: an archive, or a backup."`
	Origin   string `placeholder:"NAME" env:"LONGRUN_ORIGIN" help:"The name of the log of evidence, where it is not the root."`
	KeepDays int    `placeholder:"DAYS" help:"How many days retention keeps beats: younger ones must be there."`
}

// Help is what longctl verify evidence --help says beside the flags.
func (verifyEvidence) Help() string {
	return `Every heartbeat holds the hash of the one before it, and beats, probes, incidents
and rollups are logged when their day is closed. This holds them against each other,
against the lines of the log, and against the end of both in the lock's row, and
names each document that does not fit. Without a window it reads everything.

Up to the newest signed checkpoint the key's holder vouches for all of it, and since
then for beats only. That this is the only history only an anchor can tell: a
checkpoint or head that was kept where nobody who can write the store can; or
witnesses, which cosign one history of a log and no other. One with an address
is asked how far it has seen the log, too, which names a store that was set back.
` + verifyExits + `

Examples:

    longctl verify evidence
    longctl verify evidence --public-key evidence.pub.pem --anchor chat-export.txt
    longctl verify evidence --store firestore:my-project --window 30d --format json
    longctl verify evidence --public-key evidence.pub.pem \
        --witness "watch.example.org/witness+1a2b3c4d+BA… https://watch.example.org/witness"`
}

// Run checks.
func (c verifyEvidence) Run(ctx context.Context, s surroundings) error {
	now := time.Now()
	from, to, err := c.Bounds(now)
	if err != nil {
		return err
	}
	o := verify.EvidenceOptions{From: from, To: to, Now: now, Origin: c.Origin}
	if asOf := time.Time(c.AsOf); !asOf.IsZero() {
		o.Now = asOf
	}
	if o.Anchors, err = anchorsOf(c.Anchor); err != nil {
		return err
	}
	if o.Keys, err = publicKeys(c.PublicKey); err != nil {
		return err
	}
	if o.Witnesses, o.WitnessesNeeded, err = c.witnesses(); err != nil {
		return err
	}
	if c.KeepDays < 0 {
		return exit.Usage(fmt.Errorf("--keep-days: %d is negative", c.KeepDays))
	}
	if c.KeepDays > 0 {
		o.KeptFrom = now.AddDate(0, 0, -c.KeepDays)
	}
	return c.check(ctx, s, false, func(at opened) (outcome, error) {
		o.Progress = at.progress.read
		return told(verify.Evidence(ctx, at.ledger, o))
	})
}

// anchorsOf reads the files with anchors.
func anchorsOf(files []string) (texts []string, err error) {
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, exit.Usage(fmt.Errorf("--anchor: %w", err))
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// publicKeys reads keys as they were typed, or from files.
func publicKeys(texts []string) (keys []ed25519.PublicKey, err error) {
	for _, text := range texts {
		what := "it is no file, and"
		if data, err := os.ReadFile(text); err == nil {
			what, text = text+" is", string(data)
		}
		key, err := evidence.ParsePublicKey(text)
		if err != nil {
			return nil, exit.Usage(fmt.Errorf("--public-key: %s %w", what, errors.New(strings.TrimPrefix(err.Error(), "longrun: "))))
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// verifyRestartSafe checks who wrote, and may provoke a take-over.
type verifyRestartSafe struct {
	verifyFlags  `embed:""`
	window.Flags `embed:""`

	Drill         bool          `help:"Then play it through: two monitors in a namespace of their own, of which one is killed."`
	DrillRoot     string        `default:"wa_metrics_drill" placeholder:"COLLECTION" help:"The collection that the drill writes under, and clears."`
	DrillInterval time.Duration `default:"1s" help:"The length of a slot in the drill."`
	DrillLease    time.Duration `default:"4s" help:"The lease in the drill."`
}

// Help is what longctl verify restart-safe --help says beside the flags.
func (verifyRestartSafe) Help() string {
	return `Each slot has one beat, under the slot's ID; each epoch one writer; no beat of an
older epoch stands behind one of a newer; what is missed is the sum of the gaps;
the lock agrees with the beats; runs are closed, or it is known why not.

With --drill it then starts two monitors beside what is stored, cuts the leader
off, delivers its late write after the take-over, which must be refused, and
measures how long nobody wrote. That takes some fifteen seconds, and some twenty
documents, which are removed. In JSON its outcome is the field drill, and the verdict
above it is the worse of both.
` + verifyExits + `

Examples:

    longctl verify restart-safe
    longctl verify restart-safe --from 2025-12-29 --to 2026-01-05
    longctl verify restart-safe --drill --store sqlite:/var/lib/longrun.db`
}

// Run checks.
func (c verifyRestartSafe) Run(ctx context.Context, s surroundings) error {
	now := time.Now()
	from, to, err := c.Bounds(now)
	if err != nil {
		return err
	}
	return c.check(ctx, s, c.Drill, func(at opened) (outcome, error) {
		stored, err := verify.RestartSafe(ctx, at.ledger, verify.RestartSafeOptions{From: from, To: to, Now: now, Progress: at.progress.read})
		if err != nil || !c.Drill {
			return told(stored, err)
		}
		drill, err := verify.Drill(ctx, at.store, verify.DrillOptions{
			Start: startMonitor, Root: c.DrillRoot, Interval: c.DrillInterval, Lease: c.DrillLease,
			Step: func(text string) { at.progress.show("drill: %s", text) },
		})
		if err != nil { // what is stored has been looked at all the same
			drill = verify.Outcome{Check: "drill", Verdict: verify.CannotTell}
		}
		return withDrill(stored, drill), err
	})
}

// drilled is the outcome of the check and, in it, that of the drill.
type drilled struct {
	verify.Outcome

	Drill verify.Outcome `json:"drill"`

	stored verify.Verdict // that of the check alone
}

// withDrill has the worse verdict of both.
func withDrill(stored, drill verify.Outcome) drilled {
	d := drilled{Outcome: stored, Drill: drill, stored: stored.Verdict}
	if stored.Verdict == verify.Pass || drill.Verdict == verify.Fail {
		d.Verdict = drill.Verdict
	}
	return d
}

// WriteText writes one behind the other, each with its own verdict.
func (d drilled) WriteText(w io.Writer) error {
	d.Verdict = d.stored
	return errors.Join(d.Outcome.WriteText(w), d.Drill.WriteText(w))
}

// startMonitor makes the monitors of a drill.
func startMonitor(d verify.DrillMonitor) (func(context.Context) error, error) {
	m, err := monitor.New(monitor.Config{Store: d.Store, Root: d.Root, InstanceID: d.InstanceID, Interval: d.Interval, Lease: d.Lease})
	if err != nil {
		return nil, err
	}
	return m.Run, nil
}

// verifyProbes checks the probes.
type verifyProbes struct {
	verifyFlags  `embed:""`
	window.Flags `embed:""`

	Type        []string          `placeholder:"TYPE" help:"The configured types, split by commas. Unless given: outbound, inbound, queue, and all that are stored or in the settings."`
	Name        []string          `placeholder:"NAME" help:"The names of the configured probes, split by commas, where a type has several. Unless given: all that are stored."`
	Every       map[string]string `placeholder:"TYPE=PERIOD" mapsep:"," help:"How often a type is due, where neither the settings nor the results say it right."`
	MinPassRate map[string]string `placeholder:"TYPE=RATE" mapsep:"," help:"The least share of PASS, such as outbound=0.9. Unless given 0.95, and 0.98 for queue."`
}

// Help is what longctl verify probes --help says beside the flags.
func (verifyProbes) Help() string {
	return `A type that was never probed fails. So does a probe, each by its type and name, whose
newest PASS or FAIL by the schedule is older than one and a half of its periods, or of
which too few passed.
INCONCLUSIVE counts as neither. Without a window it is of the last 30 days; of one that
is over it says how it was at its end.
` + verifyExits + `

Examples:

    longctl verify probes
    longctl verify probes --type outbound,inbound --window 7d
    longctl verify probes --window 2025-12-01/2026-01-01
    longctl verify probes --name ops-1,ops-2
    longctl verify probes --min-pass-rate queue=0.9 --every inbound=1h`
}

// Run checks.
func (c verifyProbes) Run(ctx context.Context, s surroundings) error {
	now := time.Now()
	w, err := c.Read(now, verify.DefaultProbeWindow)
	if err != nil {
		return err
	}
	o := verify.ProbesOptions{Now: now, Window: w.To.Sub(w.From), Every: map[longrun.ProbeType]time.Duration{}, MinPassRate: map[longrun.ProbeType]float64{}}
	if w.To.Before(now) {
		o.To = w.To
	}
	for _, name := range c.Type {
		if err := longrun.ProbeType(name).Validate(); err != nil {
			return exit.Usage(fmt.Errorf("--type: %w", err))
		}
		o.Types = append(o.Types, longrun.ProbeType(name))
	}
	for _, name := range c.Name {
		if err := (longrun.NamedProbe{Type: longrun.Outbound, Name: name}).Validate(); err != nil {
			return exit.Usage(fmt.Errorf("--name: %w", err))
		}
		o.Names = append(o.Names, name)
	}
	for name, text := range c.Every {
		var p period
		if err := p.UnmarshalText([]byte(text)); err != nil {
			return exit.Usage(fmt.Errorf("--every: %s=%w", name, err))
		}
		o.Every[longrun.ProbeType(name)] = time.Duration(p)
	}
	for name, text := range c.MinPassRate {
		rate, err := strconv.ParseFloat(text, 64)
		if err != nil || !(rate >= 0 && rate <= 1) {
			return exit.Usage(fmt.Errorf("--min-pass-rate: %s=%.20q is no share between 0 and 1", name, text))
		}
		o.MinPassRate[longrun.ProbeType(name)] = rate
	}
	return c.check(ctx, s, false, func(at opened) (outcome, error) {
		o.Progress = at.progress.read
		return told(verify.Probes(ctx, at.ledger, o))
	})
}

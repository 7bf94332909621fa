package monitor

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/benbjohnson/clock"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/internal/spawn"
	"github.com/seed-13dc028d/longwatch/longrun"
	"github.com/seed-13dc028d/longwatch/longrun/ledger"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/hostcall"
	"github.com/seed-13dc028d/longwatch/longrun/monitor/internal/memlimit"
	"github.com/seed-13dc028d/longwatch/store"
)

// Config is the wiring of a Monitor. Only Store is required.
type Config struct {
	// Store keeps the documents. It is not closed by the monitor.
	Store store.Store
	// Root is the document under which all collections lie. Default:
	// ledger.DefaultRoot, "wa_metrics/longrun".
	Root string
	// Interval is the length of a slot: whole seconds that divide a day. All
	// instances on one root use the same. Default: 1 minute.
	Interval time.Duration
	// Lease is how long a leader that says nothing any more keeps others out;
	// after a crash without a Witness, up to Lease/Interval+1 slots stay empty. Default: twice
	// the interval, at least 4 s and at most an hour.
	Lease time.Duration
	// Witness tells a standby that the leader's process is gone, so that after a crash
	// it need not wait for the lease, and neither need a single instance that is started
	// again: no slot stays empty. A leader that is frozen keeps others out for the lease,
	// as it does without. lock.NoWitness turns it off. Default: the Store's own, which
	// sqlitestore has, beside its file, and postgresstore, in the server's sessions; for
	// other stores, and instances on one machine, see package filewitness.
	Witness store.Witness
	// InstanceID names this process in every document. It gives no right: two
	// processes with the same ID are two instances. Default: the host's name
	// and six random hexadecimal digits. Like CommitHash and Version it is UTF-8
	// without control characters, at most 128 bytes; and without slashes.
	InstanceID string
	// CommitHash names the build. Default: the version control revision that
	// the Go toolchain stamped into the binary, else "unknown".
	CommitHash string
	// Version is the host's own version, for people. Default: none.
	Version string
	// Service names what is watched, such as "acme-whatsapp": every message begins
	// with it. As for CommitHash. Default: none, and messages without it.
	Service string
	// Zone is where the people are who get messages: these have their times in it
	// beside UTC. Default: none, and UTC alone.
	Zone *time.Location

	// Status tells what a heartbeat says of the host. It is called once a slot
	// by the leader, one call at a time, and must honour its context. When it
	// fails, panics or takes too long, the beat is written without counts and
	// says why. A beat calls a host healthy that does so itself and has as many accounts
	// connected as the settings expect. It does not wait for these: a host that calls
	// itself healthy before they were read is Heartbeat.HealthUnknown. Default: none; every beat says so and none is healthy.
	Status func(ctx context.Context) (longrun.HostStatus, error)
	// StatusTimeout bounds one call of Status. Default: 5 s, at most half the
	// interval.
	StatusTimeout time.Duration
	// AfterBeat is called after a beat of the current slot was stored, one call
	// at a time and never twice for one beat: the place to ping a dead-man
	// switch outside. A call that takes longer than the interval is cancelled;
	// beats stored while one runs share the next call. Default: none.
	AfterBeat func(ctx context.Context, beat longrun.Heartbeat)

	// Leading is what only one instance may do, such as to hold the connections of
	// WhatsApp accounts: it is called when this instance leads, beside the beats. Its
	// context ends when the instance is asked to stop, and when the lease is lost or
	// may be: by this process's own clock, before another instance can lead, and
	// whatever the store does then. Leading returns at that, at once: the lease is
	// given back when it has, and no later than 3/16 of StopTimeout after it should
	// have (1.5 s by default). The context's Err looks at the clock: ask it before
	// each effect, as a process that was stopped for longer than its lease wakes up
	// behind it. There is never more than one call at a time. One that returns before
	// its time, or panics, is called again after 1 s, and then less and less often, up
	// to every 10 minutes; Status shows it among Tasks, as "leading". A store that is
	// out of reach for longer than the lease ends it as well, with a single instance,
	// too. Probes settle from the begin of the lead then (Probe.Settle). Default: none.
	Leading func(ctx context.Context) error

	// MemoryLimit is how many bytes of memory this process may use, for the rule
	// memory_growth. Default: what its control group allows, else the soft limit of
	// the Go runtime; where there is none, or below zero, the rule says nothing.
	MemoryLimit int64

	// Probes are what the leader tries for real, each on its own schedule; those of
	// one account one at a time. Default: none.
	Probes []Probe
	// ProbesAtOnce is how many attempts of probes are under way together at most. They
	// begin at least 2 s apart, however many accounts there are. Default: 4.
	ProbesAtOnce int

	// Alerter carries alerts to people, one call at a time, and TestAlert's beside
	// it. Which rules there are, and from where on they fire, is in the live
	// settings. Default: none; then the messages stand in the log.
	Alerter alert.Alerter
	// AlertTimeout bounds one call of Alerter. Default: 30 s.
	AlertTimeout time.Duration
	// AdminURL is where the admin API is found from outside, such as
	// "https://ops.example.org/api/admin/longrun": messages link to it, unless there is a
	// DashboardURL. It carries no user and no query. Default: none, and no links.
	AdminURL string
	// DashboardURL is where the pages of package dashboard are found from outside, such
	// as "https://ops.example.org/longwatch": messages link to the page of their incident
	// there. It carries no user and no query. Default: none; links lead to AdminURL.
	DashboardURL string

	// EvidenceKey signs the evidence: the checkpoint of each day and, with each beat,
	// the note of the lock. Default: none; nothing is signed.
	EvidenceKey ed25519.PrivateKey
	// Origin names the log of evidence to those who hold its checkpoints, such as
	// "ops.example.org/longrun": at most 200 visible ASCII characters without '+' and
	// '#'. All instances must have the same; another one begins another log. Default:
	// Root.
	Origin string

	// Anchor is handed the newest checkpoint of the evidence, to keep it where nobody
	// who can write the store can change it: when this instance begins to lead, and
	// then each new one. It is the text of a signed note, without an EvidenceKey its
	// three lines alone. One call at a time, of at most 30 s; after an error it is
	// called again a minute later, and then less and less often, up to every hour,
	// with the one that is the newest by then. It never holds up a beat, nor a lead.
	// Default: none, and nothing outside can tell whether the store has the only
	// history.
	Anchor func(ctx context.Context, checkpoint string) error
	// AnchorAlerts sends one checkpoint a day to the Alerter, as a message of kind
	// alert.Checkpoint: a chat is a good place to keep them. Default: false; messages of
	// other kinds have the newest one as alert.Message.Checkpoint all the same.
	AnchorAlerts bool
	// Cosigners are witnesses that the leader asks to cosign each new checkpoint, one
	// after another; what they sign is stored beside it. Each call has 30 s; a witness
	// that does not answer is asked again a minute later, and then less and less often,
	// up to every hour. One that has cosigned what this log is no part of is told to the
	// Alerter, and stands in Status. They need an EvidenceKey, and know the log by its
	// Origin and key. Default: none.
	Cosigners []Cosigner

	// Backlog is how many beats are kept while the store is out of reach.
	// Default: 1,440, a day of minutes.
	Backlog int
	// Journal is a file in which beats that wait for the store are kept too, so
	// that a process which dies during an outage has said that it was alive.
	// Each instance needs its own. Default: none, memory only.
	Journal string
	// SettingsEvery is how often the live settings are read again where the
	// store cannot tell of a change. Default: every tenth interval.
	SettingsEvery time.Duration

	// StopTimeout is what Run has after its context has ended: for writing what
	// waits, giving the lease back, the host's functions and the end of the run, all
	// together. It returns within that, whatever hangs; a platform that kills after
	// 10 s suffices. At least 1 s. Default: 8 s.
	StopTimeout time.Duration

	// Logger takes one line for each change of state. Default: silence.
	Logger *slog.Logger
	// Clock is the time. Default: the wall clock.
	Clock clock.Clock
}

const (
	defaultBacklog       = 1440
	defaultStatusTimeout = 5 * time.Second
	defaultAlertTimeout  = 30 * time.Second
	defaultStopTimeout   = 8 * time.Second
	defaultProbesAtOnce  = 4
	minStopTimeout       = time.Second
	minLease             = 4 * time.Second
	maxDefaultLease      = time.Hour
	maxName              = 128 // bytes of an instance ID, a commit or a version
)

// withDefaults returns the configuration with every default filled in.
func (c Config) withDefaults() Config {
	if c.Root == "" {
		c.Root = ledger.DefaultRoot
	}
	if c.Interval == 0 {
		c.Interval = longrun.DefaultInterval
	}
	interval := c.Interval
	if interval < 0 {
		interval = longrun.DefaultInterval // one mistake; the defaults do not follow from it
	}
	if c.Lease == 0 {
		c.Lease = min(max(2*interval, minLease), maxDefaultLease)
	}
	if c.InstanceID == "" {
		c.InstanceID = defaultInstanceID()
	}
	if c.CommitHash == "" {
		c.CommitHash = buildRevision()
	}
	if c.StatusTimeout == 0 {
		c.StatusTimeout = min(defaultStatusTimeout, interval/2)
	}
	c.Probes = slices.Clone(c.Probes)
	for i, p := range c.Probes {
		c.Probes[i] = p.withDefaults()
	}
	if c.ProbesAtOnce == 0 {
		c.ProbesAtOnce = defaultProbesAtOnce
	}
	if c.AlertTimeout == 0 {
		c.AlertTimeout = defaultAlertTimeout
	}
	if c.Backlog == 0 {
		c.Backlog = defaultBacklog
	}
	if c.SettingsEvery == 0 {
		c.SettingsEvery = 10 * interval
	}
	if c.StopTimeout == 0 {
		c.StopTimeout = defaultStopTimeout
	}
	if c.MemoryLimit == 0 {
		c.MemoryLimit = memlimit.Read(os.DirFS("/"), debug.SetMemoryLimit(-1))
	}
	c.Clock = hostcall.Clock(c.Clock)
	return c
}

// ConfigError is everything that is wrong with a Config.
type ConfigError struct {
	// Fields are the mistakes, each with its field.
	Fields []FieldError
}

// FieldError is one mistake in a Config.
type FieldError struct {
	// Field is the name of the field in Config.
	Field string
	Err   error
}

func (e *ConfigError) Error() string {
	lines := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		lines[i] = f.Field + ": " + f.Err.Error()
	}
	return "monitor: invalid configuration: " + strings.Join(lines, "\n")
}

// Unwrap returns the errors of the fields.
func (e *ConfigError) Unwrap() []error {
	errs := make([]error, len(e.Fields))
	for i, f := range e.Fields {
		errs[i] = f.Err
	}
	return errs
}

// add notes a mistake; a nil error is none.
func (e *ConfigError) add(field string, err error) {
	if err != nil {
		e.Fields = append(e.Fields, FieldError{Field: field, Err: err})
	}
}

// validate adds what is wrong to invalid. It takes a configuration with its
// defaults.
func (c Config) validate(invalid *ConfigError) {
	c.validateParts(invalid)
	invalid.add("Root", store.ValidateDocument(c.Root))
	invalid.add("Interval", longrun.ValidateInterval(c.Interval))
	invalid.add("InstanceID", validateName(c.InstanceID))
	if strings.Contains(c.InstanceID, "/") {
		invalid.add("InstanceID", fmt.Errorf("%.40q has a slash", c.InstanceID))
	}
	invalid.add("CommitHash", validateName(c.CommitHash))
	invalid.add("Version", validateName(c.Version))
	invalid.add("Service", validateName(c.Service))
	if c.StatusTimeout < 0 || c.Interval > 0 && c.StatusTimeout >= c.Interval {
		invalid.add("StatusTimeout", fmt.Errorf("%v is not between 0 and the interval of %v", c.StatusTimeout, c.Interval))
	}
	seen := map[longrun.NamedProbe]bool{}
	for i, p := range c.Probes {
		field := fmt.Sprintf("Probes[%d]", i)
		invalid.add(field, p.validate())
		invalid.add(field+".Prober", somebody(p.Prober))
		if seen[p.named()] {
			invalid.add(field, fmt.Errorf("a probe %q is there already", p.named()))
		}
		seen[p.named()] = true
	}
	if c.ProbesAtOnce < 1 {
		invalid.add("ProbesAtOnce", fmt.Errorf("%d is under 1", c.ProbesAtOnce))
	}
	if n := len(c.EvidenceKey); n != 0 && n != ed25519.PrivateKeySize {
		invalid.add("EvidenceKey", errors.New("is no Ed25519 private key"))
	}
	invalid.add("Origin", c.validateOrigin())
	c.validateCosigners(invalid)
	if c.AnchorAlerts && c.Alerter == nil {
		invalid.add("AnchorAlerts", errors.New("needs an Alerter"))
	}
	if c.AlertTimeout < 0 {
		invalid.add("AlertTimeout", fmt.Errorf("%v is negative", c.AlertTimeout))
	}
	if c.StopTimeout < minStopTimeout {
		invalid.add("StopTimeout", fmt.Errorf("%v is under %v", c.StopTimeout, minStopTimeout))
	}
	invalid.add("AdminURL", validateAdminURL(c.AdminURL))
	invalid.add("DashboardURL", validateAdminURL(c.DashboardURL))
	if c.Backlog < 0 {
		invalid.add("Backlog", fmt.Errorf("%d is negative", c.Backlog))
	}
	if c.SettingsEvery < 0 {
		invalid.add("SettingsEvery", fmt.Errorf("%v is negative", c.SettingsEvery))
	}
}

// validateParts checks the parts of others which the configuration names.
func (c Config) validateParts(invalid *ConfigError) {
	if c.Store == nil {
		invalid.add("Store", errors.New("is required"))
	}
	invalid.add("Store", somebody(c.Store))
	invalid.add("Witness", somebody(c.Witness))
	invalid.add("Alerter", somebody(c.Alerter))
}

// somebody refuses a nil pointer that looks like a part, such as a constructor returns
// beside an error that nobody looked at. nil itself is no mistake.
func somebody(part any) error {
	if part == nil || !spawn.Nothing(part) {
		return nil
	}
	return fmt.Errorf("is a nil %T: what makes one failed, or was not called", part)
}

// validateName checks what stands in every document: no store takes what is not
// UTF-8, and each beat would be lost.
func validateName(name string) error {
	switch {
	case len(name) > maxName:
		return fmt.Errorf("%.40q… is longer than %d bytes", name, maxName)
	case !utf8.ValidString(name):
		return fmt.Errorf("%q is not UTF-8", name)
	case strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%q has a control character", name)
	}
	return nil
}

// defaultInstanceID is readable, and different at each start.
func defaultInstanceID() string {
	name, err := os.Hostname()
	if err != nil || name == "" || strings.Contains(name, "/") || validateName(name) != nil {
		name = "instance"
	}
	nonce := make([]byte, 3)
	_, _ = rand.Read(nonce) // crypto/rand.Read never fails
	return strings.ToValidUTF8(name[:min(len(name), maxName-8)], "") + "-" + hex.EncodeToString(nonce)
}

// buildRevision returns the first twelve digits of the commit that the binary
// was built from.
func buildRevision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(len(s.Value), 12)]
		}
	}
	return "unknown"
}

package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/caarlos0/env/v11"
	"go.mau.fi/whatsmeow"

	"github.com/seed-13dc028d/longwatch/examples/internal/channels"
	environ "github.com/seed-13dc028d/longwatch/examples/internal/environment"
	"github.com/seed-13dc028d/longwatch/examples/internal/stores"
	"github.com/seed-13dc028d/longwatch/lock"
	"github.com/seed-13dc028d/longwatch/lock/filewitness"
	"github.com/seed-13dc028d/longwatch/longrun/adminhttp"
	"github.com/seed-13dc028d/longwatch/longrun/evidence"
	"github.com/seed-13dc028d/longwatch/longrun/monitor"
	"github.com/seed-13dc028d/longwatch/store"
	"github.com/seed-13dc028d/longwatch/store/memstore"
)

// config is what the environment says. Everything has a default, so that the
// server runs with none of it.
type config struct {
	Store      string        `env:"LONGRUN_STORE" envDefault:"sqlite:longrun.db"`
	Root       string        `env:"LONGRUN_ROOT"`
	Interval   time.Duration `env:"LONGRUN_INTERVAL"`
	Lease      time.Duration `env:"LONGRUN_LEASE"`
	Witness    string        `env:"LONGRUN_WITNESS"`
	InstanceID string        `env:"LONGRUN_INSTANCE_ID"`
	Commit     string        `env:"LONGRUN_COMMIT"`
	Journal    string        `env:"LONGRUN_JOURNAL"`
	Addr       string        `env:"LONGRUN_ADDR"`
	Port       string        `env:"PORT"`
	Token      string        `env:"ADMIN_TOKEN"`
	Evidence   string        `env:"LONGRUN_EVIDENCE_KEY"`
	LogLevel   slog.Level    `env:"LONGRUN_LOG_LEVEL" envDefault:"info"`
	Metrics    string        `env:"LONGRUN_METRICS" envDefault:"token"`
	LogFormat  string        `env:"LONGRUN_LOG_FORMAT" envDefault:"text"`
	OpenBadge  bool          `env:"LONGRUN_OPEN_BADGE"`
	WhatsApp   whatsappConfig
	Alerts     alertsConfig
	Door       doorConfig
	Cosign     cosignConfig
	Origin     string `env:"LONGRUN_ORIGIN"`

	// EmulatorHost is read by name here, since Google's client would read it
	// anyway, with dial options of its own.
	EmulatorHost string `env:"FIRESTORE_EMULATOR_HOST"`

	key      ed25519.PrivateKey
	witness  store.Witness // nil: the store's own
	demo     bool          // -demo
	deadline time.Duration // of the demonstration's probes
	pace     time.Duration // of its messages; 0: its own
	keys     io.Reader     // a terminal that people type at; nil: none
	clock    clock.Clock   // nil: the wall clock; a test's may run faster

	redirect func(*whatsmeow.Client) // nil: WhatsApp; a test's leads to a server of its own
}

var usage = `Usage: server [-demo | -healthcheck | -version]

A longwatch server: one heartbeat per slot, under a fenced lease, probes of
WhatsApp accounts, and an admin API. -demo shows it all with no account, on a
WhatsApp server in this process, with a key, a button and an address for each
thing that can be broken. -healthcheck asks /livez of the server that the same
environment has started, for containers without a shell: 0 it answers, 1 it does
not. The environment says what differs from:

  LONGRUN_STORE        sqlite:longrun.db   or memory:, firestore:PROJECT, or
                                           postgres://USER:PASSWORD@HOST/DATABASE
  LONGRUN_ROOT         wa_metrics/longrun  the document all collections lie under
  LONGRUN_INTERVAL     1m                  length of a slot; divides a day
  LONGRUN_LEASE        2 × interval, 4s–1h how long a silent leader is waited for
  LONGRUN_WITNESS      the store's own     what tells at once that a leader's process is
                                           gone, so that no slot is lost: SQLite's file
                                           and Postgres's sessions do by themselves, and
                                           else a directory that all servers on this
                                           machine name; or none: the lease alone
  LONGRUN_INSTANCE_ID  host name and a random number
  LONGRUN_COMMIT       the build's VCS revision
  LONGRUN_JOURNAL      none                file for beats that wait for the store
  LONGRUN_ADDR         127.0.0.1:8080      where to listen
  PORT                 none                or this port of all addresses
  LONGRUN_LOG_LEVEL    info                or debug, warn, error
  LONGRUN_LOG_FORMAT   text                or json: one object a line, and nothing else
  LONGRUN_OPEN_BADGE   false               or true: badge.svg, which shows the coverage
                                           of 30d, needs no token
  LONGRUN_EVIDENCE_KEY none                Ed25519 private key that signs the
                                           evidence: PEM, or base64 of its seed
  LONGRUN_ORIGIN       the root            name of the log of evidence, by which witnesses
                                           know it, such as ops.example.org/longrun: the
                                           same for all instances; another one begins
                                           another log
  LONGRUN_COSIGNERS    none                witnesses that cosign each checkpoint of the
                                           evidence, split by commas: a verifier key and,
                                           behind a space, the address
  LONGRUN_COSIGN_KEY   none                Ed25519 private key, as LONGRUN_EVIDENCE_KEY: this
                                           server is a witness itself, at /witness, open
                                           to everybody
  LONGRUN_COSIGN_NAME  none                its name, such as watch.example.org/witness
  LONGRUN_COSIGN_LOGS  none                verifier keys of the logs that it cosigns, split
                                           by commas: what longctl key prints for each
  LONGRUN_METRICS      token               who may scrape /metrics: whom the admin API
                                           lets in, or open: everybody, for a network
                                           of which only Prometheus is part
  ADMIN_TOKEN          none                required unless on a loopback address, and
                                           behind a proxy; 16 characters or more
  FIRESTORE_EMULATOR_HOST                  honoured with firestore:PROJECT
  WHATSAPP_DB          none                device files of accounts to watch, as
                                           longctl pair makes them, split by
                                           commas, name=file. Beside the first, in
                                           FILE.accounts.json, is kept when phones
                                           were seen, restrictions and bans
  WHATSAPP_PROBE_DB    none                that of the account for probes, without
                                           which inbound and queue are not probed
  WHATSAPP_PROBE_TO    the probe account   number that the outbound probe writes to
  WHATSAPP_PROBE_EVERY 6h                  how often; queue every fourth time
  WHATSAPP_PROBE_UNTIL receipt             of the receiver's phone, or ack: what makes outbound a PASS
  WHATSAPP_OWNER       leader              who connects the accounts: the instance that
                                           leads, while it does, so that several on one
                                           host and its files take turns; or process:
                                           this one, from its start to its end, whoever
                                           leads, and alone on its files. A store that
                                           is away for longer than the lease lets the
                                           leader's accounts go, and not the process's
  LONGRUN_PROBE_URL    none                a URL that is to answer with 200 to 299, on a
                                           certificate good for a week: probed as "http"
  LONGRUN_PROBE_EVERY  5m                  how often
` + channels.Usage + `  LONGRUN_PING_URL     none                called after each stored beat, so that
                                           someone outside notices silence
  LONGRUN_PING_METHOD  GET                 or POST, whose body is the newest checkpoint of
                                           the evidence; a GET has it in a header
  LONGRUN_ANCHOR_ALERTS false              or true: one checkpoint a day goes to the same
                                           people as alerts; longctl verify evidence
                                           --anchor reads it from an export of the chat
  LONGRUN_SERVICE      none                what is watched, such as acme-whatsapp: every
                                           alert begins with it
  LONGRUN_ZONE         none                time zone of those who read alerts, such as
                                           Europe/Berlin, beside UTC
  LONGRUN_BASE_URL     none                where this server is found from outside,
                                           for links in alerts

Examples:

  server
  server -demo
  LONGRUN_INTERVAL=1s LONGRUN_LEASE=4s server
  LONGRUN_STORE=firestore:demo FIRESTORE_EMULATOR_HOST=127.0.0.1:8085 server
  PORT=8080 ADMIN_TOKEN=… server
  WHATSAPP_DB=support=support.wa.db WHATSAPP_PROBE_DB=probe.wa.db server
  TELEGRAM_BOT_TOKEN=… TELEGRAM_CHAT_ID=-100… server

Exit codes: 0 stopped when asked to, 1 failed, 2 wrong configuration.
`

// readConfig reads and checks the environment, before anything is opened. The
// error joins everything that is wrong, each part naming its variable.
func readConfig(environment map[string]string, demo bool) (config, error) {
	var c config
	var errs []error
	environment, err := environ.Clean(environment)
	if err != nil {
		errs = append(errs, err)
	}
	err = env.ParseWithOptions(&c, env.Options{Environment: environment})
	if all, ok := errors.AsType[env.AggregateError](err); ok {
		for _, e := range all.Errors {
			errs = append(errs, named(e))
		}
	} else if err != nil {
		errs = append(errs, err)
	}
	if demo {
		c.demonstrate()
	}
	errs = append(errs, c.checkLog(), c.checkToken(), c.checkMetrics(), c.checkAddress(), c.checkStore(), c.checkWitness(), c.checkMonitor(), c.checkWhatsApp(), c.checkAlerts(), c.checkDoor(), c.checkEvidence(), c.checkCosign())
	return c, errors.Join(errs...)
}

// checkLog checks the form of the log.
func (c *config) checkLog() error {
	if c.LogFormat != asText && c.LogFormat != asJSON {
		return fmt.Errorf("LONGRUN_LOG_FORMAT: %.40q is neither %s nor %s", c.LogFormat, asText, asJSON)
	}
	return nil
}

// checkToken checks what of a token does not show by its length.
func (c *config) checkToken() error {
	if len(c.Token) < adminhttp.MinToken {
		return nil // said before
	}
	if err := (adminhttp.Options{Token: c.Token}).Validate(); err != nil {
		return errors.New(strings.ReplaceAll(err.Error(), "adminhttp: Token", "ADMIN_TOKEN"))
	}
	return nil
}

// checkAddress fills in where to listen.
func (c *config) checkAddress() error {
	if c.Port != "" && c.Addr != "" {
		return errors.New("LONGRUN_ADDR and PORT are both set; use one")
	}
	variable := "LONGRUN_ADDR"
	switch {
	case c.Addr != "":
	case c.Port != "":
		variable, c.Addr = "PORT", ":"+c.Port
	default:
		c.Addr = "127.0.0.1:8080"
	}
	host, err := splitAddress(c.Addr)
	switch {
	case err != nil && variable == "PORT":
		return fmt.Errorf("PORT: %q is no port such as 8080", c.Port)
	case err != nil:
		return fmt.Errorf("LONGRUN_ADDR: %q is no address such as 127.0.0.1:8080", c.Addr)
	case c.Token == "" && !adminhttp.Loopback(host):
		return fmt.Errorf("ADMIN_TOKEN is required, since %s is not a loopback address", c.Addr)
	}
	return nil
}

// checkStore checks what can be told of the store without opening it.
func (c *config) checkStore() error {
	scheme, _, err := stores.Split(c.Store)
	if err != nil {
		return fmt.Errorf("LONGRUN_STORE: %w", err)
	}
	if scheme != "firestore" || c.EmulatorHost == "" {
		return nil
	}
	if _, err := splitAddress(c.EmulatorHost); err != nil {
		return fmt.Errorf("FIRESTORE_EMULATOR_HOST: %q is no address such as 127.0.0.1:8085", c.EmulatorHost)
	}
	return nil
}

// checkWitness opens what tells of a leader's death.
func (c *config) checkWitness() (err error) {
	switch c.Witness {
	case "":
		return nil
	case "none":
		c.witness = lock.NoWitness{}
		return nil
	}
	if c.witness, err = filewitness.New(c.Witness, c.clock); err != nil {
		return fmt.Errorf("LONGRUN_WITNESS: %w", err)
	}
	return nil
}

// splitAddress returns the host of an address whose port is one, by number or by
// name.
func splitAddress(address string) (host string, err error) {
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.DefaultResolver.LookupPort(context.Background(), "tcp", port)
	}
	return host, err
}

// checkMonitor has the monitor check its part, on a store that is none yet.
func (c *config) checkMonitor() error {
	_, err := monitor.New(c.monitor(memstore.New(nil)))
	if wrong, ok := errors.AsType[*monitor.ConfigError](err); ok {
		return inVariables(wrong)
	}
	return err
}

// checkEvidence reads the key that signs the evidence. The error never contains it.
func (c *config) checkEvidence() error {
	if c.Evidence == "" {
		return nil
	}
	key, err := evidence.ParsePrivateKey(c.Evidence)
	if err != nil {
		return fmt.Errorf("LONGRUN_EVIDENCE_KEY: %w", err)
	}
	c.key = key
	return nil
}

// monitor is the monitor's wiring, as far as the environment says.
func (c *config) monitor(st store.Store) monitor.Config {
	zone, _ := c.zone() // checked before
	return monitor.Config{
		Service: c.Alerts.Service, Zone: zone,
		Store: st, Root: c.Root, Interval: c.Interval, Lease: c.Lease, Witness: c.witness, InstanceID: c.InstanceID, CommitHash: c.Commit,
		Journal: c.Journal, AdminURL: c.adminURL(), DashboardURL: c.Alerts.BaseURL, Clock: c.clock, EvidenceKey: c.key, Origin: c.Origin,
	}
}

// named gives a parse error the name of its variable: the library names the
// field of the struct.
func named(err error) error {
	variables := map[string]string{"Interval": "LONGRUN_INTERVAL", "Lease": "LONGRUN_LEASE", "LogLevel": "LONGRUN_LOG_LEVEL", "OpenBadge": "LONGRUN_OPEN_BADGE", "ProbeEvery": "WHATSAPP_PROBE_EVERY", "Every": "LONGRUN_PROBE_EVERY", "AnchorAlerts": "LONGRUN_ANCHOR_ALERTS"}
	if parse, ok := errors.AsType[env.ParseError](err); ok {
		return fmt.Errorf("%s: %w", variables[parse.Name], parse.Err)
	}
	return err
}

// inVariables gives a mistake that the monitor found the names under which it
// was made.
func inVariables(wrong *monitor.ConfigError) error {
	variables := map[string]string{
		"Root": "LONGRUN_ROOT", "Interval": "LONGRUN_INTERVAL", "Lease": "LONGRUN_LEASE",
		"InstanceID": "LONGRUN_INSTANCE_ID", "CommitHash": "LONGRUN_COMMIT", "Journal": "LONGRUN_JOURNAL", "AdminURL": "LONGRUN_BASE_URL",
		"Service": "LONGRUN_SERVICE", "Origin": "LONGRUN_ORIGIN",
	}
	var errs []error
	for _, f := range wrong.Fields {
		if f.Field == "DashboardURL" {
			continue // it is made of what AdminURL is made of
		}
		name, ok := variables[f.Field]
		if !ok {
			name = f.Field
		}
		errs = append(errs, fmt.Errorf("%s: %w", name, f.Err))
	}
	return errors.Join(errs...)
}

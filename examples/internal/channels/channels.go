// Package channels opens the ways to people that the environment names, for the
// programs. It sends nothing itself.
package channels

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/slogalert"
)

// Config is what the environment says of channels. As the flags of a program
// they are hidden: a token has no place on a command line.
type Config struct {
	TelegramToken string `env:"TELEGRAM_BOT_TOKEN" hidden:""`
	TelegramChat  string `env:"TELEGRAM_CHAT_ID" hidden:""`
	TelegramTopic string `env:"TELEGRAM_TOPIC_ID" hidden:""`
	TelegramAPI   string `env:"TELEGRAM_API_URL" hidden:""`
	Webhook       string `env:"LONGRUN_WEBHOOK_URL" hidden:""`
	WebhookSecret string `env:"LONGRUN_WEBHOOK_SECRET" hidden:""`
	Healthchecks  string `env:"LONGRUN_HEALTHCHECKS_URL" hidden:""`
	Slack         string `env:"LONGRUN_SLACK_WEBHOOK" hidden:""`
	Discord       string `env:"LONGRUN_DISCORD_WEBHOOK" hidden:""`
	Teams         string `env:"LONGRUN_TEAMS_WEBHOOK" hidden:""`
	PagerDuty     string `env:"LONGRUN_PAGERDUTY_KEY" hidden:""`
	PagerDutyURL  string `env:"LONGRUN_PAGERDUTY_URL" hidden:""`
	NtfyTopic     string `env:"LONGRUN_NTFY_TOPIC" hidden:""`
	NtfyServer    string `env:"LONGRUN_NTFY_SERVER" hidden:""`
	NtfyToken     string `env:"LONGRUN_NTFY_TOKEN" hidden:""`
	PushoverToken string `env:"LONGRUN_PUSHOVER_TOKEN" hidden:""`
	PushoverUser  string `env:"LONGRUN_PUSHOVER_USER" hidden:""`
	MatrixServer  string `env:"LONGRUN_MATRIX_SERVER" hidden:""`
	MatrixToken   string `env:"LONGRUN_MATRIX_TOKEN" hidden:""`
	MatrixRoom    string `env:"LONGRUN_MATRIX_ROOM" hidden:""`
	MailServer    string `env:"LONGRUN_MAIL_SERVER" hidden:""`
	MailFrom      string `env:"LONGRUN_MAIL_FROM" hidden:""`
	MailTo        string `env:"LONGRUN_MAIL_TO" hidden:""`
	MailUser      string `env:"LONGRUN_MAIL_USER" hidden:""`
	MailPassword  string `env:"LONGRUN_MAIL_PASSWORD" hidden:""`
	Shoutrrr      string `env:"LONGRUN_SHOUTRRR_URLS" hidden:""`
	Routes        string `env:"LONGRUN_ROUTES" hidden:""`
}

// Usage is the part of a program's help that is about Config.
const Usage = `  TELEGRAM_BOT_TOKEN   none                the bot that sends alerts; without any
                                           channel they stand in the log
  TELEGRAM_CHAT_ID     none                where to: a number, or @channel; several are
                                           split by commas
  TELEGRAM_TOPIC_ID    none                a topic of that group
  TELEGRAM_API_URL     https://api.telegram.org
  LONGRUN_WEBHOOK_URL  none                alerts as JSON, by POST
  LONGRUN_WEBHOOK_SECRET none              signs them: HMAC-SHA256; 16 characters or more
  LONGRUN_HEALTHCHECKS_URL none            a check that fails while something fires
  LONGRUN_SLACK_WEBHOOK   none             an incoming webhook of Slack,
  LONGRUN_DISCORD_WEBHOOK none             one of Discord,
  LONGRUN_TEAMS_WEBHOOK   none             and a workflow of Teams that a webhook starts
  LONGRUN_PAGERDUTY_KEY none               integration key, Events API v2: opens and
                                           resolves incidents
  LONGRUN_PAGERDUTY_URL https://events.pagerduty.com
                                           or https://events.eu.pagerduty.com
  LONGRUN_NTFY_TOPIC   none                a topic of ntfy
  LONGRUN_NTFY_SERVER  https://ntfy.sh     where ntfy is
  LONGRUN_NTFY_TOKEN   none                an access token of that server
  LONGRUN_PUSHOVER_TOKEN none              an application of Pushover,
  LONGRUN_PUSHOVER_USER none               and the key of a user or a group
  LONGRUN_MATRIX_SERVER none               a homeserver of Matrix, https://…,
  LONGRUN_MATRIX_TOKEN none                an access token, and
  LONGRUN_MATRIX_ROOM  none                a room's ID, such as !abc:example.org
  LONGRUN_MAIL_SERVER  none                host:port that takes mails; STARTTLS is
                                           required, and port 465 speaks TLS at once
  LONGRUN_MAIL_FROM    none                the sender's address
  LONGRUN_MAIL_TO      none                addresses, split by commas
  LONGRUN_MAIL_USER    none                who sends, as that server knows them,
  LONGRUN_MAIL_PASSWORD none               and the password
  LONGRUN_SHOUTRRR_URLS none               any other service that shoutrrr knows, by its
                                           URL; several are split by blanks
  LONGRUN_ROUTES       all get everything  which channels get what, such as
                                           critical=pagerduty,slack;default=slack: by
                                           severity, rule or target:NAME; the first
                                           that is for an alert counts. The channels
                                           are telegram, telegram2…, webhook,
                                           healthchecks, slack, discord, teams,
                                           pagerduty, ntfy, pushover, matrix, mail,
                                           shoutrrr
`

// opened are the channels that are named, and what is wrong with the others.
type opened struct {
	channels []alert.Channel
	names    []string // for people
	errs     []error
}

func (o *opened) add(name, forPeople string, a alert.Alerter, err error) {
	if err != nil {
		o.errs = append(o.errs, err)
		return
	}
	o.channels, o.names = append(o.channels, alert.Channel{Name: name, Alerter: a}), append(o.names, forPeople)
}

// Open returns one Alerter for all channels that are named, and what they are
// for people. Without any it is the log. The error joins everything that is
// wrong, each part naming its variable and no secret.
func (c Config) Open(logger *slog.Logger) (alert.Alerter, string, error) {
	o := &opened{}
	c.telegram(o, logger)
	c.addresses(o)
	c.phones(o)
	c.matrix(o)
	c.mail(o)
	c.others(o)
	routes, fallback, err := c.routes()
	if err := errors.Join(append(o.errs, err)...); err != nil {
		return nil, "", err
	}
	names := strings.Join(o.names, ", ")
	switch {
	case len(o.channels) == 0 && c.Routes != "":
		return nil, "", errors.New("LONGRUN_ROUTES is set and no channel is")
	case len(o.channels) == 0:
		return slogalert.New(logger), "this log", nil
	case len(o.channels) == 1 && c.Routes == "":
		return o.channels[0].Alerter, names, nil
	}
	router, err := alert.Route(alert.RouteOptions{Channels: o.channels, Ways: routes, Default: fallback})
	if err != nil {
		return nil, "", inVariable("LONGRUN_ROUTES", err)
	}
	return router, names, nil
}

// None reports whether nothing is said of any channel.
func (c Config) None() bool {
	return c == Config{TelegramAPI: c.TelegramAPI, NtfyServer: c.NtfyServer, PagerDutyURL: c.PagerDutyURL}
}

func inVariable(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

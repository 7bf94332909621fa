package channels

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/discordalert"
	"github.com/seed-13dc028d/longwatch/alert/mailalert"
	"github.com/seed-13dc028d/longwatch/alert/matrixalert"
	"github.com/seed-13dc028d/longwatch/alert/ntfyalert"
	"github.com/seed-13dc028d/longwatch/alert/pagerdutyalert"
	"github.com/seed-13dc028d/longwatch/alert/pushoveralert"
	"github.com/seed-13dc028d/longwatch/alert/shoutrrralert"
	"github.com/seed-13dc028d/longwatch/alert/slackalert"
	"github.com/seed-13dc028d/longwatch/alert/teamsalert"
	"github.com/seed-13dc028d/longwatch/alert/webhookalert"
)

// variable is one of the environment, with its value.
type variable struct{ name, value string }

// together reports whether any of variables is set, and adds what is wrong where not
// all are.
func (o *opened) together(all ...variable) bool {
	var missing []error
	for _, v := range all {
		if v.value == "" {
			missing = append(missing, fmt.Errorf("%s is not set, though others that belong to it are", v.name))
		}
	}
	if len(missing) == len(all) {
		return false
	}
	o.errs = append(o.errs, missing...)
	return len(missing) == 0
}

// addresses adds the channels that are one address each.
func (c Config) addresses(o *opened) {
	for _, v := range []struct {
		variable
		channel, forPeople string
		open               func(url string) (alert.Alerter, error)
	}{
		{variable{"LONGRUN_WEBHOOK_URL", c.Webhook}, "webhook", "webhook", func(url string) (alert.Alerter, error) {
			return webhookalert.New(url, &webhookalert.Options{Secret: c.WebhookSecret})
		}},
		{variable{"LONGRUN_HEALTHCHECKS_URL", c.Healthchecks}, "healthchecks", "Healthchecks", func(url string) (alert.Alerter, error) {
			return webhookalert.New(url, &webhookalert.Options{Healthchecks: true})
		}},
		{variable{"LONGRUN_SLACK_WEBHOOK", c.Slack}, "slack", "Slack", func(url string) (alert.Alerter, error) { return slackalert.New(url, nil) }},
		{variable{"LONGRUN_DISCORD_WEBHOOK", c.Discord}, "discord", "Discord", func(url string) (alert.Alerter, error) { return discordalert.New(url, nil) }},
		{variable{"LONGRUN_TEAMS_WEBHOOK", c.Teams}, "teams", "Teams", func(url string) (alert.Alerter, error) { return teamsalert.New(url, nil) }},
		{variable{"LONGRUN_PAGERDUTY_KEY", c.PagerDuty}, "pagerduty", "PagerDuty", func(key string) (alert.Alerter, error) {
			return pagerdutyalert.New(key, &pagerdutyalert.Options{APIURL: c.PagerDutyURL})
		}},
		{variable{"LONGRUN_NTFY_TOPIC", c.NtfyTopic}, "ntfy", "ntfy", func(topic string) (alert.Alerter, error) {
			return ntfyalert.New(topic, &ntfyalert.Options{Server: c.NtfyServer, Token: c.NtfyToken})
		}},
	} {
		if v.value != "" {
			a, err := v.open(v.value)
			o.add(v.channel, v.forPeople, a, inVariable(v.name, err))
		}
	}
	if c.Webhook == "" && c.WebhookSecret != "" {
		o.errs = append(o.errs, errors.New("LONGRUN_WEBHOOK_SECRET is set and LONGRUN_WEBHOOK_URL is not"))
	}
	if c.NtfyTopic == "" && c.NtfyToken != "" {
		o.errs = append(o.errs, errors.New("LONGRUN_NTFY_TOKEN is set and LONGRUN_NTFY_TOPIC is not"))
	}
}

func (c Config) phones(o *opened) {
	if o.together(variable{"LONGRUN_PUSHOVER_TOKEN", c.PushoverToken}, variable{"LONGRUN_PUSHOVER_USER", c.PushoverUser}) {
		a, err := pushoveralert.New(c.PushoverToken, c.PushoverUser, nil)
		o.add("pushover", "Pushover", a, inVariable("LONGRUN_PUSHOVER_…", err))
	}
}

func (c Config) matrix(o *opened) {
	server, token, room := variable{"LONGRUN_MATRIX_SERVER", c.MatrixServer}, variable{"LONGRUN_MATRIX_TOKEN", c.MatrixToken}, variable{"LONGRUN_MATRIX_ROOM", c.MatrixRoom}
	if o.together(server, token, room) {
		a, err := matrixalert.New(c.MatrixServer, c.MatrixToken, c.MatrixRoom, nil)
		o.add("matrix", "Matrix room "+c.MatrixRoom, a, inVariable("LONGRUN_MATRIX_…", err))
	}
}

func (c Config) mail(o *opened) {
	if !o.together(variable{"LONGRUN_MAIL_SERVER", c.MailServer}, variable{"LONGRUN_MAIL_FROM", c.MailFrom}, variable{"LONGRUN_MAIL_TO", c.MailTo}) {
		if c.MailServer == "" && c.MailUser+c.MailPassword != "" {
			o.errs = append(o.errs, errors.New("LONGRUN_MAIL_USER or LONGRUN_MAIL_PASSWORD is set and LONGRUN_MAIL_SERVER is not"))
		}
		return
	}
	_, port, _ := net.SplitHostPort(c.MailServer) // New says what is wrong with it
	a, err := mailalert.New(c.MailServer, c.MailFrom, list(c.MailTo), &mailalert.Options{Username: c.MailUser, Password: c.MailPassword, ImplicitTLS: port == "465"})
	o.add("mail", "mail", a, inVariable("LONGRUN_MAIL_…", err))
}

// others adds the services that have no channel of ours.
func (c Config) others(o *opened) {
	if c.Shoutrrr != "" {
		a, err := shoutrrralert.New(strings.Fields(c.Shoutrrr), nil)
		o.add("shoutrrr", "shoutrrr", a, inVariable("LONGRUN_SHOUTRRR_URLS", err))
	}
}

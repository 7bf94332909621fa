// Package channels opens the ways to people that the environment names, for the
// programs. It sends nothing itself.
package channels

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/alert/slogalert"
	"github.com/seed-13dc028d/longwatch/alert/telegramalert"
	"github.com/seed-13dc028d/longwatch/alert/webhookalert"
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
}

// Usage is the part of a program's help that is about Config.
const Usage = `  TELEGRAM_BOT_TOKEN   none                the bot that sends alerts; without any
                                           channel they stand in the log
  TELEGRAM_CHAT_ID     none                where to: a number, or @channel
  TELEGRAM_TOPIC_ID    none                a topic of that group
  TELEGRAM_API_URL     https://api.telegram.org
  LONGRUN_WEBHOOK_URL  none                alerts as JSON, by POST
  LONGRUN_WEBHOOK_SECRET none              signs them: HMAC-SHA256; 16 characters or more
  LONGRUN_HEALTHCHECKS_URL none            a check that fails while something fires
`

// Open returns one Alerter for all channels that are named, and what they are
// for people. Without any it is the log. The error joins everything that is
// wrong, each part naming its variable and no secret.
func (c Config) Open(logger *slog.Logger) (alert.Alerter, string, error) {
	var all []alert.Alerter
	var names []string
	var errs []error
	add := func(name string, a alert.Alerter, err error) {
		if err != nil {
			errs = append(errs, err)
			return
		}
		all, names = append(all, a), append(names, name)
	}
	if c.TelegramToken != "" || c.TelegramChat != "" || c.TelegramTopic != "" {
		a, err := c.telegram(logger)
		add("Telegram chat "+c.TelegramChat, a, err)
	}
	if c.Webhook != "" {
		a, err := webhookalert.New(c.Webhook, &webhookalert.Options{Secret: c.WebhookSecret})
		add("webhook", a, inVariable("LONGRUN_WEBHOOK_URL", err))
	} else if c.WebhookSecret != "" {
		errs = append(errs, errors.New("LONGRUN_WEBHOOK_SECRET is set and LONGRUN_WEBHOOK_URL is not"))
	}
	if c.Healthchecks != "" {
		a, err := webhookalert.New(c.Healthchecks, &webhookalert.Options{Healthchecks: true})
		add("Healthchecks", a, inVariable("LONGRUN_HEALTHCHECKS_URL", err))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, "", err
	}
	switch len(all) {
	case 0:
		return slogalert.New(logger), "this log", nil
	case 1:
		return all[0], names[0], nil
	}
	return alert.Fanout(all...), strings.Join(names, ", "), nil
}

// None reports whether nothing is said of any channel.
func (c Config) None() bool {
	return c == Config{TelegramAPI: c.TelegramAPI}
}

func (c Config) telegram(logger *slog.Logger) (alert.Alerter, error) {
	var errs []error
	for _, v := range []struct{ name, value string }{{"TELEGRAM_BOT_TOKEN", c.TelegramToken}, {"TELEGRAM_CHAT_ID", c.TelegramChat}} {
		if v.value == "" {
			errs = append(errs, fmt.Errorf("%s is not set, though other variables of Telegram are", v.name))
		}
	}
	topic := 0
	if c.TelegramTopic != "" {
		var err error
		if topic, err = strconv.Atoi(c.TelegramTopic); err != nil || topic < 1 {
			errs = append(errs, fmt.Errorf("TELEGRAM_TOPIC_ID: %.20q is no number of a topic", c.TelegramTopic))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	a, err := telegramalert.New(c.TelegramToken, c.TelegramChat, &telegramalert.Options{TopicID: topic, APIURL: c.TelegramAPI, Logger: logger})
	if err != nil { // it names each option, and never the token
		return nil, inVariable("TELEGRAM_…", err)
	}
	return a, nil
}

func inVariable(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

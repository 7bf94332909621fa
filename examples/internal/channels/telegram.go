package channels

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/seed-13dc028d/longwatch/alert/telegramalert"
)

// telegram adds a channel for each chat.
func (c Config) telegram(to *opened, logger *slog.Logger) {
	if c.TelegramToken == "" && c.TelegramChat == "" && c.TelegramTopic == "" {
		return
	}
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
		to.errs = append(to.errs, err)
		return
	}
	for i, chat := range list(c.TelegramChat) {
		name := "telegram"
		if i > 0 {
			name += strconv.Itoa(i + 1)
		}
		// The error names each option, and never the token.
		a, err := telegramalert.New(c.TelegramToken, chat, &telegramalert.Options{TopicID: topic, APIURL: c.TelegramAPI, Logger: logger})
		to.add(name, "Telegram chat "+chat, a, inVariable("TELEGRAM_…", err))
	}
}

// list are the parts of a value that commas split.
func list(value string) (all []string) {
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

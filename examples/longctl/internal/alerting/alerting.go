// Package alerting has the command that sends a test message. That it was sent does not
// say that somebody reads it.
package alerting

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
	"github.com/seed-13dc028d/longwatch/examples/internal/channels"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/exit"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/live"
	"github.com/seed-13dc028d/longwatch/examples/longctl/internal/output"
)

// Command is what there is to do with alerts.
type Command struct {
	Test Test `cmd:"" help:"Send a test message, to see that alerts arrive."`
}

// Test sends one message by every channel that is configured.
type Test struct {
	channels.Config `embed:""`
	output.Options  `embed:""`

	Server  string        `placeholder:"URL" help:"Have a running server send it, by its own configuration."`
	Token   string        `env:"ADMIN_TOKEN" placeholder:"TOKEN" help:"The server's admin token, better given in ADMIN_TOKEN."`
	Timeout time.Duration `default:"30s" help:"How long to wait."`
}

// Help is what longctl alert test --help says beside the flags.
func (Test) Help() string {
	return `The channels are those of the environment, under the names that the server
reads:

` + channels.Usage + `
Examples:

    TELEGRAM_BOT_TOKEN=… TELEGRAM_CHAT_ID=-1001234567890 longctl alert test
    longctl alert test --server http://127.0.0.1:8080`
}

// Run sends. What a channel logs goes to logger.
func (c Test) Run(ctx context.Context, out io.Writer, logger *slog.Logger) error {
	if c.Timeout <= 0 {
		return exit.Usage(fmt.Errorf("--timeout: %v is not above 0", c.Timeout))
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	if c.Server != "" {
		if err := live.SendTest(ctx, c.Server, c.Token, c.Timeout); err != nil {
			return err
		}
		return c.sent(out, "")
	}
	if c.None() {
		return exit.Usage(errors.New("no channel is configured: set the variables of one, such as TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID, or LONGRUN_SLACK_WEBHOOK, or name a --server"))
	}
	alerter, to, err := c.Open(logger)
	if err != nil {
		return exit.Usage(err)
	}
	host, _ := os.Hostname() // for people only
	now := time.Now().UTC()
	err = alerter.Alert(ctx, alert.Message{
		Kind: alert.Test, Summary: "longctl alert test: nothing has happened", Since: now,
		Instance: host, Key: "#test-" + now.Format("20060102T150405"),
	})
	if err != nil {
		if alert.IsPermanent(err) {
			return fmt.Errorf("not sent, and it is no use to try again: %w", err)
		}
		return fmt.Errorf("not sent: %w", err)
	}
	return c.sent(out, to)
}

// sent says that it is, and to whom: what only the server knows is empty.
func (c Test) sent(out io.Writer, to string) error {
	return c.Show(out, map[string]any{"sent": true, "server": c.Server != "", "to": to}, func(out io.Writer) error {
		text := "sent to " + to
		if c.Server != "" {
			text = "sent by the server, to the channels it has; where it has none, into its log"
		}
		_, err := fmt.Fprintln(out, text)
		return err
	})
}
